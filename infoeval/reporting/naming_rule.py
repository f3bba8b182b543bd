"""The rule by which statistics of images give a code its name, or none."""

from collections.abc import Collection, Mapping
from itertools import pairwise

from infoeval.reporting.followed_factors import FOLLOWS
from infoeval.results.result_details import StatisticEffect

LEAST_CONSISTENCY, LEAST_SHARE, MOST_OF_IT = 0.5, 0.3, 0.7
"""Whole intervals of consistency and share lie above the first two in what a code is named after.
The third, half of the variance, is the least share of categorical codes, whose classes may differ
in anything, and of the side that is lit, which other shapes change too."""
MOST_TURNS = 2.5
"""Along a code on a line its means go up and down by at most this many times their range: once
each, but for noise. An order that follows nothing goes to and fro."""
AHEAD, BEHIND, MOST_KINDS = 0.8, 0.6, 2
"""Kinds with the first part of the largest strength (share times consistency) are named together. A
code that changes more kinds of its group, or of shapes, with the second part of it, is not named:
as one of classes."""
LEAST_MOVE = 0.1
"""What moves does so by this part of the image at least: a body that turns or another one in its
place has another centroid, too."""
IN_REAL_IMAGES = "real images"
"""The ``prior`` of what real images have in common with a code, as an encoder reads it:
correlations, of which the least is that with which a code follows a factor."""
ALIKE = 0.5
"""Statistics of one kind as strong as this part of its strongest are named together."""
EXTENT, TURN = ("size", "stroke width", "area"), ("slant", "wider than high")
LIGHT = ("brightness", "contrast")
Kind = tuple[str, ...]
SHAPES: tuple[Kind, ...] = (("centroid x",), ("centroid y",), EXTENT, TURN)
GROUPS: tuple[tuple[Kind, ...], ...] = (
    (("light x", "light y"),),
    SHAPES,
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
UNORDERED = ("categorical", "angle")
"""Priors whose values have no first and last."""


def name_of(
    statistics: Mapping[str, StatisticEffect], prior: str
) -> tuple[tuple[str, ...], str | None] | None:
    """Return the statistics that a code of a ``prior`` is named after, and the next strongest.

    None where it is unnamed: see the constants above.
    """
    strengths = {name: max(e.share * e.consistency, 0.0) for name, e in statistics.items()}
    kinds = _leading(strengths, prior)
    able = {name for name, effect in statistics.items() if _qualifies(name, effect, prior)}
    named = [_named_in(kind, able, strengths) for kind in kinds]
    if not named or not all(named):
        return None
    others = {name: strengths[name] for name in strengths if not any(name in k for k in kinds)}
    following = max(others, key=lambda name: others[name], default=None)
    return tuple(name for names in named for name in names), following


def _leading(strengths: Mapping[str, float], prior: str) -> list[Kind]:
    """Return the kinds that a code may be named after; none where it changes many alike.

    A body that a code on a circle turns has another place and extent, too.
    """
    groups = [[(kind, strengths.get(_first(kind, strengths), 0.0)) for kind in g] for g in GROUPS]
    strongest = max(strength for group in groups for _, strength in group)
    if strongest <= 0:
        return []
    leading = next(g for g in groups if max(each[1] for each in g) >= AHEAD * strongest)
    first = max(strength for _, strength in leading)
    near = [kind for kind, strength in leading if strength >= AHEAD * first]
    if prior == "angle" and TURN in near:
        return [TURN]
    for group in ([kind for kind, _ in leading], SHAPES):
        rivals = [max(strengths.get(name, 0.0) for name in kind) for kind in group]
        if sum(strength >= BEHIND * first for strength in rivals) > MOST_KINDS:
            return []
    return near


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


def _qualifies(name: str, effect: StatisticEffect, prior: str) -> bool:
    share = effect.share if effect.share_low is None else effect.share_low
    strict = prior == "categorical" or name in GROUPS[0][0]
    usual = FOLLOWS if prior == IN_REAL_IMAGES else LEAST_SHARE
    if effect.low < LEAST_CONSISTENCY or share < (MOST_OF_IT if strict else usual):
        return False
    if not effect.means:
        return True
    if name in ("centroid x", "centroid y") and max(effect.means) - min(effect.means) < LEAST_MOVE:
        return False
    if prior in UNORDERED:
        return True
    steps = [abs(after - before) for before, after in pairwise(effect.means)]
    return sum(steps) <= MOST_TURNS * (max(effect.means) - min(effect.means))
