"""What a metric is given of a subject: codes and factors of images, each when it is used."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval.evaluation.context import Context
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
