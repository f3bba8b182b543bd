"""What Q does on real images, where the law of what it says is known."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import digamma

from infoeval.errors import UserError
from infoeval.metrics.real_images import label_information, sorting_information

K = 10


def noisy(n: int, noise: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Uniform labels and codes that are another one of the ten with probability ``noise``."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(K, size=n)
    other = (labels + generator.integers(1, K, size=n)) % K
    return np.where(generator.random(n) < noise, other, labels), labels


def known(noise: float) -> float:
    return math.log(K) + sum(
        share * math.log(share / count) for share, count in ((noise, K - 1), (1 - noise, 1))
    )


def test_even_and_certain_is_the_logarithm_of_the_categories() -> None:
    score = sorting_information(np.tile(np.eye(K), (20, 1)))
    assert score.value == pytest.approx(math.log(K), abs=1e-12)
    assert score.low <= score.value <= score.high <= math.log(K)
    assert (score.n, score.level) == (200, 0.95)
    assert score.details["mean_entropy"] == 0
    assert score.details["entropy_of_mean"] == pytest.approx(math.log(K))
    assert score.details["categories"] == K


@pytest.mark.parametrize("row", [[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3] * 3])
def test_the_same_of_every_image_is_nothing(row: list[float]) -> None:
    score = sorting_information([row] * 50)
    assert score.value == pytest.approx(0, abs=1e-12)
    assert 0 <= score.low <= score.value <= score.high < 1e-9


def test_sorting_information_is_the_difference_of_its_entropies() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    score = sorting_information(rows)
    details = score.details
    assert score.value == pytest.approx(details["entropy_of_mean"] - details["mean_entropy"])


def test_the_interval_of_sorting_information_holds_the_truth() -> None:
    """Rows of a Dirichlet law of weight a: their mean entropy is ψ(Ka + 1) - ψ(a + 1)."""
    generator = np.random.default_rng(0)
    truth = math.log(K) - float(digamma(K * 0.3 + 1) - digamma(0.3 + 1))
    scores = [
        sorting_information(generator.dirichlet([0.3] * K, size=1000), level=0.9)
        for _ in range(300)
    ]
    held = np.mean([score.low <= truth <= score.high for score in scores])
    assert 0.85 < held < 0.95


def test_order_of_images_and_categories_changes_nothing() -> None:
    generator = np.random.default_rng(0)
    rows = generator.dirichlet([0.2] * 5, size=300)
    score = sorting_information(rows)
    moved = sorting_information(rows[generator.permutation(300)][:, generator.permutation(5)])
    assert (moved.value, moved.low, moved.high) == pytest.approx(
        (score.value, score.low, score.high), abs=1e-12
    )


def test_single_and_half_precision_are_probabilities_too() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    value = sorting_information(rows).value
    assert sorting_information(rows.astype(np.float32)).value == pytest.approx(value, abs=1e-5)
    assert sorting_information(rows.astype(np.float16)).value == pytest.approx(value, abs=1e-3)


def test_the_smallest_probabilities_count_for_nothing() -> None:
    score = sorting_information([[1.0, 5e-324], [1.0, 0.0], [1.0, 0.0]])
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
        sorting_information(rows)


@pytest.mark.parametrize("noise", [0.03, 0.3, 0.6])
def test_label_information_of_label_noise(noise: float) -> None:
    score = label_information(*noisy(100_000, noise, 0))
    assert score.value == pytest.approx(known(noise), abs=0.015)
    assert score.low <= known(noise) <= score.high
    assert score.details["uncorrected"] - score.value == pytest.approx(81 / 200_000)
    assert score.details["label_entropy"] == pytest.approx(math.log(K), abs=1e-3)
    assert (score.details["categories"], score.details["classes"]) == (K, K)


def test_independent_labels_are_nothing() -> None:
    for seed in range(20):
        score = label_information(*noisy(5000, 0.9, seed))
        assert score.value < 0.006
        assert score.low == pytest.approx(0, abs=1e-3)


def test_identical_labels_are_their_entropy() -> None:
    labels = np.repeat([0, 1, 2], [5000, 3000, 2000])
    score = label_information(labels, labels)
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    assert score.value == pytest.approx(entropy - 4 / 20_000, abs=1e-12)
    assert score.high == pytest.approx(entropy, abs=1e-12)
    assert score.details["code_entropy"] == pytest.approx(entropy, abs=1e-12)


@pytest.mark.parametrize("n", [359, 2000])
@pytest.mark.parametrize("noise", [0.01, 0.1, 0.6])
def test_the_interval_of_label_information_holds_the_truth(n: int, noise: float) -> None:
    scores = [label_information(*noisy(n, noise, seed)) for seed in range(200)]
    assert np.mean([score.low <= known(noise) <= score.high for score in scores]) >= 0.9


def test_names_of_categories_and_classes_and_order_change_nothing() -> None:
    codes, labels = noisy(500, 0.2, 0)
    order = np.random.default_rng(0).permutation(500)
    first = label_information(codes, labels)
    second = label_information((13 - 7 * codes)[order], (100 * labels).astype(float)[order])
    third = label_information(labels, codes)
    for other in (second, third):
        assert (other.value, other.low, other.high) == pytest.approx(
            (first.value, first.low, first.high), abs=1e-12
        )


def test_one_category_tells_nothing() -> None:
    score = label_information(np.zeros(100, dtype=int), np.arange(100) % 10)
    assert (score.value, score.low, score.high) == (0, 0, 0)


def test_a_higher_level_is_a_wider_interval() -> None:
    codes, labels = noisy(500, 0.2, 0)
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    for narrow, wide in (
        (label_information(codes, labels, 0.5), label_information(codes, labels, 0.99)),
        (sorting_information(rows, 0.5), sorting_information(rows, 0.99)),
    ):
        assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        ([0, 1], [0], "2 codes for 1 labels"),
        ([0], [0], "1 rows"),
        ([], [], "codes: empty"),
        ([0, math.nan], [0, 1], "codes: nan is not a whole number"),
        ([0, 1], [0, 0.5], "labels: 0.5 is not a whole number"),
        ([[0, 1]], [0, 1], "codes: shape"),
        ([[0, 1], [2]], [0, 1], "rows differ in length"),
        (["a", "b"], [0, 1], "codes: type"),
        (range(2000), range(2000), "not one number for every row"),
    ],
)
def test_what_is_not_codes_and_labels(codes: Any, labels: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        label_information(codes, labels)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_level_outside_its_range(level: float) -> None:
    with pytest.raises(UserError, match="confidence level"):
        label_information([0, 1], [0, 1], level)
    with pytest.raises(UserError, match="confidence level"):
        sorting_information(np.eye(2), level)
