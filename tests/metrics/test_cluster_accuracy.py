import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from infoeval.errors import UserError
from infoeval.metrics._cluster_accuracy import (
    cluster_accuracy,
    many_to_one_matching,
    one_to_one_matching,
)
from tests.metrics.references import reference_cases

Labels = NDArray[np.int64]
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def best_by_trying_all(table: NDArray[np.int64]) -> int:
    """Most rows on matched cells over all one-to-one matchings."""
    small = table if table.shape[0] <= table.shape[1] else table.T
    rows = range(small.shape[0])
    return max(
        int(sum(small[row, column] for row, column in zip(rows, columns, strict=True)))
        for columns in itertools.permutations(range(small.shape[1]), small.shape[0])
    )


def draw(n: int, classes: int = 10, seed: int = 0) -> tuple[Labels, Labels]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, classes, n), generator.integers(0, classes, n)


def test_perfect_code() -> None:
    labels = np.arange(100) % 10
    score = cluster_accuracy(labels, labels)
    assert score.value == 1.0
    assert score.high == 1.0
    # No half has an error: the interval is what two wrong rows among 100 change.
    assert score.low is not None
    assert 0.94 < score.low < 0.98
    assert score.details["interval"].startswith("deviation of 60 random halves")
    assert score.details["error"] == 0.0
    assert score.details["matching"] == list(range(10))
    assert score.details["base_rate"] == pytest.approx(0.1)
    assert score.details["adjusted"]["value"] == 1.0
    apart = cluster_accuracy(labels, labels, fit_codes=labels, fit_labels=labels)
    assert (apart.value, apart.high) == (1.0, 1.0)
    assert apart.low == pytest.approx(0.025 ** (1 / 100))


def test_permuted_code_is_perfect_and_the_matching_undoes_the_permutation() -> None:
    permutation = np.array([3, 1, 4, 0, 2])
    labels = np.arange(50) % 5
    score = cluster_accuracy(permutation[labels], labels)
    assert score.value == 1.0
    assert score.details["matching"] == np.argsort(permutation).tolist()


def test_merged_pair_costs_its_share() -> None:
    labels = np.repeat(np.arange(10), 30)
    codes = np.where(labels == 7, 3, labels)
    score = cluster_accuracy(codes, labels, categories=10)
    assert score.value == pytest.approx(0.9)
    assert score.details["error"] == pytest.approx(0.1)
    # Category 7 never occurs: nothing shows that it means the class that is left.
    assert score.details["matching"][7] == -1
    assert score.details["many_to_one"] == pytest.approx(0.9)


def test_split_class_is_forgiven_by_many_to_one_only() -> None:
    labels = np.repeat([0, 1], [60, 40])
    codes = np.concatenate([np.zeros(35), np.full(25, 2), np.ones(40)])
    score = cluster_accuracy(codes, labels)
    assert score.value == pytest.approx(0.75)
    assert score.details["matching"] == [0, 1, -1]
    assert score.details["many_to_one"] == 1.0
    assert score.details["many_to_one_matching"] == [0, 1, 0]


def test_random_code_is_right_for_one_row_in_ten() -> None:
    codes, labels = draw(20_000)
    fit_codes, fit_labels = draw(20_000, seed=1)
    score = cluster_accuracy(codes, labels, fit_codes=fit_codes, fit_labels=fit_labels)
    assert score.value == pytest.approx(0.1, abs=0.01)


def test_matching_is_the_train_rows_and_not_the_test_rows() -> None:
    train = np.array([0, 0, 1, 1])
    score = cluster_accuracy([0, 0, 1], [0, 0, 1], fit_codes=train, fit_labels=1 - train)
    assert score.value == 0.0
    assert score.details["matching"] == [1, 0]
    assert score.details["fit_accuracy"] == 1.0
    assert score.details["fit_n"] == 4
    assert score.details["matching_fitted_on"] == "separate rows"
    assert score.details["many_to_one"] == 0.0


