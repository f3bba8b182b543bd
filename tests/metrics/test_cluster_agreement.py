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
from infoeval.metrics.stats.partition_agreement import population
from tests.metrics.references import reference_cases

Metric = Callable[..., Score]
BOTH = pytest.mark.parametrize("metric", [cluster_nmi, cluster_ari])
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
        # No mistake in 1,000 rows does not prove that there is none in 300.
        assert score.low is not None
        assert 0.97 < score.low < 0.997


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
    assert nmi.low == 0.0
    assert 0 < nmi.value < 0.004
    assert ari.low is not None
    assert ari.high is not None
    assert ari.low < 0 < ari.high
    assert abs(ari.value) < 0.001


def test_ari_of_maximal_disagreement_is_minus_one_half() -> None:
    score = cluster_ari([0, 0, 1, 1], [0, 1, 0, 1])
    assert score.value == pytest.approx(-0.5)
    assert score.low == pytest.approx(-0.5)


def test_reference_values(shared_fixtures: Path) -> None:
    for name, metric in (("nmi", cluster_nmi), ("ari", cluster_ari)):
        for codes, labels, expected in reference_cases(shared_fixtures, name):
            # The reference is rounded to six places.
            value = metric(codes, labels, replicates=100).value
            assert value == pytest.approx(expected, abs=6e-7)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_values_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    codes, labels = np.array(rows).T
    if len(set(rows)) == 1:
        return
    expected = normalized_mutual_info_score(labels, codes)
    assert cluster_nmi(codes, labels, replicates=100).value == pytest.approx(expected, abs=1e-9)
    expected = adjusted_rand_score(labels, codes)
    assert cluster_ari(codes, labels, replicates=100).value == pytest.approx(expected, abs=1e-9)


@BOTH
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, renumber=st.permutations(range(5)), random=st.randoms())
def test_names_and_order_mean_nothing(
    metric: Metric, rows: list[tuple[int, int]], renumber: list[int], random: Any
) -> None:
    if len(set(rows)) == 1:
        return
    codes, labels = np.array(rows).T
    value = metric(codes, labels, replicates=100).value
    order = np.array(random.sample(range(len(rows)), len(rows)))
    names = np.array(renumber)
    for other in ((names[codes], names[::-1][labels]), (codes[order], labels[order])):
        assert metric(*other, replicates=100).value == pytest.approx(value, abs=1e-12)
    # Both are symmetric.
    assert metric(labels, codes, replicates=100).value == pytest.approx(value, abs=1e-12)


@BOTH
@settings(max_examples=60, deadline=None)
@given(rows=ROWS, level=st.floats(0.01, 0.99))
def test_interval_holds_the_value_and_stays_in_range(
    metric: Metric, rows: list[tuple[int, int]], level: float
) -> None:
    if len(set(rows)) == 1:
        return
    codes, labels = np.array(rows).T
    score = metric(codes, labels, level=level, replicates=100)
    if score.low is None or score.high is None:
        assert score.details["interval"].startswith("none")
        assert len(set(codes.tolist())) == 1 or len(set(labels.tolist())) == 1
    else:
        lowest = 0.0 if metric is cluster_nmi else -0.5
        assert lowest - 1e-12 <= score.low <= score.value <= score.high <= 1.0 + 1e-12


NOISY = (0.9 * np.eye(5) / 5 + 0.1 / 25).tolist()
MERGED = [[0.45, 0.02, 0.02], [0.01, 0.22, 0.28]]
SPLIT = [[0.5, 0.0], [0.01, 0.24], [0.0, 0.25]]
RARE = (0.99 * np.eye(5) / 5 + 0.01 / 25).tolist()


@BOTH
@pytest.mark.parametrize(
    "table", [NOISY, MERGED, SPLIT, RARE], ids=["noisy", "merged", "split", "rare"]
)
def test_interval_covers_the_population_value(metric: Metric, table: list[list[float]]) -> None:
    # A table of a million rows with exactly these shares is the population for all that matters.
    cells = np.repeat(np.arange(np.size(table)), np.round(np.ravel(table) * 1e6).astype(int))
    classes = len(table[0])
    truth = metric(cells // classes, cells % classes, replicates=100).value
    covered = 0
    for seed in range(100):
        score = metric(*sample(table, 500, seed), seed=seed, replicates=300)
        assert score.low is not None
        assert score.high is not None
        covered += score.low <= truth <= score.high
    assert covered >= 88


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


@pytest.mark.parametrize("table", [[[5, 1], [0, 7]], [[9, 0, 0], [0, 9, 0]], [[1, 0], [0, 1]]])
def test_population_leaves_room_for_unseen_cells_only(table: list[list[int]]) -> None:
    counts = np.array(table)
    shares = population(counts)
    assert shares.sum() == pytest.approx(1.0)
    n, once = counts.sum(), (counts == 1).sum()
    reachable = np.outer(counts.sum(axis=1), counts.sum(axis=0)) > 0
    assert (shares > 0).tolist() == reachable.tolist()
    assert shares[counts == 0].sum() == pytest.approx(min((once + 3) / (n + 3), 0.5))
    seen = counts > 0
    assert np.ptp(shares[seen] / counts[seen]) == pytest.approx(0, abs=1e-12)


def test_population_of_a_table_without_empty_cells_is_its_shares() -> None:
    assert population(np.array([[1, 2], [3, 4]])).tolist() == [[0.1, 0.2], [0.3, 0.4]]


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
        ({"replicates": 0}, "0 bootstrap replicates are too few"),
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
