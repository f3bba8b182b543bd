"""Which simple statistics of images a code changes: its name where no class or factor has one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from infoeval.report.followed_factors import FOLLOWS
from infoeval.report.wording import between, in_brackets, listed, minus, two_decimals
from infoeval.results import Document, ModelResults
from infoeval.results.records import StatisticEffect

LEAST_CONSISTENCY, LEAST_SHARE, MOST_OF_IT = 0.5, 0.3, 0.7
"""Whole intervals of consistency and share lie above the first two in what a code is named after.
The third, half of the variance, is the least share of categorical codes, whose classes may differ
in anything, and of the side that is lit, which other shapes change too."""
MOST_TURNS = 2.5
"""Along a code on a line its means go up and down by at most this many times their range: once
each, but for noise. An order that follows nothing goes to and fro."""
AHEAD, BEHIND, MOST_KINDS = 0.8, 0.6, 2
"""Kinds with the first part of the largest strength (share times consistency) are named together. A
code that changes more kinds alike, with the second part of it, is not named: as one of classes."""
ALIKE = 0.5
"""Statistics of one kind as strong as this part of its strongest are named together."""
EXTENT, LIGHT = ("size", "stroke width", "area"), ("brightness", "contrast")
Kind = tuple[str, ...]
GROUPS: tuple[tuple[Kind, ...], ...] = (
    (("light x", "light y"),),
    (("centroid x",), ("centroid y",), EXTENT, ("slant", "wider than high")),
    (LIGHT, ("red less green", "blue less yellow")),
    (("saturation",),),
    (("symmetry", "skewness x"), ("sharpness",), ("texture",)),
)
"""Kinds of statistics, each of one thing: of the side that is lit, of shapes, of light and colour,
of detail. Where kinds of several groups are about as strong the first group counts: what grows
changes detail too, but what changes detail does not grow."""
FOR_ALL: dict[Kind, tuple[float, ...]] = {EXTENT: (0.7, ALIKE, 0.0), LIGHT: (AHEAD, 0.0)}
"""Kinds that have one name: that of their first statistic with such a part of the strength. A
larger object has a larger area, and so has one of thicker strokes, which is not larger."""
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
}
VERBS = {
    "position": "moves",
    "position from left to right": "moves from left to right",
    "position from top to bottom": "moves up and down",
    "orientation": "turns",
    "slant": "slants",
}
THINGS = {
    "mnist": "the digits",
    "digits": "the digits",
    "svhn": "the digits",
    "street_numbers": "the digits",
    "faces": "the faces",
    "celeba": "the faces",
    "chairs": "the chairs",
    "sprites": "the sprites",
}
"""What images of a data set show, by the beginning of its name."""
ALONG = 0.8
"""A statistic goes from its first to its last mean where these have this part of its range."""


def _percent(value: float) -> str:
    return minus(f"{100 * value:.0f}")


def _degrees(value: float) -> str:
    return f"{'+' if round(value) > 0 else ''}{minus(f'{value:.0f}')}°"


def _pixels(value: float) -> str:
    return f"{value:.1f}"


UNITS: Mapping[str, tuple[Callable[[float], str], str]] = {
    "centroid x": (_percent, " % of the width"),
    "centroid y": (_percent, " % of the height"),
    "area": (_percent, " % of the image"),
    "size": (_pixels, " pixels"),
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

    ``kind`` is that of its prior.
    """

    names: tuple[str, ...]
    following: str | None
    kind: str
    statistics: Mapping[str, StatisticEffect]


def changed_by(model: ModelResults, code: str) -> Changed | None:
    """Return what a code is named after; None where nothing qualifies or nothing was measured."""
    effects = (result.effects for result in model.results)
    found = next((each for each in effects if each and each.code == code), None)
    if found is None:
        return None
    statistics = found.statistics
    strengths = {name: max(e.share * e.consistency, 0.0) for name, e in statistics.items()}
    kinds = _leading(strengths)
    able = {name for name, effect in statistics.items() if _qualifies(name, effect, found.kind)}
    named = [_named_in(kind, able, strengths) for kind in kinds]
    if not named or not all(named):
        return None
    others = {name: strengths[name] for name in strengths if not any(name in k for k in kinds)}
    following = max(others, key=lambda name: others[name], default=None)
    return Changed(
        tuple(name for names in named for name in names), following, found.kind, statistics
    )


