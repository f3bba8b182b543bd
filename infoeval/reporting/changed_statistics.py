"""What a code changes in images, its name where no class or factor has one; and a direction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infoeval.reporting.class_matching import THINGS
from infoeval.reporting.followed_factors import FOLLOWS, SURE, is_appearance
from infoeval.reporting.naming_rule import IN_REAL_IMAGES, TURN, UNORDERED, name_of
from infoeval.reporting.wording import between, in_brackets, listed, minus, percent, two_decimals
from infoeval.results import Document, ModelResults, Result
from infoeval.results.result_details import CORRELATIONS, DIRECTION_CHANGE, StatisticEffect

WORDS = {
    frozenset({"centroid x", "centroid y"}): "position",
    frozenset({"slant", "wider than high"}): "orientation",
    frozenset({"red less green", "blue less yellow"}): "hue",
    frozenset({"light x", "light y"}): "direction of light",
    frozenset({"centroid x"}): "position from left to right",
    frozenset({"centroid y"}): "position from top to bottom",
    frozenset({"wider than high"}): "width against height",
    frozenset({"red less green"}): "red against green",
    frozenset({"blue less yellow"}): "blue against yellow",
    frozenset({"light x"}): "light from left to right",
    frozenset({"light y"}): "light from top to bottom",
    frozenset({"skewness x"}): "which side is heavier",
    frozenset({"edges"}): "sharpness of edges",
    frozenset({"mass"}): "amount of ink",
}
VERBS = {
    "position": "moves",
    "position from left to right": "moves from left to right",
    "position from top to bottom": "moves up and down",
    "orientation": "turns",
    "slant": "slants",
}
LEAST_MOVE = 0.3
"""A direction is named after what it changes by this much at least, in deviations of random images,
with the whole interval."""
TOGETHER = 0.7
"""Attributes that change by this share of the largest change or more are named with it."""
_MOST_NAMED = 3
LEAST_TOLD = 0.1
"""Least share of the statistic that is told to follow a code, after those that name it."""
ALONG = 0.8
"""A statistic goes from its first to its last mean where these have this part of its range."""


def _percent(value: float) -> str:
    return minus(f"{100 * value:.0f}")


def _degrees(value: float) -> str:
    return f"{'+' if round(value) > 0 else ''}{minus(f'{value:.0f}')}°"


UNITS: Mapping[str, tuple[Callable[[float], str], str]] = {
    "centroid x": (_percent, " % of the width"),
    "centroid y": (_percent, " % of the height"),
    "area": (_percent, " % of the image"),
    "size": ("{:.1f}".format, " pixels"),
    "stroke width": (_percent, " % of the size"),
    "slant": (_degrees, ""),
    "brightness": (_percent, " % of white"),
    "contrast": (_percent, " % of white"),
    "saturation": (_percent, " %"),
}
"""How a statistic is written, and its unit."""


@dataclass(frozen=True)
class Changed:
    """What a code changes: the statistics it is named after, and the next strongest, if any.

    ``kind`` is that of its prior, or `IN_REAL_IMAGES`.
    """

    names: tuple[str, ...]
    following: str | None
    kind: str
    statistics: Mapping[str, StatisticEffect]


def changed_by(model: ModelResults, code: str) -> Changed | None:
    """Return what a code is named after; None where nothing qualifies or nothing was measured.

    What it changes in generated images, else what it goes with in real ones.
    """
    effects = (result.effects for result in model.results)
    found = next((each for each in effects if each and each.code == code), None)
    if found is None:
        statistics, kind = _seen_with(model, code), IN_REAL_IMAGES
    else:
        statistics, kind = dict(found.statistics), found.kind
    named = name_of(statistics, kind)
    return None if named is None else Changed(*named, kind, statistics)


def _seen_with(model: ModelResults, code: str) -> dict[str, StatisticEffect]:
    """Return how closely a code goes with statistics of real images, where that is no chance."""
    pairs = (result for result in model.results if is_appearance(result))
    return {
        pair.factor: StatisticEffect(
            consistency=1.0,
            low=1.0,
            high=1.0,
            share=result.value,
            share_low=result.low,
            share_high=result.high,
            means=pair.means,
        )
        for result in pairs
        if (pair := result.pair) is not None
        and pair.code == code
        and pair.measure in CORRELATIONS
        and pair.p is not None
        and pair.p <= SURE
    }


def change_sentence(code: str, document: Document) -> str:
    """Return what a code changes in images, from where to where and how surely, or nothing."""
    changed = changed_by(document, code)
    if changed is None:
        return ""
    found = [changed.statistics[name] for name in changed.names]
    weakest = min(found, key=lambda each: each.share * each.consistency)
    label = f" in {document.label}" if len(document.peers) > 1 else ""
    if changed.kind == IN_REAL_IMAGES:
        does, where = f"goes with {in_plain_words(changed.names)}", "of real images"
        aside = in_brackets(f"rank correlation {_share(weakest)}")
    else:
        does, where = _does(changed, document), "in generated images"
        certain = between(weakest.low, weakest.high, two_decimals)
        aside = in_brackets(
            f"correlation ratio {_share(weakest)}",
            f"consistency {two_decimals(weakest.consistency)}, {certain}",
        )
    return f"{does} {where}{label}{_ranges(changed, does)}{aside}{_next(changed)}"


def _does(changed: Changed, document: Document) -> str:
    turns = changed.kind == "angle" and set(changed.names) <= set(TURN)
    words = in_plain_words(TURN if turns else changed.names)
    if words not in VERBS:
        return f"changes {words}"
    label = document.data_set.label
    known = (things for things, names in THINGS.items() if label.startswith(names))
    things = next(known, "what is drawn")
    verb, _, direction = VERBS[words].partition(" ")
    return " ".join(part for part in (verb, things, direction) if part)


def _ranges(changed: Changed, said: str) -> str:
    """Return from where to where each statistic goes, with its name unless that was ``said``."""
    ranges = []
    for name in changed.names:
        means, word = changed.statistics[name].means, in_plain_words([name])
        if means:
            reached = _range(name, means, ordered=changed.kind not in UNORDERED)
            ranges.append(reached if f" {word} " in f"{said} " else f"{word} {reached}")
    return f": {', '.join(ranges)}" if ranges else ""


def _range(name: str, means: Sequence[float], *, ordered: bool) -> str:
    """Return from where to where a statistic goes: in the order of the code's values, or not."""
    write, unit = UNITS.get(name, (two_decimals, ""))
    low, high = min(means), max(means)
    if ordered and abs(means[-1] - means[0]) >= ALONG * (high - low):
        return f"{write(means[0])} to {write(means[-1])}{unit}"
    return f"between {write(low)} and {write(high)}{unit}"


def _share(effect: StatisticEffect) -> str:
    ends = between(effect.share_low, effect.share_high, two_decimals)
    return f"{two_decimals(effect.share)}{'' if effect.share_low is None else f', {ends}'}"


def _next(changed: Changed) -> str:
    following = changed.statistics.get(changed.following or "")
    if following is None or not following.share_low or following.share < LEAST_TOLD:
        return ""
    weakly = "" if following.share >= FOLLOWS else " weakly"
    return f"; {in_plain_words([changed.following or ''])} follows it{weakly} ({_share(following)})"


def in_plain_words(names: Sequence[str]) -> str:
    """Return statistics by their words.

    >>> in_plain_words(["slant", "wider than high"]), in_plain_words(["size", "centroid x"])
    ('orientation', 'size and position from left to right')
    """
    left, words = list(names), []
    for together, word in WORDS.items():
        if together <= set(left) and len(together) > 1:
            words.append(word)
            left = [name for name in left if name not in together]
    return listed([*words, *(WORDS.get(frozenset({name}), name) for name in left)])


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
