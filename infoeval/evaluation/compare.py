"""Two models by the same recipe, and what lies between them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from scipy.special import ndtri

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.evaluation.catalogue import INFORMATION, parse
from infoeval.evaluation.evaluate import Model, is_checkpoint, score
from infoeval.evaluation.options import Options, Say
from infoeval.information.streams import JOINT
from infoeval.results import Comparison, Difference, Document, Result
from infoeval.subjects.user_model import UserModel

__all__ = ["compare"]


def compare(
    first: Model,
    second: Model,
    metrics: Sequence[str] | None = (INFORMATION,),
    *,
    others: Sequence[Model] = (),
    **options: Unpack[Options],
) -> Comparison:
    """Score models by the same recipe, and subtract each of the others from the `first`.

    Only codes of the same name are compared, and all codes of checkpoints together only where both
    have the same. The interval of a difference takes its two sides as independent; the same
    seed or the same images on both sides make it wider than need be. It is about two checkpoints,
    not two recipes of training: seeds differ among themselves.

    Args:
        first: a model, as `infoeval.evaluation.score` takes it.
        second: the one that is subtracted.
        metrics: names from `ALL_METRICS`; None: all that apply but `mi`.
        others: further ones, each subtracted from the first.
        options: see `infoeval.evaluation.score`.

    Raises:
        UserError: as `score`, and where one has no code or no result in common with the first.

    """
    parse(metrics or ())
    further = (second, *others)
    for other in further:
        _check_common(first, other)
    names = _names(first, further)
    documents = []
    for name, path in zip(names, (first, *further), strict=True):
        told: Options = {**options, "say": _named(options.get("say"), name)}
        documents.append(score(path, metrics, **told))
    differences = []
    for number, (path, document) in enumerate(zip(further, documents[1:], strict=True), 1):
        found = _differences(documents[0], document, number)
        if not found:
            raise UserError(f"{first} and {path} have no result in common")
        differences += found
    return Comparison(documents[0], documents[1], tuple(differences), tuple(documents[2:]))


def _check_common(first: Model, other: Model) -> None:
    """Whether two checkpoints have a code in common, before any is scored."""
    if not (is_checkpoint(first) and is_checkpoint(other)):
        return
    ours, theirs = (dict(Checkpoint.open(path).trainer.codes) for path in (first, other))
    if not ours.keys() & theirs.keys():
        raise UserError(
            f"{first} and {other} have no code in common: {', '.join(ours)} and {', '.join(theirs)}"
        )


def _differences(first: Document, other: Document, number: int) -> list[Difference]:
    same_codes = _codes(first) == _codes(other)
    theirs = {_key(result): result for result in other.results}
    return [
        replace(_difference(result, theirs[_key(result)]), model=number)
        for result in first.results
        if _key(result) in theirs and (same_codes or result.target != JOINT)
    ]


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


def _names(first: Model, others: Sequence[Model]) -> list[str]:
    """What the models are called while they are scored."""
    if len(others) == 1:
        return ["first", "second"]
    return [
        str(model) if isinstance(model, str | Path | UserModel) else f"model {number}"
        for number, model in enumerate((first, *others), 1)
    ]


def _named(say: Say | None, name: str) -> Say | None:
    return None if say is None else lambda text, share: say(f"{name}: {text}", share)
