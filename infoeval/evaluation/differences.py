"""Differences between the results of models scored with the same options."""

import math
from collections.abc import Sequence

from infoeval.errors import UserError
from infoeval.evaluation.bound_differences import (
    BOUNDS,
    SYNERGY,
    bound_difference,
    synergy_difference,
)
from infoeval.evaluation.code_matches import matched
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

    Codes are compared by what they are: codes of the same name with each other, all codes of
    checkpoints together only where both have the same codes, and for each factor the best code of
    either model. Nothing is said of columns of a table that have only a number.

    The interval of a difference of bounds (`mi` and its kin) is about the difference of the
    informations: [low of A − highest of B, highest of A − low of B], where the highest is H(c) of a
    categorical code and nothing for a continuous one. Only where both searches for a Q have
    converged, by a budget beyond "quick", is it what Q would reach. The interval of other
    differences takes its two sides as independent; the same images on both sides make it wider than
    need be. All are about two checkpoints, not two ways of training: seeds differ among themselves.

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
    differences = []
    for ours, theirs in matched(first.results, other.results):
        if not same_codes and ours.target == JOINT:
            continue
        if ours.metric in BOUNDS:
            differences.append(bound_difference(ours, theirs, number))
        elif ours.metric == SYNERGY:
            differences.append(synergy_difference((ours, first), (theirs, other), number))
        else:
            differences.append(_difference(ours, theirs, number))
    return differences


def _codes(document: Document) -> set[tuple[str | None, float]]:
    """Return the codes whose information a document has, with their entropies."""
    return {
        (result.target, result.details["entropy"])
        for result in document.results
        if result.metric == "mi"
    }


def _difference(first: Result, second: Result, number: int) -> Difference:
    """Return first less second of a metric that is no bound."""
    low, high = _interval(first, second)
    return Difference(
        metric=first.metric,
        target=first.target,
        first=first.value,
        second=second.value,
        difference=first.value - second.value,
        low=low,
        high=high,
        level=first.level,
        model=number,
    )


def _interval(first: Result, second: Result) -> tuple[float | None, float | None]:
    """Return the interval of a difference by Zou and Donner 2008, Stat. Med. 27.

    MOVER, the method of variance estimates recovery: each limit takes from either side the
    distance to the limit that matters for it.
    """
    difference = first.value - second.value
    low = high = None
    if first.low is not None and second.high is not None:
        low = difference - math.hypot(first.value - first.low, second.high - second.value)
    if first.high is not None and second.low is not None:
        high = difference + math.hypot(first.high - first.value, second.value - second.low)
    return low, high
