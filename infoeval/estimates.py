"""Validation of estimates with intervals."""

import math

__all__ = ["check_estimate"]


def check_estimate(
    value: float, low: float | None, high: float | None, level: float | None, n: int
) -> None:
    """Raise ValueError unless ``low <= value <= high``, all finite, with a level and rows."""
    for name, number in (("value", value), ("low", low), ("high", high)):
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name} is {number}, not a finite number")
    if low is not None and low > value:
        raise ValueError(f"low {low} is above the value {value}")
    if high is not None and high < value:
        raise ValueError(f"high {high} is below the value {value}")
    if level is None and not (low is None and high is None):
        raise ValueError("an interval needs its level")
    if level is not None and not 0 < level < 1:
        raise ValueError(f"level is {level}, not between 0 and 1")
    if n < 1:
        raise ValueError(f"n is {n}, not a number of rows")
