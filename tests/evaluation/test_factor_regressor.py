"""The network that reads known factors from images."""

import numpy as np
import pytest
import torch

from infoeval.data import ImageSet
from infoeval.evaluation import factor_regressor
from infoeval.metrics.stats.code_factor_table import as_table
from tests.evaluation.test_generated_factors import TURN, TYPES, world


@pytest.fixture(scope="module")
def splits() -> tuple[ImageSet, ImageSet]:
    return world(3000, 0, "train"), world(600, 1, "test")


def test_factors_are_read_in_their_own_units(
    splits: tuple[ImageSet, ImageSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factor_regressor, "STEPS", 200)
    train, test = splits
    assert train.factors is not None
    assert test.factors is not None
    columns = as_table(train.factors, train.factors, factor_types=TYPES).factors[:3]
    network = factor_regressor.train(
        train.images, columns, seed=0, device=torch.device("cpu"), progress=lambda text, share: None
    )
    height, angle, kind = network.predict(test.images).T
    assert np.median(np.abs(height - test.factors[:, 0])) < 0.1
    apart = np.exp(1j * (angle - np.radians(test.factors[:, 1])))
    assert np.median(np.abs(np.angle(apart))) < 0.3
    assert ((angle >= 0) & (angle < TURN)).all()
    assert np.mean(kind == test.factors[:, 2]) > 0.9


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 20, 12), (1, 3, 40), (1, 1, 1)])
def test_images_of_any_size_can_be_measured(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factor_regressor, "STEPS", 120)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (70, *shape), dtype=np.uint8)
    brightness = images.mean((1, 2, 3))
    factors = np.column_stack([brightness, brightness > np.median(brightness)])
    columns = as_table(factors, factors, factor_types=["continuous", "discrete"]).factors
    network = factor_regressor.train(
        images, columns, seed=0, device=torch.device("cpu"), progress=lambda text, share: None
    )
    read = network.predict(images)
    assert read.shape == (70, 2)
    assert np.isfinite(read).all()
    assert set(read[:, 1]) <= {0.0, 1.0}
    # These were trained on.
    assert factor_regressor.accuracy(read[:, 0], columns[0]).value > 0.8


def test_balanced_accuracy_counts_every_class_alike() -> None:
    truth = np.repeat([0.0, 1.0, 2.0], [90, 5, 5])
    read = truth.copy()
    read[-10:] = 0
    (column,) = as_table(truth, truth.astype(int)).factors
    found = factor_regressor.accuracy(read, column)
    assert found.measure == "balanced accuracy"
    assert found.value == pytest.approx(1 / 3)
    assert found.least == pytest.approx(2 / 3)
    assert not found.is_enough
    assert factor_regressor.accuracy(truth, column).is_enough
