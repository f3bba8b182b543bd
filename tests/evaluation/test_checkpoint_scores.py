"""From a checkpoint to the results document."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from infoeval.evaluation.compare import _difference
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet, load
from infoeval.errors import UserError
from infoeval.evaluation import information_results, posterior_reading
from infoeval.information.budgets import BUDGETS
from infoeval.information.checkpoint_information import CheckpointInformation, estimate_checkpoint
from infoeval.information.own_bound import own_lower_bound
from infoeval.metrics import all_metrics, find, names, real_label_information, real_sorting
from infoeval.results import Document, Result
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.training.run import RunOptions, train
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

ON_CPU = RunOptions(device="cpu")
CLUSTERS = ["cluster-acc", "cluster-nmi", "cluster-ari"]
TEN = CodeSpace(digit=Categorical(10), slant=Uniform(-1, 1), noise=3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few steps on digits: it knows little, and reads several categories."""
    trainer = tiny_trainer(data="digits", codes=TEN, steps=60, discriminator_rate=2e-3)
    return train(trainer, load("digits"), tmp_path_factory.mktemp("digits"), options=ON_CPU)


@pytest.fixture(scope="module")
def document(path: Path) -> Document:
    return score(path)


@pytest.fixture(scope="module")
def without_categories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with a continuous code alone."""
    codes = CodeSpace(slant=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    return train(trainer, load("digits"), tmp_path_factory.mktemp("slant"), options=ON_CPU)


def score(path: Path, metrics: list[str] | None = None, **options: Any) -> Document:
    """Score with few samples."""
    return evaluation.score(path, metrics, **({"samples": 400, "device": "cpu"} | options))


def values(document: Document) -> dict[tuple[str, str | None], float]:
    return {(result.metric, result.target): result.value for result in document.results}


def numbers(document: Document) -> list[dict[str, Any]]:
    """All results but how long they took."""
    return [asdict(result) | {"seconds": 0} for result in document.results]


def store(path: Path, train_images: ImageSet, test_images: ImageSet, **changes: Any) -> Path:
    """Both splits in a .npz file, with `changes` to its arrays; None leaves one out."""
    arrays: dict[str, Any] = {
        "images": train_images.images,
        "labels": train_images.labels,
        "test_images": test_images.images,
        "test_labels": test_images.labels,
    } | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


# The document.


def test_the_document_holds_what_the_contract_says(document: Document, path: Path) -> None:
    test = load("digits", "test")
    assert document.subject == {
        "checkpoint": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "trainer": "tiny",
        "variant": "default",
        "step": 60,
        "seed": 0,
        "information_weight": 1.0,
    }
    assert document.data == {
        "name": "digits",
        "split": "test",
        "n": 359,
        "fingerprint": test.fingerprint,
    }
    assert set(document.environment) == {
        *("infoeval", "python", "torch", "numpy", "platform", "device", "threads")
    }
    assert set(values(document)) == {
        ("mi-own", "digit"),
        ("mi-own", "slant"),
        *((name, "digit") for name in [*CLUSTERS, "real-sorting", "real-label-information"]),
        ("code-information", None),
    }
    reasons: dict[str, list[str]] = {}
    for skipped in document.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.metric)
    assert reasons == {
        "digits has no factors; ask for it by name, and labels are the one factor": (
            [item.name for item in all_metrics("table", "interventions")]
        ),
        "takes minutes: ask for it with --metric mi": ["mi"],
        "compares models: give several": ["udr"],
        "digit is categorical; it has no covariance": [
            *("total-correlation", "wasserstein-correlation")
        ],
    }


def test_its_json_is_plain_and_whole(document: Document) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the JSON")

    plain = json.loads(document.to_json(), parse_constant=refuse)
    assert set(plain) == {"schema_version", "subject", "data", "environment", "results", "skipped"}
    for result in plain["results"]:
        assert {"metric", "target", "value", "low", "high", "level", "n", "unit"} <= set(result)
        assert {"higher_is_better", "settings", "seconds", "reference"} <= set(result)
        assert result["low"] <= result["value"] <= result["high"]
        assert result["level"] == 0.95
        assert result["reference"]
    assert Document.from_json(document.to_json()) == document


def test_every_metric_is_described() -> None:
    assert list(evaluation.ALL_METRICS) == names()
    assert all(text.strip() for text in evaluation.ALL_METRICS.values())


def test_what_is_being_done_is_told(path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    score(path, say=lambda text, share: told.append((text, share)))
    assert len(told) >= 5
    assert all(line and "\n" not in line for line, _ in told)
    assert all(share is None or 0 <= share <= 1 for _, share in told)


# mi-own.


def test_own_bound_of_every_code(document: Document, path: Path) -> None:
    bounds = own_lower_bound(CheckpointModel.open(path), count=400, seed=0)
    found = {result.target: result for result in document.results if result.metric == "mi-own"}
    assert list(found) == ["digit", "slant"]
    for name, result in found.items():
        assert name is not None
        assert (result.value, result.low, result.high) == (
            bounds[name].value,
            bounds[name].low,
            bounds[name].high,
        )
        assert (result.n, result.unit, result.higher_is_better) == (400, "nats", True)
    assert found["digit"].details["entropy"] == pytest.approx(math.log(10))
    assert found["slant"].details["entropy"] == pytest.approx(math.log(2))
    assert found["digit"].value < math.log(10)


def test_own_bound_needs_no_data(tmp_path: Path) -> None:
    """The tiny trainer's data set has no name that could be loaded."""
    path = train(tiny_trainer(steps=1), tiny_images(), tmp_path, options=ON_CPU)
    document = score(path, ["mi-own"])
    assert {result.metric for result in document.results} == {"mi-own"}
    assert document.data["fingerprint"] == tiny_images().fingerprint
    with pytest.raises(UserError, match="quadrants"):
        score(path)


