"""Metrics of arrays on a subject: clusterings, posteriors, tables, and what they are given."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from infoeval import Categorical, CodeSpace, metrics
from infoeval.checkpoint import Checkpoint
from infoeval.cli.terminal.result_table import print_results
from infoeval.data import ImageSet, load
from infoeval.errors import UserError
from infoeval.evaluation import context
from infoeval.metrics import find, real_label_information, real_sorting
from infoeval.results import Document
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.evaluation.scoring import (
    CLUSTERS,
    by_name,
    numbers,
    score,
    store,
    store_splits,
    table,
    values,
)
from tests.tiny import tiny_images, tiny_trainer


@pytest.fixture(scope="module")
def document(on_digits: Path) -> Document:
    return score(on_digits)


@pytest.fixture(autouse=True, scope="module")
def _sprites_are_drawn_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "load", cache(load))
        yield


# Clusterings of a checkpoint.


def by_hand(model: CheckpointModel, train: ImageSet, test: ImageSet) -> tuple[float, NDArray[Any]]:
    """Accuracy on test of the matching that is best on train, and the codes read on test."""
    fitted, read = (
        model.encode(torch.from_numpy(images.images))["digit"].argmax(1).numpy()
        for images in (train, test)
    )
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (fitted, train.labels), 1)
    rows, columns = linear_sum_assignment(-table)
    matched = {row: column for row, column in zip(rows, columns, strict=True) if table[row, column]}
    correct = [matched.get(code) == label for code, label in zip(read, test.labels, strict=True)]
    return float(np.mean(correct)), read


@pytest.mark.parametrize("batch_norm", ["real", "running"])
def test_clustering_is_that_of_the_most_probable_category(on_digits: Path, batch_norm: str) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    calibration = train.images if batch_norm == "real" else None
    model = CheckpointModel(Checkpoint.open(on_digits), "cpu", calibration)
    accuracy, read = by_hand(model, train, test)
    assert len(set(read)) > 2, "a constant code tests nothing"
    found = {r.metric: r for r in score(on_digits, CLUSTERS, batch_norm=batch_norm).results}
    assert found["cluster-acc"].value == pytest.approx(accuracy, abs=1e-12)
    assert found["cluster-acc"].n == 359
    details = found["cluster-acc"].details
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (read, test.labels), 1)
    assert details["confusion"] == confusion.tolist()
    assert details["fit_n"] == 1438
    assert details["error"] == pytest.approx(1 - accuracy)
    assert details["class_names"] == details["category_names"] == list("0123456789")
    for name in ("cluster-nmi", "cluster-ari"):
        direct = find(name).function(read, test.labels, replicates=4)
        assert (found[name].value, found[name].low, found[name].high) == (
            direct.value,
            direct.low,
            direct.high,
        )


def test_settings_of_clusterings(on_digits: Path, tmp_path: Path) -> None:
    """How images were read; and a seed where one was used."""
    read = {"split": "test", "batch_norm": "running"}
    found = by_name(score(on_digits, CLUSTERS, batch_norm="running", seed=3))
    matching = {"matching_fitted_on": "train", "seed": 3}
    assert found["cluster-acc", "digit"].settings == read | matching
    assert found["cluster-nmi", "digit"].settings == read | {"seed": 3}
    assert found["cluster-ari", "digit"].settings == read | {"seed": 3}
    path = store(tmp_path / "codes.npz", codes=np.arange(9) % 3, factors=np.arange(9) % 3)
    found = by_name(score(path, CLUSTERS, seed=3))
    assert found["cluster-acc", "code 0"].settings == {"seed": 3}
    assert found["cluster-nmi", "code 0"].settings == {"seed": 3}


def test_the_ways_of_batch_norm_are_different_numbers(on_digits: Path) -> None:
    found = {}
    for way in ("real", "running", "generated"):
        document = score(on_digits, ["cluster-acc"], batch_norm=way)
        assert document.results[0].settings["batch_norm"] == way
        found[way] = str(document.results[0].details["confusion"])
    assert len(set(found.values())) == 3


def test_names_of_classes_do_not_matter(
    document: Document, on_digits: Path, tmp_path: Path
) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    order = np.random.default_rng(0).permutation(10)
    relabelled = store_splits(
        tmp_path / "relabelled.npz",
        train,
        test,
        labels=order[train.labels],
        test_labels=order[test.labels],
    )
    words = np.array([f"class {k}" for k in order])
    renamed = store_splits(
        tmp_path / "renamed.npz",
        train,
        test,
        labels=words[train.labels],
        test_labels=words[test.labels],
    )
    expected = {key: value for key, value in values(document).items() if key[0] in CLUSTERS}
    for data in (relabelled, renamed):
        assert values(score(on_digits, CLUSTERS, data=data)) == pytest.approx(expected, abs=1e-12)
    names = score(on_digits, ["cluster-acc"], data=renamed).results[0].details["class_names"]
    assert names == sorted(words)


def test_a_code_that_is_the_class_scores_one(on_digits: Path, tmp_path: Path) -> None:
    """Labels made of what Q reads: the matching is found, so every row is right."""
    train, test = load("digits", "train"), load("digits", "test")
    model = CheckpointModel(Checkpoint.open(on_digits), "cpu", train.images)
    labels = {}
    for name, images in (("labels", train), ("test_labels", test)):
        labels[name] = model.encode(torch.from_numpy(images.images))["digit"].argmax(1).numpy()
    data = store_splits(tmp_path / "read.npz", train, test, **labels)
    found = values(score(on_digits, CLUSTERS, data=data))
    assert list(found.values()) == pytest.approx([1.0, 1.0, 1.0])


def test_images_without_labels(on_digits: Path, tmp_path: Path) -> None:
    both = load("digits", "train"), load("digits", "test")
    data = store_splits(tmp_path / "unlabelled.npz", *both, labels=None, test_labels=None)
    document = score(on_digits, data=data)
    assert {result.metric for result in document.results} == {
        *("mi-own", "real-sorting", "code-information", "image-effects")
    }
    without = [skipped for skipped in document.skipped if "no labels" in skipped.reason]
    assert [skipped.metric for skipped in without] == [*CLUSTERS, "real-label-information"]
    with pytest.raises(UserError, match=r"cluster-nmi does not apply: .*no labels"):
        score(on_digits, ["mi-own", "cluster-nmi"], data=data)


def test_factors_of_classes_stand_in_for_labels(on_digits: Path, tmp_path: Path) -> None:
    """Of images without labels; a factor that is a number is no class."""
    train, test = load("digits", "train"), load("digits", "test")
    assert train.labels is not None
    assert test.labels is not None
    factors = {
        "factors": np.column_stack([train.labels + 3, np.linspace(0, 1, len(train))]),
        "test_factors": np.column_stack([test.labels + 3, np.linspace(0, 1, len(test))]),
        "factor_names": np.array(["number", "order"]),
        "factor_types": np.array(["discrete", "continuous"]),
    }
    data = store_splits(tmp_path / "f.npz", train, test, labels=None, test_labels=None, **factors)
    found = by_name(score(on_digits, CLUSTERS, data=data))
    assert list(found) == [(name, "digit, number") for name in CLUSTERS]
    expected = by_name(score(on_digits, CLUSTERS))
    for name in CLUSTERS:
        assert found[name, "digit, number"].value == expected[name, "digit"].value
    details = found["cluster-acc", "digit, number"].details
    assert details["class_names"] == [str(k + 3) for k in range(10)]
    assert details["confusion"] == expected["cluster-acc", "digit"].details["confusion"]
    both = store_splits(tmp_path / "both.npz", train, test, **factors)
    assert list(by_name(score(on_digits, CLUSTERS, data=both))) == [
        (name, "digit") for name in CLUSTERS
    ], "labels go first"


def test_two_categorical_codes_are_both_scored(tmp_path: Path) -> None:
    codes = CodeSpace(first=Categorical(10), second=Categorical(3), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    path = train(trainer, load("digits"), tmp_path, RunOptions(device="cpu"))
    found = {result.target: result for result in score(path, ["cluster-acc"]).results}
    assert list(found) == ["first", "second"]
    assert len(found["first"].details["confusion"]) == 10
    assert len(found["second"].details["confusion"]) == 3


def test_the_matching_may_be_fitted_on_fewer_images(on_digits: Path, document: Document) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    rows = np.linspace(0, len(train) - 1, 200).astype(int)
    assert train.labels is not None
    few = ImageSet("few", "train", train.images[rows], train.labels[rows])
    model = CheckpointModel(Checkpoint.open(on_digits), "cpu", train.images)
    (found,) = score(on_digits, ["cluster-acc"], fit_images=200).results
    assert found.value == pytest.approx(by_hand(model, few, test)[0], abs=1e-12)
    assert (found.n, found.details["fit_n"]) == (359, 200)
    assert found.details["class_names"] == list("0123456789")
    assert numbers(score(on_digits, fit_images=10**6)) == numbers(document)


def test_fewer_images_to_match_leave_the_predictions_alone(on_digits: Path) -> None:
    """Batch-norm statistics come from all training images, however few are matched."""
    few, all_of_them = (
        score(on_digits, ["cluster-nmi"], fit_images=n).results[0] for n in (10, None)
    )
    assert few.value == all_of_them.value


# Clusterings of a user's encoder.

ANIMALS = np.array(["emu", "cat", "dog", "ape"])


def quadrant(images: torch.Tensor) -> torch.Tensor:
    """The brightest quadrant of an image, from 1; the fourth is never read."""
    corners = torch.nn.functional.avg_pool2d(images.float(), 4).flatten(1)
    return corners[:, :3].argmax(1) + 1


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Images of four classes with words for labels."""
    both = tiny_images(120), tiny_images(48, 1, "test")
    words = {
        name: ANIMALS[images.labels]
        for name, images in zip(("labels", "test_labels"), both, strict=True)
    }
    return store_splits(tmp_path_factory.mktemp("animals") / "animals.npz", *both, **words)


