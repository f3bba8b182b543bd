"""How Q sorts real images, where the law of its posteriors is known."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import digamma

from infoeval.errors import UserError
from infoeval.metrics import real_sorting

K = 10


def test_even_and_certain_is_the_logarithm_of_the_categories() -> None:
    score = real_sorting(np.tile(np.eye(K), (20, 1)))
    assert score.value == pytest.approx(math.log(K), abs=1e-12)
    assert score.low <= score.value <= score.high <= math.log(K)
    assert (score.n, score.level) == (200, 0.95)
    assert score.details["mean_entropy"] == 0
    assert score.details["entropy_of_mean"] == pytest.approx(math.log(K))
    assert score.details["categories"] == K


@pytest.mark.parametrize("row", [[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3] * 3])
def test_the_same_of_every_image_is_nothing(row: list[float]) -> None:
    score = real_sorting([row] * 50)
    assert score.value == pytest.approx(0, abs=1e-12)
    assert 0 <= score.low <= score.value <= score.high < 1e-9


def test_real_sorting_is_the_difference_of_its_entropies() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    score = real_sorting(rows)
    details = score.details
    assert score.value == pytest.approx(details["entropy_of_mean"] - details["mean_entropy"])


def test_the_interval_of_real_sorting_holds_the_truth() -> None:
    """Rows of a Dirichlet law of weight a: their mean entropy is ψ(Ka + 1) - ψ(a + 1)."""
    generator = np.random.default_rng(0)
    truth = math.log(K) - float(digamma(K * 0.3 + 1) - digamma(0.3 + 1))
    scores = [
        real_sorting(generator.dirichlet([0.3] * K, size=1000), level=0.9) for _ in range(300)
    ]
    held = np.mean([score.low <= truth <= score.high for score in scores])
    assert 0.85 < held < 0.95


def test_order_of_images_and_categories_changes_nothing() -> None:
    generator = np.random.default_rng(0)
    rows = generator.dirichlet([0.2] * 5, size=300)
    score = real_sorting(rows)
    moved = real_sorting(rows[generator.permutation(300)][:, generator.permutation(5)])
    assert (moved.value, moved.low, moved.high) == pytest.approx(
        (score.value, score.low, score.high), abs=1e-12
    )


def test_single_and_half_precision_are_probabilities_too() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    value = real_sorting(rows).value
    assert real_sorting(rows.astype(np.float32)).value == pytest.approx(value, abs=1e-5)
    assert real_sorting(rows.astype(np.float16)).value == pytest.approx(value, abs=1e-3)


def test_the_smallest_probabilities_count_for_nothing() -> None:
    score = real_sorting([[1.0, 5e-324], [1.0, 0.0], [1.0, 0.0]])
    assert score.value == 0
    assert math.isfinite(score.high)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0.5, math.nan], [0.5, 0.5]], "nan is not a finite number"),
        ([[0.5, math.inf], [0.5, 0.5]], "inf is not a finite number"),
        ([[0.5, 0.4], [0.5, 0.5]], "sums to 0.9"),
        ([[0.0, 0.0], [0.5, 0.5]], "sums to 0"),
        ([[1.5, -0.5], [0.5, 0.5]], "-0.5 is negative"),
        ([[0.5, 0.5]], "two images"),
        ([[1.0], [1.0]], "two categories"),
        ([0.5, 0.5], "shape"),
        ([], "shape"),
        ([[[0.5, 0.5]], [[0.5, 0.5]]], "shape"),
        ([[0.5, 0.5], [1.0]], "one row of K numbers"),
        ([["a", "b"], ["c", "d"]], "one row of K numbers"),
    ],
)
def test_what_is_not_probabilities(rows: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        real_sorting(rows)


def test_a_higher_level_is_a_wider_interval() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    narrow, wide = real_sorting(rows, level=0.5), real_sorting(rows, level=0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_level_outside_its_range(level: float) -> None:
    with pytest.raises(UserError, match="confidence level"):
        real_sorting(np.eye(2), level=level)
