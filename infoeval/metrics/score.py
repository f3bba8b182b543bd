"""Score: the value of a metric with its interval and details."""

import math
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Score", "check_estimate"]


@dataclass(frozen=True)
class Score:
    """Value of a metric with its interval.

    ``low`` and ``high`` are the limits of a two-sided interval of confidence ``level``; ``None``
    where no honest limit is known; ``details["interval"]`` then gives the reason. ``n`` counts the
    rows that were scored. ``details`` holds plain data only (what JSON can hold).

    Raises ValueError when the value is not finite or not inside its interval.

    >>> accuracy = Score(0.9, 0.55, 0.99, level=0.95, n=10, unit="fraction")
    >>> float(accuracy)
    0.9
    """

    value: float
    low: float | None
    high: float | None
    level: float | None
    n: int
    unit: str
    higher_is_better: bool = True
    reference: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_estimate(self.value, self.low, self.high, self.level, self.n)

    def __float__(self) -> float:
        return float(self.value)


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
