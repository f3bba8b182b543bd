"""Score: the value of a metric with its interval and details."""

from dataclasses import dataclass, field
from typing import Any

from infoeval.intervals import Subsamples, check_estimate


@dataclass(frozen=True)
class Score:
    """Value of a metric with its interval.

    ``low`` and ``high`` are the limits of a two-sided interval of confidence ``level``, or ``None``
    where no valid limit is known; ``details["interval"]`` then gives the reason. ``n`` counts the
    rows that were scored. ``details`` holds plain data only (what JSON can hold). ``samples`` are
    the scores of parts of the rows that the interval is computed from.

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
    samples: Subsamples | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_estimate(self.value, self.low, self.high, self.level, self.n)

    def __float__(self) -> float:
        return float(self.value)
