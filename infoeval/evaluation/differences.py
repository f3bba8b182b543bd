"""Differences between the results of models scored with the same options."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from infoeval.errors import UserError
from infoeval.evaluation.array_metrics import pair_target
from infoeval.evaluation.bound_differences import (
    BOUNDS,
    bound_difference,
    synergy_difference,
)
from infoeval.evaluation.code_alignment import align
from infoeval.evaluation.code_matches import matched
from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import check_factors, requests_of, score_inputs
from infoeval.evaluation.inputs import Inputs, Samples
from infoeval.evaluation.options import Options, takes_options
from infoeval.information.streams import JOINT
from infoeval.intervals import Subsamples
from infoeval.results import Comparison, Difference, Document, Result
from infoeval.results.model_results import renamed
from infoeval.results.result_details import CODE_FACTORS, SYNERGY
from infoeval.subjects.opening import Given
from infoeval.subjects.subject import Subject

MOST_PAIRED = 8
"""Of more models, those other than the first are not compared with each other."""


@takes_options(Options)
def compare(
    models: Sequence[Given],
    factors: Any = None,
    *,
    metrics: Sequence[str] | None = None,
    **options: object,
) -> Comparison:
    """Return the results of models, and the first model's less those of each other one.

    Codes are compared by what they are: those that are most alike on the same images with each
    other (`alignment` of a document), else those of the same name, all codes of
    checkpoints together only where both have the same codes, and for each factor the best code of
    either model. Nothing is said of columns of a table that have only a number.

    The interval of a difference of bounds (`mi` and its kin) is about the difference of the
    informations: [low of A − highest of B, highest of A − low of B], where the highest is H(c) of a
    categorical code and nothing for a continuous one. Only where both searches for a Q have
    converged, by a budget beyond "quick", is it what Q would reach. Other differences of models of
    the same rows have an interval by the same halves of the rows on both sides, so that what the
    rows do to both cancels. Where the rows are others, the sides are taken as independent. All are
    about two checkpoints, not two ways of training: seeds differ among themselves.

    Args:
        models: two or more, as in `infoeval.evaluation.score`.
        factors: of tables, as in `infoeval.evaluation.score`.
        metrics: see `infoeval.evaluation.score`; None: all that apply but `mi`.
        options: see below.

    Raises:
        UserError: as `score`, and where one has no code or no result in common with the first.

    """
    check_factors(factors, metrics)
    context = Context(Options(factors=factors, **options))  # type: ignore[arg-type]
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
    scored = [Inputs(subject, context, by_name=requests is not None) for subject in subjects]
    for number, subject in enumerate(subjects):
        name = str(subject) if len(others) > 1 else ("first", "second")[number]
        with context.about(name):
            try:
                documents.append(score_inputs(scored[number], requests))
            except UserError as error:
                named = str(subject) in str(error)
                raise UserError(str(error) if named else f"{subject}: {error}") from error
    for number in range(1, len(documents)):
        if _same_rows(scored[0], scored[number]):
            aligned = align(scored[0], scored[number])
            documents[number] = documents[number].model_copy(update={"alignment": aligned})
    differences: list[Difference] = []
    among_others: list[Difference] = []
    for base, number in combinations(range(len(documents)), 2):
        if base and len(documents) > MOST_PAIRED:
            break
        between = _differences(
            (documents[base], documents[number]),
            (base, number),
            _samples(scored[base], scored[number]),
        )
        if not base and not between:
            raise UserError(f"{first} and {subjects[number]} have no result in common")
        (among_others if base else differences).extend(between)
    second, *more = documents[1:]
    return Comparison(documents[0], second, tuple(differences), tuple(more), tuple(among_others))


def _check_common(first: Subject, other: Subject) -> None:
    """Raise UserError where two checkpoints have no code in common, before any is scored."""
    if first.checkpoint is None or other.checkpoint is None:
        return
    ours, theirs = dict(first.checkpoint.trainer.codes), dict(other.checkpoint.trainer.codes)
    if not ours.keys() & theirs.keys():
        raise UserError(
            f"{first} and {other} have no code in common: {', '.join(ours)} and {', '.join(theirs)}"
        )


def _samples(first: Inputs, other: Inputs) -> tuple[Samples, Samples]:
    """Return the subsamples of both sides' results; none where they are of other rows."""
    return (first.samples, other.samples) if _same_rows(first, other) else ({}, {})


def _same_rows(first: Inputs, other: Inputs) -> bool:
    """Return whether both sides were scored on the same images, or rows of the same factors."""
    if first.has_images or other.has_images:
        return first.has_images and other.has_images and first.splits is other.splits
    if first.subject.rows is None or other.subject.rows is None:
        return False
    return all(
        ours is not None
        and theirs is not None
        and np.array_equal(ours.to_numpy(), theirs.to_numpy())
        for ours, theirs in zip(_factors(first), _factors(other), strict=True)
    )


