"""Lists of numbers and sizes of memory: what is meant comes out, and anything else is one line."""

import pytest

from infoeval.cli.parameter_types import bytes_of, number_list, seed_list
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


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("7B", 7),
        ("8GB", 8 * 10**9),
        ("8 gb", 8 * 10**9),
        (" 512MiB ", 512 * 2**20),
        ("1.5 KiB", 1536),
        ("2TiB", 2**41),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert bytes_of(text, "memory") == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-1GB", "8 bananas", "8G", "1e9", "nan", "inf", "٣GB", "9" * 40, "9999999TB"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^memory: .* is no size; give e.g. 8GB or 512MiB$"):
        bytes_of(text, "memory")
