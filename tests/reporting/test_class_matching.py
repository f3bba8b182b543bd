"""A code matches classes where it knows more than which class is the most frequent one."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment

from infoeval.reporting.class_matching import most_confused, probability_of_lead
from infoeval.results.result_details import Clustering
from tests.reporting.made_up import document, matching, pair, said

MAJORITY = [[904, 79], [16, 1]]
"""A code that knows nothing of two classes, one of which has 92 % of the rows."""
SAME, OTHER = ({"matching_fitted_on": which} for which in ("the scored rows", "separate rows"))


def ten_classes(right: int, wrong: int) -> list[list[int]]:
    return [[right if row == column else wrong for column in range(10)] for row in range(10)]


def test_a_code_that_knows_nothing_of_uneven_classes_does_not_match_them() -> None:
    """Nine in ten right, and less than a guess would have."""
    found = matching(MAJORITY, [0, 1], (0.885, 0.922), base_rate=0.92)
    assert said(document(found)) == {
        "kind": "is unnamed: it does not match the two classes: 9.5 % error (7.8 to 11.5 %) "
        "is no better than "
        "always naming the most frequent class, which is right for 92.0 %."
    }


def test_the_base_rate_of_older_results_is_counted() -> None:
    found = matching(MAJORITY, [0, 1], (0.885, 0.922))
    assert (
        "is no better than always naming the most frequent class, which is right for 92.0 %"
        in (said(document(found))["kind"])
    )


def test_an_interval_that_reaches_the_base_rate_is_no_match() -> None:
    found = matching([[915, 50], [5, 30]], [0, 1], (0.918, 0.96), base_rate=0.92)
    assert (
        "(4.0 to 8.2 %) is not reliably better than always naming"
        in (said(document(found))["kind"])
    )


def test_uneven_classes_that_are_matched_stand_beside_the_base_rate() -> None:
    found = matching([[918, 6], [2, 74]], [0, 1], (0.985, 0.996), base_rate=0.92)
    assert said(document(found))["kind"] == (
        "matches the two classes with 0.8 % error (0.4 to 1.5 %; always naming the most frequent "
        "class gives 8.0 %)."
    )


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (821, "matches the ten classes with 17.9 % error"),
        (811, "matches the ten classes only in part, with 18.9 % error"),
        (461, "matches the ten classes only in part, with 53.9 % error"),
        (451, "is unnamed: it does not match the ten classes: 54.9 % error"),
    ],
)
def test_thresholds_are_shares_of_the_way_from_the_base_rate(right: int, words: str) -> None:
    """0.8 and 0.4 of the way from 0.1 to 1: accuracies of 0.82 and 0.46."""
    counts = ten_classes(right, 0)
    for row in range(10):
        counts[row][(row + 1) % 10] = 1000 - right
    found = matching(counts, range(10), (right / 1000 - 0.01, right / 1000 + 0.01), **OTHER)
    assert said(document(found))["kind"].startswith(words)


def test_a_matching_to_the_scored_rows_is_called_one() -> None:
    found = matching([[95, 3], [5, 97]], [0, 1], (0.92, 0.98), **SAME)
    assert said(document(found))["kind"] == (
        "matches the two classes with 4.0 % error (2.0 to 8.0 %; always naming the most frequent "
        "class gives 50.0 %; matching fitted on the same rows)."
    )


def test_the_best_of_many_matchings_of_noise_is_no_match() -> None:
    """Of 20 categories and 10 classes in 20 rows, the best matching gets half right by chance."""
    claims = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        counts = np.zeros((20, 10), int)
        np.add.at(counts, (random.integers(20, size=20), random.integers(10, size=20)), 1)
        matched, right = best_matching(counts)
        low, high = stats.beta.ppf([0.025, 0.975], [right, right + 1], [21 - right, 20 - right])
        found = matching(counts.tolist(), matched, (float(low), float(high)), **SAME)
        claims += not said(document(found))["kind"].startswith("is unnamed: it does not match")
    assert claims == 0


def best_matching(counts: Any) -> tuple[list[int], int]:
    rows, columns = linear_sum_assignment(counts, maximize=True)
    matched = [-1] * len(counts)
    for row, column in zip(rows, columns, strict=True):
        matched[int(row)] = int(column)
    return matched, int(counts[rows, columns].sum())


def test_shuffled_classes_are_the_base_where_they_are_matched_better() -> None:
    """A matching fitted to the scored rows may beat the most frequent class by chance."""
    counts = ten_classes(30, 13)
    found = matching(counts, range(10), (0.18, 0.23), null={"mean": 0.21}, **OTHER)
    assert said(document(found))["kind"] == (
        "is unnamed: it does not match the ten classes: 79.6 % error (77.0 to 82.0 %) is no "
        "better than a "
        "matching to shuffled classes, which is right for 21.0 %."
    )


def test_a_real_match_on_the_scored_rows_is_still_one() -> None:
    found = matching(ten_classes(19, 0), range(10), (0.98, 1.0), **SAME)
    assert said(document(found))["kind"].startswith("matches the ten classes with 0.0 % error")


def test_several_sets_of_classes_are_named() -> None:
    """A table may have several factors of classes: the one that a code matches is named."""
    shape = matching([[95, 3], [5, 97]], [0, 1], (0.92, 0.98)) | {"target": "kind, shape"}
    colour = matching([[50, 49], [51, 50]], [0, 1], (0.4, 0.6)) | {"target": "kind, colour"}
    assert list(said(document(colour, shape))) == ["kind, colour", "kind, shape"]
    known = pair("kind", "shape", 0.8, chance=0.0, p=1e-4, measure="NMI")
    assert said(document(colour, shape, known)) == {
        "kind": "matches the two classes of shape with 4.0 % error (2.0 to 8.0 %; always naming "
        "the most frequent class gives 50.0 %)."
    }


def test_a_code_that_follows_something_else_than_its_classes_says_so() -> None:
    known = pair("kind", "size", 0.8, (0.7, 0.9), chance=0.0, p=1e-4, measure="NMI")
    found = matching(MAJORITY, [0, 1], (0.885, 0.922), base_rate=0.92)
    assert said(document(found, known))["kind"].endswith(
        "which is right for 92.0 %, but follows size, NMI 0.80 (0.70 to 0.90; chance 0.00)."
    )


# Which classes are confused most often.


def clustering(pairs: dict[tuple[int, int], int], classes: int) -> Clustering:
    counts = [[500 if k == m else 0 for m in range(classes)] for k in range(classes)]
    for (first, second), count in pairs.items():
        counts[first][second] += count
    return Clustering(
        confusion=tuple(map(tuple, counts)), matching=tuple(range(classes)), class_names=()
    )


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [(40, 40, False), (41, 40, False), (60, 40, False), (80, 40, True), (20, 0, True)],
)
def test_a_pair_is_named_where_it_leads_clearly(first: int, second: int, named: bool) -> None:
    found = clustering({(0, 1): first, (2, 3): second}, 10)
    assert most_confused(found) == ((0, 1) if named else None)


def test_the_number_of_pairs_of_classes_counts() -> None:
    """24 against 7 is clear among three classes, but not the largest of 4,950 pairs."""
    pairs = {(0, 1): 24, (1, 2): 7}
    assert most_confused(clustering(pairs, 3)) == (0, 1)
    assert most_confused(clustering(pairs, 100)) is None


def test_two_classes_have_one_pair_which_is_no_finding() -> None:
    assert most_confused(clustering({(0, 1): 80}, 2)) is None


def test_equal_rates_are_rarely_told_apart() -> None:
    """Of 1,000 tables in which every pair is as frequent, at most 2 % name one."""
    random = np.random.default_rng(0)
    named = 0
    for _ in range(1000):
        counts = random.poisson(6, 45)
        pairs = dict(zip(itertools.combinations(range(10), 2), counts.tolist(), strict=True))
        named += most_confused(clustering(pairs, 10)) is not None
    assert named <= 20


@pytest.mark.parametrize(
    ("most", "other"), [(1, 0), (5, 5), (40, 22), (900, 850), (30_000, 29_000)]
)
def test_the_test_is_the_exact_binomial_one(most: int, other: int) -> None:
    expected = stats.binomtest(most, most + other, alternative="greater").pvalue
    assert math.isclose(probability_of_lead(most, other), expected, rel_tol=1e-6)


def test_counts_beyond_any_data_set_take_no_time() -> None:
    """A metrics.json may come from anyone."""
    assert probability_of_lead(10**15, 10**15) == 0.5
    assert probability_of_lead(500_500, 499_501) == pytest.approx(
        stats.binom.sf(500_499, 1_000_001, 0.5), rel=0.01
    )


def test_confusions_are_named_only_of_a_code_that_matches() -> None:
    counts = ten_classes(100, 100)
    counts[0][1] += 900
    text = said(document(matching(counts, range(10), (0.08, 0.1), **OTHER)))["kind"]
    assert "confused" not in text
    counts = ten_classes(900, 10)
    counts[0][1] += 90
    text = said(document(matching(counts, range(10), (0.89, 0.91), **OTHER)))["kind"]
    assert text.endswith("; 0 and 1 are confused most often.")
