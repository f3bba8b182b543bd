"""Information from counts and from neighbours, against scikit-learn and known truths."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.metrics.stats.mutual_information import (
    TableInformation,
    class_numbers_of,
    entropies,
    information_matrix,
    neighbour_information,
    separated,
)
from infoeval.metrics.stats.resampling import Preset, check_choice

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=50)


@settings(max_examples=50, deadline=None)
@given(rows=LABELS)
def test_counts_tell_what_scikit_learn_says(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array(column)[:, None] for column in zip(*rows, strict=True))
    found = information_matrix(first, second)
    assert found.shape == (1, 1)
    expected = mutual_info_score(first[:, 0], second[:, 0])
    assert float(found[0, 0]) == pytest.approx(expected, abs=1e-12)
    itself = information_matrix(first, first)[0, 0]
    assert itself == pytest.approx(entropies(first)[0], abs=1e-12)


def test_bins_are_of_equal_width_and_classes_stay() -> None:
    values = np.array([0.0, 0.1, 0.24, 0.26, 0.99, 1.0])
    cut = class_numbers_of([Column("x", "continuous", values)], bins=4)
    assert cut[:, 0].tolist() == [0, 0, 0, 1, 2, 2]
    for kind in ("discrete", "categorical", "ordinal"):
        whole = class_numbers_of([Column("x", kind, np.arange(6.0))], bins=2)
        assert whole[:, 0].tolist() == list(range(6))
    angles = class_numbers_of([Column("x", "periodic", np.linspace(0, 6, 100))], bins=5)
    assert np.bincount(angles[:, 0]).tolist() == [20] * 5
    constant = class_numbers_of([Column("x", "continuous", np.ones(5))], bins=4)
    assert not constant.any()
    with pytest.raises(UserError, match="1 bins"):
        class_numbers_of([Column("x", "continuous", values)], bins=1)


def by_all_distances(values: NDArray[np.float64], classes: NDArray[np.intp], k: int) -> float:
    """The estimator as Ross 2014 writes it, distance by distance."""
    kept = np.bincount(classes)[classes] > 1
    values, classes = values[kept], classes[kept]
    distances = np.abs(values[:, None] - values)
    total = 0.0
    for row, number in enumerate(classes):
        same = np.sort(distances[row][classes == number])[1:]
        used = min(k, len(same))
        nearer = np.count_nonzero(distances[row] < same[used - 1])
        total += digamma(used) - digamma(len(same) + 1) - digamma(nearer)
    return max(0.0, float(digamma(len(values)) + total / len(values)))


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("n", [12, 40, 300])
def test_neighbours_are_counted_as_the_definition_says(n: int, k: int) -> None:
    random = np.random.default_rng(n + k)
    classes = random.integers(0, 5, size=n)
    for signal in (0.0, 0.3, 5.0):
        values = np.sort(random.normal(size=n) + signal * np.sort(classes))
        found = neighbour_information(values, classes, k)
        assert found == pytest.approx(by_all_distances(values, classes, k), abs=1e-12)


def test_neighbours_tell_what_scikit_learn_says() -> None:
    random = np.random.default_rng(0)
    classes = random.integers(0, 5, size=3_000)
    for signal in (0.0, 0.3, 5.0):
        values = random.normal(size=3_000) + signal * classes
        expected = mutual_info_classif(values[:, None], classes, random_state=0)[0]
        moved = separated(values[:, None], 0)[:, 0]
        order = np.argsort(moved)
        # Its distances are squared and rooted, which moves a count now and then.
        found = neighbour_information(moved[order], classes[order])
        assert found == pytest.approx(float(expected), abs=2e-5)


def test_neighbours_do_not_care_for_small_classes() -> None:
    values = np.arange(20.0)
    classes = np.repeat([0, 1], 10)
    alone = np.concatenate([classes, [2]])
    assert neighbour_information(np.arange(21.0), alone) == neighbour_information(values, classes)
    assert neighbour_information(np.arange(3.0), np.arange(3)) == 0
    two = np.repeat(np.arange(10), 2)
    assert math.isfinite(neighbour_information(values, two))


def test_neighbours_find_the_truth_of_two_gaussians() -> None:
    # Equal classes at ± 1 with noise 1: 0.3368 nats, by numerical integration.
    random = np.random.default_rng(0)
    classes = np.arange(20_000) % 2
    values = random.normal(size=20_000) + 2.0 * classes - 1
    order = np.argsort(values)
    grid = np.linspace(-9, 9, 200_001)
    density = 0.5 * (np.exp(-((grid - 1) ** 2) / 2) + np.exp(-((grid + 1) ** 2) / 2))
    density /= math.sqrt(2 * math.pi)
    truth = -np.trapezoid(density * np.log(density), grid) - 0.5 * math.log(2 * math.pi * math.e)
    found = neighbour_information(values[order], classes[order])
    assert found == pytest.approx(float(truth), abs=0.02)


def test_corrected_counts_have_no_bias_under_independence() -> None:
    random = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(50):
        table = as_table(random.normal(size=(400, 3)), random.integers(0, 6, size=(400, 2)))
        every = np.arange(400)
        plain.append(TableInformation(table).matrix(every, every).information.mean())
        found = TableInformation(table, "corrected").matrix(every, every).information
        corrected.append(found.mean())
    assert np.mean(plain) > 0.08
    assert np.mean(corrected) < 0.1 * np.mean(plain)


def test_ksg_needs_classes() -> None:
    table = as_table(np.random.default_rng(0).normal(size=(9, 2)), np.linspace(0.1, 1, 9))
    with pytest.raises(UserError, match="factor 0 is continuous; estimator 'ksg'"):
        TableInformation(table, "ksg")


def test_categorical_codes_are_counted_by_any_estimator() -> None:
    codes = np.arange(60)[:, None] % 3
    table = as_table(codes, codes[:, 0])
    every = np.arange(60)
    found = TableInformation(table, "ksg").matrix(every, every)
    assert found.information == pytest.approx(np.array([[math.log(3)]]))


def test_gap_and_share() -> None:
    matrix = np.array([[1.0, 3.0, 2.0], [5.0, 2.0, 2.0]])
    assert gap(matrix, axis=0).tolist() == [4, 1, 0]
    assert gap(matrix, axis=1).tolist() == [1, 3]
    assert gap(matrix[:1], axis=0).tolist() == [1, 3, 2]
    assert share(np.array([1.0, 2.0]), np.array([0.0, 4.0])).tolist() == [0, 0.5]


def test_choices_are_listed() -> None:
    with pytest.raises(UserError, match="no preset 'mine'; there are disentanglement_lib, laforge"):
        check_choice("preset", "mine", Preset)
