"""Codes against factors: known truths, reference programs, what must not matter, and intervals."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap
from infoeval.metrics import Score, code_factors

Array = NDArray[Any]
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
    return matrix(code_factors(codes, factors, replicates=0, **settings))


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


def test_many_classes_of_chance() -> None:
    """Counts of 50 classes are far above 0; a factor that is known has 1 by both."""
    random = np.random.default_rng(11)
    factor = np.arange(1000) % 50
    codes = np.column_stack([factor, random.permutation(factor)])
    counted = code_factors(codes, factor, replicates=0, null=5)
    adjusted = code_factors(codes, factor, replicates=20, estimator="adjusted")
    chance = counted.details["associations"][1]["null"]["mean"]
    assert chance > 0.25
    assert matrix(counted).ravel() == pytest.approx([1, chance], abs=0.01)
    assert matrix(adjusted).ravel() == pytest.approx([1, 0], abs=0.01)
    assert adjusted.details["associations"][0]["measure"] == "AMI"
    assert adjusted.details["associations"][1]["low"] == 0


def test_ten_categories_of_a_balanced_attribute_reach_what_the_text_says() -> None:
    code = np.arange(1000) % 10
    told = {name: plain(code, code % 2, normalization=name)[0, 0] for name in ("arithmetic", "min")}
    assert told == {"arithmetic": pytest.approx(0.4628, abs=1e-4), "min": pytest.approx(1.0)}


def test_what_is_compared_by_what() -> None:
    random = np.random.default_rng(4)
    score = code_factors(
        np.column_stack([random.normal(size=50), random.integers(0, 3, 50)]),
        random.integers(0, 4, size=(50, 4)),
        code_types=["continuous", "categorical"],
        factor_types=["discrete", "ordinal", "continuous", "periodic"],
        replicates=0,
    )
    measures = [pair["measure"] for pair in score.details["associations"]]
    assert measures[:4] == ["NMI", "|Spearman|", "|Spearman|", "circular correlation"]
    assert measures[4:] == ["NMI"] * 4


def test_a_continuous_code_of_classes_is_cut_into_bins() -> None:
    factor = np.repeat(np.arange(4), 25)
    code = factor / 3
    assert plain(code, factor) == pytest.approx(np.ones((1, 1)))
    assert plain(code, factor, bins=2)[0, 0] == pytest.approx(
        normalized_mutual_info_score(factor, factor // 2)
    )


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (2, 4)])
def test_the_pairing_is_the_best_of_all(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    for seed in range(5):
        mixed = random.normal(size=(60, shape[0])) @ random.normal(size=shape)
        codes = mixed[:, : shape[1]] + 0.1 * random.normal(size=(60, shape[1]))
        codes = np.column_stack([codes, random.normal(size=(60, shape[0]))])[:, : shape[0]]
        score = code_factors(codes, mixed, replicates=0, seed=seed)
        found = matrix(score)
        small, large = sorted(shape)
        values = found if shape[0] <= shape[1] else found.T
        best = max(
            sum(values[row, column] for row, column in enumerate(columns))
            for columns in itertools.permutations(range(large), small)
        )
        paired = [pair for pair in score.details["associations"] if pair["paired"]]
        assert sum(pair["value"] for pair in paired) == pytest.approx(best)
        assert score.value == pytest.approx(best / small)
        assert len({pair["code"] for pair in paired}) == len(paired) == small
        assert len({pair["factor"] for pair in paired}) == small


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
    paired = [
        (pair["code"], pair["factor"]) for pair in score.details["associations"] if pair["paired"]
    ]
    assert paired == [("code 1", "factor 0")]
    assert score.value == pytest.approx(1 / 3)


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
    expected = matrix(of_mixed(*mixed, replicates=0, periodic=periodic))
    found = matrix(of_mixed(*CHANGES[change](*mixed), replicates=0, periodic=periodic))
    # Bins of an angle turn with it, and those of a code with its sign.
    counted = np.array([[False, False, True]] * 2 + [[True, True, False]])
    assert found[~counted] == pytest.approx(expected[~counted], abs=1e-9)
    assert (expected.diagonal() > 0.4).all()


def test_monotone_maps_leave_correlations(mixed: tuple[Array, Array]) -> None:
    codes, factors = mixed
    expected = matrix(of_mixed(codes, factors, replicates=0))
    stretched = np.column_stack([np.exp(codes[:, 0]), codes[:, 1] ** 3, codes[:, 2]])
    found = matrix(of_mixed(stretched, factors, replicates=0))
    assert found[:2, :2] == pytest.approx(expected[:2, :2], abs=1e-9)


def test_the_order_of_codes_is_that_of_the_rows(mixed: tuple[Array, Array]) -> None:
    codes, factors = mixed
    order = [2, 0, 1]
    expected, found = of_mixed(codes, factors), of_mixed(codes[:, order], factors, order)
    assert matrix(found) == pytest.approx(matrix(expected)[order])
    assert (found.value, found.low) == pytest.approx((expected.value, expected.low))


def test_intervals_are_the_basic_bootstrap_of_the_plain_measure() -> None:
    """Ranks of resampled rows are counted, not sorted; scipy sorts them."""
    random = np.random.default_rng(8)
    factors = np.round(random.normal(size=(40, 2)), 1)
    codes = np.round(factors[:, :1] + random.normal(size=(40, 2)), 1)
    score = code_factors(codes, factors, replicates=30, seed=3)
    generator = np.random.default_rng(3).spawn(2)[0]
    drawn = []
    for _ in range(30):
        rows = generator.choice(np.arange(40), 40)
        both = stats.spearmanr(codes[rows], factors[rows]).statistic
        drawn.append(np.abs(both[:2, 2:]).ravel())
    values = [pair["value"] for pair in score.details["associations"]]
    for pair, value, replicates in zip(
        score.details["associations"], values, np.array(drawn).T, strict=True
    ):
        limits = basic_bootstrap(value, replicates, value, 0.95, (0.0, 1.0))
        assert (pair["low"], pair["high"]) == pytest.approx(limits)
    pairings = [max(a + d, b + c) / 2 for a, b, c, d in drawn]
    limits = basic_bootstrap(score.value, np.array(pairings), score.value, 0.95, (0.0, 1.0))
    assert (score.low, score.high) == pytest.approx(limits)


@pytest.mark.parametrize("kind", ["discrete", "continuous", "periodic"])
def test_of_columns_that_have_nothing_in_common(kind: str) -> None:
    """The value is above 0 by chance, as that of shuffled tables is; the interval reaches 0."""
    random = np.random.default_rng(9)
    codes, factors = random.integers(0, 10, size=(2, 500, 3))
    code_type = "categorical" if kind == "discrete" else "continuous"
    score = code_factors(
        codes, factors, code_types=[code_type] * 3, factor_types=[kind] * 3, null=20
    )
    null = score.details["null"]
    assert score.value == pytest.approx(null["mean"], abs=0.05)
    assert score.value > 0
    assert sum(pair["low"] < 0.01 for pair in score.details["associations"]) >= 8
    assert all(pair["null"]["tables"] == 20 for pair in score.details["associations"])


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
