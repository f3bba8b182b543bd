"""Tables of codes and factors: the types of their columns."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.evaluation.code_table import CodeTable
from infoeval.subjects.subject import Rows


def rows(codes: Any, factors: Any = None) -> Rows:
    return Rows(pd.DataFrame(codes), None if factors is None else pd.DataFrame(factors))


def test_types_are_those_given() -> None:
    given = rows({"a": [0, 1, 2]}, {"b": [0.0, 90.0, 180.0], "c": [1, 2, 3]})
    table = CodeTable.of(given, ["continuous"], ["periodic:360", "ordinal"])
    assert table.code_types == ["continuous"]
    assert table.factor_types == ["periodic:360", "ordinal"], "the period is kept"
    assert table.rows is given


def test_types_are_inferred_from_all_rows() -> None:
    """The scored rows may hold whole numbers alone by chance."""
    few = rows({"a": [0, 1, 1, 0]}, {"b": ["x", "y", "x", "y"]})
    table = CodeTable.of(few, None, None)
    assert (table.code_types, table.factor_types) == (["categorical"], ["discrete"])
    fit = rows({"a": np.linspace(0, 1, 50)}, {"b": ["x", "y"] * 25})
    table = CodeTable.of(few, None, None, fit=fit, scored=few)
    assert (table.code_types, table.factor_types) == (["continuous"], ["discrete"])
    assert table.fit is fit
    assert table.scored is few


def test_codes_without_factors() -> None:
    table = CodeTable.of(rows({"a": [0.5, 1.5]}), None, None)
    assert (table.code_types, table.factor_types) == (["continuous"], [])


@pytest.mark.parametrize(
    ("codes", "code_types", "message"),
    [
        ({"a": [1.0, np.nan]}, None, "a: nan is not a finite number"),
        ({"a": [1.0, 2.0]}, ["x"], "a: no type 'x'"),
        ({"a": [1.0, 2.0]}, ["continuous"] * 2, "2"),
    ],
)
def test_what_is_no_table(codes: Any, code_types: list[str] | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        CodeTable.of(rows(codes), code_types, None)


def test_codes_keep_their_period_as_factors_do() -> None:
    given = rows({"a": [0.0, 90.0, 200.0], "b": [1, 2, 1]}, {"c": [0.5, 1.5, 2.5]})
    table = CodeTable.of(given, ["p:360", "categorical"], None)
    assert table.code_types == ["p:360", "categorical"]
