"""What moving along a direction of a latent space changes most: its name."""

from infoeval.report.changed_statistics import in_plain_words
from infoeval.report.wording import between, in_brackets, percent, two_decimals
from infoeval.results import Document, ModelResults, Result
from infoeval.results.records import DIRECTION_CHANGE

LEAST_MOVE = 0.3
"""A direction is named after what it changes by this much at least, in deviations of random images,
with the whole interval."""
TOGETHER = 0.7
"""Attributes that change by this share of the largest change or more are named with it."""
_MOST_NAMED = 3


def moved_by(model: ModelResults, code: str) -> Result | None:
    """Return the change that a direction is named after; None where none is large enough."""
    result = model.find(DIRECTION_CHANGE, code)
    if result is None or result.change is None or result.low is None or result.high is None:
        return None
    sure = not result.low <= 0 <= result.high
    return result if sure and min(abs(result.low), abs(result.high)) >= LEAST_MOVE else None


def moved_attributes(result: Result) -> list[str]:
    """Return what a direction changes most, and what it changes nearly as much, largest first."""
    change = result.change
    assert change is not None
    sizes = {each.attribute: abs(each.value) for each in change.changes if each.kind == change.kind}
    alike = [name for name, size in sizes.items() if size >= TOGETHER * abs(result.value)]
    return [change.attribute, *sorted({*alike} - {change.attribute}, key=lambda n: -sizes[n])]


def move_sentence(code: str, document: Document) -> str:
    """Return what a direction changes, or nothing."""
    result = moved_by(document, code)
    if result is None or result.change is None:
        return ""
    names, largest = moved_attributes(result), result.change.dependency_max
    assert result.low is not None
    assert result.high is not None
    ends = sorted((abs(result.low), abs(result.high)))
    words = in_plain_words(names) if len(names) <= _MOST_NAMED else f"{names[0]} among other things"
    aside = in_brackets(
        f"by {two_decimals(abs(result.value))} deviations a step",
        between(ends[0], ends[1], two_decimals),
        "" if largest is None else f"largest side effect {percent(largest)}",
    )
    return f"changes {words}{aside}"
