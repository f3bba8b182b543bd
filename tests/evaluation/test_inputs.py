"""What a metric is given of a subject: codes and factors of images, each when it is used."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import Angle, Categorical, CodeSpace
from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import score
from infoeval.evaluation.inputs import Inputs, evenly_spaced
from infoeval.evaluation.options import Options
from tests.evaluation.scoring import store
from tests.tiny import tiny_images


def context(**options: Any) -> Context:
    return Context(Options(**({"device": "cpu"} | options)))


def encoder(images: Any) -> Any:
    return images.float().mean((2, 3))


def test_images_are_loaded_when_they_are_first_used(on_digits: Path) -> None:
    ours = context()
    inputs = Inputs(ours.open(on_digits), ours)
    assert not inputs.has_images
    assert inputs.splits.test.split == "test"
    assert inputs.has_images


def test_rows_are_evenly_spaced() -> None:
    assert evenly_spaced(10, None).tolist() == list(range(10))
    assert evenly_spaced(10, 100).tolist() == list(range(10))
    assert evenly_spaced(9, 3).tolist() == [0, 4, 8]


def test_a_table_has_rows_of_both_splits(tmp_path: Path) -> None:
    train, test = tiny_images(60), tiny_images(40, 1, "test")
    data = store(
        tmp_path / "images.npz",
        images=train.images,
        factors=np.arange(60.0),
        test_images=test.images,
        test_factors=np.arange(40.0),
    )
    ours = context(data=data, rows=10)
    inputs = Inputs(ours.open(encoder), ours)
    assert inputs.table.rows is inputs.table.scored
    for rows, size in ((inputs.table.fit, 60), (inputs.table.scored, 40)):
        assert rows is not None
        assert rows.factors is not None
        assert rows.factors["factor 0"].tolist() == evenly_spaced(size, 10).tolist()
        assert len(rows.codes) == 10
    assert inputs.table is inputs.table
    assert inputs.table.encode is None


def test_images_that_can_be_drawn_have_codes_of_any_factors() -> None:
    ours = context(data="sprites", rows=50)
    inputs = Inputs(ours.open(encoder), ours)
    test = inputs.splits.test
    assert test.factors is not None
    assert inputs.table.encode is not None
    drawn = np.asarray(inputs.table.encode(test.factors[:20]))
    assert drawn.ravel() == pytest.approx(test.images[:20].mean((1, 2, 3)), rel=1e-5)


def test_codes_of_an_angle_are_periodic_and_others_as_they_are(tmp_path: Path) -> None:
    class Model:
        codes = CodeSpace(turn=Angle(), kind=Categorical(3), noise=0)

        def encode(self, images: Any) -> dict[str, Any]:
            mean = images.float().mean((1, 2, 3))
            return {"turn": 6 * mean, "kind": (5 * mean).round(), "other": mean}

    train, test = tiny_images(30), tiny_images(20, 1, "test")
    data = store(tmp_path / "images.npz", images=train.images, test_images=test.images)
    found = [
        Inputs(ours.open(Model()), ours).table.code_types
        for ours in (context(data=data), context(data=data, code_types=["continuous"] * 3))
    ]
    assert found == [["periodic", "continuous", "continuous"], ["continuous"] * 3]


def test_a_table_says_which_codes_are_angles(tmp_path: Path) -> None:
    angle = np.arange(0.0, 360, 3)
    path = tmp_path / "codes.npz"
    np.savez(
        path,
        codes=np.stack([(angle + 100) % 360, np.cos(np.radians(angle))], axis=1),
        code_types=np.array(["periodic:360", "continuous"]),
        factors=angle,
        factor_types=np.array(["periodic:360"]),
    )
    values = {}
    for types in (None, ["continuous"] * 2):
        document = score(path, metrics=["code-factors"], code_types=types, device="cpu")
        values[types is None] = document.results[0].value
    assert values[True] == pytest.approx(1)
    assert values[False] == pytest.approx(1), "ranks that begin elsewhere are the same circle"
    informed = score(path, metrics=["mig"], device="cpu").results[0].value
    assert (
        informed
        > score(path, metrics=["mig"], code_types=["continuous"] * 2, device="cpu").results[0].value
    )
