"""Results, skipped metrics and differences: records that are written with all of their fields."""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from infoeval.intervals import check_estimate
from infoeval.results.contract import RECORD, Flag, Number, Positive, Whole, explain
from infoeval.results.details import Clustering, Details, InformationDetails, Pair, details_of

if TYPE_CHECKING:
    from infoeval.metrics.score import Score

__all__ = ["Difference", "Result", "Skipped"]


@dataclass(frozen=True, config=RECORD)
class Result:
    """One number of a model with all that is needed to judge and repeat it.

    ``target`` names the code or factor that was scored, where there is one. ``low``, ``high`` and
    ``level`` are the interval (``None``: none known). ``n`` counts samples, ``seconds`` is wall
    time, ``settings`` are the options that the metric ran with, ``details`` what else it found;
    both hold plain data. What is known of a metric's details is checked, and ``typed`` has it as
    attributes.

    Raises ValidationError, which is a ValueError, when a field has a wrong type, the value is not
    finite or not inside its interval, or the details are damaged.
    """

    metric: str
    target: str | None
    value: Number
    low: Number | None
    high: Number | None
    level: Number | None
    n: Whole
    unit: str
    higher_is_better: Flag
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: Number = 0.0
    reference: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_estimate(self.value, self.low, self.high, self.level, self.n)
        if self.seconds < 0:
            raise ValueError(f"seconds is {self.seconds}, not a duration")
        try:
            _ = self.typed
        except ValidationError as error:
            raise PydanticCustomError(
                "details", "details: {why}", {"why": explain(error)}
            ) from None

    @classmethod
    def of(
        cls,
        score: "Score",
        *,
        metric: str,
        target: str | None = None,
        settings: dict[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> Self:
        """Make the result of a metric's score.

        >>> from infoeval.metrics.score import Score
        >>> score = Score(0.9, 0.55, 0.99, level=0.95, n=10, unit="fraction")
        >>> Result.of(score, metric="cluster-acc", target="digit").value
        0.9
        """
        values = {entry.name: getattr(score, entry.name) for entry in dataclasses.fields(score)}
        return cls(metric=metric, target=target, settings=settings or {}, seconds=seconds, **values)

    @cached_property
    def typed(self) -> Details:
        """The details with what is known of this metric's as attributes."""
        return details_of(self.metric, self.details)

    @property
    def clustering(self) -> Clustering | None:
        """The details of a cluster accuracy."""
        return self.typed if isinstance(self.typed, Clustering) else None

    @property
    def information(self) -> InformationDetails | None:
        """The details of an information by a Q trained afterwards."""
        return self.typed if isinstance(self.typed, InformationDetails) else None

    @property
    def convergence(self) -> InformationDetails | None:
        """The same, where it is known whether Q has converged."""
        information = self.information
        return information if information and information.converged is not None else None

    @property
    def pair(self) -> Pair | None:
        """The code and the factor that the result is of."""
        return self.typed if isinstance(self.typed, Pair) else None

    @property
    def options(self) -> str:
        """The options that were asked of the metric: "estimator=ksg", or nothing."""
        own = self.settings.get("own")
        if isinstance(own, Mapping):
            return ",".join(f"{name}={value}" for name, value in own.items())
        return str(own) if own else ""

    @property
    def name(self) -> str:
        """The metric with the options that were asked of it: "mig:estimator=ksg"."""
        return f"{self.metric}:{self.options}" if self.options else self.metric

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What the same number of two models has in common."""
        return self.metric, str(self.settings.get("own", "")), self.target


@dataclass(frozen=True, config=RECORD)
class Skipped:
    """A metric that does not apply, and why."""

    metric: str
    reason: str


@dataclass(frozen=True, config=RECORD)
class Difference:
    """First less another model of one metric of one code, in the unit of the metric.

    `model` is the number of the other one, 1 for the second; `second` is its value. `low` and
    `high` are the limits of the difference's interval at `level`; None where none is known.
    """

    metric: str
    target: str | None
    first: Number
    second: Number
    difference: Number
    low: Number | None
    high: Number | None
    level: Number | None
    model: Positive = 1
