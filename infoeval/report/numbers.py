"""How numbers are written on a page: few digits, a real minus sign, never a NaN."""

from collections.abc import Callable

from infoeval.report.text_table import Cell, Estimate, Kind

__all__ = ["MISSING", "interval", "nats", "number", "parts", "percent", "share", "written"]

MISSING = "–"
_DIGITS = 4


def number(value: float | int | None) -> str:
    """Write a count whole and anything else to four decimals.

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
    """Write an information to two decimals.

    >>> nats(2.302585), nats(-0.001), nats(-1.5)
    ('2.30', '0.00', '−1.50')
    """
    return MISSING if value is None else _signed(f"{round(value, 2) + 0.0:.2f}")


def percent(value: float | None) -> str:
    """Write a fraction as a percentage to one decimal.

    >>> percent(0.0588)
    '5.9 %'
    """
    return MISSING if value is None else _signed(f"{round(100 * value, 1) + 0.0:.1f} %")


def share(value: float) -> str:
    """Write a share of H(c) as a whole percentage; what is short of all never reads 100 %.

    >>> share(0.9996), share(0.997), share(0.021), share(-0.4)
    ('100 %', '99.7 %', '2 %', 'below 0 %')
    """
    if value < 0:
        return "below 0 %"
    if 0.995 <= value < 0.9995:
        return percent(value)
    return f"{100 * value:.0f} %"


def interval(low: float | None, high: float | None, digits: int = _DIGITS) -> str:
    """Write an interval, also one that is open at an end; a dash where there is none.

    >>> interval(0.93, 0.95, 2), interval(0.93, None, 2), interval(None, None)
    ('0.93 to 0.95', '0.93 or more', '–')
    """
    return _between(low, high, lambda end: _signed(f"{round(end, digits) + 0.0:.{digits}f}"))


def parts(cell: Cell, kind: Kind) -> tuple[str, str]:
    """Write a cell of a table: its value, and its interval or nothing.

    >>> parts(Estimate(2.2996, 2.2956, 2.3026), "nats"), parts(Estimate(1.3, 1.2), "nats")
    (('2.30', '2.30 to 2.30'), ('1.30', '1.20 or more'))
    >>> parts(Estimate(0.0588, 0.0543, 0.0637), "percent"), parts(None, "number")
    (('5.9 %', '5.4 to 6.4 %'), ('–', ''))
    """
    if isinstance(cell, str):
        return cell, ""
    if not isinstance(cell, Estimate):
        return _value(cell, kind), ""
    limits = _limits(cell, kind) if cell.value is not None else MISSING
    return _value(cell.value, kind), "" if limits == MISSING else limits


def written(cell: Cell, kind: Kind) -> str:
    """Write a cell of a table on one line.

    >>> written(Estimate(2.2996, 2.2856, 2.3026), "nats"), written(10000, "count")
    ('2.30 (2.29 to 2.30)', '10,000')
    """
    value, limits = parts(cell, kind)
    return f"{value} ({limits})" if limits else value


def _value(value: float | None, kind: Kind) -> str:
    if kind == "nats":
        return nats(value)
    if kind == "percent":
        return percent(value)
    if kind == "count" and value is not None and float(value).is_integer():
        return number(int(value))
    return number(value)


def _limits(cell: Estimate, kind: Kind) -> str:
    if kind != "percent":
        return _between(cell.low, cell.high, lambda end: _value(end, kind))
    limits = _between(cell.low, cell.high, lambda end: percent(end).removesuffix(" %"))
    return limits if limits == MISSING else f"{limits} %"


def _between(low: float | None, high: float | None, write: Callable[[float], str]) -> str:
    if low is not None and high is not None:
        return f"{write(low)} to {write(high)}"
    if low is not None:
        return f"{write(low)} or more"
    return MISSING if high is None else f"{write(high)} or less"


def _signed(text: str) -> str:
    return text.replace("-", "−")
