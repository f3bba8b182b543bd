"""Lists of numbers: what is meant comes out, and anything else is one line."""

import pytest

from infoeval.cli.lists import number_list, seed_list
from infoeval.errors import UserError


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-4,7", [0, 1, 2, 3, 4, 7]),
        ("3", [3]),
        (" 5 , 1-2 ", [5, 1, 2]),
        ("2-2", [2]),
        ("007", [7]),
    ],
)
def test_seeds_are_in_the_order_given(text: str, seeds: list[int]) -> None:
    assert seed_list(text) == seeds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no seed"),
        ("1,,2", "is no seed"),
        ("-1", "is no seed"),
        ("0-", "is no seed"),
        ("1-2-3", "is no seed"),
        ("1.5", "is no seed"),
        ("٣", "is no seed"),
        ("²", "is no seed"),
        ("9" * 30, "is no seed"),
        ("4-0", "runs backwards"),
        ("0-3,2", "given twice"),
        ("0-99999999999", "more than 10,000"),
        ("0-9999,10001", "more than 10,000"),
    ],
)
def test_what_is_no_list_of_seeds_is_one_line(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why) as caught:
        seed_list(text)
    assert "\n" not in str(caught.value)


def test_numbers_are_in_the_order_given() -> None:
    assert number_list("1,0, 0.5,1e-3", "λ") == [1.0, 0.0, 0.5, 0.001]


@pytest.mark.parametrize("text", ["", "1,", "one", "nan", "inf", "1;2", "1-2"])
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(UserError, match=r"λ: .* is no number"):
        number_list(text, "λ")


def test_equal_numbers_are_refused_however_they_are_written() -> None:
    with pytest.raises(UserError, match="given twice"):
        number_list("1,0,1.0", "λ")
