"""Leakage on codes whose information in each other is known."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.information.leakage import leakage

N = 16_000


def codes_of(seed: int, n: int = N) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(seed)
    return {
        "digit": generator.integers(10, size=n),
        "tilt": generator.uniform(-1, 1, size=n),
        "width": generator.uniform(-1, 1, size=n).astype(np.float32),
    }


def test_independent_codes_stay_below_chance() -> None:
    values, below = [], []
    for seed in range(20):
        result = leakage(codes_of(2 * seed), codes_of(2 * seed + 1))
        values.append(result.matrix)
        below.append(np.array(result.matrix) <= np.array(result.chance))
    assert np.max(values) < 0.006
    # 180 trials at 0.95: 99.8 % of the time 162 or more.
    assert np.mean(below) >= 0.9
    assert np.mean(np.array(values) == 0) > 0.35


def test_chance_is_the_quantile_and_not_far_above_it() -> None:
    generator = np.random.default_rng(0)
    inside = [
        result.matrix[0][0] <= result.chance[0][0]
        for result in (
            leakage({"a": generator.integers(5, size=500)}, {"a": generator.integers(4, size=500)})
            for _ in range(1000)
        )
    ]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.025)


def test_chance_by_hand() -> None:
    """Two categories each: the 0.95 quantile of χ² with 1 degree of freedom is 3.841459."""
    code = np.arange(100) % 2
    result = leakage({"a": code}, {"a": code})
    assert result.chance[0][0] == pytest.approx((3.841459 - 1) / 200, abs=1e-7)
    assert result.matrix[0][0] == pytest.approx(math.log(2) - 1 / 200, abs=1e-12)


def test_a_category_read_exactly() -> None:
    code = {"digit": np.repeat(np.arange(10), 10_000)}
    result = leakage(code, code)
    assert result.names == ("digit",)
    assert result.n == 100_000
    assert result.matrix[0][0] == pytest.approx(math.log(10), abs=5e-4)


def test_a_continuous_code_read_exactly_is_the_logarithm_of_the_bins() -> None:
    code = {"tilt": codes_of(0)["tilt"]}
    for bins in (2, 16, 40):
        value = leakage(code, code, bins=bins).matrix[0][0]
        assert value == pytest.approx(math.log(bins) - (bins - 1) ** 2 / (2 * N), abs=1e-9)


def test_gaussians_of_known_information() -> None:
    """ρ = 0.75 is 0.413339 nats, of which 16 bins keep nearly all."""
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 200_000))
    read = 0.75 * first + math.sqrt(1 - 0.75**2) * second
    value = leakage({"a": first}, {"a": read}).matrix[0][0]
    assert 0.36 < value < 0.413339


def test_names_of_categories_do_not_matter() -> None:
    codes, read = codes_of(0), codes_of(1)
    read["digit"] = np.where(read["digit"] < 5, codes["digit"], read["digit"])
    renamed = read | {"digit": (7 * read["digit"] - 20).astype(np.int32) * -3}
    first, second = leakage(codes, read), leakage(codes, renamed)
    assert np.array(first.matrix) == pytest.approx(np.array(second.matrix), abs=1e-12)
    assert first.chance == second.chance


def test_monotone_transforms_of_a_continuous_code_change_nothing() -> None:
    codes, read = codes_of(0), codes_of(1)
    read["tilt"] = np.round(codes["tilt"] + 0.3 * read["tilt"], 2)
    expected = leakage(codes, read).matrix
    assert leakage(codes, read | {"tilt": np.exp(5 * read["tilt"]) - 8}).matrix == expected
    codes["tilt"] = -(codes["tilt"] ** 3)
    assert np.array(leakage(codes, read).matrix) == pytest.approx(np.array(expected), abs=1e-12)


def test_swapped_codes_show_off_the_diagonal() -> None:
    codes = codes_of(0)
    read = codes | {"tilt": codes["width"], "width": codes["tilt"]}
    matrix = np.array(leakage(codes, read).matrix)
    assert matrix[1, 2] > 2.7
    assert matrix[2, 1] > 2.7
    assert matrix[0, 0] > 2.29
    assert matrix[[0, 0, 1, 1, 2, 2], [1, 2, 0, 1, 0, 2]].max() < 0.01


def test_rows_are_true_codes_and_columns_what_is_read() -> None:
    codes = codes_of(0)
    read = {"width": codes["width"], "tilt": codes["width"], "digit": np.zeros(N, dtype=np.int64)}
    result = leakage(codes, read)
    assert result.names == ("digit", "tilt", "width")
    matrix = np.array(result.matrix)
    assert matrix[2, 1] > 2.7
    assert matrix[1].max() < 0.01
    assert set(matrix[:, 0]) == {0.0}


@pytest.mark.parametrize("constant", [np.full(N, 0.25), np.full(N, 3)])
def test_a_constant_tells_nothing(constant: NDArray[Any]) -> None:
    result = leakage({"a": codes_of(0)["tilt"]}, {"a": constant})
    assert result.matrix == [[0.0]]
    assert result.chance == [[0.0]]


def test_equal_values_share_a_bin() -> None:
    """A value that most rows have must not be spread over bins: that would be noise."""
    values = np.where(np.arange(N) % 10 == 0, 1.0, 0.0)
    value = leakage({"a": values}, {"a": values}).matrix[0][0]
    entropy = -0.1 * math.log(0.1) - 0.9 * math.log(0.9)
    assert value == pytest.approx(entropy, abs=1e-4)


def test_one_row_tells_nothing() -> None:
    assert leakage({"a": np.array([1])}, {"a": np.array([0.5])}).matrix == [[0.0]]


@pytest.mark.parametrize(
    ("codes", "read", "message"),
    [
        ({}, {}, "no codes"),
        ({"a": [1, 2]}, {"b": [1, 2]}, "codes a but read codes b"),
        ({"a": [1, 2]}, {"a": [1, 2], "b": [1, 2]}, "same names"),
        ({"a": [1, 2]}, {"a": [1]}, "code a: 2 true and 1 read values"),
        ({"a": [1, 2], "b": [1]}, {"a": [1, 2], "b": [1]}, "where code a has 2"),
        ({"a": []}, {"a": []}, "code a: empty"),
        ({"a": [1, 2]}, {"a": [1.0, math.nan]}, "read code a: nan is not a finite number"),
        ({"a": [1, -math.inf]}, {"a": [1, 2]}, "code a: -inf is not a finite number"),
        ({"a": [[1, 2]]}, {"a": [1, 2]}, "code a: shape"),
        ({"a": ["x", "y"]}, {"a": [1, 2]}, "code a: type"),
    ],
)
def test_what_is_not_a_pair_of_codes(
    codes: dict[str, Any], read: dict[str, Any], message: str
) -> None:
    def arrays(lists: dict[str, Any]) -> dict[str, NDArray[Any]]:
        return {name: np.array(values) for name, values in lists.items()}

    with pytest.raises(UserError, match=message):
        leakage(arrays(codes), arrays(read))


def test_row_numbers_are_not_categories() -> None:
    rows = {"a": np.arange(100_000)}
    with pytest.raises(UserError, match="not one number for every row"):
        leakage(rows, rows)


def test_one_bin_is_none() -> None:
    with pytest.raises(UserError, match="1 bins"):
        leakage(codes_of(0), codes_of(1), bins=1)
