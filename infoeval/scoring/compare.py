"""Two checkpoints by the same recipe, and what lies between them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Unpack

from scipy.special import ndtri

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.information.streams import JOINT
from infoeval.results import SCHEMA_VERSION, Document, Result
from infoeval.scoring.catalogue import INFORMATION
from infoeval.scoring.checkpoint import check_metrics, score
from infoeval.scoring.recipe import Options, Say

__all__ = ["Comparison", "Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """First less second of one metric of one code, in the unit of the metric.

    `low` and `high` are the limits of its interval at `level`; None where none is known.
    """

    metric: str
    target: str | None
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    level: float | None


@dataclass(frozen=True)
class Comparison:
    """All results of two checkpoints, and the differences of those that both have."""

    first: Document
    second: Document
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, in the shape of its JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "first": json.loads(self.first.to_json()),
            "second": json.loads(self.second.to_json()),
            "differences": [asdict(difference) for difference in self.differences],
        }

    def to_json(self) -> str:
        """As JSON: keys sorted, indented by 2, ending with a line end."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=2, allow_nan=False) + "\n"


def compare(
    first: str | Path,
    second: str | Path,
    metrics: Sequence[str] | None = (INFORMATION,),
    **options: Unpack[Options],
) -> Comparison:
    """Score the checkpoints `first` and `second` by the same recipe, and subtract.

    Only codes of the same name are compared, and all codes together only where both checkpoints
    have the same codes. The interval of a difference takes its two sides as independent; the same
    seed or the same images on both sides make it wider than need be. It is about two checkpoints,
    not two recipes of training: seeds differ among themselves.

    Args:
        first: a checkpoint.
        second: the one that is subtracted.
        metrics: names from `ALL_METRICS`; None: all that apply but `mi`.
        options: see `infoeval.scoring.score`.

    Raises:
        UserError: as `score`, and where the two have no code or no result in common.

    """
    check_metrics(metrics)
    codes = [dict(Checkpoint.open(path).trainer.codes) for path in (first, second)]
    targets = {name for name in codes[0] if name in codes[1]}
    if not targets:
        raise UserError(
            f"{first} and {second} have no code in common: "
            f"{', '.join(codes[0])} and {', '.join(codes[1])}"
        )
    if codes[0] == codes[1]:
        targets.add(JOINT)
    documents = []
    for which, path in (("first", first), ("second", second)):
        told: Options = {**options, "say": _named(options.get("say"), which)}
        documents.append(score(path, metrics, **told))
    ours, theirs = documents
    others = {(result.metric, result.target): result for result in theirs.results}
    pairs = [
        (result, others[result.metric, result.target])
        for result in ours.results
        if result.target in targets and (result.metric, result.target) in others
    ]
    if not pairs:
        raise UserError(f"{first} and {second} have no result in common")
    return Comparison(ours, theirs, tuple(_difference(*pair) for pair in pairs))


def _difference(first: Result, second: Result) -> Difference:
    """First less second, with the interval of Zou and Donner 2008, Statistics in Medicine 27.

    MOVER, the method of variance estimates recovery: each limit takes from either side the
    distance to the limit that matters for it.
    """
    (low_1, high_1), (low_2, high_2) = _limits(first), _limits(second)
    difference = first.value - second.value
    low = high = None
    if low_1 is not None and high_2 is not None:
        low = difference - math.hypot(first.value - low_1, high_2 - second.value)
    if high_1 is not None and low_2 is not None:
        high = difference + math.hypot(high_1 - first.value, second.value - low_2)
    return Difference(
        first.metric,
        first.target,
        first.value,
        second.value,
        difference,
        low,
        high,
        first.level,
    )


def _limits(result: Result) -> tuple[float | None, float | None]:
    """The sampling interval: that of `mi` counts what Q may miss in its upper limit as well."""
    if result.metric != INFORMATION or result.level is None:
        return result.low, result.high
    half = float(ndtri(0.5 + result.level / 2)) * result.details["standard_error"]
    return result.value - half, result.value + half


def _named(say: Say | None, name: str) -> Say | None:
    return None if say is None else lambda text, share: say(f"{name}: {text}", share)
