"""Agreement of codes and labels: closed forms, scikit-learn's values, and covered intervals."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from infoeval.errors import UserError
from infoeval.metrics import Score, cluster_ari, cluster_nmi
from tests.metrics.references import reference_cases

Metric = Callable[..., Score]
BOTH = pytest.mark.parametrize("metric", [cluster_nmi, cluster_ari])
VALUE: Any = {"replicates": 0, "null": 0}
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


def sample(table: list[list[float]], n: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw codes and labels of ``n`` rows with these cell probabilities."""
    shares = np.array(table)
    cells = np.random.default_rng(seed).choice(shares.size, n, p=shares.ravel())
    return cells // shares.shape[1], cells % shares.shape[1]


@BOTH
def test_perfect_and_permuted_codes(metric: Metric) -> None:
    labels = np.arange(1000) % 10
    for codes in (labels, (labels * 3 + 4) % 10):
        score = metric(codes, labels)
        assert score.value == pytest.approx(1.0, abs=1e-12)
        assert score.high == pytest.approx(1.0, abs=1e-12)
        # No mistake in 1,000 rows does not prove that there are never two in so many.
        assert score.low is not None
        assert 0.97 < score.low < 0.998
        assert score.details["adjusted"]["value"] == pytest.approx(1.0, abs=1e-12)


def test_merged_pair_has_known_values() -> None:
    labels = np.repeat(np.arange(10), 30)
    codes = np.where(labels == 7, 3, labels)
    code_entropy = 0.8 * math.log(10) + 0.2 * math.log(5)
    expected = code_entropy / ((code_entropy + math.log(10)) / 2)
    assert cluster_nmi(codes, labels).value == pytest.approx(expected)
    pairs, merged = 10 * math.comb(30, 2), 8 * math.comb(30, 2) + math.comb(60, 2)
    chance = pairs * merged / math.comb(300, 2)
    expected = (pairs - chance) / ((pairs + merged) / 2 - chance)
    assert cluster_ari(codes, labels).value == pytest.approx(expected)


def test_independent_code_scores_chance() -> None:
    codes, labels = sample(np.full((10, 10), 0.01).tolist(), 10_000, seed=0)
    nmi, ari = cluster_nmi(codes, labels), cluster_ari(codes, labels)
    # The interval is about what such rows score on average, not about 0.
    assert nmi.low is not None
    assert 0 < nmi.low < nmi.value < 0.004
    null = nmi.details["null"]
    # 81 degrees of freedom: a deviation of √(2 / 81) = 0.16 of the mean.
    assert nmi.value == pytest.approx(null["mean"], rel=4 * 0.16)
    assert nmi.details["adjusted"]["low"] < 0 < nmi.details["adjusted"]["high"]
    assert ari.low is not None
    assert ari.high is not None
    assert ari.low < 0 < ari.high
    assert abs(ari.value) < 0.001


def test_ari_of_maximal_disagreement_is_minus_one_half() -> None:
    score = cluster_ari([0, 0, 1, 1], [0, 1, 0, 1])
    assert score.value == score.low == pytest.approx(-0.5)


def test_reference_values(shared_fixtures: Path) -> None:
    for name, metric in (("nmi", cluster_nmi), ("ari", cluster_ari)):
        for codes, labels, expected in reference_cases(shared_fixtures, name):
            # The reference is rounded to six places.
            value = metric(codes, labels, **VALUE).value
            assert value == pytest.approx(expected, abs=6e-7)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_values_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    codes, labels = np.array(rows).T
    if len(set(rows)) == 1:
        return
    expected = normalized_mutual_info_score(labels, codes)
    assert cluster_nmi(codes, labels, **VALUE).value == pytest.approx(expected, abs=1e-9)
    expected = adjusted_rand_score(labels, codes)
    assert cluster_ari(codes, labels, **VALUE).value == pytest.approx(expected, abs=1e-9)


@BOTH
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, renumber=st.permutations(range(5)), random=st.randoms())
def test_names_and_order_mean_nothing(
    metric: Metric, rows: list[tuple[int, int]], renumber: list[int], random: Any
) -> None:
    if len(set(rows)) == 1:
        return
    codes, labels = np.array(rows).T
    value = metric(codes, labels, **VALUE).value
    order = np.array(random.sample(range(len(rows)), len(rows)))
    names = np.array(renumber)
    for other in ((names[codes], names[::-1][labels]), (codes[order], labels[order])):
        assert metric(*other, **VALUE).value == pytest.approx(value, abs=1e-12)
    # Both are symmetric.
    assert metric(labels, codes, **VALUE).value == pytest.approx(value, abs=1e-12)


@BOTH
@settings(max_examples=60, deadline=None)
@given(rows=ROWS, level=st.floats(0.01, 0.99))
def test_interval_holds_the_value_and_stays_in_range(
    metric: Metric, rows: list[tuple[int, int]], level: float
) -> None:
    if len(set(rows)) == 1:
        return
    codes, labels = np.array(rows).T
    score = metric(codes, labels, level=level, replicates=5, null=2)
    lowest = 0.0 if metric is cluster_nmi else -0.5
    if score.low is None or score.high is None:
        assert score.details["interval"].startswith("none: ")
        assert score.level is None
        one = len(set(codes.tolist())) == 1 or len(set(labels.tolist())) == 1
        assert one or len(rows) < 4 or "no spread" in score.details["interval"]
    else:
        assert lowest <= score.low <= score.value <= score.high <= 1.0
        inside = lowest < score.value < 1.0
        assert not inside or score.low < score.value < score.high
        assert score.level == level