def test_matching_fitted_on_the_scored_rows_is_said() -> None:
    score = cluster_accuracy([0, 1, 1], [0, 1, 0])
    assert score.details["matching_fitted_on"] == "the scored rows"
    assert score.details["fit_n"] == score.n == 3
    assert score.details["fit_accuracy"] == score.value


def test_confusion_counts_the_scored_rows() -> None:
    score = cluster_accuracy(
        [0, 0, 2], [1, 1, 0], fit_codes=[0], fit_labels=[0], categories=3, class_names="abc"
    )
    assert score.details["confusion"] == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_greedy_choice_is_not_the_best() -> None:
    table = np.array([[9, 8], [7, 0]])
    assert one_to_one_matching(table).tolist() == [1, 0]
    assert many_to_one_matching(table).tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (5, 5), (3, 5), (5, 2), (1, 4)])
def test_matching_is_the_best_of_all(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        table = generator.integers(0, 8, shape)
        matching = one_to_one_matching(table)
        used = matching[matching >= 0]
        assert len(set(used.tolist())) == len(used)
        assert table[np.flatnonzero(matching >= 0), used].sum() == best_by_trying_all(table)


def test_more_categories_than_classes() -> None:
    score = cluster_accuracy([0, 1, 2, 3], [0, 1, 1, 1], class_names=["a", "b"])
    assert score.value == 0.5
    assert score.details["matching"].count(-1) == 2


def test_fewer_categories_than_classes() -> None:
    score = cluster_accuracy([0, 0, 1], [2, 2, 0], class_names=[*"abcd"])
    assert score.value == 1.0
    assert score.details["matching"] == [2, 0]


def test_one_category_finds_the_largest_class() -> None:
    score = cluster_accuracy([0, 0, 0, 0], [2, 2, 2, 1])
    assert score.value == 0.75


def test_one_class_is_the_share_of_the_largest_category() -> None:
    score = cluster_accuracy([0, 1, 1, 2], [0, 0, 0, 0])
    assert score.value == 0.5
    assert score.details["many_to_one"] == 1.0


def test_class_absent_from_test_and_category_never_predicted() -> None:
    train = np.arange(5)
    score = cluster_accuracy([0, 1], [0, 1], fit_codes=train, fit_labels=train)
    assert score.value == 1.0
    assert np.shape(score.details["confusion"]) == (5, 5)


def test_test_category_that_train_never_shows_is_an_error() -> None:
    score = cluster_accuracy([0, 5], [0, 1], fit_codes=[0, 1], fit_labels=[0, 1])
    assert score.value == 0.5
    assert score.details["matching"] == [0, 1, -1]
    assert score.details["category_names"] == ["0", "1", "5"]


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_interval_of_another_split_is_the_exact_binomial_one(level: float) -> None:
    codes, labels = draw(200, classes=3)
    fit_codes, fit_labels = draw(50, classes=3, seed=1)
    score = cluster_accuracy(
        codes, labels, fit_codes=fit_codes, fit_labels=fit_labels, level=level, replicates=0
    )
    exact = binomtest(round(score.value * 200), 200).proportion_ci(level, method="exact")
    assert (score.low, score.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    many = score.details["many_to_one"]
    exact = binomtest(round(many * 200), 200).proportion_ci(level, method="exact")
    limits = score.details["many_to_one_low"], score.details["many_to_one_high"]
    assert limits == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert score.level == level
    chance = score.details["null"]["mean"]
    for end, limit in (("value", score.value), ("low", score.low), ("high", score.high)):
        adjusted = (limit - chance) / (1 - chance)  # type: ignore[operator]
        assert score.details["adjusted"][end] == pytest.approx(adjusted)


def test_interval_covers_the_accuracy_of_a_fixed_matching() -> None:
    generator = np.random.default_rng(0)
    train = np.arange(10)
    covered = 0
    for _ in range(300):
        labels = generator.integers(0, 10, 200)
        codes = np.where(generator.random(200) < 0.3, (labels + 1) % 10, labels)
        score = cluster_accuracy(
            codes, labels, fit_codes=train, fit_labels=train, replicates=0, null=0
        )
        assert score.low is not None
        assert score.high is not None
        covered += score.low <= 0.7 <= score.high
    assert covered >= 0.93 * 300


@pytest.mark.parametrize("noise", [0.02, 0.3, 1.0])
def test_interval_of_the_own_matching_covers_what_such_rows_score_on_average(noise: float) -> None:
    """With a matching of their own, 100 rows of noise score 0.2 for 10 classes, not 0.1."""

    def rows(seed: int) -> tuple[Labels, Labels]:
        generator = np.random.default_rng([seed, 7])
        labels = generator.integers(0, 10, 100)
        return np.where(
            generator.random(100) < noise, generator.integers(0, 10, 100), labels
        ), labels

    fast = {"replicates": 0, "null": 0}
    truth = np.mean([cluster_accuracy(*rows(seed), **fast).value for seed in range(1000)])
    if noise == 1.0:
        assert truth > 0.18
    scores = [cluster_accuracy(*rows(seed), seed=seed, null=0) for seed in range(3000, 3060)]
    held = [score.low <= truth <= score.high for score in scores]  # type: ignore[operator]
    # Of 60 at 95 % 51 or fewer are held once in three hundred times.
    assert sum(held) >= 52


def test_noise_scores_chance_and_chance_is_above_one_in_ten() -> None:
    """With its own matching: 0.2 of 200 rows; the base rate does not see that."""
    above = []
    for seed in range(20):
        score = cluster_accuracy(*draw(200, seed=seed), replicates=0)
        assert score.details["null"]["mean"] == pytest.approx(0.2, abs=0.01)
        above.append(score.details["adjusted"]["value"])
    assert np.mean(above) == pytest.approx(0, abs=0.015)
    assert score.details["adjusted"]["low"] is None


def test_the_base_rate_is_that_of_the_most_frequent_class() -> None:
    labels = np.repeat([0, 1], [96, 4])
    score = cluster_accuracy(np.zeros(100), labels, replicates=0, null=3)
    assert score.value == score.details["base_rate"] == 0.96
    assert score.details["adjusted"]["value"] == 0
    fit = np.arange(2)
    apart = cluster_accuracy(labels, labels[::-1], fit_codes=fit, fit_labels=fit)
    assert apart.details["base_rate"] == 0.96


def test_few_rows_have_no_interval_and_a_reason() -> None:
    score = cluster_accuracy([0, 1, 1], [0, 1, 0])
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"].startswith("none: fewer than 4 rows")
    assert score.details["many_to_one_low"] is None


def test_reference_values(shared_fixtures: Path) -> None:
    for codes, labels, expected in reference_cases(shared_fixtures, "hungarian_acc"):
        score = cluster_accuracy(codes, labels, replicates=0, null=0)
        assert score.value == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(rows=ROWS, renumber=st.permutations(range(5)), random=st.randoms())
def test_names_and_order_mean_nothing(
    rows: list[tuple[int, int]], renumber: list[int], random: Any
) -> None:
    codes, labels = np.array(rows).T
    few = {"replicates": 4, "null": 2}
    score = cluster_accuracy(codes, labels, **few)
    order = np.array(random.sample(range(len(rows)), len(rows)))
    names = np.array(renumber)
    for other in (
        cluster_accuracy(names[codes], labels, **few),
        cluster_accuracy(codes, names[labels], **few),
    ):
        assert (other.value, other.low, other.high) == (score.value, score.low, score.high)
        assert other.details["many_to_one"] == score.details["many_to_one"]
        assert other.details["null"] == score.details["null"]
    moved = cluster_accuracy(codes[order], labels[order], **few)
    assert moved.value == score.value
    assert moved.details["many_to_one"] == score.details["many_to_one"]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_moves_limits_only_a_little(seed: int) -> None:
    codes, labels = draw(400, classes=4)
    order = np.random.default_rng(seed).permutation(400)
    first, second = (
        cluster_accuracy(*rows, null=0) for rows in ((codes, labels), (codes[order], labels[order]))
    )
    assert second.value == first.value
    assert second.low == pytest.approx(first.low, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_one_to_one_lies_between_the_largest_cell_and_many_to_one(
    rows: list[tuple[int, int]],
) -> None:
    codes, labels = np.array(rows).T
    score = cluster_accuracy(codes, labels, replicates=0, null=0)
    assert score.value <= score.details["many_to_one"]
    assert score.value >= np.max(score.details["confusion"]) / len(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fit_codes": [0, 1]}, "give both fit_codes and fit_labels"),
        ({"fit_labels": [0, 1]}, "give both fit_codes and fit_labels"),
        ({"fit_codes": [0], "fit_labels": [0, 1]}, "1 fit_codes for 2 fit_labels"),
        ({"fit_codes": [], "fit_labels": []}, "fit_codes: empty"),
        ({"categories": 2}, "codes: 2 is not a number from 0 to 1"),
        ({"class_names": ["a"]}, "labels: 1 is not a number from 0 to 0"),
        ({"categories": 10**9}, "1000000000 categories: more than 4096"),
        ({"level": 0.0}, "level is 0.0"),
        ({"level": 1.0}, "level is 1.0"),
        ({"level": float("nan")}, "level is nan"),
        ({"level": 95}, "level is 95"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        cluster_accuracy([0, 1, 2], [0, 1, 1], **arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_number_is_a_name() -> None:
    score = cluster_accuracy([0, 10**12], [0, 1])
    assert score.value == 1
    assert score.details["category_names"] == ["0", "1000000000000"]


def test_one_number_for_every_row_is_refused() -> None:
    with pytest.raises(UserError, match="5000 categories: more than 4096"):
        cluster_accuracy(np.arange(5000), np.zeros(5000))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([-1, 5, 10], ["-1", "5", "10"]),
        (["dog", "cat", "emu"], ["cat", "dog", "emu"]),
        ([2.0, 0.0, 1.0], ["0", "1", "2"]),
    ],
)
def test_values_keep_their_names_and_renaming_changes_no_value(
    names: list[Any], expected: list[str]
) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    codes = np.where(random.random(400) < 0.2, random.integers(0, 3, 400), (labels + 1) % 3)
    train, test = slice(0, 200), slice(200, 400)
    plain = cluster_accuracy(
        codes[test], labels[test], fit_codes=codes[train], fit_labels=labels[train]
    )
    words = np.array(names)
    score = cluster_accuracy(
        codes[test], words[labels[test]], fit_codes=codes[train], fit_labels=words[labels[train]]
    )
    assert (score.value, score.low, score.high) == (plain.value, plain.low, plain.high)
    details = score.details
    assert details["class_names"] == expected
    assert details["category_names"] == ["0", "1", "2"]
    for category, place in enumerate(details["matching"]):
        kept = plain.details["matching"][category]
        assert details["class_names"][place] == str(words[kept]).removesuffix(".0")
        row, known = details["confusion"][category], plain.details["confusion"][category]
        assert row[place] == known[kept]
        assert sorted(row) == sorted(known)
    other = cluster_accuracy(
        words[codes[test]], labels[test], fit_codes=words[codes[train]], fit_labels=labels[train]
    )
    assert (other.value, other.low, other.high) == (plain.value, plain.low, plain.high)
    assert other.details["category_names"] == expected


def test_a_label_that_only_one_part_has_is_named_too() -> None:
    score = cluster_accuracy(["x", "y"], [7, 9], fit_codes=["x", "z"], fit_labels=[7, 3])
    assert score.details["category_names"] == ["x", "y", "z"]
    assert score.details["class_names"] == ["3", "7", "9"]
    assert score.details["matching"] == [1, -1, 0]
    assert score.value == 0.5
