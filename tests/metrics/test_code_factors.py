"""Codes against factors: known truths, reference programs, what must not matter, and intervals."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import (
    adjusted_mutual_info_score,
    normalized_mutual_info_score,
    roc_auc_score,
)

from infoeval.errors import UserError
from infoeval.metrics import Score, code_factors

Array = NDArray[Any]
VALUE: Any = {"replicates": 0, "null": 0}
TURN = 2 * np.pi
ANGLE = TURN * (np.arange(4000) + 0.5) / 4000

#: A code of an angle, and what it scores by each of the settings.
PERIODIC: dict[str, tuple[Array, float, float]] = {
    "the angle": (ANGLE, 1.0, 6**0.5 / np.pi),
    "against it": (-ANGLE, 1.0, 6**0.5 / np.pi),
    "wrapped elsewhere": ((ANGLE + 2.0) % TURN, 1.0, 6**0.5 / np.pi),
    "on [-1, 1]": ((ANGLE + 1.0) % TURN / np.pi - 1, 1.0, 6**0.5 / np.pi),
    "a monotone map": (np.exp(ANGLE), 1.0, 6**0.5 / np.pi),
    "front and back alike": (np.abs(ANGLE - np.pi), 0.0, 96**0.5 / np.pi**2),
    "cosine": (np.cos(ANGLE - 1), 0.0, 96**0.5 / np.pi**2),
    "twice round": (2 * ANGLE % TURN, 0.0, 0.0),
    "the same on half of it": (np.minimum(ANGLE, np.pi), 0.754, 0.87),
    "constant": (ANGLE * 0 + 0.1, 0.0, 0.0),
}


def matrix(score: Score) -> Array:
    """The value of every code and factor."""
    factors = len(score.details["factors"])
    return np.reshape([pair["value"] for pair in score.details["associations"]], (-1, factors))


def plain(codes: Any, factors: Any, **settings: Any) -> Array:
    return matrix(code_factors(codes, factors, replicates=0, null=0, **settings))


def paired(score: Score) -> list[tuple[int, int]]:
    """Numbers of the code and factor of each pair."""
    factors = len(score.details["factors"])
    pairs = [pair["paired"] for pair in score.details["associations"]]
    return [divmod(int(place), factors) for place in np.flatnonzero(pairs)]


@pytest.mark.parametrize("name", PERIODIC)
def test_codes_of_an_angle(name: str) -> None:
    code, circular, linear = PERIODIC[name]
    factors = np.degrees(ANGLE)
    for setting, expected in (("circular", circular), ("linear", linear)):
        (found,) = plain(code, factors, factor_types=["periodic:360"], periodic=setting).ravel()
        assert found == pytest.approx(expected, abs=0.005), setting


def test_angles_that_reach_half_round_and_a_few_angles() -> None:
    half = ANGLE / 2
    few = np.floor(ANGLE / TURN * 31) / 31 * TURN
    for code, angle in ((half, half), (few, few), (ANGLE, few)):
        assert plain(code, angle, factor_types=["periodic"])[0, 0] == pytest.approx(1, abs=0.005)


def test_noise_on_the_circle_counts_as_its_mean_resultant_length() -> None:
    random = np.random.default_rng(0)
    angle = random.uniform(0, TURN, 20_000)
    code = (angle + random.vonmises(0, 2.0, len(angle))) % TURN
    (found,) = plain(code, angle, factor_types=["periodic"]).ravel()
    assert found == pytest.approx(0.6978, abs=0.02)  # I_1(2) / I_0(2)


def test_linear_is_the_multiple_correlation_of_ranks() -> None:
    random = np.random.default_rng(1)
    angle = random.uniform(0, 4, 60)
    code = np.round(np.sin(angle) + 0.5 * random.normal(size=60), 1)
    waves = np.column_stack([np.cos(angle), np.sin(angle), np.ones(60)])
    ranks = stats.rankdata(code)
    fitted = waves @ np.linalg.lstsq(waves, ranks, rcond=None)[0]
    expected = stats.pearsonr(fitted, ranks).statistic
    found = plain(code, angle, factor_types=["periodic"], periodic="linear")
    assert found[0, 0] == pytest.approx(expected, abs=1e-9)


def test_ordered_factors_as_scipy_has_it() -> None:
    random = np.random.default_rng(2)
    factors = random.integers(0, 6, size=(80, 2))
    codes = np.round(random.normal(size=(80, 3)) + factors[:, :1], 1)
    found = plain(codes, factors, factor_types=["ordinal", "continuous"])
    expected = np.abs(np.asarray(stats.spearmanr(codes, factors).statistic)[:3, 3:])
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("normalization", ["arithmetic", "geometric", "min", "max"])
def test_classes_as_scikit_learn_has_it(normalization: str) -> None:
    random = np.random.default_rng(3)
    factors = random.integers(0, [2, 7], size=(300, 2))
    codes = (factors[:, :1] + random.integers(0, 3, size=(300, 2))) % 5
    found = plain(codes, factors, normalization=normalization)
    expected = [
        [
            normalized_mutual_info_score(factor, code, average_method=normalization)
            for factor in factors.T
        ]
        for code in codes.T
    ]
    assert found == pytest.approx(np.array(expected), abs=1e-9)
    found = plain(codes, factors, normalization=normalization, estimator="adjusted")
    expected = [
        [
            adjusted_mutual_info_score(factor, code, average_method=normalization)
            for factor in factors.T
        ]
        for code in codes.T
    ]
    assert found == pytest.approx(np.clip(expected, 0, 1), abs=1e-9)


def test_a_share_of_the_factors_entropy() -> None:
    """By default: 1 where the code determines the factor, however many categories it has."""
    code = np.arange(1200) % 12
    factors = np.column_stack([code // 4, code % 6 // 2, code])
    found = plain(code, factors)
    assert found[0, [0, 2]] == pytest.approx([1, 1])
    told = plain(code // 4, factors)
    assert told[0, 2] == pytest.approx(np.log(3) / np.log(12))
    adjusted = plain(code, factors, estimator="adjusted")
    assert adjusted[0] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("kind", ["discrete", "ordinal", "continuous", "periodic", "two classes"])
@pytest.mark.parametrize("estimator", ["plug-in", "adjusted"])
def test_a_code_that_decodes_a_factor_scores_1_in_every_measure(kind: str, estimator: Any) -> None:
    factor = np.random.default_rng(0).permutation(400) % (2 if kind == "two classes" else 5)
    type_ = "discrete" if kind == "two classes" else kind
    continuous = plain(factor * 0.7, factor, factor_types=[type_], estimator=estimator)
    assert continuous == pytest.approx(np.ones((1, 1)))
    if type_ == "discrete":
        names = np.array([4, 0, 3, 1, 2])[factor]
        assert plain(names, factor, estimator=estimator) == pytest.approx(np.ones((1, 1)))


def test_two_classes_are_compared_by_the_area_under_the_curve() -> None:
    random = np.random.default_rng(12)
    factor = (random.random(500) < 0.3).astype(int)
    codes = np.round(random.normal(size=(500, 3)) + factor[:, None] * [0.0, 1.0, -2.0], 1)
    found = plain(codes, factor).ravel()
    assert found == pytest.approx([abs(2 * roc_auc_score(factor, code) - 1) for code in codes.T])
    score = code_factors(codes, factor, replicates=0, null=3)
    assert {pair["measure"] for pair in score.details["associations"]} == {"|2 AUC − 1|"}
    assert all("nmi" not in pair for pair in score.details["associations"])
    # A mean of both entropies counts two classes as any others.
    assert plain(codes, factor, normalization="min")[0, 0] < 0.2


def test_an_attribute_of_one_row_in_25_counts_as_its_area_does() -> None:
    """Two normal laws 1.14 deviations apart: the area is Φ(1.14 / √2) = 0.79, not 0.05 of NMI."""
    random = np.random.default_rng(13)
    factor = (np.arange(20_000) % 25 == 0).astype(int)
    code = random.normal(size=20_000) + 1.1404 * factor
    score = code_factors(code, factor, replicates=20, null=20)
    assert score.value == pytest.approx(0.58, abs=0.03)
    assert score.low < 0.58 < score.high
    assert plain(code, factor, normalization="arithmetic")[0, 0] < 0.06


def test_nmi_stands_beside_a_share_of_information() -> None:
    random = np.random.default_rng(14)
    factor = random.integers(0, 3, 300)
    codes = np.column_stack([factor * 3 + random.integers(0, 3, 300), random.integers(0, 2, 300)])
    score = code_factors(codes, factor, replicates=0, null=2)
    first, second = score.details["associations"]
    assert first["measure"] == second["measure"] == "I / H(factor)"
    assert first["value"] == pytest.approx(1.0)
    for pair, code in ((first, codes[:, 0]), (second, codes[:, 1])):
        assert pair["nmi"] == pytest.approx(normalized_mutual_info_score(factor, code))
    told = code_factors(codes, factor, normalization="max", replicates=0, null=2)
    assert all("nmi" not in pair for pair in told.details["associations"])
    assert told.details["associations"][0]["measure"] == "NMI"


def test_many_classes_of_chance() -> None:
    """Counts of 50 classes are far above 0; a factor that is known has 1 by both."""
    random = np.random.default_rng(11)
    factor = np.arange(1000) % 50
    codes = np.column_stack([factor, random.permutation(factor)])
    for normalization in ("factor", "arithmetic"):
        counted = code_factors(codes, factor, replicates=0, null=5, normalization=normalization)
        adjusted = code_factors(
            codes, factor, replicates=6, null=5, estimator="adjusted", normalization=normalization
        )
        chance = counted.details["associations"][1]["null"]["mean"]
        assert chance > 0.25
        assert matrix(counted).ravel() == pytest.approx([1, chance], abs=0.01)
        above = [pair["adjusted"]["value"] for pair in counted.details["associations"]]
        assert above == pytest.approx([1, 0], abs=0.015)
        assert matrix(adjusted).ravel() == pytest.approx([1, 0], abs=0.015)
        assert adjusted.details["associations"][1]["low"] < 0.01
    assert adjusted.details["associations"][0]["measure"] == "AMI"


def test_ten_categories_of_a_balanced_attribute_reach_what_the_text_says() -> None:
    code = np.arange(1000) % 10
    names = ("factor", "arithmetic", "min")
    told = {name: plain(code, code % 2, normalization=name)[0, 0] for name in names}
    assert told == {
        "factor": pytest.approx(1.0),
        "arithmetic": pytest.approx(0.4628, abs=1e-4),
        "min": pytest.approx(1.0),
    }


def test_what_is_compared_by_what() -> None:
    random = np.random.default_rng(4)
    score = code_factors(
        np.column_stack([random.normal(size=50), random.integers(0, 3, 50)]),
        np.column_stack([random.integers(0, 4, size=(50, 4)), np.arange(50) % 2]),
        code_types=["continuous", "categorical"],
        factor_types=["discrete", "ordinal", "continuous", "periodic", "discrete"],
        replicates=0,
        null=2,
    )
    measures = [pair["measure"] for pair in score.details["associations"]]
    assert measures[:2] == ["I / H(factor)", "|Spearman|"]
    assert measures[2:5] == ["|Spearman|", "circular correlation", "|2 AUC − 1|"]
    assert measures[5:] == ["I / H(factor)"] * 5


def test_a_continuous_code_of_classes_is_cut_into_bins() -> None:
    factor = np.repeat(np.arange(4), 25)
    code = factor / 3
    assert plain(code, factor) == pytest.approx(np.ones((1, 1)))
    assert plain(code, factor, bins=2)[0, 0] == pytest.approx(0.5)
    assert plain(code, factor, bins=2, normalization="arithmetic")[0, 0] == pytest.approx(
        normalized_mutual_info_score(factor, factor // 2)
    )


@pytest.mark.parametrize("normalization", ["factor", "arithmetic"])
def test_the_pairing_does_not_compare_measures_that_differ(normalization: Any) -> None:
    """A bit about 16 classes is a quarter of them, but as telling as a correlation of 0.9.

    A code that knows it, and correlates with another factor by 0.5, belongs to the classes. The
    larger number is that of the other factor: a pairing by values would be the wrong one.
    """
    random = np.random.default_rng(15)
    classes, order, noise = random.integers(0, 16, 4000), *random.normal(size=(2, 4000))
    codes = np.column_stack([2 * (-1.0) ** classes + 1.2 * order, 0.2 * order + noise])
    score = code_factors(
        codes,
        np.column_stack([classes, order]),
        factor_types=["discrete", "continuous"],
        normalization=normalization,
        replicates=0,
        null=20,
    )
    found = matrix(score)
    assert found[0, 1] + found[1, 0] > found[0, 0] + found[1, 1] + 0.05
    assert paired(score) == [(0, 0), (1, 1)]
    assert score.value == pytest.approx((found[0, 0] + found[1, 1]) / 2)


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (2, 4)])
def test_the_pairing_is_the_best_of_all(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    for seed in range(5):
        mixed = random.normal(size=(60, shape[0])) @ random.normal(size=shape)
        codes = mixed[:, : shape[1]] + 0.1 * random.normal(size=(60, shape[1]))
        codes = np.column_stack([codes, random.normal(size=(60, shape[0]))])[:, : shape[0]]
        score = code_factors(codes, mixed, replicates=0, null=0, seed=seed)
        found = matrix(score)
        small, large = sorted(shape)
        values = found if shape[0] <= shape[1] else found.T
        best = max(
            sum(values[row, column] for row, column in enumerate(columns))
            for columns in itertools.permutations(range(large), small)
        )
        chosen = [pair for pair in score.details["associations"] if pair["paired"]]
        assert sum(pair["value"] for pair in chosen) == pytest.approx(best)
        assert score.value == pytest.approx(best / small)
        assert len({pair["code"] for pair in chosen}) == len(chosen) == small
        assert len({pair["factor"] for pair in chosen}) == small


def test_a_dead_code_scores_0_and_is_in_no_pair() -> None:
    random = np.random.default_rng(6)
    factors = np.column_stack([random.normal(size=(80, 2)), random.integers(0, 3, 80)])
    types = ["continuous", "periodic", "discrete"]
    codes = np.column_stack([np.full(80, 0.1), factors[:, 0], np.zeros(80)])
    score = code_factors(
        codes,
        factors,
        code_types=["continuous", "continuous", "categorical"],
        factor_types=types,
        replicates=0,
    )
    assert (matrix(score)[[0, 2]] == 0).all()
    assert paired(score) == [(1, 0)]
    assert score.value == pytest.approx(1 / 3)
    for pair in score.details["associations"]:
        constant = pair["code"] != "code 1"
        assert not constant or pair["p"] == 1
        assert not constant or pair["null"]["mean"] == 0
    assert score.details["associations"][3]["p"] == pytest.approx(1 / 201)


FACTOR_TYPES = ["continuous", "periodic", "discrete"]

#: What is done to codes (two continuous, one categorical) and factors (see above).
CHANGES: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "sign": lambda codes, factors: (codes * [-1, -1, 1], factors * [-1, -1, 1]),
    "names of classes": lambda codes, factors: (
        np.column_stack([codes[:, :2], 7 - codes[:, 2]]),
        np.column_stack([factors[:, :2], (factors[:, 2] * 5 + 1) % 11]),
    ),
    "turn": lambda codes, factors: (codes, factors + np.array([0, 2.5, 0])),
    "whole turns": lambda codes, factors: (codes, factors + np.array([0, 3 * TURN, 0])),
    "rows": lambda codes, factors: (codes[::-1], factors[::-1]),
}


@pytest.fixture
def mixed() -> tuple[Array, Array]:
    """Codes and factors of all types, each of which tells of some others."""
    random = np.random.default_rng(7)
    factors = np.column_stack(
        [random.normal(size=400), random.uniform(0, TURN, 400), random.integers(0, 4, 400)]
    )
    codes = np.column_stack(
        [
            factors[:, 0] + 0.5 * random.normal(size=400),
            (factors[:, 1] + 0.5 * random.normal(size=400)) % TURN,
            (factors[:, 2] + (random.random(400) < 0.3)) % 4,
        ]
    )
    return codes, factors


def of_mixed(codes: Array, factors: Array, order: Any = slice(None), **settings: Any) -> Score:
    types = np.array(["continuous", "continuous", "categorical"])[order]
    return code_factors(codes, factors, code_types=types, factor_types=FACTOR_TYPES, **settings)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("periodic", ["circular", "linear"])
def test_what_means_nothing_changes_nothing(
    mixed: tuple[Array, Array], change: str, periodic: str
) -> None:
    expected = matrix(of_mixed(*mixed, **VALUE, periodic=periodic))
    found = matrix(of_mixed(*CHANGES[change](*mixed), **VALUE, periodic=periodic))
    # Bins of an angle turn with it, and those of a code with its sign.
    counted = np.array([[False, False, True]] * 2 + [[True, True, False]])
    assert found[~counted] == pytest.approx(expected[~counted], abs=1e-9)
    assert (expected.diagonal() > 0.4).all()


def test_monotone_maps_leave_correlations(mixed: tuple[Array, Array]) -> None:
    codes, factors = mixed
    expected = matrix(of_mixed(codes, factors, **VALUE))
    stretched = np.column_stack([np.exp(codes[:, 0]), codes[:, 1] ** 3, codes[:, 2]])
    found = matrix(of_mixed(stretched, factors, **VALUE))
    assert found[:2, :2] == pytest.approx(expected[:2, :2], abs=1e-9)


def test_the_order_of_codes_is_that_of_the_rows(mixed: tuple[Array, Array]) -> None:
    codes, factors = mixed
    order = [2, 0, 1]
    few = {"replicates": 10, "null": 5}
    expected = of_mixed(codes, factors, **few)
    found = of_mixed(codes[:, order], factors, order, **few)
    assert matrix(found) == pytest.approx(matrix(expected)[order])
    assert (found.value, found.low) == pytest.approx((expected.value, expected.low))


def test_names_of_classes_keep_the_interval_and_order_moves_it_only_a_little(
    mixed: tuple[Array, Array],
) -> None:
    score = of_mixed(*mixed, null=5)
    named = of_mixed(*CHANGES["names of classes"](*mixed), null=5)
    assert (named.value, named.low, named.high) == pytest.approx(
        (score.value, score.low, score.high), abs=1e-9
    )
    moved = of_mixed(*CHANGES["rows"](*mixed), null=5)
    assert moved.value == pytest.approx(score.value)
    assert moved.low == pytest.approx(score.low, abs=0.02)
    assert (moved.low, moved.high) != (score.low, score.high)


def test_halves_are_measured_as_scipy_does() -> None:
    """Ranks of some rows are counted, not sorted; scipy sorts them."""
    random = np.random.default_rng(8)
    factors = np.round(random.normal(size=(40, 2)), 1)
    codes = np.round(factors[:, :1] + random.normal(size=(40, 2)), 1)
    score = code_factors(codes, factors, replicates=30, null=0, seed=3)
    assert score.samples is not None
    generator = np.random.default_rng(3).spawn(3)[0]
    for row in score.samples.halves:
        rows = np.sort(generator.choice(40, 20, replace=False))
        both = np.abs(stats.spearmanr(codes[rows], factors[rows]).statistic[:2, 2:])
        assert row[1:] == pytest.approx(both.ravel())
        assert row[0] == pytest.approx(max(np.trace(both), np.trace(both[::-1])) / 2)
    assert len(score.samples.halves) == 30


def law(kind: str, seed: int, n: int = 200) -> tuple[Array, Array, dict[str, Any]]:
    """Two codes, one of which knows one of two factors."""
    random = np.random.default_rng([seed, 31])
    noise, other = random.normal(size=(2, n))
    if kind == "rank":
        factor = random.normal(size=n)
        return np.column_stack([factor + noise, other]), np.column_stack([factor, -(other**2)]), {}
    if kind == "angle":
        angle = random.uniform(0, TURN, n)
        codes = np.column_stack([(angle + 0.6 * noise) % TURN, other])
        return codes, angle, {"factor_types": ["periodic"]}
    factor = random.integers(0, 2 if kind == "two classes" else 5, n)
    return np.column_stack([factor + noise, other]), factor, {}


@pytest.mark.parametrize("kind", ["rank", "angle", "two classes", "classes"])
def test_intervals_cover_what_such_tables_score_on_average(kind: str) -> None:
    """The score and every pair, those of noise, too: an interval of these is not about 0."""

    def scored(seed: int, **settings: Any) -> Score:
        codes, factors, types = law(kind, seed)
        return code_factors(codes, factors, null=0, **types, **settings)

    drawn = [scored(seed, replicates=0) for seed in range(1000, 1300)]
    truth = np.mean([[score.value, *matrix(score).ravel()] for score in drawn], axis=0)
    held = []
    for seed in range(60):
        score = scored(seed)
        pairs = [vars(score), *score.details["associations"]]
        held.append(
            [pair["low"] <= mean <= pair["high"] for pair, mean in zip(pairs, truth, strict=True)]
        )
    # Of 60 at 95 % 51 or fewer are held once in three hundred times.
    assert np.sum(held, axis=0).min() >= 52


@pytest.mark.parametrize("kind", ["discrete", "continuous", "periodic"])
def test_of_columns_that_have_nothing_in_common(kind: str) -> None:
    """The value is above 0 by chance, as that of shuffled tables is, and adjusted it is not."""
    random = np.random.default_rng(9)
    found = []
    for _ in range(30):
        codes, factors = random.integers(0, 10, size=(2, 200, 3))
        code_type = "categorical" if kind == "discrete" else "continuous"
        score = code_factors(
            codes,
            factors,
            code_types=[code_type] * 3,
            factor_types=[kind] * 3,
            null=20,
            replicates=0,
        )
        null, adjusted = score.details["null"], score.details["adjusted"]
        assert null["low"] <= null["mean"] <= null["high"]
        assert all(pair["null"]["tables"] == 20 for pair in score.details["associations"])
        found.append([score.value, null["mean"], adjusted["value"]])
    value, chance, above = np.mean(found, axis=0)
    error = np.std(found, axis=0)[0] / np.sqrt(30)
    assert value > 0.03
    assert value == pytest.approx(chance, abs=4 * error)
    assert above == pytest.approx(0, abs=5 * error)


@pytest.mark.slow
def test_no_pair_of_noise_stands_out_more_often_than_p_says() -> None:
    """The smallest p of 12 pairs is that of the table: it is uniform."""
    smallest = []
    for seed in range(100):
        random = np.random.default_rng([seed, 5])
        codes, factors = random.normal(size=(2, 40, 4))
        factors[:, 2] = random.integers(0, 4, 40)
        types = ["continuous", "periodic", "discrete", "ordinal"]
        score = code_factors(codes[:, :3], factors, factor_types=types, replicates=0, seed=seed)
        smallest.append(min(pair["p"] for pair in score.details["associations"]))
    assert min(smallest) >= 1 / 201
    # Binomial with 100 tables: beyond these numbers less than once in a thousand times.
    assert sum(p <= 0.01 for p in smallest) <= 5
    assert sum(p <= 0.05 for p in smallest) <= 13
    assert 33 <= sum(p <= 0.5 for p in smallest) <= 67


def test_a_real_pair_stands_out_and_constant_codes_never() -> None:
    random = np.random.default_rng(16)
    factors = random.normal(size=(100, 3))
    codes = np.column_stack(
        [factors[:, 0] + random.normal(size=100), np.full(100, 0.1), random.normal(size=100)]
    )
    score = code_factors(codes, factors, replicates=0)
    p = np.reshape([pair["p"] for pair in score.details["associations"]], (3, 3))
    assert p[0, 0] == pytest.approx(1 / 201)
    assert (p[1] == 1).all()
    assert p[2].min() > 0.02
    few = code_factors(codes, factors, replicates=0, null=1)
    assert all("p" not in pair for pair in few.details["associations"])


@pytest.mark.parametrize("normalization", ["factor", "arithmetic", "min"])
@pytest.mark.parametrize("estimator", ["plug-in", "adjusted"])
def test_a_constant_category_tells_nothing(normalization: Any, estimator: Any) -> None:
    random = np.random.default_rng(17)
    codes = np.column_stack([np.zeros(97, dtype=int), random.integers(0, 3, 97)])
    factors = random.integers(0, [2, 3, 7], size=(97, 3))
    score = code_factors(
        codes, factors, normalization=normalization, estimator=estimator, replicates=4, null=20
    )
    for pair in score.details["associations"][:3]:
        assert (pair["value"], pair["p"], pair["null"]["mean"]) == (0, 1, 0)


def test_pruned_codes_are_left_out() -> None:
    random = np.random.default_rng(10)
    factors = random.normal(size=(50, 2))
    score = code_factors(np.column_stack([factors * 0, factors]), factors, prune=True)
    assert score.details["pruned"] == ["code 0", "code 1"]
    assert score.details["codes"] == ["code 2", "code 3"]
    assert matrix(score).shape == (2, 2)
    assert score.value == pytest.approx(1)


@pytest.mark.parametrize("name", ["periodic", "normalization", "estimator"])
def test_unknown_choices(name: str) -> None:
    with pytest.raises(UserError, match=f"no {name} 'odd'; there are"):
        code_factors([0.5, 1.5], [0.5, 1.5], **{name: "odd"})  # type: ignore[arg-type]


def test_chance_of_many_rows_is_that_of_a_part_carried_to_all() -> None:
    """|Spearman| of independent columns is 0.8 / √n, and information (R - 1)(C - 1) / 2n nats."""
    n, random = 90_000, np.random.default_rng(0)
    codes = pd.DataFrame({"z": random.normal(size=n), "kind": random.integers(0, 4, size=n)})
    factors = pd.DataFrame(
        {"size": random.normal(size=n), "shape": random.integers(0, 5, size=n), "turn": codes["z"]}
    )
    types = ["continuous", "discrete", "periodic"]
    score = code_factors(codes, factors, factor_types=types, replicates=0, null=60)
    assert score.details["null_rows"] == 20_000
    chance = {
        (pair["code"], pair["factor"]): pair["null"]["mean"]
        for pair in score.details["associations"]
    }
    assert chance["z", "size"] == pytest.approx(0.8 / math.sqrt(n), rel=0.3)
    assert chance["kind", "shape"] == pytest.approx(12 / (2 * n) / math.log(5), rel=0.3)
    assert score.details["associations"][2]["p"] == pytest.approx(1 / 61)  # z and turn
