"""Numbers, counts and lists as text: few digits, a real minus sign, never a NaN."""

import math
from collections.abc import Callable, Iterable, Sequence

MISSING = "–"
_DIGITS = 4
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS = {"class": "classes", "category": "categories"}


def number(value: float | int | None) -> str:
    """Return a number as text: a count whole, anything else to four decimals.

    >>> number(10000), number(0.94123), number(-0.5), number(2e-6), number(None)
    ('10,000', '0.9412', '−0.5000', '2.0e−06', '–')
    """
    if value is None:
        return MISSING
    if isinstance(value, int):
        return _signed(f"{value:,}")
    if 0 < abs(value) < 0.5 * 10**-_DIGITS:
        return _signed(f"{value:.1e}")
    return _signed(f"{value:,.{_DIGITS if abs(value) < 1000 else 1}f}")


def nats(value: float | None) -> str:
    """Return an information as text, to two decimals.

    >>> nats(2.302585), nats(-0.001), nats(-1.5)
    ('2.30', '0.00', '−1.50')
    """
    return MISSING if value is None else two_decimals(value)


def levels(information: float) -> str:
    """Return how many equally likely values so many nats tell apart, to two digits.

    >>> levels(1.53), levels(0.0), levels(5.0)
    ('4.6', '1.0', '148')
    """
    count = math.exp(information)
    return f"{count:.1f}" if count < 9.95 else f"{count:,.0f}"


def two_decimals(value: float) -> str:
    """Return a number without a unit as text, to two decimals.

    >>> two_decimals(0.2805), two_decimals(-0.001)
    ('0.28', '0.00')
    """
    return decimals(value, 2)


def decimals(value: float, digits: int) -> str:
    """Return a number as text, to so many decimals."""
    return _signed(f"{round(value, digits) + 0.0:.{digits}f}")


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the second texts of all pairs by the first, each once, in their order.

    >>> grouped([("a", "x"), ("b", "y"), ("a", "z"), ("a", "x")])
    {'a': ['x', 'z'], 'b': ['y']}
    """
    found: dict[str, list[str]] = {}
    for first, second in dict.fromkeys(pairs):
        found.setdefault(first, []).append(second)
    return found


def percent(value: float | None) -> str:
    """Return a fraction as a percentage, to one decimal.

    >>> percent(0.0588)
    '5.9 %'
    """
    return MISSING if value is None else _signed(f"{round(100 * value, 1) + 0.0:.1f} %")


def between(low: float | None, high: float | None, write: Callable[[float], str]) -> str:
    """Return an interval as text, its ends by ``write``; nothing where there is none.

    >>> between(0.93, 0.95, nats), between(0.93, None, nats), between(None, None, nats)
    ('0.93 to 0.95', '0.93 or more', '')
    """
    if low is not None and high is not None:
        return f"{write(low)} to {write(high)}"
    if low is not None:
        return f"{write(low)} or more"
    return "" if high is None else f"{write(high)} or less"


def percents(low: float | None, high: float | None) -> str:
    """Return an interval of fractions as percentages; nothing where there is none.

    >>> percents(0.0543, 0.0637), percents(0.0543, None), percents(None, None)
    ('5.4 to 6.4 %', '5.4 % or more', '')
    """
    if low is None or high is None:
        return between(low, high, percent)
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def in_brackets(*remarks: str) -> str:
    """Return the remarks in brackets, without empty ones; nothing where all are.

    >>> in_brackets("2.29 to 2.30", "", "chance 0.01"), in_brackets("")
    (' (2.29 to 2.30; chance 0.01)', '')
    """
    text = "; ".join(remark for remark in remarks if remark)
    return f" ({text})" if text else ""


def _signed(text: str) -> str:
    return text.replace("-", "−")


def count_of(count: int, noun: str) -> str:
    """Return a count with its noun, up to ten in words.

    >>> count_of(10, "class"), count_of(1, "seed"), count_of(12, "digit")
    ('ten classes', 'one seed', '12 digits')
    """
    return f"{in_words(count)} {noun if count == 1 else _PLURALS.get(noun, f'{noun}s')}"


def in_words(count: int) -> str:
    """Return a count, up to ten in words.

    >>> in_words(4), in_words(1200)
    ('four', '1,200')
    """
    return _COUNTS[count] if count < len(_COUNTS) else f"{count:,}"


def listed(items: Sequence[str]) -> str:
    """Return the items joined by commas and a last "and".

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last


def minus(label: str) -> str:
    """Return a label, with a real minus sign where it is a number.

    >>> minus("-0.5"), minus("T-shirt")
    ('−0.5', 'T-shirt')
    """
    return f"−{label[1:]}" if label[:1] == "-" and label[1:2].isdigit() else label


def spread(values: Sequence[float], write: Callable[[float], str]) -> str:
    """Return the smallest and the largest value as text, or the one that both are.

    >>> spread([0.038, 0.035], percent), spread([0.0351, 0.0349], percent)
    ('3.5 to 3.8 %', '3.5 %')
    """
    low, high = write(min(values)), write(max(values))
    return high if low == high else f"{low.removesuffix(' %')} to {high}"
