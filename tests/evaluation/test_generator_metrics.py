"""Information of a generator's codes: results of the estimate, and of a checkpoint's own Q."""

import math
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.evaluation import generator_metrics
from infoeval.information.budgets import BUDGETS
from infoeval.information.checkpoint_information import (
    CheckpointInformation,
    estimate_checkpoint,
    own_lower_bound,
)
from infoeval.results import Document
from infoeval.results.result_details import BoundDetails, InformationDetails
from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.evaluation.scoring import by_name, score, store, table, values
from tests.evaluation.user_models import Draws
from tests.tiny import TINY_BUDGET


@pytest.fixture(autouse=True)
def _tiny_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)


def test_own_bound_of_every_code(on_digits: Path) -> None:
    bounds = own_lower_bound(CheckpointModel.open(on_digits), count=400, seed=0)
    found = {result.target: result for result in score(on_digits, ["mi-own"]).results}
    assert list(found) == ["digit", "slant"]
    for name, result in found.items():
        assert name is not None
        assert (result.value, result.low, result.high) == (
            bounds[name].value,
            bounds[name].low,
            bounds[name].high,
        )
        assert (result.n, result.unit, result.higher_is_better) == (400, "nats", True)
        assert result.settings == {"seed": 0, "samples": 400, "pixels": "8 bits"}
    assert found["digit"].details["entropy"] == pytest.approx(math.log(10))
    assert found["slant"].details["entropy"] == pytest.approx(math.log(2))
    assert found["digit"].value < math.log(10)


def test_information_of_every_code_and_of_all(on_digits: Path) -> None:
    document = score(on_digits, ["mi", "mi-own"], budget="tiny", seed=3)
    found = by_name(document)
    assert list(found) == [
        *(("mi", "digit"), ("mi", "slant"), ("mi", "all codes"), ("mi-synergy", "all codes")),
        *(("mi-refitted", "digit"), ("mi-refitted", "slant")),
        *(("mi-own", "digit"), ("mi-own", "slant")),
    ]
    assert len(found) == len(document.results)
    direct = estimate_checkpoint(
        CheckpointModel.open(on_digits), budget=TINY_BUDGET, seed=3, device="cpu"
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


def test_every_bound_has_the_highest_information(on_digits: Path) -> None:
    """It is H(c) of a category; a continuous code has none, and neither have all codes with it."""
    document = score(on_digits, ["mi"], budget="tiny")
    for result in document.results:
        if result.metric == "mi-synergy":
            continue
        typed = result.typed
        assert isinstance(typed, BoundDetails)
        assert typed.highest == (math.log(10) if result.target == "digit" else None)
        if result.metric == "mi":
            assert isinstance(typed, InformationDetails)
            assert typed.input == "pixels"
            assert {point.input for point in typed.curve} == {"pixels"}


def test_checks_are_details_of_all_codes(on_digits: Path) -> None:
    document = score(on_digits, ["mi"], budget="tiny")
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


def test_information_of_one_code_has_no_joint(without_categories: Path) -> None:
    found = by_name(score(without_categories, ["mi"], budget="tiny"))
    assert list(found) == [("mi", "slant"), ("mi-refitted", "slant"), ("mi-own", "slant")]
    assert {"leakage", "self_test", "seconds"} <= set(found["mi", "slant"].details)


def test_options_reach_the_estimate(on_digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def estimate(model: CheckpointModel, **options: object) -> CheckpointInformation:
        asked.append(options)
        raise UserError("that is enough")

    monkeypatch.setattr(generator_metrics, "estimate_checkpoint", estimate)
    for options in ({"budget": "tiny"}, {"information": "tiny"}):
        with pytest.raises(UserError, match="that is enough"):
            score(on_digits, ["mi"], seed=3, level=0.9, **options)
    for options in asked:
        assert (options["budget"], options["seed"], options["level"]) == (TINY_BUDGET, 3, 0.9)
        assert options["device"] == "cpu"


def test_an_unknown_budget(on_digits: Path) -> None:
    with pytest.raises(UserError, match="no budget 'huge'; there are quick"):
        score(on_digits, ["mi"], budget="huge")


# Of a user's generator.


@pytest.mark.usefixtures("among_models")
def test_information_of_a_generator() -> None:
    found = [
        values(score(f"model.py:{function}", ["mi"], budget="tiny"))
        for function in ("named", "pair", "draws")
    ]
    assert {target for name, target in found[0] if name == "mi"} >= {"kind", "shift"}
    assert {name for name, _ in found[0]} == {"mi", "mi-synergy"}
    assert found[0] == found[1] == found[2], "the encoder has no part in it"
    with pytest.raises(UserError, match="mi does not apply: the model has no generator"):
        score("model.py:encoder", ["mi"])
    with pytest.raises(
        UserError,
        match="mi-own does not apply: needs an infoeval checkpoint, whose own Q is scored",
    ):
        score("model.py:named", ["mi-own"])


@pytest.mark.usefixtures("among_models")
def test_a_generator_alone_beside_other_metrics() -> None:
    document = score("model.py:draws", information="tiny")
    metrics = {result.metric for result in document.results}
    assert metrics == {"mi", "mi-synergy", "image-effects"}
    assert document.data == {}
    assert Document.from_json(document.to_json()) == document


def test_a_generator_alone_in_memory() -> None:
    alone, beside_nothing = (
        score(model, ["mi"], budget="tiny") for model in (Draws(), (None, Draws()))
    )
    assert values(alone) == values(beside_nothing)
    assert alone.subject == beside_nothing.subject == {"model": "Draws", "sha256": None}


def test_codes_of_a_file_have_no_generator(tmp_path: Path) -> None:
    path = store(tmp_path / "codes.npz", **table())
    for metrics, information in ((["mi"], None), (["mig"], "tiny"), (None, "tiny")):
        with pytest.raises(UserError, match="mi does not apply: codes of a file have no generator"):
            score(path, metrics, information=information)
