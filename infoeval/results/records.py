"""A result, a skipped metric, and a difference of two models."""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from infoeval.errors import shown
from infoeval.intervals import check_estimate
from infoeval.results.contract import (
    RECORD,
    Count,
    Flag,
    Name,
    Number,
    Positive,
    Text,
    Whole,
    explain,
)

if TYPE_CHECKING:
    from infoeval.metrics.score import Score
from infoeval.results.result_details import (
    ChangeDetails,
    Clustering,
    Details,
    EffectDetails,
    InformationDetails,
    Null,
    Pair,
    QualityDetails,
    ReachDetails,
    details_of,
)


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

    metric: Name
    target: Name | None
    value: Number
    low: Number | None
    high: Number | None
    level: Number | None
    n: Whole
    unit: Name
    higher_is_better: Flag
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: Number = 0.0
    reference: Text = ""
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
        names = [entry.name for entry in dataclasses.fields(score) if entry.name != "samples"]
        values = {name: getattr(score, name) for name in names}
        return cls(metric=metric, target=target, settings=settings or {}, seconds=seconds, **values)

    @cached_property
    def typed(self) -> Details:
        """The details, with those that this metric is known to have as attributes."""
        return details_of(self.metric, self.details)

    @property
    def clustering(self) -> Clustering | None:
        """The details of a cluster accuracy."""
        return self.typed if isinstance(self.typed, Clustering) else None

    @property
    def chance(self) -> Null | None:
        """What chance scores: shuffled factors, or for an accuracy the most frequent class."""
        clustering = self.clustering
        if self.typed.null is None and clustering is not None:
            return Null(mean=clustering.majority)
        return self.typed.null

    @property
    def information(self) -> InformationDetails | None:
        """The details of an information by a Q trained afterwards."""
        return self.typed if isinstance(self.typed, InformationDetails) else None

    @property
    def convergence(self) -> InformationDetails | None:
        """The details of an information, where it is known whether Q converged."""
        information = self.information
        return information if information and information.converged is not None else None

    @property
    def pair(self) -> Pair | None:
        """The code and the factor of a result of ``code-factors``."""
        return self.typed if isinstance(self.typed, Pair) else None

    @property
    def change(self) -> ChangeDetails | None:
        """The details of what changes along a direction."""
        return self.typed if isinstance(self.typed, ChangeDetails) else None

    @property
    def reach(self) -> ReachDetails | None:
        """The details of how far a direction goes."""
        return self.typed if isinstance(self.typed, ReachDetails) else None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0; False where a limit is not known."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    @property
    def effects(self) -> EffectDetails | None:
        """What a code changes in generated images."""
        return self.typed if isinstance(self.typed, EffectDetails) else None

    @property
    def quality(self) -> QualityDetails | None:
        """The details of a number of the quality of images."""
        return self.typed if isinstance(self.typed, QualityDetails) else None

    @property
    def options(self) -> str:
        """The options that were asked of the metric: "estimator=ksg", or nothing."""
        own = self.settings.get("own")
        if isinstance(own, Mapping):
            return shown(",".join(f"{name}={value}" for name, value in own.items()))
        return shown(own) if own else ""

    @property
    def name(self) -> str:
        """The metric with the options that were asked of it: "mig:estimator=ksg"."""
        return _name(self.metric, self.options)

    @property
    def label(self) -> str:
        """The name and the target: "mi-own[digit]"."""
        return self.name if self.target is None else f"{self.name}[{self.target}]"

    @property
    def unpaired(self) -> bool:
        """Whether it is of a code and a factor that were not matched with each other."""
        return self.details.get("paired") is False

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Metric, options and target: what the same result of two models has in common."""
        return self.metric, str(self.settings.get("own", "")), self.target


@dataclass(frozen=True, config=RECORD)
class Skipped:
    """A metric that was not computed, and why."""

    metric: Name
    reason: Text


@dataclass(frozen=True, config=RECORD)
class Difference:
    """The first model's value of a metric minus another model's, in the unit of the metric.

    `model` is the number of the other model, 1 for the second, and `base` that of the model it is
    subtracted from, 0 for the first; `first` and `second` are their values. Where codes were
    aligned, `second` is of the code most like `target`. `low` and
    `high` are the limits of the difference's interval at `level`; None where none is known.
    `kind` says what a difference of bounds is: "difference of lower bounds", whose interval is that
    of the difference of the informations, where either Q may miss anything up to H(c), or
    "difference of information", where both searches for a Q converged. It is empty for other
    metrics. `options` are those that were asked of the metric, as `Result.options` has them.
    """

    metric: Name
    target: Name | None
    first: Number
    second: Number
    difference: Number
    low: Number | None
    high: Number | None
    level: Number | None
    model: Positive = 1
    kind: Name = ""
    base: Count = 0
    options: Name = ""

    @property
    def name(self) -> str:
        """The metric with the options that were asked of it: "mig:estimator=ksg"."""
        return _name(self.metric, self.options)

    @classmethod
    def of(
        cls,
        first: Result,
        second: Result,
        number: int,
        low: float | None,
        high: float | None,
        *,
        kind: str = "",
    ) -> Self:
        """Make the difference of two results, of which the second is of the model ``number``."""
        return cls(
            metric=first.metric,
            target=first.target,
            first=first.value,
            second=second.value,
            difference=first.value - second.value,
            low=low,
            high=high,
            level=first.level,
            model=number,
            kind=kind,
            options=first.options,
        )


def _name(metric: str, options: str) -> str:
    return f"{metric}:{options}" if options else metric