# Clustering.


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
def test_clustering_is_that_of_the_most_probable_category(
    path: Path, batch_norm: evaluation.BatchNorm
) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    calibration = train.images if batch_norm == "real" else None
    model = CheckpointModel(Checkpoint.open(path), "cpu", calibration)
    accuracy, read = by_hand(model, train, test)
    assert len(set(read)) > 2, "a constant code tests nothing"
    found = {r.metric: r for r in score(path, CLUSTERS, batch_norm=batch_norm).results}
    assert found["cluster-acc"].value == pytest.approx(accuracy, abs=1e-12)
    assert found["cluster-acc"].n == 359
    assert found["cluster-acc"].settings["batch_norm"] == batch_norm
    details = found["cluster-acc"].details
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (read, test.labels), 1)
    assert details["confusion"] == confusion.tolist()
    assert details["fit_n"] == 1438
    assert details["error"] == pytest.approx(1 - accuracy)
    assert details["class_names"] == list("0123456789")
    for name in ("cluster-nmi", "cluster-ari"):
        direct = find(name).function(read, test.labels, seed=0)
        assert (found[name].value, found[name].low, found[name].high) == (
            direct.value,
            direct.low,
            direct.high,
        )


def test_the_ways_of_batch_norm_are_different_numbers(path: Path) -> None:
    found = {}
    for way in ("real", "running", "generated"):
        document = score(path, ["cluster-acc"], batch_norm=way)
        assert document.results[0].settings["batch_norm"] == way
        found[way] = str(document.results[0].details["confusion"])
    assert len(set(found.values())) == 3


def test_chunks_are_only_a_matter_of_memory(
    path: Path, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posterior_reading, "ENCODING_CHUNK", 100)
    assert numbers(score(path)) == numbers(document)


def test_names_of_classes_do_not_matter(document: Document, path: Path, tmp_path: Path) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    order = np.random.default_rng(0).permutation(10)
    relabelled = store(
        tmp_path / "relabelled.npz",
        train,
        test,
        labels=order[train.labels],
        test_labels=order[test.labels],
    )
    words = np.array([f"class {k}" for k in order])
    renamed = store(
        tmp_path / "renamed.npz",
        train,
        test,
        labels=words[train.labels],
        test_labels=words[test.labels],
    )
    expected = {key: value for key, value in values(document).items() if key[0] in CLUSTERS}
    for data in (relabelled, renamed):
        found = values(score(path, CLUSTERS, data=str(data)))
        assert found == pytest.approx(expected, abs=1e-12)
    names = score(path, ["cluster-acc"], data=str(renamed)).results[0].details["class_names"]
    assert names == sorted(words)


