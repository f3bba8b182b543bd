"""How numbers are written on a page: few digits, a real minus sign, never a NaN."""

__all__ = ["MISSING", "interval", "nats", "number", "percent", "share"]

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
    """Write an interval, or a dash where there is none.

    >>> interval(0.93, 0.95, 2), interval(None, None)
    ('0.93 to 0.95', '–')
    """
    if low is None or high is None:
        return MISSING
    return _signed(
        f"{round(low, digits) + 0.0:.{digits}f} to {round(high, digits) + 0.0:.{digits}f}"
    )


def _signed(text: str) -> str:
    return text.replace("-", "−")
