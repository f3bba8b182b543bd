"""Which simple statistics of images a code changes: its name where no class or factor has one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infoeval.report.wording import between, in_brackets, listed, two_decimals
from infoeval.results import Document, ModelResults
from infoeval.results.records import StatisticEffect

LEAST_CONSISTENCY, LEAST_SHARE = 0.5, 0.3
"""What a code is named after has a consistency whose whole interval, and a share, above these."""
ALIKE = 0.5
"""Statistics of a kind as strong as this part of the strongest are named together."""
LEADING, AS_CONSISTENT = 0.7, 0.9
"""A kind gives the name where its strongest statistic has these parts of the strength (share times
consistency) and of the consistency of the strongest of all."""
KINDS = (
    ("centroid x", "centroid y", "slant", "wider than high", "size"),
    ("brightness", "contrast", "edges", "mass"),
    ("saturation", "red less green", "blue less yellow"),
)
"""Statistics of shape, light and colour. Shape goes first, as it also changes the light of an image
as a whole, but no light changes a shape; and light also changes how saturated colours are."""
WORDS = {
    frozenset({"centroid x", "centroid y"}): "position",
    frozenset({"slant", "wider than high"}): "orientation",
    frozenset({"red less green", "blue less yellow"}): "hue",
    frozenset({"centroid x"}): "position from left to right",
    frozenset({"centroid y"}): "position from top to bottom",
    frozenset({"wider than high"}): "width against height",
    frozenset({"edges"}): "sharpness of edges",
    frozenset({"mass"}): "amount of ink",
    frozenset({"red less green"}): "red against green",
    frozenset({"blue less yellow"}): "blue against yellow",
}


@dataclass(frozen=True)
class Changed:
    """What a code changes: the statistics it is named after, and the next one, if any."""

    names: tuple[str, ...]
    following: str | None
    statistics: Mapping[str, StatisticEffect]


def changed_by(model: ModelResults, code: str) -> Changed | None:
    """Return what a code is named after; None where nothing qualifies or nothing was measured."""
    effects = [result.effects for result in model.results if result.effects]
    statistics = next((each.statistics for each in effects if each.code == code), {})
    strengths = {
        name: each.share * each.consistency
        for name, each in statistics.items()
        if each.low >= LEAST_CONSISTENCY and each.share >= LEAST_SHARE
    }
    if not strengths:
        return None
    strongest = max(strengths, key=lambda name: strengths[name])
    for kind in KINDS:
        first = max(kind, key=lambda name: strengths.get(name, 0.0))
        if strengths.get(first, 0.0) < LEADING * strengths[strongest] or (
            statistics[first].consistency < AS_CONSISTENT * statistics[strongest].consistency
        ):
            continue
        names = [name for name in kind if strengths.get(name, 0.0) >= ALIKE * strengths[first]]
        if "brightness" in kind:
            names = names[:1]  # they are four ways of being bright
        others = sorted(strengths.keys() - {*names}, key=lambda name: -strengths[name])
        return Changed(tuple(names), others[0] if others else None, statistics)
    return None  # only statistics that no kind has


def change_sentence(code: str, document: Document) -> str:
    """Return what a code changes in images, or nothing."""
    changed = changed_by(document, code)
    if changed is None:
        return ""
    weakest = min(
        (changed.statistics[name] for name in changed.names), key=lambda each: each.consistency
    )
    share = max(changed.statistics[name].share for name in changed.names)
    remarks = [
        f"consistency {two_decimals(weakest.consistency)}",
        between(weakest.low, weakest.high, two_decimals),
        f"{_whole(share)} of its deviation",
        _next(changed),
    ]
    where = f" in {document.label}" if len(document.peers) > 1 else ""
    return f"changes {in_plain_words(changed.names)} in generated images{where}" + in_brackets(
        *remarks
    )


def _next(changed: Changed) -> str:
    if changed.following is None:
        return ""
    share = changed.statistics[changed.following].share
    return f"next: {in_plain_words([changed.following])}, {_whole(share)}"


def _whole(share: float) -> str:
    return f"{min(round(100 * share), 100)} %"


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
