"""From a model to its document: what it holds, which metrics apply, and why the others do not."""

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from infoeval import evaluation, metrics
from infoeval.cli import main
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.information.budgets import BUDGETS
from infoeval.metrics import all_metrics, names
from infoeval.metrics.registry import Kind
from infoeval.results import Document
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.evaluation.scoring import CLUSTERS, by_name, numbers, score, store, table, values
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer


def of_kind(kind: Kind) -> list[str]:
    return [item.name for item in all_metrics(kind)]


def reasons(document: Document) -> dict[str, str]:
    """Why each metric was skipped."""
    found = {skipped.metric: skipped.reason for skipped in document.skipped}
    assert len(found) == len(document.skipped)
    return found


@pytest.fixture(scope="module")
def document(on_digits: Path) -> Document:
    return score(on_digits)


# A checkpoint.


def test_the_document_of_a_checkpoint(document: Document, on_digits: Path) -> None:
    test = load("digits", "test")
    assert document.subject == {
        "checkpoint": str(on_digits),
        "sha256": hashlib.sha256(on_digits.read_bytes()).hexdigest(),
        "trainer": "tiny",
        "variant": "default",
        "step": 60,
        "seed": 0,
        "information_weight": 1.0,
        "batch_norm": "real",
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
    effects = [each.effects.code for each in document.results if each.effects]
    assert effects == ["digit", "slant"]
    assert {key for key in values(document) if key[0] != "image-effects"} == {
        ("mi-own", "digit"),
        ("mi-own", "slant"),
        *((name, "digit") for name in [*CLUSTERS, "real-sorting", "real-label-information"]),
        ("code-information", None),
    }
    told: dict[str, list[str]] = {}
    for skipped in document.skipped:
        told.setdefault(skipped.reason, []).append(skipped.metric)
    assert told == {
        "needs an encoder that returns a mean and a log variance": of_kind("gaussian"),
        "digits has no factors; ask for it by name, and labels are the one factor": (
            [item.name for item in all_metrics("table", "interventions")]
        ),
        "takes minutes: ask for it with --metric mi": ["mi"],
        "takes a minute: ask for it with --metric quality": ["quality"],
        "ask for it with --metric region-changes": ["region-changes"],
        "compares models: give several to infoeval score": ["udr", "consistency"],
        "digit is categorical; it has no covariance": [
            *("total-correlation", "wasserstein-correlation")
        ],
    }


def test_results_and_reasons_are_in_the_order_of_the_registry(document: Document) -> None:
    order = names().index
    for found in (document.results, document.skipped):
        assert [each.metric for each in found] == sorted([each.metric for each in found], key=order)


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


def test_a_folder_with_a_checkpoint_is_the_checkpoint(on_digits: Path, tmp_path: Path) -> None:
    document = score(on_digits.parent, ["mi-own"])
    assert document.subject["checkpoint"] == str(on_digits)
    assert numbers(document) == numbers(score(on_digits, ["mi-own"]))
    with pytest.raises(UserError, match=r"holds no ckpt\.pt"):
        score(tmp_path)


def test_a_metric_that_needs_no_images_loads_none(tmp_path: Path) -> None:
    """The tiny trainer's data set has no name that could be loaded."""
    path = train(tiny_trainer(steps=1), tiny_images(), tmp_path, RunOptions(device="cpu"))
    document = score(path, ["mi-own"])
    assert {result.metric for result in document.results} == {"mi-own"}
    assert document.data["fingerprint"] == tiny_images().fingerprint
    with pytest.raises(UserError, match="quadrants"):
        score(path)


def test_a_checkpoint_without_categories(without_categories: Path) -> None:
    document = score(without_categories)
    found = {(name, target.split()[0] if target else None) for name, target in values(document)}
    assert found <= {("mi-own", "slant"), ("image-effects", "slant"), ("code-information", None)}
    assert ("mi-own", "slant") in found
    without = [name for name, why in reasons(document).items() if "no categorical code" in why]
    assert without == [*CLUSTERS, "real-sorting", "real-label-information"]
    with pytest.raises(UserError, match=r"cluster-acc does not apply: .*no categorical code"):
        score(without_categories, ["cluster-acc"])


def test_progress(on_digits: Path) -> None:
    told: list[tuple[str, float | None]] = []
    score(on_digits, progress=lambda text, share: told.append((text, share)))
    assert len(told) >= 5
    assert all(line and "\n" not in line for line, _ in told)
    assert all(share is None or 0 <= share <= 1 for _, share in told)


def test_a_seed_means_the_same_numbers(on_digits: Path, document: Document) -> None:
    torch.manual_seed(9)
    assert numbers(score(on_digits)) == numbers(document)
    other = score(on_digits, seed=1)
    assert values(other)["mi-own", "digit"] != values(document)["mi-own", "digit"]
    assert values(other)["cluster-acc", "digit"] == values(document)["cluster-acc", "digit"]
    assert other.results[0].settings["seed"] == 1


def test_the_level_widens_the_interval_alone(on_digits: Path, document: Document) -> None:
    narrow, wide = score(on_digits, level=0.5), document
    assert values(narrow) == values(wide)
    for ours, theirs in zip(narrow.results, wide.results, strict=True):
        assert ours.level == 0.5
        assert None not in (ours.low, ours.high, theirs.low, theirs.high)
        assert ours.high - ours.low < theirs.high - theirs.low  # type: ignore[operator]


def test_information_beside_the_other_metrics(
    on_digits: Path, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)
    whole = score(on_digits, information="tiny")
    assert {"mi", "mi-synergy", "mi-refitted"} < {result.metric for result in whole.results}
    assert "mi" not in reasons(whole)
    assert len([each for each in whole.results if each.metric == "mi-own"]) == 2, "once a code"
    ours, theirs = by_name(whole), by_name(document)
    assert {key for key in theirs if key[0] != "mi-own"} <= ours.keys()
    named = score(on_digits, ["cluster-nmi"], information="tiny")
    assert {result.metric for result in named.results} == {
        *("cluster-nmi", "mi", "mi-synergy", "mi-refitted", "mi-own")
    }


def test_a_metric_asked_for_twice_is_given_once(on_digits: Path) -> None:
    found = score(on_digits, ["cluster-acc", "cluster-acc"]).results
    assert [result.metric for result in found] == ["cluster-acc"]


def test_results_are_in_the_order_they_were_asked_for(on_digits: Path) -> None:
    found = score(on_digits, ["real-sorting", "cluster-ari", "mi-own"]).results
    assert [result.metric for result in found] == [
        *("real-sorting", "cluster-ari", "mi-own", "mi-own")
    ]


@pytest.mark.parametrize("name", ["accuracy", "", "cluster_acc", "MI-OWN"])
def test_an_unknown_metric(on_digits: Path, name: str) -> None:
    with pytest.raises(UserError, match="there are mi, mi-own, cluster-acc"):
        score(on_digits, [name])


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
    on_digits: Path,
    tmp_path: Path,
    metrics: list[str] | None,
    factor: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(BUDGETS, "standard", TINY_BUDGET)
    with pytest.raises(UserError) as caught:
        score(broken(lambda value: value * factor, on_digits, tmp_path), metrics)
    assert "\n" not in str(caught.value)


# A table of codes.


def test_everything_that_applies_to_codes_of_a_file(tmp_path: Path) -> None:
    arrays = table()
    path = store(tmp_path / "plain.npz", **arrays)
    document = score(path)
    assert document.subject["codes"] == path
    assert document.data["n"] == 200
    assert document.environment["device"] == "cpu"
    scored = {result.metric for result in document.results}
    skipped = reasons(document)
    for name in set(names()) - {"udr", "consistency"}:
        parts = [each for each in scored if each == name or each.startswith(f"{name}-")]
        assert bool(parts) != (name in skipped), name
    assert skipped["cluster-acc"].startswith("there is no categorical code; give whole numbers")
    assert skipped["mi"] == "codes of a file have no generator"
    assert (
        skipped["mi-own"]
        == skipped["real-sorting"]
        == "needs an infoeval checkpoint, whose own Q is scored"
    )
    assert set(skipped) == {
        *("cluster-acc", "cluster-nmi", "cluster-ari", "mi", "mi-own", "udr", "consistency"),
        *(
            "real-sorting",
            "real-label-information",
            "tad",
            "quality",
            "region-changes",
            "image-effects",
        ),
        *of_kind("gaussian"),
    }
    assert skipped["tad"] == "no factor has two values; tad compares binary attributes"
    direct = metrics.dci(arrays["codes"], arrays["factors"], replicates=4)
    found = values(document)
    for part, told in direct.details["parts"].items():
        assert found[f"dci-{part}", None] == told["value"]
    assert found["mig", None] == metrics.mig(arrays["codes"], arrays["factors"]).value
    assert Document.from_json(document.to_json()) == document


def test_codes_without_factors(tmp_path: Path) -> None:
    path = store(tmp_path / "codes.npz", codes=table()["codes"])
    document = score(path)
    assert {result.metric for result in document.results} == set(of_kind("codes"))
    skipped = reasons(document)
    assert {skipped[name] for name in of_kind("table")} == {
        "there are no factors: the table has none; give some with --factors"
    }
    with pytest.raises(UserError, match="mig does not apply: there are no factors"):
        score(path, ["mig"])


def test_a_table_needs_no_images(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--data has no use"):
        score(store(tmp_path / "good.npz", **table()), data="sprites")


# A user's model.


@pytest.mark.usefixtures("among_models")
def test_the_document_of_an_encoder() -> None:
    document = score("model.py:encoder", ["mig", "sap"], data="sprites", rows=300)
    assert document.subject["model"] == "model.py:encoder"
    assert document.subject["sha256"] == hashlib.sha256(Path("model.py").read_bytes()).hexdigest()
    assert document.data == {**load("sprites", "test").describe(), "rows": 300}
    again = score("model.py:encoder", ["mig", "sap"], data="sprites", rows=300)
    assert values(again) == values(document)


@pytest.mark.usefixtures("among_models")
def test_why_the_information_of_a_generator_is_left_out() -> None:
    document = score("model.py:named", data="digits", rows=60, replicates=0)
    assert reasons(document)["mi"] == "takes minutes: ask for it with --metric mi"


@pytest.mark.usefixtures("among_models")
def test_a_generator_alone() -> None:
    """What needs images does not apply, with one reason, whether or not there are images."""
    for data in (None, "digits"):
        document = score("model.py:draws", data=data)
        assert {result.metric for result in document.results} == {"image-effects"}
        assert reasons(document)["mi"] == "takes minutes: ask for it with --metric mi"
        assert reasons(document)["mig"] == "the model has no encoder"
        assert reasons(document)["cluster-acc"] == "the model has no encoder"
        with pytest.raises(UserError, match="mig does not apply: the model has no encoder"):
            score("model.py:draws", ["mig"], data=data)


class InMemory:
    """Two codes of digits."""

    def encode(self, images: Any) -> Any:
        return images.float().mean((1, 2))[:, :2]


@pytest.mark.usefixtures("among_models")
def test_models_in_memory() -> None:
    model = InMemory()
    document = score(model, ["mig"], data="digits")
    named = {"code_names": ["code 0", "code 1"]}
    assert document.subject == {"model": "InMemory", "sha256": None, **named}
    assert values(score(model.encode, ["mig"], data="digits")) == values(document)
    assert values(score((model, None), ["mig"], data="digits")) == values(document)
    several = score([model, model.encode, "model.py:arrays"], data="digits", rows=100)
    assert several.subject["models"] == ["model 0", "model 1", "model.py:arrays"]
    with pytest.raises(UserError, match="mi does not apply: the model has no generator"):
        score(model, ["mi"])
    with pytest.raises(UserError, match="float: float is no model; give an encoder"):
        score(3.0, data="digits")
    with pytest.raises(UserError, match="no model"):
        score([])
    comparison = evaluation.compare(
        [model, "model.py:arrays"], metrics=["mig"], data="digits", replicates=5
    )
    assert len(comparison.differences) == 1


BAD_MODELS = {
    "model.py:encoder": "give a data set with --data",
    "nowhere.py:encoder": "no Python file at nowhere.py",
    "model.py:absent": "model.py has no function 'absent'",
    "model.py:value": "model.py has no function 'value'",
    "model.py:raises": r"raises\(\) failed: ValueError: no luck",
    "model.py:tells": "weights.pt is not there",
    "model.py:nothing": "int is no model",
    "model.py:half": "a generator needs `codes`",
}
BAD_ENCODERS = {
    "fails": r"the encoder failed on uint8 images \(\d+, 1, 8, 8\): ",
    "tuples": "the encoder returned a tuple",
    "short": r"the encoder returned float64 of shape \(3, 2\)",
    "missing": "the encoder returned numbers that are not finite",
}


@pytest.mark.parametrize("model", BAD_MODELS)
@pytest.mark.usefixtures("among_models")
def test_functions_that_return_no_model(model: str) -> None:
    with pytest.raises(UserError, match=BAD_MODELS[model]) as caught:
        score(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("metrics", [None, ["mig"], ["cluster-acc"]])
@pytest.mark.parametrize("function", BAD_ENCODERS)
@pytest.mark.usefixtures("among_models")
def test_encoders_that_return_no_codes(function: str, metrics: list[str] | None) -> None:
    with pytest.raises(UserError, match=BAD_ENCODERS[function]):
        score(f"model.py:{function}", metrics, data="digits", rows=359)


# Several models.


def test_several_models_are_compared_by_udr(tmp_path: Path) -> None:
    rotated = table()["codes"] @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    paths = [
        store(tmp_path / "one.npz", codes=table()["codes"]),
        store(tmp_path / "two.npz", codes=-table()["codes"][:, ::-1]),
        store(tmp_path / "three.npz", codes=rotated),
    ]
    document = score(paths)
    assert document.subject["models"] == paths
    assert [result.metric for result in document.results] == ["udr"] * 4 + ["consistency"] * 4
    assert [result.target for result in document.results] == 2 * [None, *paths]
    assert score(paths[:2], ["udr"]).results[0].value > document.results[0].value
    assert numbers(score(tuple(paths))) == numbers(document)
    with pytest.raises(UserError, match="mig is about one model"):
        score(paths, ["mig"])
    with pytest.raises(
        UserError, match="udr does not apply: compares models: give several to infoeval score"
    ):
        score(paths[0], ["udr"])


@pytest.mark.usefixtures("among_models")
def test_one_function_twice() -> None:
    document = score(["model.py:encoder", "model.py:encoder"], ["udr"], data="sprites", rows=200)
    assert [result.target for result in document.results] == [None, *["model.py:encoder"] * 2]
    assert document.results[0].value > 0.5


def test_checkpoints_are_compared_by_udr(
    on_digits: Path, without_categories: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(without_categories, tmp_path / "copy.pt"))
    document = score([without_categories, copy], rows=100)
    assert [each.target for each in document.results] == 2 * [
        *(None, str(without_categories), str(copy))
    ]
    assert document.data == {"n": 100}
    with pytest.raises(UserError, match="udr does not apply: model 1: digit is categorical"):
        score([copy, on_digits], rows=100)


def test_progress_names_the_metric(tmp_path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    asked = ["mig", "sap", "irs"]
    path = store(tmp_path / "told.npz", **table())
    score(path, asked, progress=lambda *each: told.append(each))
    assert list(dict.fromkeys(text.split(",")[0] for text, _ in told)) == asked
    assert all(share is not None and 0 <= share <= 1 for _, share in told)


# From the command line.


def test_the_command_line_does_the_same(tmp_path: Path) -> None:
    path = store(tmp_path / "cli.npz", **table())
    arguments = ["score", path, "--metric", "mig:preset=laforge", "--null", "2"]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)["results"][0]
    assert printed["details"]["null"]["tables"] == 2
    assert printed["settings"]["own"] == {"preset": "laforge"}
    shown = CliRunner().invoke(main, arguments).stdout
    assert "mig:preset=laforge" in shown
    assert "chance" in shown
    compared = CliRunner().invoke(main, ["compare", path, path, "--metric", "mig"]).stdout
    assert "+0.0000" in compared


@pytest.mark.parametrize(
    "wrong",
    [
        ["--metric", "mug"],
        ["--metric", "mig", "--factor-types", "discrete"],
        ["--metric", "mig", "--null", "-1"],
        ["--rows", "1"],
    ],
)
def test_wrong_options_are_one_line(wrong: list[str], tmp_path: Path) -> None:
    path = store(tmp_path / "wrong.npz", **table())
    result = CliRunner().invoke(main, ["score", path, *wrong])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: ")


def test_the_share_of_intervals_that_is_done() -> None:
    """From which the command line tells the time left of a metric of many rows."""
    random, told = np.random.default_rng(0), []
    table = {"codes": random.normal(size=(90, 2)), "factors": random.integers(0, 2, size=(90, 2))}

    def progress(text: str, share: float | None) -> None:
        told.append((text.partition(",")[0], share))

    evaluation.score(table, metrics=["mig", "modularity"], progress=progress)
    for metric, start in (("mig", 0.0), ("modularity", 0.5)):
        shares = [share for name, share in told if name == metric]
        assert len(shares) > 140  # 60 halves, 60 quarters, 20 shuffled tables
        assert shares[0] == start
        assert shares == sorted(shares)
        assert shares[-1] == start + 0.5
