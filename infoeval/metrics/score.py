"""Score: the value of a metric with its interval and details."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from infoeval.fragment import fragment, interval
from infoeval.intervals import Subsamples, check_estimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        unit = "" if self.unit in ("fraction", "index", "") else f" {self.unit}"
        between = interval(self.low, self.high)
        level = f" ({between} at {100 * (self.level or 0):g} %)" if between else ""
        return f"Score({self.value:.4g}{unit}{level}, n={self.n:,})"

    def to_dict(self) -> dict[str, Any]:
        """Return its fields but `samples` as plain data."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)[:-1]}

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame of one row: value, low, high, level, n, unit, chance and adjusted."""
        import pandas as pd

        row = self.to_dict()
        null, adjusted = row["details"].get("null"), row["details"].get("adjusted")
        row = {name: row[name] for name in ("value", "low", "high", "level", "n", "unit")}
        for name, part, key in (("chance", null, "mean"), ("adjusted", adjusted, "value")):
            row[name] = part[key] if isinstance(part, dict) else None
        return pd.DataFrame([row])

    def _repr_html_(self) -> str:
        row = self.to_frame().iloc[0]
        cells = {"value": f"{self.value:.4g}", "interval": interval(self.low, self.high)}
        for name in ("chance", "adjusted"):
            cells[name] = "" if row[name] is None else f"{row[name]:.4g}"
        cells["n"] = f"{self.n:,}"
        estimate = (self.value, self.low, self.high)
        return fragment("Score", list(cells), [list(cells.values())], [estimate])
