"""The invariance term of a trained model on real images."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from infoeval import Affine
from infoeval.data import ImageSet
from infoeval.evaluation.invariance_of_images import (
    augmented,
    invariance_of_images,
    most_stable,
)
from infoeval.subjects.subject import Encoding, Reader
from tests.tiny import tiny_trainer

STILL = Affine(rotation=0, scale=0, shear=0, shift=0)


class Brightness(Reader):
    """Is sure of one of four categories, by how bright the first row of an image is."""

    def read(self, images: NDArray[np.uint8]) -> dict[str, Any]:
        number = images[:, :, 0].mean(axis=(1, 2)).round().astype(int) // 64
        return {"digit": np.eye(4, dtype=np.float32)[number]}

    def encoding(self, arrays: Any) -> Encoding:
        columns = pd.DataFrame({"digit": arrays["digit"].argmax(axis=1)})
        return Encoding(columns, {"digit": arrays["digit"]})


def images(rows: int = 40) -> ImageSet:
    """Each image is of a single grey, of four in turn."""
    greys = (np.arange(rows) % 4 * 64 + 32).astype(np.uint8)
    return ImageSet("greys", "train", np.tile(greys[:, None, None, None], (1, 1, 8, 8)))


def term(**changes: Any) -> float | None:
    trainer = tiny_trainer(**{"invariance_weight": 1.0, "invariance_view": STILL, **changes})
    return invariance_of_images(Brightness(), images(), np.arange(40), trainer)


def test_categories_that_stay_tell_all_and_with_a_balance_more() -> None:
    assert term() == pytest.approx(math.log(4), abs=1e-5)
    # b (H + H') − H(joint), each of log 4.
    assert term(invariance_balance=2.0) == pytest.approx(3 * math.log(4), abs=1e-5)
    assert term(invariance_weight=0.1) == pytest.approx(math.log(4), abs=1e-5)


def test_categories_that_copies_lose_tell_less() -> None:
    """The first row of a copy that is moved down is black."""
    moved = term(invariance_view=Affine(rotation=0, scale=0, shear=0, shift=0.8))
    assert moved is not None
    assert 0 < moved < 0.8 * math.log(4)


def test_some_rows_and_a_trainer_without_the_term() -> None:
    trainer = tiny_trainer(invariance_weight=1.0, invariance_view=STILL)
    two = np.array([0, 1, 4, 5])
    found = invariance_of_images(Brightness(), images(), two, trainer)
    assert found == pytest.approx(math.log(2), abs=1e-5)
    assert invariance_of_images(Brightness(), images(), two, tiny_trainer()) is None


def test_copies_are_the_same_each_time_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0).integers(0, 256, (10, 2, 8, 8), dtype=np.uint8)
    still = augmented(random, STILL, torch_generator())
    assert np.array_equal(still, random)
    whole = augmented(random, Affine(), torch_generator())
    assert np.array_equal(whole, augmented(random, Affine(), torch_generator()))
    monkeypatch.setattr("infoeval.evaluation.invariance_of_images.BLOCK", 300)
    assert augmented(random, Affine(), torch_generator()).shape == whole.shape


def torch_generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_largest_sum_of_models_that_all_have_a_term() -> None:
    assert most_stable([1.0, 3.0, 2.0], [0.9, 0.8, 0.7]) == 1
    assert most_stable([1.0, 1.1, 0.9], [0.9, 0.7, 0.9]) == 0
    assert most_stable([1.0, None, 2.0], [0.9, 0.8, 0.7]) is None
    assert most_stable([1.0], [0.9]) is None
    assert most_stable([], []) is None