NOISY = (0.9 * np.eye(5) / 5 + 0.1 / 25).tolist()
MERGED = [[0.45, 0.02, 0.02], [0.01, 0.22, 0.28]]
SPLIT = [[0.5, 0.0], [0.01, 0.24], [0.0, 0.25]]
NOTHING = np.full((5, 5), 0.04).tolist()
RARE = (0.99 * np.eye(5) / 5 + 0.01 / 25).tolist()


@BOTH
@pytest.mark.parametrize(
    "table",
    [NOISY, MERGED, SPLIT, RARE, NOTHING],
    ids=["noisy", "merged", "split", "rare", "nothing"],
)
def test_interval_covers_what_such_rows_score_on_average(
    metric: Metric, table: list[list[float]]
) -> None:
    truth = np.mean([metric(*sample(table, 500, 5000 + s), **VALUE).value for s in range(500)])
    scores = [metric(*sample(table, 500, seed), seed=seed, null=0) for seed in range(60)]
    held = [score.low <= truth <= score.high for score in scores]  # type: ignore[operator]
    # Of 60 at 95 % 51 or fewer are held once in three hundred times.
    assert sum(held) >= 52


@BOTH
def test_interval_narrows_with_rows_and_widens_with_level(metric: Metric) -> None:
    def width(n: int, level: float) -> float:
        score = metric(*sample(NOISY, n, seed=0), level=level)
        assert score.low is not None
        assert score.high is not None
        return score.high - score.low

    assert width(10_000, 0.95) == pytest.approx(width(1_000, 0.95) / math.sqrt(10), rel=0.3)
    assert width(1_000, 0.5) < width(1_000, 0.95) < width(1_000, 0.999)


@BOTH
def test_same_seed_same_interval(metric: Metric) -> None:
    rows = sample(NOISY, 300, seed=0)
    assert metric(*rows, seed=3) == metric(*rows, seed=3)
    assert metric(*rows, seed=3).low != metric(*rows, seed=4).low
    assert metric(*rows, seed=3).details["seed"] == 3


@BOTH
def test_names_keep_the_interval_and_order_moves_it_only_a_little(metric: Metric) -> None:
    codes, labels = sample(NOISY, 400, seed=1)
    score = metric(codes, labels)
    named = metric(np.array([*"qwert"])[codes], np.array([3, 1, 4, 0, 2])[labels])
    assert (named.value, named.low, named.high) == pytest.approx(
        (score.value, score.low, score.high), abs=1e-12
    )
    order = np.random.default_rng(0).permutation(400)
    moved = metric(codes[order], labels[order])
    assert moved.value == pytest.approx(score.value, abs=1e-12)
    assert moved.low != score.low
    assert moved.low == pytest.approx(score.low, abs=0.02)


@BOTH
def test_noise_is_chance_and_nothing_above_it(metric: Metric) -> None:
    scores = [
        metric(*np.random.default_rng(seed).integers(0, 6, (2, 150)), replicates=0)
        for seed in range(60)
    ]
    values = [score.value for score in scores]
    chance = [score.details["null"]["mean"] for score in scores]
    # The mean of 60 values has an error of a tenth of their deviation or so.
    error = np.std(values) / math.sqrt(60)
    assert np.mean(values) == pytest.approx(np.mean(chance), abs=4 * error)
    adjusted = [score.details["adjusted"]["value"] for score in scores]
    assert np.mean(adjusted) == pytest.approx(0, abs=4 * error)
    if metric is cluster_nmi:
        assert np.mean(chance) > 0.04


def test_many_cells_for_few_rows_are_said() -> None:
    codes, labels = np.random.default_rng(0).integers(0, 10, (2, 199))
    assert "199 rows for 10 × 10 cells" in cluster_nmi(codes, labels, **VALUE).details["sparse"]
    codes, labels = np.random.default_rng(0).integers(0, 10, (2, 200))
    assert "sparse" not in cluster_nmi(codes, labels, **VALUE).details


@BOTH
@pytest.mark.parametrize("rows", [([0, 0, 0], [0, 1, 2]), ([0, 1, 2], [1, 1, 1])])
def test_one_category_or_one_class_scores_zero_without_interval(
    metric: Metric, rows: tuple[list[int], list[int]]
) -> None:
    score = metric(*rows)
    assert score.value == pytest.approx(0.0, abs=1e-12)
    assert score.low is None
    assert score.high is None
    assert score.details["interval"].startswith("none")


@BOTH
@pytest.mark.parametrize("rows", [([0, 0], [1, 1]), ([4], [2])])
def test_one_category_and_one_class_is_undefined(
    metric: Metric, rows: tuple[list[int], list[int]]
) -> None:
    with pytest.raises(UserError, match="one category and one class"):
        metric(*rows)


@BOTH
def test_huge_numbers_are_names(metric: Metric) -> None:
    codes, labels = sample(NOISY, 200, seed=0)
    other, score = metric(codes * 10**17 + 5, labels * 10**15), metric(codes, labels)
    assert (other.value, other.low, other.high) == (score.value, score.low, score.high)
    assert other.details["category_names"][1] == str(10**17 + 5)


@BOTH
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 0.0}, "level is 0.0"),
        ({"level": 1.5}, "level is 1.5"),
        ({"level": float("nan")}, "level is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"replicates": -1}, "replicates is -1"),
        ({"null": 1.5}, "null is 1.5"),
        ({"resample": "bootstrap"}, "no option 'resample'"),
    ],
)
def test_wrong_arguments_are_one_line(
    metric: Metric, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        metric([0, 1, 1], [0, 1, 0], **arguments)


@BOTH
def test_one_number_for_every_row_is_refused(metric: Metric) -> None:
    with pytest.raises(UserError, match=r"2000 x 2000 categories: more than 1048576"):
        metric(np.arange(2000), np.arange(2000))