def test_the_confusion_of_an_encoder_has_the_names_of_its_classes(
    animals: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = score(quadrant, ["cluster-acc"], data=animals)
    (result,) = document.results
    details = result.details
    assert details["class_names"] == ["ape", "cat", "dog", "emu"]
    assert details["category_names"] == ["1", "2", "3"]
    confusion = np.array(details["confusion"])
    assert confusion.shape == (3, 4)
    for category, animal in enumerate(ANIMALS[:3]):
        assert confusion[category, details["class_names"].index(animal)] == 12
    assert confusion[:, 0].sum() == 12, "the fourth class is there, whatever it is read as"
    assert Document.from_json(document.to_json()) == document
    print_results(document)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["code", "→", "class", "ape", "cat", "dog", "emu"] in lines
    for category, animal in enumerate(ANIMALS[:3]):
        cells = [str(count) for count in confusion[category]]
        assert [str(category + 1), "→", animal, *cells] in lines


def test_the_clustering_of_an_encoder_is_of_all_test_images(animals: str) -> None:
    """As that of a checkpoint: `rows` are for tables, `fit_images` for the matching."""
    (whole,) = score(quadrant, ["cluster-acc"], data=animals, rows=10).results
    assert (whole.n, whole.details["fit_n"]) == (48, 120)
    assert whole.settings == {"split": "test", "matching_fitted_on": "train", "seed": 0}
    (few,) = score(quadrant, ["cluster-acc"], data=animals, fit_images=20).results
    assert (few.n, few.details["fit_n"]) == (48, 20)
    (nmi,) = score(quadrant, ["cluster-nmi"], data=animals, seed=5).results
    assert nmi.n == 48
    assert nmi.settings == {"split": "test", "seed": 5}


@pytest.mark.usefixtures("among_models")
def test_named_codes_against_labels_and_factors() -> None:
    document = score("model.py:named", ["mig", "cluster-acc"], data="digits")
    mig = document.results[0]
    assert mig.details["codes"] == ["kind", "place 0", "place 1", "area"]
    assert mig.details["factors"] == ["label"]
    assert ("cluster-acc", "kind") in values(document)
    document = score("model.py:named", ["cluster-acc"], data="sprites", fit_images=300)
    targets = [result.target for result in document.results]
    assert targets[0] == "kind, shape"
    assert all(str(target).startswith("kind, ") for target in targets)


def test_images_without_labels_or_factors(models: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(40, 8, 8), dtype=np.uint8)
    data = store(tmp_path / "images.npz", images=images)
    document = score(f"{models}/model.py:arrays", data=data)
    applicable = {item.name for item in metrics.all_metrics("codes")}
    rest = [result for result in document.results if result.metric not in applicable]
    assert {result.metric for result in rest} == {"code-factors"}
    assert all(result.settings["own"] == {"factors": "appearance"} for result in rest)
    skipped = {each.metric: each.reason for each in document.skipped}
    assert skipped["mig"] == "there are no factors"
    assert "no labels" in skipped["cluster-acc"]


# Clusterings of a table.

LABELS: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
    "words": (np.array([0, 1, 2]), np.array(["emu", "cat", "dog"])),
    "from one to ten": (np.array([1, 2, 3]), np.array([10, 1, 2])),
    "minus one": (np.array([-1, 0, 1]), np.array([1, -1, 0])),
    "gaps": (np.array([5, 50, 7]), np.array([15, 5, 100])),
    "words of both": (np.array(["a", "b", "c"]), np.array(["emu", "cat", "dog"])),
    "numbers as floats": (np.array([0, 1, 2]), np.array([1.0, 2.0, 10.0])),
}


