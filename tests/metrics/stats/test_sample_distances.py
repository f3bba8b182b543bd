"""Distances of samples where they are known."""

import numpy as np
import pytest

from infoeval.metrics.stats.sample_distances import (
    frechet_distance,
    kernel_distance,
    mean_distance,
)


def with_moments(mean: np.ndarray, covariance: np.ndarray, seed: int = 0) -> np.ndarray:
    """A sample that has exactly these moments."""
    sample = np.random.default_rng(seed).normal(size=(60, len(mean)))
    sample -= sample.mean(axis=0)
    sample = sample @ np.linalg.inv(np.linalg.cholesky(np.cov(sample.T))).T
    return np.asarray(sample @ np.linalg.cholesky(covariance).T + mean)


def test_the_frechet_distance_of_normal_laws() -> None:
    one, other = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 1.0, 0.25])
    first = with_moments(np.zeros(3), one)
    second = with_moments(np.array([1.0, 2.0, -1.0]), other, seed=1)
    # |μ − ν|² + Σ (a − b)² of the deviations.
    assert frechet_distance(first, second) == pytest.approx(6 + 1 + 1 + 2.5**2)
    assert frechet_distance(second, first) == pytest.approx(6 + 1 + 1 + 2.5**2)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


def test_the_frechet_distance_of_dependent_features() -> None:
    """Of matrices that do not commute, against the square root of the product itself."""
    one, other = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    roots = np.sqrt(np.linalg.eigvals(one @ other)).sum()
    known = np.trace(one + other) - 2 * roots
    samples = with_moments(np.zeros(2), one), with_moments(np.zeros(2), other, seed=1)
    assert frechet_distance(*samples) == pytest.approx(known)


def test_the_frechet_distance_of_a_single_image() -> None:
    first = with_moments(np.zeros(3), np.diag([1.0, 4.0, 9.0]))
    assert frechet_distance(first, np.full((20, 3), 2.0)) == pytest.approx(12 + 14)


def test_the_kernel_distance_is_the_one_of_its_definition() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(5, 3)), random.normal(size=(4, 3)) + 1

    def mean(a: np.ndarray, b: np.ndarray, same: bool) -> float:
        pairs = [
            (float(p @ q) / 3 + 1) ** 3
            for i, p in enumerate(a)
            for j, q in enumerate(b)
            if not (same and i == j)
        ]
        return float(np.mean(pairs))

    known = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert kernel_distance(x, y) == pytest.approx(known)


def test_the_kernel_distance_has_no_bias() -> None:
    random = np.random.default_rng(0)
    found = [kernel_distance(*random.normal(size=(2, 12, 4))) for _ in range(2000)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert error < 0.02
    assert min(found) < 0 < max(found)


def test_the_mean_distance_of_groups() -> None:
    groups = np.array([[[0.0, 0.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]]])
    assert mean_distance(groups).tolist() == [5.0, 0.0]
    assert float(mean_distance(np.array([[0.0], [1.0], [3.0]]) + 1e6)) == pytest.approx(2.0)
