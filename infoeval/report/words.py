"""Words and lists, as sentences have them."""

from collections.abc import Callable, Sequence

__all__ = ["count_of", "in_words", "listed", "minus", "spread"]

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS = {"class": "classes", "category": "categories"}


def count_of(count: int, noun: str) -> str:
    """Write a count with its noun, up to ten in words.

    >>> count_of(10, "class"), count_of(1, "seed"), count_of(12, "digit")
    ('ten classes', 'one seed', '12 digits')
    """
    return f"{in_words(count)} {noun if count == 1 else _PLURALS.get(noun, f'{noun}s')}"


def in_words(count: int) -> str:
    """Write a count, up to ten in words.

    >>> in_words(4), in_words(1200)
    ('four', '1,200')
    """
    return _COUNTS[count] if count < len(_COUNTS) else f"{count:,}"


def listed(items: Sequence[str]) -> str:
    """Join with commas and a last "and".

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last


def minus(label: str) -> str:
    """Write a label that is a number with a real minus sign.

    >>> minus("-0.5"), minus("T-shirt")
    ('−0.5', 'T-shirt')
    """
    return f"−{label[1:]}" if label[:1] == "-" and label[1:2].isdigit() else label


def spread(values: Sequence[float], write: Callable[[float], str]) -> str:
    """Write the smallest and the largest value, or the one that both are.

    >>> from infoeval.report.numbers import percent
    >>> spread([0.038, 0.035], percent), spread([0.0351, 0.0349], percent)
    ('3.5 to 3.8 %', '3.5 %')
    """
    low, high = write(min(values)), write(max(values))
    return high if low == high else f"{low.removesuffix(' %')} to {high}"