def in_order(values: NDArray[Any]) -> list[str]:
    """The names of values: numbers by size, words by the alphabet."""
    return [str(value) if isinstance(value, str) else f"{value:g}" for value in sorted(values)]


@pytest.mark.parametrize("case", LABELS)
@pytest.mark.parametrize("split", [False, True])
def test_the_confusion_of_a_table_has_the_values_given(
    case: str, split: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    categories, classes = LABELS[case]
    rows = np.random.default_rng(0).integers(0, 3, 300)
    arrays: dict[str, Any] = {"codes": categories[rows], "factors": classes[rows]}
    arrays |= {"code_types": np.array(["categorical"]), "factor_types": np.array(["discrete"])}
    if split:  # a class that does not occur among the scored rows keeps its place
        arrays |= {
            "codes_test": categories[rows[rows < 2]],
            "factors_test": classes[rows[rows < 2]],
        }
    document = score(store(tmp_path / "table.npz", **arrays), ["cluster-acc"])
    (result,) = document.results
    details = result.details
    assert result.value == 1
    assert details["class_names"] == in_order(classes)
    assert details["category_names"] == in_order(categories)
    for category, label in zip(categories, classes, strict=True):
        place = details["category_names"].index(in_order(np.array([category]))[0])
        matched = details["class_names"][details["matching"][place]]
        assert matched == in_order(np.array([label]))[0]
    assert Document.from_json(document.to_json()) == document
    print_results(document)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["code", "→", "class", *in_order(classes)] in lines
    for category, label in zip(categories, classes, strict=True):
        (code,), (name,) = in_order(np.array([category])), in_order(np.array([label]))
        assert any(line[:3] == [code, "→", name] for line in lines)


def test_names_types_and_test_rows_of_a_file(tmp_path: Path) -> None:
    arrays, others = table(), table(seed=1)
    kinds = np.array(["continuous", "categorical"])
    codes = np.column_stack([arrays["codes"][:, 0], 3 - arrays["factors"][:, 1]])
    test = np.column_stack([others["codes"][:, 0], 3 - others["factors"][:, 1]])
    path = store(
        tmp_path / "whole.npz",
        codes=codes,
        factors=arrays["factors"],
        codes_test=test,
        factors_test=others["factors"],
        code_types=kinds,
        code_names=np.array(["size", "kind"]),
        factor_names=np.array(["width", "shape"]),
    )
    document = score(path, ["cluster-acc", "dci", "mig"])
    found = values(document)
    assert found["cluster-acc", "kind, shape"] == 1
    matched = next(each for each in document.results if each.target == "kind, shape")
    assert matched.n == 200
    assert matched.details["matching"] == [3, 2, 1, 0]
    direct = metrics.dci(
        codes,
        arrays["factors"],
        test=(test, others["factors"]),
        code_types=list(kinds),
        replicates=0,
        null=0,
    )
    assert found["dci-disentanglement", None] == direct.value
    mig = next(result for result in document.results if result.metric == "mig")
    assert mig.details["best_code"] == ["size", "kind"]
    assert mig.n == 200
    # The options go before what the file says.
    message = "cluster-acc does not apply: there is no categorical code"
    with pytest.raises(UserError, match=message):
        score(path, ["cluster-acc"], code_types=["continuous", "continuous"])


# Posteriors.


def test_what_q_does_on_real_images(on_digits: Path, document: Document) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    model = CheckpointModel(Checkpoint.open(on_digits), "cpu", train.images)
    q = model.encode(torch.from_numpy(test.images))["digit"].numpy()
    assert test.labels is not None
    expected = {
        "real-sorting": real_sorting(q, replicates=4),
        "real-label-information": real_label_information(q, test.labels, replicates=4),
    }
    for name, direct in expected.items():
        (found,) = [result for result in document.results if result.metric == name]
        assert (found.value, found.low, found.high) == (direct.value, direct.low, direct.high)
        assert (found.n, found.unit) == (359, "nats")
        assert found.settings == {"batch_norm": "real", "split": "test", "seed": 0}
        assert found.details == direct.details


@pytest.mark.usefixtures("among_models")
def test_posteriors_are_of_checkpoints() -> None:
    with pytest.raises(
        UserError, match="does not apply: needs an infoeval checkpoint, whose own Q is scored"
    ):
        score("model.py:named", ["real-sorting"], data="digits")


# Tables.


def test_options_reach_the_metrics(tmp_path: Path) -> None:
    path = store(tmp_path / "options.npz", **table())
    document = score(path, ["mig:estimator=corrected", "sap"], level=0.5, null=3, seed=7)
    mig = next(result for result in document.results if result.metric == "mig")
    direct = metrics.mig(
        *table().values(), estimator="corrected", replicates=4, level=0.5, null=3, seed=7
    )
    assert (mig.value, mig.low, mig.high) == (direct.value, direct.low, direct.high)
    assert mig.details["null"] == direct.details["null"]
    assert mig.settings == {"seed": 7, "own": {"estimator": "corrected"}}
    assert all(result.level == 0.5 for result in document.results)
    none = score(path, ["mig"], replicates=0).results[0]
    assert (none.low, none.high) == (None, None)
    dead = np.column_stack([table()["codes"], np.zeros(200)])
    path = store(tmp_path / "dead.npz", codes=dead, factors=table()["factors"])
    assert score(path, ["mig-sup"], prune=True).results[0].details["pruned"] == ["code 2"]


BAD_TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "other rows": ({"codes": [1.0, 2.0], "factors": [1, 2, 3]}, "2 rows of codes for 3 rows"),
    "missing": ({"codes": [1.0, np.nan], "factors": [1, 2]}, "code 0 has no number .* in row 2"),
    "types": ({"codes": [1.0, 2.0], "code_types": np.array(["x"])}, "code 0: no type 'x'"),
}


