"""The table of all runs, and which of them is chosen without labels."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infoeval.evaluation.invariance_of_images import most_stable
from infoeval.metrics.seed_agreement import LEAST_MODELS, seed_agreement
from infoeval.results import Pick, Row, Summary
from infoeval.sweep.unlabelled import UnlabelledScores

LEAST_SHARE = 0.05
"""Share of H(c) that the L_I of a code must reach in some run for the code to be compared."""


def summarise(
    rows: Sequence[Row],
    scores: Sequence[UnlabelledScores | None],
    *,
    trainer: str,
    variant: str,
    data: Mapping[str, Any],
    images: int,
    angles: Collection[str] = (),
) -> Summary:
    """Return the summary: the runs of each λ compared on the same images, and the choice marked.

    The choice is the run that agrees most with the others; where the trainer has an invariance
    term, that with the largest sum of term and agreement, of two already. `scores` are those of
    complete runs, else None; `angles` names the codes on a circle. A code that is inactive in every
    run does not count in the agreement, as long as another is active. No run of λ = 0 is chosen:
    there codes and images agree by accident only.
    """
    rows = list(rows)
    picks, measures = [], dict[float, str]()
    for weight in dict.fromkeys(row.information_weight for row in rows):
        numbers = [
            number
            for number, row in enumerate(rows)
            if row.information_weight == weight and scores[number] is not None
        ]
        inactive = _inactive([rows[number] for number in numbers])
        active = [
            {name: code for name, code in scored.codes.items() if name not in inactive}
            for number in numbers
            if (scored := scores[number]) is not None
        ]
        place, reason = None, _reason(len(active), False, inactive)
        if len(active) > 1:
            agreement = seed_agreement(
                [list(codes.values()) for codes in active],
                [["periodic" if name in angles else "" for name in codes] for codes in active],
            )
            measures[weight], place = agreement.measure, agreement.medoid
            reason = _reason(len(active), place is not None, inactive)
            stable = most_stable([rows[number].invariance for number in numbers], agreement.means)
            if stable is not None:
                place, reason = stable, "largest sum of invariance term and mean agreement"
            for number, mean in zip(numbers, agreement.means, strict=True):
                rows[number] = replace(rows[number], agreement=float(mean))
        if not weight:
            place, reason = None, "runs without the information term are not chosen from"
        chosen = None if place is None else numbers[place]
        if chosen is not None:
            rows[chosen] = replace(rows[chosen], picked=True)
        picks.append(Pick(weight, None if chosen is None else rows[chosen].folder, reason))
    measure = _measure(measures)
    return Summary(trainer, variant, data, measure, images, tuple(rows), tuple(picks))


def _measure(measures: Mapping[float, str]) -> str | None:
    """Return the measure of agreement, by λ where runs were compared by different codes."""
    different = set(measures.values())
    if len(different) > 1:
        return "; ".join(f"for λ = {weight:g} {words}" for weight, words in measures.items())
    return different.pop() if different else None


def _inactive(rows: Sequence[Row]) -> list[str]:
    """Return the codes that carry nothing in any run; none where that holds for all codes."""

    def is_inactive(row: Row, name: str) -> bool:
        bound = row.bounds.get(name)
        return bound is not None and bound.high < LEAST_SHARE * bound.entropy

    names = sorted(set[str]().union(*(row.bounds for row in rows)))
    inactive = [name for name in names if all(is_inactive(row, name) for row in rows)]
    return inactive if len(inactive) < len(names) else []


def _reason(complete: int, chosen: bool, inactive: Sequence[str]) -> str:
    """Return why the medoid of the runs of a λ was chosen, or why none was."""
    if complete < LEAST_MODELS:
        return f"a medoid needs {LEAST_MODELS} complete runs, not {complete}"
    if not chosen:
        return "no two runs agree on anything"
    left_out = f"; what carries nothing does not count: {', '.join(inactive)}" if inactive else ""
    return f"highest mean agreement with the others{left_out}"
