"""The numbers that a straight line can follow, from what a regressor says of each factor."""

import numpy as np
import pytest
from scipy.special import logit, softmax

from infoeval.evaluation.attribute_readings import _numbers
from infoeval.metrics.stats.code_factor_table import as_table

OUTPUT = np.random.default_rng(0).normal(size=(5, 4))


def numbers(values: list[float], kind: str, width: int) -> dict[str, list[float]]:
    (factor,) = as_table(np.array(values), np.array(values), factor_types=[kind]).factors
    read = _numbers(factor, OUTPUT[:, :width])
    return {name: column.tolist() for name, column in read.items()}


def test_values_and_angles() -> None:
    assert numbers([0.5, 1, 2], "continuous", 1) == {"factor 0": OUTPUT[:, 0].tolist()}
    assert numbers([0.5, 1, 2], "periodic", 2) == {
        "factor 0 (cosine)": OUTPUT[:, 0].tolist(),
        "factor 0 (sine)": OUTPUT[:, 1].tolist(),
    }


def test_of_two_classes_the_log_odds_of_the_second() -> None:
    odds = logit(softmax(OUTPUT[:, :2], axis=1)[:, 1])
    assert numbers([0, 1, 1], "discrete", 2) == {"factor 0": pytest.approx(odds)}


def test_of_more_classes_the_log_odds_of_each_against_the_others() -> None:
    odds = logit(softmax(OUTPUT, axis=1))
    found = numbers([0, 1, 2, 3], "discrete", 4)
    assert found == {f"factor 0 {k}": pytest.approx(odds[:, k]) for k in range(4)}