def _factors(inputs: Inputs) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return the factors of the rows of a table, and of those to score."""
    rows, scored = inputs.table.rows, inputs.table.scored
    return rows.factors, (scored or rows).factors


def _differences(
    documents: tuple[Document, Document], numbers: tuple[int, int], samples: tuple[Samples, Samples]
) -> list[Difference]:
    """Return the differences of two models, by their numbers; codes are compared as aligned."""
    first, other = documents
    base, number = numbers
    same_codes = _codes(first) == _codes(other)
    differences = []
    for ours, theirs in matched(first.results, other.results, _own_names(first, other)):
        if not same_codes and ours.target == JOINT:
            continue
        if ours.metric in BOUNDS:
            differences.append(bound_difference(ours, theirs, number))
        elif ours.metric == SYNERGY:
            differences.append(synergy_difference((ours, first), (theirs, other), number))
        else:
            ours_in, theirs_in = samples[0].get(_key(ours)), samples[1].get(_key(theirs))
            differences.append(_difference(ours, theirs, number, ours_in, theirs_in))
    targets = _first_names(first)
    return [
        replace(each, base=base, target=each.target and renamed(each.target, targets))
        if each.metric != CODE_FACTORS  # whose targets are factors
        else replace(each, base=base)
        for each in differences
    ]


def _first_names(document: Document) -> dict[str, str]:
    """Return what the first model calls the codes of another one."""
    return {each.own: each.code for each in document.alignment.codes} if document.alignment else {}


def _own_names(first: Document, other: Document) -> dict[str, str]:
    """Return what the second model calls the codes of the first, where both are aligned."""
    if other.alignment is None:
        return {}
    names = {each.code: each.own for each in other.alignment.codes}
    if first.alignment is None:
        return names
    return {each.own: names[each.code] for each in first.alignment.codes if each.code in names}


def _key(result: Result) -> tuple[str, str, str | None]:
    """Return the key of a result among the samples, also of one whose target is now a factor."""
    pair = result.pair
    return result.key if pair is None else (*result.key[:2], pair_target(pair.code, pair.factor))


def _codes(document: Document) -> set[tuple[str | None, float]]:
    """Return the codes whose information a document has, with their entropies."""
    return {
        (result.target, result.details["entropy"])
        for result in document.results
        if result.metric == "mi"
    }


def _difference(
    first: Result,
    second: Result,
    number: int,
    ours: Subsamples | None,
    theirs: Subsamples | None,
) -> Difference:
    """Return first less second of a metric that is no bound.

    Raises UserError where the two were measured in the features of different networks.
    """
    networks = [result.settings.get("features") for result in (first, second)]
    if networks[0] != networks[1]:
        raise UserError(
            f"{first.metric}: features of {networks[0]} and of {networks[1]} cannot be compared; "
            "give the same images for both with --data"
        )
    generated = "generated" in str(first.settings.get("own", ""))
    if ours is None or theirs is None or generated or not ours.pairs_with(theirs):
        low, high = _independent(first, second)
    else:
        low, high = _paired(first, second, ours, theirs)
    return Difference.of(first, second, number, low, high)


def _paired(
    first: Result, second: Result, ours: Subsamples, theirs: Subsamples
) -> tuple[float | None, float | None]:
    """Return the interval of a difference on the same rows, by the deviation of its subsamples.

    What an interval has beside its subsamples, such as the effect of mistakes that these rows
    happen not to have, is added as if it were independent on the two sides.
    """
    if first.level is None:
        return None, None
    between = ours - theirs
    variance = float(between.half_widths(first.level)[0]) ** 2
    for result, samples in ((first, ours), (second, theirs)):
        if result.low is None or result.high is None:
            return None, None
        reach = max(result.value - result.low, result.high - result.value)
        own = float(samples.half_widths(first.level)[0])
        variance += max(reach**2 - own**2, 0.0)
    difference, half = first.value - second.value, math.sqrt(variance)
    return difference - half, difference + half


def _independent(first: Result, second: Result) -> tuple[float | None, float | None]:
    """Return the interval of a difference of independent sides: Zou and Donner 2008.

    MOVER, the method of variance estimates recovery (Stat. Med. 27): each limit takes from either
    side the distance to the limit that matters for it.
    """
    difference = first.value - second.value
    low = high = None
    if first.low is not None and second.high is not None:
        low = difference - math.hypot(first.value - first.low, second.high - second.value)
    if first.high is not None and second.low is not None:
        high = difference + math.hypot(first.high - first.value, second.value - second.low)
    return low, high
