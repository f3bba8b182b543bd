"""A table of codes and factors: what it takes, and what it refuses in one line."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.metrics.stats.resampling import active_codes

CODES = [[0.5, 1.0], [0.25, 2.0], [0.125, 3.0]]


def test_types_are_inferred_from_what_is_there() -> None:
    codes = np.array([[0.5, 1.0], [1.0, 2.0], [0.0, 7.0]])
    table = as_table(codes, [[3, 0.5], [5, 0.25], [5, 0.75]])
    assert [column.type for column in table.codes] == ["continuous", "continuous"]
    assert [column.type for column in table.factors] == ["discrete", "continuous"]
    assert table.factors[0].values.tolist() == [0, 1, 1]
    assert table.n == 3
    integers = as_table(codes.astype(int), [True, False, False])
    assert [column.type for column in integers.codes] == ["categorical", "categorical"]
    assert integers.codes[1].values.tolist() == [0, 1, 2]
    assert integers.factors[0].values.tolist() == [1, 0, 0]


def test_types_are_given_by_name_or_letter() -> None:
    factors = [[1, 2.5, 0.0, 90.0], [2, 1.5, 1.0, 450.0], [4, 0.5, 0.5, 180.0]]
    table = as_table(CODES, factors, factor_types=["o", "cont", "discrete", "periodic:360"])
    kinds = ["ordinal", "continuous", "discrete", "periodic"]
    assert [column.type for column in table.factors] == kinds
    assert table.factors[0].values.tolist() == [1, 2, 4]
    assert table.factors[2].values.tolist() == [0, 2, 1]
    angles = table.factors[3].values
    assert angles == pytest.approx([math.pi / 2, math.pi / 2, math.pi])
    turn = as_table(CODES, [0.0, 1.0, 2 * math.pi + 1], factor_types=["p"]).factors[0].values
    assert turn == pytest.approx([0, 1, 1])


def test_a_data_frame_brings_names_and_words() -> None:
    codes = pd.DataFrame({"z1": [0.5, 0.25, 1.0], "z2": [1, 1, 2]})
    factors = pd.DataFrame({"shape": ["square", "disc", "square"], "size": [0.5, 0.75, 1.0]})
    table = as_table(codes, factors)
    assert [column.name for column in (*table.codes, *table.factors)] == [
        "z1",
        "z2",
        "shape",
        "size",
    ]
    assert [c.type for c in table.codes] == ["continuous", "categorical"]
    assert table.factors[0].values.tolist() == [1, 0, 1]
    assert as_table(codes, factors, factor_types=["d", "c"]).factors[0].type == "discrete"


def test_rows_are_taken_together() -> None:
    table = as_table(CODES, [5, 6, 7]).rows(np.array([2, 0, 0]))
    assert table.codes[1].values.tolist() == [3, 1, 1]
    assert table.factors[0].values.tolist() == [2, 0, 0]
    assert table.matrix(table.codes).tolist() == [[0.125, 3], [0.5, 1], [0.5, 1]]


HOSTILE: list[tuple[Any, Any, dict[str, Any], str]] = [
    ([[1.0], [math.nan], [2.0]], [0, 1, 2], {}, "code 0: nan is not a finite number"),
    (CODES, [0.5, math.inf, 2], {}, "factor 0: inf is not a finite number"),
    (CODES, [0, 1], {}, "3 rows of codes for 2 rows of factors"),
    (CODES, [[1, 4], [2, 4], [3, 4]], {}, "factor 1 has the same value in every row"),
    ([[1.0]], [1], {}, "one row"),
    ([], [], {}, "no codes"),
    (np.zeros((3, 0)), [0, 1, 2], {}, "no codes"),
    ([[1, 2], [3]], [0, 1], {}, "codes: rows differ in length"),
    (np.zeros((2, 2, 2)), [0, 1], {}, r"codes: shape \(2, 2, 2\)"),
    (CODES, [0, 1, 2], {"factor_types": ["d", "d"]}, "2 types for 1 factors"),
    (CODES, [0, 1, 2], {"code_types": ["continuous"]}, "1 types for 2 codes"),
    (CODES, [0, 1, 2], {"factor_types": ["nominal"]}, "factor 0: no type 'nominal'"),
    (CODES, [0, 1, 2], {"factor_types": [""]}, "factor 0: no type ''"),
    (CODES, [0, 1, 2], {"factor_types": ["periodic:none"]}, "factor 0: period 'none'"),
    (CODES, [0, 1, 2], {"factor_types": ["periodic:-1"]}, "factor 0: period '-1'"),
    (CODES, [0, 1, 2], {"factor_types": ["continuous:3"]}, "factor 0: no type 'continuous:3'"),
    (CODES, ["a", "b", "a"], {"factor_types": ["o"]}, "factor 0: .* is not a number"),
    ([["a"], ["b"], ["c"]], [0, 1, 2], {"code_types": ["continuous"]}, "code 0: .* not a number"),
    (CODES, np.array(["a", None, "b"], dtype=object), {}, "factor 0: a value is missing"),
]


@pytest.mark.parametrize(
    ("codes", "factors", "types", "message"), HOSTILE, ids=[case[3] for case in HOSTILE]
)
def test_anything_else_is_one_line_for_the_user(
    codes: Any, factors: Any, types: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=f"^{message}") as caught:
        as_table(codes, factors, **types)
    assert "\n" not in str(caught.value)


def test_dead_codes_are_those_that_hardly_move() -> None:
    random = np.random.default_rng(0)
    spreads = {"wide": 2.0, "narrow": 0.11, "dead": 0.05, "still": 0.0}
    codes = [
        Column(name, "continuous", spread * random.normal(size=500))
        for name, spread in spreads.items()
    ]
    codes += [
        Column("two", "categorical", np.arange(500) % 2 * 1.0),
        Column("one", "categorical", np.zeros(500)),
    ]
    assert [code.name for code in active_codes(codes)] == ["wide", "narrow", "two"]
    # Only how the spreads compare counts.
    small = [Column(c.name, c.type, 1e-3 * c.values) for c in codes[:4]]
    assert [code.name for code in active_codes(small)] == ["wide", "narrow"]
    assert active_codes(codes[3:4]) == ()
