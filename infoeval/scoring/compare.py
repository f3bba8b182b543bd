"""Two models by the same recipe, and what lies between them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Unpack

from scipy.special import ndtri

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.information.streams import JOINT
from infoeval.results import SCHEMA_VERSION, Document, Result
from infoeval.scoring.catalogue import INFORMATION, parse
from infoeval.scoring.recipe import Options, Say
from infoeval.scoring.score import Model, is_checkpoint, score

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
    """All results of two models, and the differences of those that both have."""

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
    first: Model,
    second: Model,
    metrics: Sequence[str] | None = (INFORMATION,),
    **options: Unpack[Options],
) -> Comparison:
    """Score the models `first` and `second` by the same recipe, and subtract.

    Only codes of the same name are compared, and all codes of checkpoints together only where both
    have the same. The interval of a difference takes its two sides as independent; the same
    seed or the same images on both sides make it wider than need be. It is about two checkpoints,
    not two recipes of training: seeds differ among themselves.

    Args:
        first: a model, as `infoeval.scoring.score` takes it.
        second: the one that is subtracted.
        metrics: names from `ALL_METRICS`; None: all that apply but `mi`.
        options: see `infoeval.scoring.score`.

    Raises:
        UserError: as `score`, and where the two have no code or no result in common.

    """
    parse(metrics or ())
    checkpoints = [path for path in (first, second) if is_checkpoint(path)]
    if len(checkpoints) == 2:
        ours, theirs = (dict(Checkpoint.open(path).trainer.codes) for path in checkpoints)
        if not ours.keys() & theirs.keys():
            raise UserError(
                f"{first} and {second} have no code in common: "
                f"{', '.join(ours)} and {', '.join(theirs)}"
            )
    documents = []
    for which, path in (("first", first), ("second", second)):
        told: Options = {**options, "say": _named(options.get("say"), which)}
        documents.append(score(path, metrics, **told))
    same_codes = _codes(documents[0]) == _codes(documents[1])
    others = {_key(result): result for result in documents[1].results}
    pairs = [
        (result, others[_key(result)])
        for result in documents[0].results
        if _key(result) in others and (same_codes or result.target != JOINT)
    ]
    if not pairs:
        raise UserError(f"{first} and {second} have no result in common")
    return Comparison(documents[0], documents[1], tuple(_difference(*pair) for pair in pairs))


def _codes(document: Document) -> set[tuple[str | None, float]]:
    """The codes that a document tells the information of, with their entropies."""
    return {
        (result.target, result.details["entropy"])
        for result in document.results
        if result.metric == INFORMATION
    }


def _key(result: Result) -> tuple[str, str | None, str]:
    """What two results have to share: the metric with its own settings, and what it is of."""
    return result.metric, result.target, str(result.settings.get("own", ""))


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
