"""Scores of the posteriors of real images whose distribution is known."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

from infoeval.errors import UserError
from infoeval.metrics import Score, real_label_information, real_sorting

K = 10
VALUE: Any = {"replicates": 0, "null": 0}


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
        real_sorting(generator.dirichlet([0.3] * K, size=1000), level=0.9) for _ in range(200)
    ]
    held = np.mean([score.low <= truth <= score.high for score in scores])
    # The rate of the deviation is estimated, and taken to be that of a mean or slower.
    assert 0.86 < held < 0.97


def test_order_of_categories_changes_nothing_and_of_images_little() -> None:
    generator = np.random.default_rng(0)
    rows = generator.dirichlet([0.2] * 5, size=300)
    score, named = real_sorting(rows), real_sorting(rows[:, generator.permutation(5)])
    assert (named.value, named.low, named.high) == pytest.approx(
        (score.value, score.low, score.high), abs=1e-12
    )
    moved = real_sorting(rows[generator.permutation(300)])
    assert moved.value == pytest.approx(score.value, abs=1e-12)
    assert moved.low == pytest.approx(score.low, abs=0.03)
    assert moved.low != score.low


def test_single_and_half_precision_are_probabilities_too() -> None:
    rows = np.random.default_rng(0).dirichlet([0.2] * 5, size=300)
    value = real_sorting(rows).value
    assert real_sorting(rows.astype(np.float32)).value == pytest.approx(value, abs=1e-5)
    assert real_sorting(rows.astype(np.float16)).value == pytest.approx(value, abs=1e-3)


def test_the_smallest_probabilities_count_for_nothing() -> None:
    score = real_sorting([[1.0, 5e-324], *[[1.0, 0.0]] * 4])
    assert score.value == 0
    assert math.isfinite(score.high)


def test_fewer_than_four_images_have_no_interval() -> None:
    score = real_sorting([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"].startswith("none: fewer than 4 rows")


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
        ([[0.5, 0.5], [1.0]], "rows differ in length"),
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


def of_codes(codes: ArrayLike, labels: ArrayLike, **options: Any) -> Score:
    """The score of posteriors that are sure of these codes."""
    return real_label_information(np.eye(K)[np.asarray(codes)], labels, **options)


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


@pytest.mark.parametrize("noise", [0.03, 0.3, 0.6])
def test_label_information_of_label_noise(noise: float) -> None:
    score = of_codes(*noisy(100_000, noise, 0))
    assert score.value == pytest.approx(known(noise), abs=0.015)
    assert score.low <= known(noise) <= score.high
    assert score.details["uncorrected"] - score.value == pytest.approx(81 / 200_000)
    assert score.details["label_entropy"] == pytest.approx(math.log(K), abs=1e-3)
    assert (score.details["categories"], score.details["classes"]) == (K, K)


def test_independent_labels_are_nothing() -> None:
    for seed in range(20):
        score = of_codes(*noisy(5000, 0.9, seed))
        assert score.value < 0.006
        assert score.low == pytest.approx(0, abs=2e-3)
        assert score.details["adjusted"]["value"] == pytest.approx(0, abs=2e-3)


def test_identical_labels_are_their_entropy() -> None:
    labels = np.repeat([0, 1, 2], [5000, 3000, 2000])
    score = of_codes(labels, labels)
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    assert score.value == pytest.approx(entropy - 4 / 20_000, abs=1e-12)
    # Other rows have other entropies: this one's is no bound for what they score.
    assert entropy < score.high < entropy + 0.03
    assert score.details["adjusted"]["value"] == pytest.approx(1, abs=1e-3)
    assert score.details["code_entropy"] == pytest.approx(entropy, abs=1e-12)


@pytest.mark.parametrize("n", [359, 2000])
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1, 0.6])
def test_the_interval_of_label_information_holds_what_such_rows_score(n: int, noise: float) -> None:
    drawn = [of_codes(*noisy(n, noise, seed), **VALUE).value for seed in range(1000, 1600)]
    truth = np.mean(drawn)
    scores = [of_codes(*noisy(n, noise, seed), null=0) for seed in range(100)]
    # Of 100 at 95 % 88 or fewer are held once in three hundred times.
    assert sum(score.low <= truth <= score.high for score in scores) >= 89


def test_names_of_categories_and_classes_change_nothing_and_order_little() -> None:
    codes, labels = noisy(500, 0.2, 0)
    order = np.random.default_rng(0).permutation(500)
    first = of_codes(codes, labels)
    second = of_codes(9 - codes, np.array([*"jihgfedcba"])[labels])
    assert (second.value, second.low, second.high) == pytest.approx(
        (first.value, first.low, first.high), abs=1e-12
    )
    for other in (of_codes(codes[order], labels[order]), of_codes(labels, codes)):
        assert other.value == pytest.approx(first.value, abs=1e-12)
        # The deviation of 60 halves has an error of a tenth.
        assert other.low == pytest.approx(first.low, abs=0.5 * (first.value - first.low))


def test_one_category_tells_nothing() -> None:
    score = of_codes(np.zeros(100, dtype=int), np.arange(100) % 10)
    assert (score.value, score.low, score.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (np.eye(2), [0], "2 rows of probabilities for 1 labels"),
        (np.eye(2)[:1], [0], "two images"),
        (np.full((2, 2), math.nan), [0, 1], "probabilities: nan is not a finite number"),
        (np.eye(2), [0, 0.5], "labels: 0.5 is not a whole number"),
        (np.eye(2), [[0, 1]], "labels: shape"),
        (np.eye(2), [[0], [1, 2]], "rows differ in length"),
        (np.eye(2), ["a", None], "labels: a label is missing"),
        ([0, 1], [0, 1], "probabilities: shape"),
        (np.eye(2000), range(2000), "not one number for every row"),
    ],
)
def test_what_is_not_posteriors_and_labels(rows: Any, labels: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        real_label_information(rows, labels)


def test_a_higher_level_is_a_wider_interval_of_label_information() -> None:
    codes, labels = noisy(500, 0.2, 0)
    narrow, wide = of_codes(codes, labels, level=0.5), of_codes(codes, labels, level=0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_level_of_label_information_outside_its_range(level: float) -> None:
    with pytest.raises(UserError, match="confidence level"):
        of_codes([0, 1], [0, 1], level=level)