def _leading(strengths: Mapping[str, float]) -> list[Kind]:
    """Return the kinds that a code may be named after; none where it changes many alike."""
    groups = [[(kind, strengths.get(_first(kind, strengths), 0.0)) for kind in g] for g in GROUPS]
    strongest = max(strength for group in groups for _, strength in group)
    if strongest <= 0:
        return []
    leading = next(g for g in groups if max(each[1] for each in g) >= AHEAD * strongest)
    first = max(strength for _, strength in leading)
    rivals = [max(strengths.get(name, 0.0) for name in kind) for kind, _ in leading]
    if sum(strength >= BEHIND * first for strength in rivals) > MOST_KINDS:
        return []
    return [kind for kind, strength in leading if strength >= AHEAD * first]


def _first(kind: Kind, strengths: Mapping[str, float]) -> str:
    """Return the strongest statistic of a kind, which must qualify.

    Of extents it is the area, which changes with each of them, or a stroke width that changes
    without it.
    """
    if kind != EXTENT:
        return max(kind, key=lambda name: strengths.get(name, 0.0))
    size, width, area = (strengths.get(name, 0.0) for name in EXTENT)
    return "stroke width" if max(size, area) < ALIKE * width else "area"


def _named_in(kind: Kind, able: Collection[str], strengths: Mapping[str, float]) -> list[str]:
    """Return the statistics of a kind that give a name; none where its first does not qualify."""
    first = _first(kind, strengths)
    if first not in able:
        return []
    parts = zip(kind, FOR_ALL.get(kind, [ALIKE] * len(kind)), strict=True)
    found = [n for n, part in parts if n in able and strengths[n] >= part * strengths[first]]
    return found[:1] if kind in FOR_ALL else found


def _qualifies(name: str, effect: StatisticEffect, kind: str) -> bool:
    share = effect.share if effect.share_low is None else effect.share_low
    strict = kind == "categorical" or name in GROUPS[0][0]
    if effect.low < LEAST_CONSISTENCY or share < (MOST_OF_IT if strict else LEAST_SHARE):
        return False
    if kind in ("categorical", "angle") or not effect.means:
        return True
    steps = [abs(after - before) for before, after in pairwise(effect.means)]
    return sum(steps) <= MOST_TURNS * (max(effect.means) - min(effect.means))


def change_sentence(code: str, document: Document) -> str:
    """Return what a code changes in images, from where to where and how surely, or nothing."""
    changed = changed_by(document, code)
    if changed is None:
        return ""
    found = [changed.statistics[name] for name in changed.names]
    weakest = min(found, key=lambda each: each.share * each.consistency)
    ordered = changed.kind not in ("categorical", "angle")
    ranges = [
        f"{in_plain_words([name])} {reached}"
        for name, effect in zip(changed.names, found, strict=True)
        if (reached := _range(name, effect.means, ordered=ordered))
    ]
    where = f" in {document.label}" if len(document.peers) > 1 else ""
    aside = in_brackets(
        f"correlation ratio {_share(weakest)}",
        f"consistency {two_decimals(weakest.consistency)}, "
        f"{between(weakest.low, weakest.high, two_decimals)}",
    )
    told = f": {', '.join(ranges)}" if ranges else ""
    return (
        f"{_does(changed.names, document)} in generated images{where}{told}{aside}{_next(changed)}"
    )


def _does(names: Sequence[str], document: Document) -> str:
    words = in_plain_words(names)
    if words not in VERBS:
        return f"changes {words}"
    label = document.data_set.label
    things = next(
        (each for start, each in THINGS.items() if label.startswith(start)), "what is drawn"
    )
    verb, _, direction = VERBS[words].partition(" ")
    return " ".join(part for part in (verb, things, direction) if part)


def _range(name: str, means: Sequence[float], *, ordered: bool) -> str:
    """Return from where to where a statistic goes: in the order of the code's values, or not."""
    if not means:
        return ""
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
    if following is None or not following.share_low:
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
