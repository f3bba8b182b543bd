"""Scores of codes alone: published values, closed forms and hostile tables."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm

from infoeval.errors import UserError
from infoeval.metrics import (
    Score,
    code_information,
    total_correlation,
    wasserstein_correlation,
)

Metric = Callable[..., Score]
METRICS: dict[str, Metric] = {
    "gaussian_tc": total_correlation,
    "wasserstein_norm": wasserstein_correlation,
    "mi_score": code_information,
}
EACH = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_published_definitions_are_met(shared_fixtures: Path, name: str) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        for n in (2000, 10000):
            arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
            expected = sizes[f"N={n}"]["dlib.unsupervised"]["scores"][name]["mean"]
            found = METRICS[name](arrays["codes"], replicates=0)
            assert float(found) == pytest.approx(expected, abs=1e-6), table


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.9])
def test_two_gaussians_have_a_closed_form(correlation: float) -> None:
    mixing = np.linalg.cholesky(np.array([[1.0, correlation], [correlation, 1.0]]))
    codes = np.random.default_rng(0).normal(size=(40_000, 2)) @ mixing.T * [2.0, 2.0]
    truth = -0.5 * math.log(1 - correlation**2)
    score = total_correlation(codes)
    assert float(score) == pytest.approx(truth, abs=0.02)
    assert score.low is not None
    assert score.high is not None
    assert score.low - 0.01 <= truth <= score.high + 0.01
    # Equal variances: C diag(C) = 16 C', whose eigenvalues are 16 (1 ± correlation).
    expected = 2 - math.sqrt(1 + correlation) - math.sqrt(1 - correlation)
    found = wasserstein_correlation(codes, replicates=0)
    assert float(found) == pytest.approx(expected, abs=0.01)
    # Information of two Gaussians is their total correlation; bins lose some of it.
    found = code_information(codes, replicates=0)
    assert float(found) == pytest.approx(truth, abs=0.03 + 0.1 * truth)


def test_the_root_of_a_product_is_that_of_scipy() -> None:
    random = np.random.default_rng(1)
    codes = random.normal(size=(300, 4)) @ random.normal(size=(4, 4))
    covariance = np.cov(codes, rowvar=False)
    root = np.trace(sqrtm(covariance * np.diag(covariance)[:, None])).real
    expected = 2 - 2 * root / np.trace(covariance)
    assert float(wasserstein_correlation(codes, replicates=0)) == pytest.approx(expected)


@EACH
def test_order_and_shift_mean_nothing(metric: Metric) -> None:
    random = np.random.default_rng(2)
    codes = random.normal(size=(800, 3)) @ random.normal(size=(3, 3))
    value = float(metric(codes, replicates=0))
    rows = random.permutation(800)
    for other in (codes[rows], codes[:, ::-1], 4.0 * codes + 128):
        assert float(metric(other, replicates=0)) == pytest.approx(value, abs=1e-9)
    assert not metric(codes, replicates=0).higher_is_better


@EACH
def test_one_code_depends_on_nothing(metric: Metric) -> None:
    with pytest.raises(UserError, match="one code does not depend on others"):
        metric(np.arange(9.0))


@pytest.mark.parametrize("metric", [total_correlation, wasserstein_correlation])
def test_codes_without_a_covariance(metric: Metric) -> None:
    codes = np.random.default_rng(3).normal(size=(100, 2))
    with pytest.raises(UserError, match="code 2 is constant; leave it out, or prune"):
        metric(np.column_stack([codes, np.ones(100)]))
    pruned = metric(np.column_stack([codes, np.ones(100)]), prune=True)
    assert pruned.details["pruned"] == ["code 2"]
    with pytest.raises(UserError, match="linear functions of others"):
        metric(np.column_stack([codes, codes.sum(axis=1)]))
    with pytest.raises(UserError, match="code 0 is categorical"):
        metric(np.arange(10).reshape(5, 2))


@EACH
def test_chance_is_what_independent_codes_of_these_values_score(metric: Metric) -> None:
    random = np.random.default_rng(5)
    codes = random.normal(size=(400, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    score = metric(codes, replicates=0)
    null = score.details["null"]
    assert null["tables"] == 20
    assert 0 < null["low"] < null["mean"] < null["high"] < 0.6 * score.value
    # Lower is better, and there is no worst: no value above chance.
    assert "adjusted" not in score.details
    noise = [metric(random.normal(size=(100, 2)), replicates=0) for _ in range(200)]
    chance = np.mean([score.details["null"]["mean"] for score in noise])
    assert np.mean([score.value for score in noise]) == pytest.approx(chance, rel=0.35)
    inside = [score.value <= score.details["null"]["high"] for score in noise]
    assert sum(inside) >= 170


def test_code_information_counts_classes_and_has_a_null() -> None:
    random = np.random.default_rng(4)
    first = random.integers(0, 4, size=2_000)
    codes = np.column_stack([first, (first + 1) % 4, random.integers(0, 4, size=2_000)])
    score = code_information(codes, null=5)
    assert float(score) == pytest.approx(math.log(4) / 3, abs=0.005)
    assert score.details["null"]["mean"] < 0.01
    assert np.shape(score.details["information"]) == (3, 3)