def test_a_code_that_is_the_class_scores_one(path: Path, tmp_path: Path) -> None:
    """Labels made of what Q reads: the matching is found, so every row is right."""
    train, test = load("digits", "train"), load("digits", "test")
    model = CheckpointModel(Checkpoint.open(path), "cpu", train.images)
    labels = {}
    for name, images in (("labels", train), ("test_labels", test)):
        labels[name] = model.encode(torch.from_numpy(images.images))["digit"].argmax(1).numpy()
    data = store(tmp_path / "read.npz", train, test, **labels)
    found = values(score(path, CLUSTERS, data=str(data)))
    assert list(found.values()) == pytest.approx([1.0, 1.0, 1.0])


def test_data_without_labels(path: Path, tmp_path: Path) -> None:
    both = load("digits", "train"), load("digits", "test")
    data = str(store(tmp_path / "unlabelled.npz", *both, labels=None, test_labels=None))
    document = score(path, data=data)
    assert {result.metric for result in document.results} == {
        *("mi-own", "real-sorting", "code-information")
    }
    without = [skipped for skipped in document.skipped if "no labels" in skipped.reason]
    assert [skipped.metric for skipped in without] == [*CLUSTERS, "real-label-information"]
    with pytest.raises(UserError, match=r"cluster-nmi does not apply: .*no labels"):
        score(path, ["mi-own", "cluster-nmi"], data=data)


def test_a_model_without_categories(without_categories: Path) -> None:
    document = score(without_categories)
    assert set(values(document)) == {("mi-own", "slant")}
    without = [each for each in document.skipped if "no categorical code" in each.reason]
    assert [skipped.metric for skipped in without] == [
        *(*CLUSTERS, "real-sorting", "real-label-information")
    ]
    with pytest.raises(UserError, match=r"cluster-acc does not apply: .*no categorical code"):
        score(without_categories, ["cluster-acc"])


def test_two_categorical_codes_are_both_scored(tmp_path: Path) -> None:
    codes = CodeSpace(first=Categorical(10), second=Categorical(3), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    path = train(trainer, load("digits"), tmp_path, options=ON_CPU)
    found = {result.target: result for result in score(path, ["cluster-acc"]).results}
    assert list(found) == ["first", "second"]
    assert len(found["first"].details["confusion"]) == 10
    assert len(found["second"].details["confusion"]) == 3


# Real images, labels or not.


def test_what_q_does_on_real_images(path: Path, document: Document) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    model = CheckpointModel(Checkpoint.open(path), "cpu", train.images)
    q = model.encode(torch.from_numpy(test.images))["digit"].numpy()
    assert test.labels is not None
    expected = {
        "real-sorting": real_sorting(q),
        "real-label-information": real_label_information(q, test.labels),
    }
    for name, direct in expected.items():
        (found,) = [result for result in document.results if result.metric == name]
        assert (found.value, found.low, found.high) == (direct.value, direct.low, direct.high)
        assert (found.n, found.unit) == (359, "nats")
        assert found.settings == {"batch_norm": "real", "split": "test"}
        assert found.details == direct.details


def test_images_are_read_once(path: Path) -> None:
    told: list[str] = []
    names = [*CLUSTERS, "real-sorting", "real-label-information"]
    score(path, names, say=lambda text, share: told.append(text))
    assert len([text for text in told if "codes of test images" in text]) == 1
    told.clear()
    score(path, names[1:], say=lambda text, share: told.append(text))
    assert not [text for text in told if "codes of train images" in text]


# Information.


@pytest.fixture
def tiny_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)


@pytest.fixture(scope="module")
def estimates() -> dict[bytes, CheckpointInformation]:
    """What `estimated_once` knows, by the first weights of a checkpoint."""
    return {}


