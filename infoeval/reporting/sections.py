"""The sections of a page, in their order, with all that the templates show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infoeval.reporting import direction_tables, figures, svg
from infoeval.reporting.aligned_codes import Strips, rows_that_fit, side_by_side
from infoeval.reporting.evidence import reasons
from infoeval.reporting.figure import Figure
from infoeval.reporting.figures.confusion import mixed_up
from infoeval.reporting.figures.look import looks
from infoeval.reporting.grid_columns import orders
from infoeval.reporting.image_grids import galleries, strips, traversals
from infoeval.reporting.limits import limits
from infoeval.reporting.live_generator import read_live
from infoeval.reporting.moving_images import animations, panels
from infoeval.reporting.over_seeds import over_seeds
from infoeval.reporting.page_images import check_all
from infoeval.reporting.provenance import (
    definitions,
    explained,
    origins,
    skipped,
    surroundings,
    without_chance,
)
from infoeval.reporting.references import EXPLAINED, doubts
from infoeval.reporting.standings import standings, tally
from infoeval.reporting.verdict import findings_that_fit, sentences, why_empty
from infoeval.results import Document
from infoeval.results.file_entries import Gallery, Traversal

MOST_SEEDS = 8
"""Seeds whose numbers stand on the first screen; section "Every seed" has them all."""

MOST_DRAWN = 100
"""Figures of a section that are drawn. Each takes some 50 ms, and nobody looks at more."""

_Q = "Q is the recognition network: here a new one, trained on images of the finished model."
_LEARNING = (
    "The information that Q had found after each round of its training: where a curve still rises, "
    "there is more to be found."
)
_NOISE = (
    "The information that is left when Gaussian noise is added to the images, whose pixels lie "
    "between 0 and 1. Information that is lost to this noise is not visible to the eye."
)
_TRAINING = (
    "L_I is the lower bound on a code's information, in nats, by the model's own Q during "
    "training. Values far below zero, common in the first steps, lie outside the plot."
)


Group = tuple[str, str, Sequence[Figure]]
"""A heading, what is said below it, and small figures that stand side by side."""


@dataclass(frozen=True)
class Section:
    """A part of the page: ``short`` is its name in the list of contents.

    Large drawings are its ``figures``; small ones its ``groups``, which have one ``key``. A
    ``folded`` one is closed on the screen and open on paper.
    """

    id: str
    short: str
    title: str
    template: str = "figures.html"
    text: str = ""
    figures: Sequence[Figure] = ()
    key: tuple[svg.Mark, ...] = ()
    groups: Sequence[Group] = ()
    folded: bool = False


def gather(document: Document, folder: Path) -> dict[str, Any]:
    """Return all that the templates show: the files in ``folder``, and the sections in order.

    Raises UserError as :func:`infoeval.reporting.render` does.
    """
    check_all(folder, (image.file for image in document.images))
    built = figures.build(document)
    lined_up = orders(document)
    content = {
        **first_screen(document, strips(document, folder, lined_up)),
        "traversals": traversals(document, folder, lined_up),
        "panels": panels(document, folder, lined_up),
        "live": read_live(document, folder, lined_up),
        "animations": animations(document, folder),
        "galleries": galleries(document, folder, lined_up),
        "confusions": [(each, mixed_up(document, each.code)) for each in built.confusions],
        "factors": built.factors,
        "other_factors": built.other_factors,
        "doubts": doubts(document),
        "directions": direction_tables.directions(document),
        "definitions": definitions(document),
        "explained": explained(document),
        "skipped": skipped(document),
        "without_chance": without_chance(document),
        "metrics": built.metrics,
        "origins": origins(document),
        "surroundings": surroundings(document),
        "limits": limits(document),
        "colours": [look.colour for look in looks(document)],
    }
    return {**content, "sections": list(_sections(document, built, content))}


def first_screen(document: Document, pictures: Strips) -> dict[str, Any]:
    """Return what the template `verdict.html` shows; ``pictures`` has a row of each code."""
    best, means = standings(document), over_seeds(document)
    # A row of a table is somewhat higher than a line.
    taken = 2 + round(1.4 * len(means)) if means else 0
    findings, others = findings_that_fit(sentences(document), taken)
    shown = {
        Traversal: "Pictures: generated at one fixed noise, along the values of each code.",
        Gallery: "Pictures: real images, from those the model reads as low to those it reads as "
        "high.",
    }
    kinds = {type(image) for image in document.images}
    rows, other_rows = rows_that_fit(side_by_side(document, pictures), len(best))
    return {
        "findings": findings,
        "other_findings": others,
        "why_empty": why_empty(document),
        "strips": pictures,
        "pictures_of": next((text for kind, text in shown.items() if kind in kinds), ""),
        "side_by_side": rows,
        "other_rows": other_rows,
        "standings": best,
        "tally": tally(document),
        "over_seeds": means,
        "most_seeds": MOST_SEEDS,
        "reasons": reasons(document),
    }


def needs_script(content: Mapping[str, Any]) -> bool:
    """Return whether a page needs its script: for sliders, or for a choice of order."""
    ordered = any(group.ordered for group in (*content["traversals"], *content["galleries"]))
    return bool(content["panels"] or content["confusions"] or ordered)


def _sections(
    document: Document, built: figures.Figures, content: Mapping[str, Any]
) -> Iterable[Section]:
    """Yield the sections that have something to show, in the order a reader needs them."""
    best = document.arrangement == "comparison"
    title = "Which model is best at what" if best else "What each code means"
    yield Section("verdict", "Verdict", title, "verdict.html")
    yield from _drawn("information", "Information", "Information in each code", built.information)
    yield from _drawn("differences", "Differences", "Differences", built.differences)
    if content["directions"]:
        text = direction_tables.EXPLAINED
        yield Section("directions", "Directions", "Directions", "directions.html", text)
    for name, short, title, parts in (
        ("traversals", "Traversals", "Traversals", ["traversals"]),
        ("sliders", "Sliders", "Move the codes", ["panels", "live"]),
        ("animations", "Animations", "Animations", ["animations"]),
        ("gallery", "Gallery", "Real images by code", ["galleries"]),
    ):
        if any(content[part] for part in parts):
            yield Section(name, short, title, f"{name}.html", folded=name == "animations")
    if content["confusions"] or content["factors"]:
        short = "Classes" if content["confusions"] else "Factors"
        yield Section("confusion", short, f"Codes and {short.lower()}", "confusion.html")
    asked = ("Learning curves", _LEARNING, built.learning), ("Pixel noise", _NOISE, built.noise)
    yield from _panels("learning", "Training of Q", _Q, *asked)
    yield from _panels("training", "Training", _TRAINING, ("", "", built.training))
    yield from _drawn("seeds", "Seeds", "Every seed", built.seeds)
    yield from _drawn("leakage", "Leakage", "Leakage between codes", built.leakage, folded=True)
    text = EXPLAINED if content["doubts"] else ""
    yield Section("results", "Metrics", "Metrics", "results.html", text)
    yield Section("provenance", "Provenance", "Provenance", "provenance.html", folded=True)
    title = "How to read this page, and its limits"
    yield Section("limits", "How to read it", title, "limits.html", folded=True)


def _drawn(
    name: str, short: str, title: str, drawn: Sequence[Figure], *, folded: bool = False
) -> Iterable[Section]:
    if drawn:
        text, shown = _not_drawn(len(drawn)), drawn[:MOST_DRAWN]
        yield Section(name, short, title, text=text, figures=shown, folded=folded)


def _panels(name: str, title: str, text: str, *groups: Group) -> Iterable[Section]:
    """Yield a section of small drawings by group; their legend stands above all."""
    shown = [(head, note, group[:MOST_DRAWN]) for head, note, group in groups if group]
    if shown:
        text = f"{text} {_not_drawn(max(len(group) for _, _, group in groups))}".strip()
        key = svg.key(name, [figure for _, _, group in shown for figure in group])
        yield Section(name, title, title, "panels.html", text, key=key, groups=shown, folded=True)


def _not_drawn(count: int) -> str:
    """Return what is said where not all of so many figures are drawn."""
    if count <= MOST_DRAWN:
        return ""
    return f"The first {MOST_DRAWN} of {count:,} are drawn; metrics.json has the numbers of all."
