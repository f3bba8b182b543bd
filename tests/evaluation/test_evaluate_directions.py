"""Directions evaluated: nats known in closed form, order, factors, notes, page, what cannot be."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, UserError
from infoeval.evaluation import context, direction_changes, directions, factor_regressor
from infoeval.evaluation.directions_page import write_directions_page
from infoeval.evaluation.evaluate_directions import EvaluatedDirections
from infoeval.evaluation.options import PageOptions
from infoeval.information.budgets import Budget
from infoeval.information.channels import blobs
from infoeval.latent.direction_set import direction_set
from infoeval.results import Document
from tests.evaluation.test_generated_factors import Dial, world

BRIEF = Budget("brief", (4,), (80, 120), 64, 2, 2_000, 2_000, 4_000, 4_000, 2, 2, rates=(6e-3,))
REACH = 4.5


def few(patch: pytest.MonkeyPatch) -> None:
    for name, count in {"REFERENCE": 200, "FRESH": 100, "POINTS": 40}.items():
        patch.setattr(direction_changes, name, count)


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)


class Sum:
    """A blob at z₀ + z₁; z₂ does nothing."""

    codes = CodeSpace(noise=3)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return blobs((noise[:, 0] + noise[:, 1]).clamp(-REACH, REACH), 12, REACH)


def evaluated(model: Any, method: Any, **options: Any) -> EvaluatedDirections:
    return directions(model, method=method, device="cpu", **{"budget": "tiny", **options})


AXES = direction_set(np.eye(3)[:2], names=["one", "two"], method="axes")


@pytest.fixture(scope="module")
def found() -> EvaluatedDirections:
    with pytest.MonkeyPatch.context() as patch:
        few(patch)
        return evaluated(Sum(), AXES)


def test_nats_of_a_direction_known_in_closed_form() -> None:
    """Along z₀ the position is a + N(0, 1); along (1, 1) it is a√2; along (1, −1) nothing moves."""
    rows = [[1, 0, 0], [1, 1, 0], [1, -1, 0]]
    found = evaluated(Sum(), rows, budget=BRIEF)
    alone, both, none = (found.nats()[f"direction_{number}"] for number in (1, 2, 3))
    assert alone == pytest.approx(0.5 * math.log(2), abs=0.05)
    assert both > 1.5
    assert abs(none) < 0.02
    assert list(found.nats()) == ["direction_2", "direction_1", "direction_3"]
    groups = found.document.subject["directions"]["groups"]
    assert groups == [["direction_1"], ["direction_2", "direction_3"]]
    assert found.document.find("mi", "all codes") is None  # the law of all three is not known


def test_the_sign_and_the_order_of_directions_change_nothing() -> None:
    turned = evaluated(Sum(), [[0, 0, -2], [-3, 0, 0]], budget=BRIEF).nats()
    assert turned["direction_2"] == pytest.approx(0.5 * math.log(2), abs=0.05)
    assert abs(turned["direction_1"]) < 0.02


def test_results_are_in_the_order_of_the_nats_and_valid(found: EvaluatedDirections) -> None:
    document = Document.from_json(found.document.to_json())
    targets = [result.target for result in document.results]
    order = list(found.nats())
    assert targets == [*order, "all codes", "all codes", *order, *order]
    metrics = list(dict.fromkeys(result.metric for result in document.results))
    assert metrics == ["mi", "mi-synergy", "direction-change", "direction-reach"]
    change = document.find("direction-change", order[0])
    assert change is not None
    assert change.change is not None
    assert {entry.kind for entry in change.change.changes} == {"image statistics"}
    assert document.subject["directions"]["method"] == "axes"
    assert evaluated(Sum(), AXES).nats() == found.nats()


def test_directions_of_w() -> None:
    class Mapped(Sum):
        noise = 3

        def latent(self, noise: Tensor) -> Tensor:
            return 4 + noise * torch.tensor([2.0, 1.0, 0.5])

        def synthesize(self, w: Tensor) -> Tensor:
            return self.generate({}, (w - 4) / torch.tensor([2.0, 1.0, 0.5]))

    found = evaluated(Mapped(), "activations", count=2)
    assert found.document.subject["directions"]["space"] == "w"
    assert np.abs(found.directions.vectors) == pytest.approx(np.eye(3)[:2], abs=0.05)
    (subject,) = found.subjects
    law = subject.generator.codes["direction_1"]
    assert law.numbers["deviation"] == pytest.approx(2, rel=0.05)
    change = found.document.find("direction-change", "direction_1")
    assert change is not None
    assert change.details["attribute"] == "centroid x"
    of_z = evaluated(Mapped(), np.eye(3)[:1], space="z")
    assert of_z.document.subject["directions"]["space"] == "z"


def test_factors_that_a_regressor_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Height falls along the first code; the second turns, which no label but the angle tells."""
    splits = {split: world(2000, place, split) for place, split in enumerate(("train", "test"))}
    monkeypatch.setattr(context, "load", lambda name, split, **options: splits[split])
    monkeypatch.setattr(context, "check_there", lambda name: None)
    monkeypatch.setattr(factor_regressor, "STEPS", 250)

    class NormalDial(Dial):
        codes = CodeSpace(noise=3)

        def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
            level = torch.special.ndtr(noise)
            levels = dict(zip(Dial.codes, level.T, strict=False))
            named = {name: code.quantile(levels[name]) for name, code in Dial.codes.items()}
            return super().generate(named, noise)

    found = evaluated(NormalDial(), np.eye(3)[[list(Dial.codes).index("lift")]], data="dial")
    result = found.document.find("direction-change", "direction_1")
    assert result is not None
    assert result.details["kind"] == "factors"
    assert result.details["attribute"] == "height"
    assert result.value < -0.5
    assert found.document.data["name"] == "dial"
    kinds = {entry["kind"] for entry in result.details["changes"]}
    assert kinds == {"factors", "image statistics"}


