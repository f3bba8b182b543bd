"""The sections of a page, in their order, with all that the templates show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from infoeval.report import direction_tables, figures, svg
from infoeval.report.figure import Figure
from infoeval.report.figures.confusion import mixed_up
from infoeval.report.figures.look import looks
from infoeval.report.first_screen import first_screen
from infoeval.report.grid_columns import orders
from infoeval.report.image_grids import galleries, strips, traversals
from infoeval.report.limits import limits
from infoeval.report.live_generator import LiveGenerator, read_live
from infoeval.report.moving_images import animations, panels
from infoeval.report.page_images import check_all
from infoeval.report.provenance import (
    definitions,
    explained,
    origins,
    skipped,
    surroundings,
    without_chance,
)
from infoeval.report.references import EXPLAINED, doubts
from infoeval.report.tables import ReportTable
from infoeval.results import Document

_NARROW, _FEW_COLUMNS, _FEW_ROWS = 440, 7, 12
"""Largest width, CSS pixels, columns and rows of a figure that has its table beside it."""

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


@dataclass(frozen=True)
class Drawn:
    """A figure as the page shows it."""

    name: str
    title: str
    caption: str
    width: float
    svg: Markup
    table: ReportTable

    @property
    def narrow(self) -> bool:
        """Whether the figure leaves room for its table beside it."""
        few = len(self.table.columns) <= _FEW_COLUMNS and len(self.table.rows) <= _FEW_ROWS
        return self.width <= _NARROW and few


@dataclass(frozen=True)
class Panels:
    """Small drawings side by side, under a heading where they have one."""

    title: str
    text: str
    figures: tuple[Drawn, ...]


@dataclass(frozen=True)
class Section:
    """A part of the page: ``short`` is its name in the list of contents.

    Large drawings are its ``figures``; small ones its ``panels``, which have one ``key``. A
    ``folded`` one is closed on the screen and open on paper.
    """

    id: str
    short: str
    title: str
    template: str = "figures.html"
    text: str = ""
    figures: tuple[Drawn, ...] = ()
    key: tuple[svg.Mark, ...] = ()
    panels: tuple[Panels, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """All that the templates show; ``colours`` names the colour of each model."""

    sections: tuple[Section, ...]
    colours: tuple[str, ...]
    content: Mapping[str, Any]

    @property
    def live(self) -> LiveGenerator | None:
        """The generator in the page, where there is one."""
        generator: LiveGenerator | None = self.content["live"]
        return generator

    @property
    def moves(self) -> bool:
        """Whether the page needs its script: for sliders, or for a choice of order."""
        groups = (*self.content["traversals"], *self.content["galleries"])
        return bool(
            self.content["panels"]
            or self.content["confusions"]
            or any(group.ordered for group in groups)
        )


def gather(document: Document, folder: Path) -> Page:
    """Read the files in ``folder``, draw the figures, and put all in order.

    Raises UserError as :func:`infoeval.report.render` does.
    """
    check_all(folder, (image.file for image in document.images))
    built = figures.build(document)
    lined_up = orders(document)
    pictures = strips(document, folder, lined_up)
    content = {
        **first_screen(document, pictures),
        "traversals": traversals(document, folder, lined_up),
        "panels": panels(document, folder, lined_up),
        "live": read_live(document, folder, lined_up),
        "animations": animations(document, folder),
        "galleries": galleries(document, folder, lined_up),
        "confusions": [
            (
                _drawn(confusion.figure),
                _drawn(confusion.raw_figure),
                confusion.others,
                mixed_up(document, confusion.code),
            )
            for confusion in built.confusions
        ],
        "factors": _all_drawn(built.factors),
        "other_factors": _all_drawn(built.other_factors),
        "doubts": doubts(document),
        "directions": direction_tables.directions(document),
        "definitions": definitions(document),
        "explained": explained(document),
        "skipped": skipped(document),
        "without_chance": without_chance(document),
        "metrics": _drawn(built.metrics) if built.metrics else None,
        "origins": origins(document),
        "surroundings": surroundings(document),
        "limits": limits(document),
    }
    return Page(
        sections=tuple(_sections(document, built, content)),
        colours=tuple(look.colour for look in looks(document)),
        content=content,
    )


def _sections(
    document: Document, built: figures.Figures, content: Mapping[str, Any]
) -> Iterable[Section]:
    """Yield the sections that have something to show, in the order a reader needs them."""
    yield Section("verdict", "Verdict", _title(document), "verdict.html")
    information = (built.information,) if built.information else ()
    yield from _of_figures("information", "Information", "Information in each code", information)
    yield from _of_figures("differences", "Differences", "Differences", built.differences)
    if content["directions"]:
        text = direction_tables.EXPLAINED
        yield Section("directions", "Directions", "Directions", "directions.html", text)
    for name, short, title in (
        ("traversals", "Traversals", "Traversals"),
        ("sliders", "Sliders", "Move the codes"),
        ("animations", "Animations", "Animations"),
        ("gallery", "Gallery", "Real images by code"),
    ):
        if any(content[part] for part in _CONTENT.get(name, (name,))):
            yield Section(name, short, title, f"{name}.html", folded=name == "animations")
    if content["confusions"] or content["factors"]:
        short = "Classes" if content["confusions"] else "Factors"
        title = "Codes and classes" if content["confusions"] else "Codes and factors"
        yield Section("confusion", short, title, "confusion.html")
    asked = {
        ("Learning curves", _LEARNING): built.learning,
        ("Pixel noise", _NOISE): built.noise,
    }
    yield from _of_panels("learning", "Training of Q", "Training of Q", _Q, asked)
    trained = {("", ""): built.training}
    yield from _of_panels("training", "Training", "Training", _TRAINING, trained)
    if document.arrangement == "seeds":
        yield from _of_figures("seeds", "Seeds", "Every seed", built.seeds)
    leakage = built.leakage
    yield from _of_figures("leakage", "Leakage", "Leakage between codes", leakage, folded=True)
    text = EXPLAINED if content["doubts"] else ""
    yield Section("results", "Metrics", "Metrics", "results.html", text)
    yield Section("provenance", "Provenance", "Provenance", "provenance.html", folded=True)
    title = "How to read this page, and its limits"
    yield Section("limits", "How to read it", title, "limits.html", folded=True)


def _title(document: Document) -> str:
    """Return what the first section answers."""
    if document.arrangement == "comparison":
        return "Which model is best at what"
    return "What each code means"


_CONTENT = {"sliders": ("panels", "live"), "gallery": ("galleries",)}


def _of_figures(
    name: str, short: str, title: str, drawn: tuple[Figure, ...], *, folded: bool = False
) -> Iterable[Section]:
    if drawn:
        text, shown = _not_drawn(len(drawn)), _all_drawn(drawn[:MOST_DRAWN])
        yield Section(name, short, title, text=text, figures=shown, folded=folded)


def _of_panels(
    name: str,
    short: str,
    title: str,
    text: str,
    groups: Mapping[tuple[str, str], tuple[Figure, ...]],
) -> Iterable[Section]:
    """Yield a section of small drawings, by heading and text; their legend stands above all."""
    count = max(map(len, groups.values()), default=0)
    drawn = {about: group[:MOST_DRAWN] for about, group in groups.items() if group}
    if drawn:
        text = f"{text} {_not_drawn(count)}".strip()
        marks = svg.key(name, [figure for group in drawn.values() for figure in group])
        panels = [
            Panels(heading, note, tuple(_drawn(figure, legend=False) for figure in group))
            for (heading, note), group in drawn.items()
        ]
        yield Section(
            name, short, title, "panels.html", text, key=marks, panels=tuple(panels), folded=True
        )


def _not_drawn(count: int) -> str:
    """Return what is said where not all of so many figures are drawn."""
    if count <= MOST_DRAWN:
        return ""
    return f"The first {MOST_DRAWN} of {count:,} are drawn; metrics.json has the numbers of all."


def _all_drawn(group: Iterable[Figure]) -> tuple[Drawn, ...]:
    return tuple(map(_drawn, group))


def _drawn(figure: Figure, *, legend: bool = True) -> Drawn:
    return Drawn(
        name=figure.name,
        title=figure.title,
        caption=figure.caption,
        width=round(figure.width),
        svg=svg.inline(figure, legend=legend),
        table=figure.table,
    )
