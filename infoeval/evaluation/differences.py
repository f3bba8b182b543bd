"""Differences between the results of models scored with the same options."""

import math
from collections.abc import Sequence

from scipy.special import ndtri

from infoeval.errors import UserError
from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import requests_of, score_subject
from infoeval.evaluation.options import Options, takes_options
from infoeval.information.streams import JOINT
from infoeval.results import Comparison, Difference, Document, Result
from infoeval.subjects.opening import Given
from infoeval.subjects.subject import Subject


@takes_options(Options)
def compare(
    models: Sequence[Given], metrics: Sequence[str] | None = ("mi",), **options: object
) -> Comparison:
    """Return the results of models, and the first model's less those of each other one.

    Only codes of the same name are compared, and all codes of checkpoints together only where both
    have the same codes. The interval of a difference takes its two sides as independent; the same
    seed or the same images on both sides make it wider than need be. It is about two checkpoints,
    not two ways of training: seeds differ among themselves.

    Args:
        models: two or more, as in `infoeval.evaluation.score`.
        metrics: see `infoeval.evaluation.score`; None: all that apply but `mi`.
        options: see below.

    Raises:
        UserError: as `score`, and where one has no code or no result in common with the first.

    """
    context = Context(Options(**options))  # type: ignore[arg-type]
    return compare_subjects(context.open_all(models, least=2), metrics, context)


def compare_subjects(
    subjects: Sequence[Subject], metrics: Sequence[str] | None, context: Context
) -> Comparison:
    """Return the comparison of open subjects; see `compare`."""
    requests = requests_of(metrics, context.options)
    first, *others = subjects
    for other in others:
        _check_common(first, other)
    documents = []
    for number, subject in enumerate(subjects):
        name = str(subject) if len(others) > 1 else ("first", "second")[number]
        with context.about(name):
            try:
                documents.append(score_subject(subject, requests, context))
            except UserError as error:
                named = str(subject) in str(error)
                raise UserError(str(error) if named else f"{subject}: {error}") from error
    differences = []
    for number, (other, document) in enumerate(zip(others, documents[1:], strict=True), 1):
        between = _differences(documents[0], document, number)
        if not between:
            raise UserError(f"{first} and {other} have no result in common")
        differences += between
    return Comparison(documents[0], documents[1], tuple(differences), tuple(documents[2:]))


def _check_common(first: Subject, other: Subject) -> None:
    """Raise UserError where two checkpoints have no code in common, before any is scored."""
    if first.checkpoint is None or other.checkpoint is None:
        return
    ours, theirs = dict(first.checkpoint.trainer.codes), dict(other.checkpoint.trainer.codes)
    if not ours.keys() & theirs.keys():
        raise UserError(
            f"{first} and {other} have no code in common: {', '.join(ours)} and {', '.join(theirs)}"
        )


def _differences(first: Document, other: Document, number: int) -> list[Difference]:
    same_codes = _codes(first) == _codes(other)
    theirs = {result.key: result for result in other.results}
    return [
        _difference(result, theirs[result.key], number)
        for result in first.results
        if result.key in theirs and (same_codes or result.target != JOINT)
    ]


def _codes(document: Document) -> set[tuple[str | None, float]]:
    """Return the codes whose information a document has, with their entropies."""
    return {
        (result.target, result.details["entropy"])
        for result in document.results
        if result.metric == "mi"
    }


def _difference(first: Result, second: Result, number: int) -> Difference:
    """Return first less second, with the interval of Zou and Donner 2008, Stat. Med. 27.

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
        metric=first.metric,
        target=first.target,
        first=first.value,
        second=second.value,
        difference=difference,
        low=low,
        high=high,
        level=first.level,
        model=number,
    )


def _limits(result: Result) -> tuple[float | None, float | None]:
    """Return the sampling interval: the upper limit of `mi` also has what Q may miss."""
    if result.metric != "mi" or result.level is None:
        return result.low, result.high
    half = float(ndtri(0.5 + result.level / 2)) * result.details["standard_error"]
    return result.value - half, result.value + half