def test_directions_of_another_model_are_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "from tests.evaluation.test_evaluate_directions import Sum\ndef make():\n    return Sum()\n"
    )
    model = f"{tmp_path / 'model.py'}:make"
    given = direction_set(np.eye(3)[:1], method="mine", model="ab" * 32)
    found = evaluated(model, given)
    assert "found in another model" in found.document.data["notes"][0]
    own = evaluated(model, replace(given, model=str(found.document.subject["sha256"])))
    assert "notes" not in own.document.data


def test_the_page_has_every_direction_by_its_nats(
    found: EvaluatedDirections, tmp_path: Path
) -> None:
    written = PageOptions(command="infoeval directions", title="My directions", paper="full")
    page = write_directions_page(found, tmp_path / "page.html", written=written)
    text = page.read_text(encoding="utf-8")
    for words in (
        "My directions",
        "Directions by their nats",
        "Change of image statistics",
        "Move the codes",
    ):
        assert words in text
    metrics = json.loads((tmp_path / "page_files" / "metrics.json").read_text())
    assert metrics["command"] == "infoeval directions"
    assert (metrics["paper"], "notes" in metrics) == ("full", False)
    assert [code["name"] for code in metrics["codes"]] == list(found.nats())
    drawn = [image["code"] for image in metrics["images"] if image["kind"] == "traversal"]
    assert sorted(set(drawn)) == ["one", "two"]


def test_a_page_of_directions_that_are_not_orthogonal_has_no_sliders(tmp_path: Path) -> None:
    found = evaluated(Sum(), [[1, 0, 0], [1, 1, 0]])
    write_directions_page(found, tmp_path / "page.html")
    metrics = json.loads((tmp_path / "page_files" / "metrics.json").read_text())
    assert {image["kind"] for image in metrics["images"]} == {"traversal"}
    assert {image["code"] for image in metrics["images"]} == {"direction_1", "direction_2"}


class Label:
    codes = CodeSpace(kind=Categorical(3), noise=0)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        raise AssertionError("not called")


class Broken(Sum):
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return super().generate(codes, noise) / 0


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (lambda images: images, {}, "has no generator, and so no latent space"),
        (Label(), {}, "neither noise nor normal codes"),
        (Broken(), {}, "not finite"),
        (Sum(), {"space": "x"}, "space must be z, w or auto"),
        (Sum(), {"space": "w"}, "there is no w"),
        (Sum(), {"budget": "huge"}, "no budget"),
        (Sum(), {"level": 1.5}, "level must lie between 0 and 1"),
        (Sum(), {"count": 4}, "z has 3 dimensions; give 1 to 3"),
        (Sum(), {"seed": -1}, "seed must be"),
        (Sum(), {"data": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_evaluated(model: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        evaluated(model, "random", **options)
    assert "\n" not in str(error.value)