@pytest.mark.parametrize("metrics", [None, ["mig"], ["cluster-acc"]])
@pytest.mark.parametrize("case", BAD_TABLES)
def test_files_that_are_no_table(case: str, metrics: list[str] | None, tmp_path: Path) -> None:
    arrays, message = BAD_TABLES[case]
    with pytest.raises(UserError, match=message):
        score(store(tmp_path / "bad.npz", **arrays), metrics)


@pytest.mark.parametrize("text", ["mig:estimator=nothing", "code-information:bins=1"])
def test_settings_that_a_metric_cannot_use(text: str, tmp_path: Path) -> None:
    name = text.partition(":")[0]
    with pytest.raises(UserError, match=f"{name} does not apply: "):
        score(store(tmp_path / "settings.npz", **table()), [text])


@pytest.mark.usefixtures("among_models")
def test_codes_of_an_encoder_and_factors() -> None:
    document = score("model.py:encoder", ["mig", "sap"], data="sprites", rows=300)
    mig = document.results[0]
    assert mig.n == 300
    assert mig.details["codes"] == ["code 0", "code 1", "code 2", "code 3"]
    assert mig.details["factors"] == ["shape", "scale", "orientation", "x", "y"]
    assert mig.details["best_code"][3:] == ["code 0", "code 1"]
    assert document.results[1].details["fit_n"] == 300


@pytest.mark.usefixtures("among_models")
def test_a_network_is_put_into_evaluation_mode() -> None:
    first, second = (
        score("model.py:network", ["mig"], data="digits", seed=seed) for seed in (0, 1)
    )
    assert values(first) == values(second)


@pytest.mark.usefixtures("among_models")
def test_arrays_of_other_frameworks() -> None:
    document = score("model.py:arrays", ["mig"], data="digits")
    assert len(document.results[0].details["codes"]) == 8


def test_labels_are_the_one_factor_where_they_are_asked_for(on_digits: Path) -> None:
    (mig,) = score(on_digits, ["mig"], rows=200).results
    assert mig.details["factors"] == ["label"]
    assert mig.n == 200


@pytest.mark.usefixtures("among_models")
def test_interventions_on_drawn_images() -> None:
    settings = "simulate=true,train_points=40,test_points=40,batch=8"
    document = score("model.py:encoder", [f"factor-vae:{settings}"], data="sprites", rows=50)
    assert document.results[0].n == 40
    assert document.results[0].details["encodings"] > 0
    with pytest.raises(UserError, match="simulate needs a model, and images that can be drawn"):
        score("model.py:encoder", ["beta-vae:simulate=true"], data="digits", rows=50)
