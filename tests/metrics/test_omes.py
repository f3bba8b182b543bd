"""OMES: a grid by hand, the published program, random pairs, known truths, hostile input."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, omes

Array = NDArray[Any]


def parts(score: Score) -> list[float]:
    return [part["value"] for part in score.details["parts"].values()]


def grid(*counts: int, times: int = 1) -> Array:
    """Every combination of values of factors with so many values."""
    return np.tile(np.indices(counts).reshape(len(counts), -1).T, (times, 1))


def formula() -> tuple[Array, Array]:
    """Four codes of three factors, two of them of two factors each."""
    factors = grid(5, 6, 4)
    i = np.arange(len(factors))
    mixed = factors @ np.array([[1, 0, 0.5, 0], [0.25, 1, 0, 0], [0, 0.25, 1, 1]])
    noise = np.stack([(i * step) % 31 / 31 for step in (7, 11, 13, 17)], axis=1)
    return mixed + noise, factors


def test_a_grid_by_hand() -> None:
    """Factors a of 2 and b of 3 values, a code of each.

    Pairs that differ in b alone have the values (0, 1), (0, 2) and (1, 2), either way round: the
    correlation of the code of b is -1/2. Those that differ in a alone are (0, 1): -1.
    """
    factors = grid(2, 3)
    score = omes(factors[:, ::-1] * 1.0, factors, replicates=0, null=0)
    assert score.details["dependence"] == [
        pytest.approx([0, 0.5], abs=1e-12),
        pytest.approx([0, 0], abs=1e-12),
    ]
    # Of the code of b and factor b: O = M = 1 - (0 + 1/2) / 2.
    assert parts(score) == pytest.approx([0.75 * 0.5 / 2] * 3)
    assert score.details["pairs"] == [3, 6]
    signed = omes(factors[:, ::-1] * 1.0, factors, preset="signed", replicates=0, null=0)
    assert signed.details["dependence"] == [
        pytest.approx([0, 1], abs=1e-12),
        pytest.approx([1, 0], abs=1e-12),
    ]
    assert parts(signed) == pytest.approx([1, 1, 1])


def test_values_of_the_published_program() -> None:
    """Its functions give these numbers for the matrix S, rounded to four places as it does."""
    codes, factors = formula()
    for pooling, expected in (
        ("max", [0.7603, 0.7780, 0.7426]),
        ("mean", [0.5843, 0.6005, 0.5681]),
    ):
        score = omes(codes, factors, pooling=pooling, replicates=0, null=0)  # type: ignore[arg-type]
        assert parts(score) == pytest.approx(expected, abs=5.1e-5)
        weighed = omes(codes, factors, pooling=pooling, alpha=0.2, replicates=0, null=0)  # type: ignore[arg-type]
        assert float(weighed) == pytest.approx(0.2 * parts(score)[1] + 0.8 * parts(score)[2])


def test_all_pairs_are_the_limit_of_random_ones() -> None:
    codes, factors = formula()
    found = np.array(omes(codes, factors, replicates=0, null=0).details["dependence"])
    random = np.random.default_rng(0)
    first, second = random.integers(len(factors), size=(2, 1_000_000))
    for k in range(3):
        others = np.delete(factors, k, axis=1)
        chosen = (others[first] == others[second]).all(axis=1)
        chosen &= factors[first, k] != factors[second, k]
        for d in range(4):
            pair = codes[first[chosen], d], codes[second[chosen], d]
            drawn = 1 - abs(np.corrcoef(*pair)[0, 1])
            assert found[d, k] == pytest.approx(drawn, abs=0.02)


def test_perfect_codes_noise_and_repeated_codes() -> None:
    random = np.random.default_rng(1)
    factors = random.integers(0, [2, 3, 4, 3, 5], size=(4_000, 5))
    assert parts(omes(factors * 1.0, factors, preset="signed")) == pytest.approx([1, 1, 1])
    # S is 0, 1/2, 2/3, 1/2 and 3/4 in place of 1.
    shares = 1 - 1 / (np.array([2, 3, 4, 3, 5]) - 1)
    published = (shares * (1 - (1 - shares) / 5)).mean()
    assert parts(omes(factors * 1.0, factors)) == pytest.approx([published] * 3, abs=0.01)
    for preset in ("published", "signed"):
        noise = omes(random.normal(size=(4_000, 10)), factors, preset=preset)  # type: ignore[arg-type]
        assert parts(noise) == pytest.approx([0.15, 0.2, 0.1], abs=0.02)
    twice = omes(np.column_stack([factors, -3.0 * factors]), factors, preset="signed")
    assert parts(twice) == pytest.approx([0.95, 1, 0.9])


def test_order_sign_scale_and_names_mean_nothing() -> None:
    codes, factors = formula()
    expected = parts(omes(codes, factors, replicates=0, null=0))
    names = np.array([5, 2, 4, 0, 9, 7])
    again = omes(7 - 40 * codes[:, [2, 0, 3, 1]], names[factors[:, ::-1]], replicates=0, null=0)
    assert parts(again) == pytest.approx(expected)
    rows = np.random.default_rng(2).permutation(len(codes))
    assert parts(omes(codes[rows], factors[rows], replicates=0, null=0)) == pytest.approx(expected)


def test_codes_that_hardly_vary_are_dropped() -> None:
    codes, factors = formula()
    expected = parts(omes(codes, factors, replicates=0, null=0))
    dead = np.column_stack([codes, np.full(120, 0.1), 0.04 * np.resize([-1, 1], 120)])
    score = omes(dead, factors, replicates=0, null=0)
    assert score.details["dropped"] == ["code 4", "code 5"]
    assert parts(score) == pytest.approx(expected)
    assert omes(dead, factors, threshold=0.0, replicates=0, null=0).details["dropped"] == ["code 4"]
    assert parts(omes(0.001 * codes, factors)) == [0, 0, 0]


def test_continuous_factors_one_factor_and_two_categories() -> None:
    random = np.random.default_rng(3)
    factors = random.normal(size=(2_000, 2))
    score = omes(factors, factors, preset="signed", bins=6, replicates=0, null=0)
    assert score.value > 0.85
    values = np.arange(40) % 5
    assert float(omes(values * 1.0, values, replicates=0, null=0)) == pytest.approx(0.75 * 0.75)
    assert omes(values % 2, values).details["dropped"] == []


@pytest.mark.parametrize(
    ("codes", "factors", "options", "message"),
    [
        (np.eye(6)[:, :2], [[0, 0], [1, 1]] * 3, {}, "no two rows differ in factor 0 alone; give"),
        (np.arange(6), [0, 1] * 3, {}, "code 0 has more than two categories; omes needs numbers"),
        (np.eye(6), [0, 1] * 3, {"alpha": 1.5}, "alpha is 1.5; give a number from 0 to 1"),
        (np.eye(6), [0, 1] * 3, {"threshold": -1}, "threshold is -1; give a number >= 0"),
        (np.eye(6), [0, 1] * 3, {"pooling": "x"}, "no pooling 'x'; there are max, mean"),
        (np.eye(6), [0, 1] * 3, {"preset": "x"}, "no preset 'x'; there are published, signed"),
        (np.full((6, 2), np.nan), [0, 1] * 3, {}, "nan is not a finite number"),
        (np.eye(1), [0], {}, "one row; give two or more"),
    ],
)
def test_wrong_input_is_one_line(codes: Any, factors: Any, options: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        omes(codes, factors, **options)