@pytest.fixture
def estimated_once(
    estimates: dict[bytes, CheckpointInformation],
    tiny_budget: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A checkpoint's information is estimated once, however often it is scored and compared."""
    del tiny_budget

    def estimate(model: CheckpointModel, **options: Any) -> CheckpointInformation:
        assert (options["budget"], options["seed"], options["level"]) == (TINY_BUDGET, 0, 0.95)
        weights = next(model.networks.parameters()).detach().numpy().tobytes()
        if weights not in estimates:
            estimates[weights] = estimate_checkpoint(model, **options)
        return estimates[weights]

    monkeypatch.setattr(information_results, "estimate_checkpoint", estimate)


def by_name(document: Document) -> dict[tuple[str, str | None], Result]:
    return {(result.metric, result.target): result for result in document.results}


@pytest.mark.usefixtures("tiny_budget")
def test_information_of_every_code_and_of_all(path: Path) -> None:
    document = score(path, ["mi", "mi-own"], budget="tiny", seed=3)
    found = by_name(document)
    assert list(found) == [
        *(("mi", "digit"), ("mi", "slant"), ("mi", "all codes"), ("mi-synergy", "all codes")),
        *(("mi-refitted", "digit"), ("mi-refitted", "slant")),
        *(("mi-own", "digit"), ("mi-own", "slant")),
    ]
    assert len(found) == len(document.results)
    direct = estimate_checkpoint(
        CheckpointModel.open(path), budget=TINY_BUDGET, seed=3, device="cpu"
    )
    joint = direct.post_hoc.joint
    for target, ours in {**direct.post_hoc, "all codes": joint}.items():
        result = found["mi", target]
        high = ours.high if math.isfinite(ours.high) else None
        assert (result.value, result.low, result.high) == (ours.value, ours.low, high)
        assert (result.n, result.unit, result.level) == (ours.samples, "nats", 0.95)
        assert result.settings == {"budget": "tiny", "seed": 3, "device": "cpu", "pixels": "8 bits"}
        assert result.details["entropy"] == ours.entropy
        assert result.details["standard_error"] == ours.standard_error
        assert [point["steps"] for point in result.details["curve"]] == [3, 3, 6]
        assert len(result.details["noise"]) == len(ours.noise)
    assert found["mi-synergy", "all codes"].value == direct.post_hoc.synergy.value
    assert found["mi-refitted", "digit"].value == direct.refitted["digit"].value
    assert found["mi-own", "slant"].value == direct.own["slant"].value
    assert found["mi-own", "slant"].settings["samples"] == direct.own["slant"].count


@pytest.mark.usefixtures("estimated_once")
def test_checks_are_details_of_all_codes(path: Path) -> None:
    document = score(path, ["mi"], budget="tiny")
    found = by_name(document)
    details = found["mi", "all codes"].details
    assert details["leakage"]["names"] == ["digit", "slant"]
    assert {check["name"] for check in details["self_test"]["null"]} == {
        *("digit", "slant", "all codes")
    }
    for check in details["self_test"]["null"] + details["self_test"]["known"]:
        assert check["error"] == check["value"] - check["truth"]
        assert check["low"] <= check["value"] <= check["high"]
    assert set(details["seconds"]) >= {"rendering", "training Q", "self-test"}
    assert "leakage" not in found["mi", "digit"].details
    assert found["mi", "slant"].high is None
    assert found["mi", "slant"].details["missed"] is None
    assert Document.from_json(document.to_json()) == document


@pytest.mark.usefixtures("tiny_budget")
def test_information_of_one_code_has_no_joint(without_categories: Path) -> None:
    found = by_name(score(without_categories, ["mi"], budget="tiny"))
    assert list(found) == [("mi", "slant"), ("mi-refitted", "slant"), ("mi-own", "slant")]
    assert {"leakage", "self_test", "seconds"} <= set(found["mi", "slant"].details)


def test_an_unknown_budget(path: Path) -> None:
    with pytest.raises(UserError, match="no budget 'huge'; there are quick"):
        score(path, ["mi"], budget="huge")


# Two checkpoints.


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same experiment from another seed."""
    trainer = tiny_trainer(data="digits", codes=TEN, steps=60, discriminator_rate=2e-3)
    return train(
        trainer,
        load("digits"),
        tmp_path_factory.mktemp("other"),
        seed=1,
        options=ON_CPU,
    )


CHEAP: Any = {"samples": 400, "device": "cpu", "budget": "tiny"}


@pytest.mark.usefixtures("estimated_once")
@pytest.mark.parametrize("metrics", [["mi"], ["mi-own", "cluster-acc", "real-sorting"]])
def test_a_checkpoint_does_not_differ_from_itself(path: Path, metrics: list[str]) -> None:
    compared = evaluation.compare(path, path, metrics, **CHEAP)
    assert {each.metric for each in compared.differences} >= set(metrics)
    for each in compared.differences:
        assert each.difference == 0
        assert each.low is not None
        assert each.high is not None
        assert each.low <= 0 <= each.high
        assert each.high - each.low > 0 or each.metric == "mi-synergy"


@pytest.mark.usefixtures("estimated_once")
def test_swapping_negates(path: Path, other: Path) -> None:
    metrics = ["mi", "cluster-acc"]
    one = evaluation.compare(path, other, metrics, **CHEAP).differences
    two = evaluation.compare(other, path, metrics, **CHEAP).differences
    assert [(each.metric, each.target) for each in one] == [
        (each.metric, each.target) for each in two
    ]
    assert any(each.difference != 0 for each in one)
    for ours, theirs in zip(one, two, strict=True):
        assert ours.difference == -theirs.difference == ours.first - ours.second
        assert None not in (ours.low, ours.high, theirs.low, theirs.high)
        assert ours.low == pytest.approx(-theirs.high)  # type: ignore[operator]
        assert ours.high == pytest.approx(-theirs.low)  # type: ignore[operator]


def result_of(value: float, low: float | None, high: float | None) -> Result:
    return Result("m", "c", value, low, high, 0.95, 9, "nats", True)


def test_the_interval_of_a_difference() -> None:
    """Equal, symmetric intervals add in quadrature; a missing limit leaves its side open."""
    even = _difference(result_of(5, 2, 8), result_of(1, -3, 5))
    assert (even.difference, even.low, even.high) == (4, -1, 9)
    skewed = _difference(result_of(5, 2, 9), result_of(1, 0, 5))
    assert (skewed.low, skewed.high) == (-1, pytest.approx(4 + math.sqrt(17)))
    open_above = _difference(result_of(5, 2, None), result_of(1, -3, 5))
    assert (open_above.low, open_above.high) == (-1, None)
    open_below = _difference(result_of(5, 2, 8), result_of(1, -3, None))
    assert (open_below.low, open_below.high) == (None, 9)


@pytest.mark.usefixtures("estimated_once")
def test_codes_of_other_spaces(path: Path, without_categories: Path, tmp_path: Path) -> None:
    """Common codes alone are compared, and all codes together are not common."""
    compared = evaluation.compare(path, without_categories, ["mi-own"], **CHEAP)
    assert [each.target for each in compared.differences] == ["slant"]
    codes = CodeSpace(digit=Categorical(10), turn=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    turned = train(trainer, load("digits"), tmp_path, options=ON_CPU)
    compared = evaluation.compare(path, turned, ["mi"], **CHEAP)
    assert {each.target for each in compared.differences} == {"digit"}
    with pytest.raises(UserError, match="no code in common: slant and digit, turn"):
        evaluation.compare(without_categories, turned, **CHEAP)


def test_a_comparison_as_json(path: Path, other: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the JSON")

    compared = evaluation.compare(path, other, None, samples=400, device="cpu")
    plain = json.loads(compared.to_json(), parse_constant=refuse)
    assert set(plain) == {"schema_version", "first", "second", "differences"}
    assert Document.from_json(json.dumps(plain["first"])) == compared.first
    assert Document.from_json(json.dumps(plain["second"])) == compared.second
    assert [each["metric"] for each in plain["differences"]] == [
        result["metric"] for result in plain["first"]["results"]
    ]


# Options.


def test_the_level_widens_the_interval_alone(path: Path, document: Document) -> None:
    narrow, wide = score(path, level=0.5), document
    assert values(narrow) == values(wide)
    for ours, theirs in zip(narrow.results, wide.results, strict=True):
        assert ours.level == 0.5
        assert None not in (ours.low, ours.high, theirs.low, theirs.high)
        assert ours.high - ours.low < theirs.high - theirs.low  # type: ignore[operator]


def test_a_seed_means_the_same_numbers(path: Path, document: Document) -> None:
    torch.manual_seed(9)
    assert numbers(score(path)) == numbers(document)
    other = score(path, seed=1)
    assert values(other)["mi-own", "digit"] != values(document)["mi-own", "digit"]
    assert values(other)["cluster-acc", "digit"] == values(document)["cluster-acc", "digit"]
    assert other.results[0].settings["seed"] == 1


def test_the_matching_may_be_fitted_on_fewer_images(path: Path, document: Document) -> None:
    train, test = load("digits", "train"), load("digits", "test")
    rows = np.linspace(0, len(train) - 1, 200).astype(int)
    assert train.labels is not None
    few = ImageSet("few", "train", train.images[rows], train.labels[rows])
    model = CheckpointModel(Checkpoint.open(path), "cpu", train.images)
    (found,) = score(path, ["cluster-acc"], fit_images=200).results
    assert found.value == pytest.approx(by_hand(model, few, test)[0], abs=1e-12)
    assert (found.n, found.details["fit_n"]) == (359, 200)
    assert found.details["class_names"] == list("0123456789")
    assert numbers(score(path, fit_images=10**6)) == numbers(document)


@pytest.mark.parametrize("count", [-1, 0, 1])
def test_too_few_images_to_fit_on(path: Path, count: int) -> None:
    with pytest.raises(UserError, match="fit_images"):
        score(path, ["cluster-acc"], fit_images=count)


def test_a_metric_asked_for_twice_is_given_once(path: Path) -> None:
    found = score(path, ["cluster-acc", "cluster-acc"]).results
    assert [result.metric for result in found] == ["cluster-acc"]


# What the user can put right.


@pytest.mark.parametrize("name", ["accuracy", "", "cluster_acc", "MI-OWN"])
def test_an_unknown_metric(path: Path, name: str) -> None:
    with pytest.raises(UserError, match="there are mi-own, cluster-acc"):
        score(path, [name])


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_a_level_that_is_none(path: Path, level: float) -> None:
    with pytest.raises(UserError, match="level"):
        score(path, level=level)


@pytest.mark.parametrize("metrics", [None, ["mi-own"], ["cluster-nmi"]])
def test_a_negative_seed(path: Path, metrics: list[str] | None) -> None:
    with pytest.raises(UserError, match="seed"):
        score(path, metrics, seed=-1)


@pytest.mark.parametrize("samples", [-1, 0, 1])
def test_too_few_samples_for_an_interval(path: Path, samples: int) -> None:
    with pytest.raises(UserError, match="samples"):
        score(path, ["mi-own"], samples=samples)


def test_images_of_the_wrong_size(path: Path, tmp_path: Path) -> None:
    images = np.zeros((20, 8, 9), np.uint8)
    np.savez(tmp_path / "wide.npz", images=images, labels=np.arange(20) % 2)
    with pytest.raises(UserError, match=r"1, 8, 8.*1, 8, 9"):
        score(path, data=str(tmp_path / "wide.npz"))


def test_missing_data(path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.npz"):
        score(path, data="nowhere.npz")


def broken(change: Callable[[torch.Tensor], torch.Tensor], path: Path, folder: Path) -> Path:
    content = torch.load(path, weights_only=True)
    content["weights"] = {
        name: change(value) if value.is_floating_point() else value
        for name, value in content["weights"].items()
    }
    torch.save(content, folder / "broken.pt")
    return folder / "broken.pt"


@pytest.mark.parametrize("metrics", [["mi-own"], ["mi"], ["cluster-acc"], ["real-sorting"], None])
@pytest.mark.parametrize("factor", [math.nan, math.inf, 1e30])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_networks_that_compute_no_numbers_have_no_score(
    path: Path,
    tmp_path: Path,
    metrics: list[str] | None,
    factor: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(BUDGETS, "standard", TINY_BUDGET)
    with pytest.raises(UserError) as caught:
        score(broken(lambda value: value * factor, path, tmp_path), metrics)
    assert "\n" not in str(caught.value)


# A quicker matching.


def test_the_matching_can_be_fitted_on_fewer_images(path: Path) -> None:
    few = score(path, ["cluster-acc"], fit_images=100).results[0]
    rows = np.linspace(0, len(load("digits")) - 1, 100).astype(int)
    assert few.details["fit_n"] == len(rows)
    assert few.n == len(load("digits", "test"))
    everything = score(path, ["cluster-acc"], fit_images=10**6).results[0]
    assert everything.details["fit_n"] == len(load("digits"))


def test_fewer_images_to_match_leave_the_predictions_alone(path: Path) -> None:
    """Batch-norm statistics come from all training images, however few are matched."""
    few, all_of_them = (score(path, ["cluster-nmi"], fit_images=n).results[0] for n in (10, None))
    assert few.value == all_of_them.value


def test_a_matching_needs_images(path: Path) -> None:
    with pytest.raises(UserError, match="fit_images must be at least 2"):
        score(path, ["cluster-acc"], fit_images=1)
