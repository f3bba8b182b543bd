"""Minimality and sufficiency: small tables by hand, known truths, invariances, hostile input."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, minimality

LN2, LN4 = np.log(2), np.log(4)


def parts(score: Score) -> list[float]:
    return [part["value"] for part in score.details["parts"].values()]


def noisy(seed: int, n: int = 2_000) -> tuple[NDArray[Any], NDArray[Any]]:
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4, 6, 8, 10], size=(n, 5))
    return factors + 0.5 * random.normal(size=factors.shape), factors


def test_a_table_by_hand() -> None:
    """Of two independent bits a and b: one code of a, one of both bits, one of neither."""
    a, b = np.arange(8) // 4, np.arange(8) % 2
    noise = np.array([0, 0, 1, 1] * 2)
    codes = np.column_stack([a, 2 * a + b, noise])
    score = minimality(codes, np.column_stack([a, b]), replicates=0)
    # I(z; a) and I(z; b): ln 2 and 0; ln 2 and ln 2; 0 and 0. H(z): ln 2, ln 4, ln 2.
    assert score.details["information"] == [
        pytest.approx(row, abs=1e-12) for row in ([LN2, 0], [LN2, LN2], [0, 0])
    ]
    assert score.details["per_code"] == pytest.approx([1, LN2 / LN4, 0])
    assert parts(score) == pytest.approx([0.5, 1])
    assert score.details["best_code"] == ["code 0", "code 1"]


def test_values_of_the_published_program() -> None:
    """The authors' program (min_suf.py, 15 bins) gives these numbers, the same to 1e-15."""
    i = np.arange(600)
    factors = np.stack([i % 3, (i // 3) % 4], axis=1)
    codes = np.stack(
        [
            factors[:, 0] + ((i * 7) % 11) / 10,
            factors[:, 1] + factors[:, 0] * 0.5 + ((i * 5) % 13) / 20,
            ((i * 37) % 101) / 101,
        ],
        axis=1,
    )
    expected = [0.24072791920893777, 0.7815290408469546]
    assert parts(minimality(codes, factors, replicates=0)) == pytest.approx(expected, abs=1e-12)


def test_perfect_codes_rotations_and_noise() -> None:
    random = np.random.default_rng(0)
    _, factors = noisy(0)
    assert parts(minimality(-3.0 * factors, factors, replicates=0)) == pytest.approx([1, 1])
    rotation = np.linalg.qr(random.normal(size=(5, 5)))[0]
    assert max(parts(minimality(factors @ rotation, factors, replicates=0))) < 0.4
    found = parts(minimality(random.normal(size=(2_000, 10)), factors, replicates=0))
    assert found == pytest.approx([0.0146, 0.0130], abs=0.003)


def test_dependent_factors_lower_neither() -> None:
    """What they are for: mig of these perfect codes is 0.54."""
    random = np.random.default_rng(1)
    first = random.integers(0, 5, size=3_000)
    second = np.where(random.random(3_000) < 0.7, first, random.integers(0, 5, size=3_000))
    factors = np.column_stack([first, second])
    assert parts(minimality(factors * 1.0, factors, replicates=0)) == pytest.approx([1, 1])


def test_order_sign_scale_and_names_mean_nothing() -> None:
    codes, factors = noisy(2)
    expected = parts(minimality(codes, factors, replicates=0))
    again = minimality(7 + 40 * codes[:, ::-1], 9 - factors[:, [2, 0, 1, 4, 3]], replicates=0)
    assert parts(again) == pytest.approx(expected, abs=1e-12)


def test_dead_codes_count_0_and_one_factor_is_enough() -> None:
    codes, factors = noisy(3)
    dead = np.column_stack([codes, np.full(2_000, 0.1)])
    alone, padded = (minimality(each, factors[:, 0], replicates=0) for each in (codes, dead))
    assert parts(padded) == pytest.approx([parts(alone)[0] * 5 / 6, parts(alone)[1]])
    assert parts(minimality(dead, factors[:, 0], prune=True, replicates=0)) == parts(alone)
    with pytest.raises(UserError, match="1 bins; give two or more"):
        minimality(codes, factors, bins=1)
    with pytest.raises(UserError, match="nan is not a finite number"):
        minimality(np.where(codes > 3, np.nan, codes), factors)
