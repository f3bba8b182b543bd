"""Traversals and galleries as the page shows them: cut into columns, the models side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from infoeval.reporting.grid_columns import Grid, GridColumn, Orders, Strip, cut, strip
from infoeval.reporting.page_images import read_image
from infoeval.reporting.tables import ReportTable, columns
from infoeval.reporting.wording import count_of, in_words, listed, minus, percent, two_decimals
from infoeval.results import Document, ModelResults
from infoeval.results.file_entries import Gallery, ImageGrid, Traversal
from infoeval.results.result_details import Clustering

MOST_STRIPS = 6
"""Models of which the first screen has pictures."""

Grids = TypeVar("Grids", bound=ImageGrid)
_FEW = 4
"""Models from which on their names are not listed."""


@dataclass(frozen=True)
class ModelGrid:
    """An image grid of a model, cut into columns.

    ``number`` is its place in metrics.json; ``note`` says how its code was aligned.
    """

    number: int
    model: ModelResults
    image: ImageGrid
    grid: Grid
    note: str = ""

    @property
    def title(self) -> str:
        """What the grid shows."""
        return self.image.title or self.image.code

    @property
    def clipped(self) -> bool:
        """Whether some of its rows are folded on the page."""
        return self.grid.shown < self.grid.height


@dataclass(frozen=True)
class Range:
    """The traversals of a code over one range of its values."""

    title: str
    caption: str
    grids: tuple[ModelGrid, ...]


@dataclass(frozen=True)
class TraversalGroup:
    """All traversals of a code.

    ``first`` is its first range, in the models that are shown first; ``folded`` has all else.
    """

    number: int
    code: str
    description: str
    first: Range
    folded: tuple[Range, ...]

    @property
    def more(self) -> str:
        """What is folded, in words, or nothing: "more: all five rows; −2 to 2"."""
        parts = [_all_rows(self.first.grids), *(part.title for part in self.folded)]
        return "; ".join(part for part in parts if part)

    @property
    def ordered(self) -> bool:
        """Whether a grid has a Hungarian order beside the raw one."""
        ranges = self.first, *self.folded
        return any(drawn.grid.ordered for part in ranges for drawn in part.grids)


@dataclass(frozen=True)
class GalleryGroup:
    """Real images, grouped by the code that is read from them.

    ``judged``: the classes of the images are known, and the class matched to each code.
    """

    number: int
    code: str
    grids: tuple[ModelGrid, ...]
    captions: tuple[str, ...]
    tables: tuple[ReportTable, ...]
    judged: bool

    @property
    def more(self) -> str:
        """What is folded, in words, or nothing."""
        counts = "misassigned images of each code" if self.tables else ""
        return "; ".join(part for part in (_all_rows(self.grids), counts) if part)

    @property
    def ordered(self) -> bool:
        """Whether a grid has a Hungarian order beside the raw one."""
        return any(drawn.grid.ordered for drawn in self.grids)


def traversals(document: Document, folder: Path, orders: Orders) -> tuple[TraversalGroup, ...]:
    """Return the traversals by code and range, the first model's first."""
    images = _of_kind(document, Traversal)
    groups = []
    for number, code in enumerate(_codes(document, [image for _, image in images])):
        ranges: dict[tuple[float | None, float | None], list[tuple[int, Traversal]]] = {}
        for place, image in images:
            if _stands_for(image, document) == code:
                ranges.setdefault((image.low, image.high), []).append((place, image))
        parts = [_range(placed, document, folder, orders) for placed in ranges.values()]
        if parts:
            known = document.code(code)
            description = known.description if known else ""
            first, others = _first(parts[0])
            groups.append(TraversalGroup(number, code, description, first, (*others, *parts[1:])))
    return tuple(groups)


def _range(
    placed: Sequence[tuple[int, Traversal]], document: Document, folder: Path, orders: Orders
) -> Range:
    first = placed[0][1]
    # A caption that all of them share stands above them.
    captions = {image.caption for _, image in _of_kind(document, Traversal)}
    caption = first.caption if len(captions) > 1 else ""
    grids = tuple(_traversal(*each, document, folder, orders) for each in placed)
    return Range(_range_title(first, document), caption, grids)


def _first(part: Range) -> tuple[Range, list[Range]]:
    """Return a range in the models that are shown first, and in seeds and baselines, if any."""
    others = [drawn for drawn in part.grids if drawn.model.role in ("seed", "baseline")]
    shown = tuple(drawn for drawn in part.grids if drawn not in others)
    if not shown or not others:
        return part, []
    labels = listed([drawn.model.label for drawn in others]) if len(others) < _FEW else ""
    title = labels or f"{in_words(len(others))} other models"
    return replace(part, grids=shown), [Range(title, "", tuple(others))]


def _all_rows(grids: Sequence[ModelGrid]) -> str:
    rows = max(drawn.image.rows for drawn in grids)
    return f"all {in_words(rows)} rows" if any(drawn.clipped for drawn in grids) else ""


def _stands_for(image: ImageGrid, document: Document) -> str:
    """Return the code of the model shown first that a model's code is most like; else its name."""
    counterpart = document.all_models[image.model].counterpart(image.code)
    return counterpart.code if counterpart else image.code


def strips(document: Document, folder: Path, orders: Orders) -> dict[tuple[int, str], Strip]:
    """Return one row of pictures of each code, by the number of its model and its name.

    Generated images where there are some, else real ones by what the model reads; of a code that
    falls where that of the model shown first rises, the last one first.
    """
    found: dict[tuple[int, str], Strip] = {}
    images = [
        each for kind in (Traversal, Gallery) for each in document.images if isinstance(each, kind)
    ]
    for image in images:
        place = image.model, image.code
        if place not in found and image.code and image.model < MOST_STRIPS:
            file, order = read_image(folder, image.file), orders.get(place)
            found[place] = strip(file, image, order, turned=_is_turned(image, document))
    return found


def _is_turned(image: ImageGrid, document: Document) -> bool:
    counterpart = document.all_models[image.model].counterpart(image.code)
    return bool(counterpart and counterpart.turned)


def galleries(document: Document, folder: Path, orders: Orders) -> tuple[GalleryGroup, ...]:
    """Return the galleries by code; misassigned images are marked and counted."""
    images = _of_kind(document, Gallery)
    groups = []
    for number, code in enumerate(_codes(document, [image for _, image in images])):
        placed = [(place, image) for place, image in images if image.code == code]
        grids = tuple(_gallery(*each, document, folder, orders) for each in placed)
        if grids:
            captions = dict.fromkeys(image.caption for _, image in placed if image.caption)
            tables = filter(None, (_misassigned(grid.model, code, orders) for grid in grids))
            cells = (cell for _, image in placed for row in image.cells for cell in row)
            judged = any(cell.right is not None for cell in cells if cell)
            groups.append(GalleryGroup(number, code, grids, tuple(captions), tuple(tables), judged))
    return tuple(groups)


def _of_kind(document: Document, kind: type[Grids]) -> list[tuple[int, Grids]]:
    """Return the images of a kind with their places in metrics.json, by model."""
    images = [
        (place, image) for place, image in enumerate(document.images) if isinstance(image, kind)
    ]
    return sorted(images, key=lambda placed: placed[1].model)


def _codes(document: Document, images: Sequence[ImageGrid]) -> list[str]:
    """Return the codes of the document, then any other that has images."""
    names = [code.name for code in document.all_codes]
    return list(dict.fromkeys([*names, *(image.code for image in images)]))


def _range_title(image: Traversal, document: Document) -> str:
    low, high, code = image.low, image.high, document.code(image.code)
    if low is None or high is None:
        return "" if code else image.title
    text = f"{minus(f'{low:g}')} to {minus(f'{high:g}')}"
    if code is None or code.low is None or code.high is None:
        return image.title or text
    beyond = low < code.low or high > code.high
    return f"{text}, beyond the training range" if beyond else text


def _traversal(
    place: int, image: Traversal, document: Document, folder: Path, orders: Orders
) -> ModelGrid:
    model = document.all_models[image.model]
    order, turned = orders.get((model.index, image.code)), _is_turned(image, document)
    grid = cut(read_image(folder, image.file), image, order, turned=turned)
    shown = count_of(image.rows, "image")
    columns = tuple(
        replace(column, alt=f"{shown} of {_value(image.code, column)}".capitalize())
        for column in grid.columns
    )
    return ModelGrid(place, model, image, replace(grid, columns=columns), _note(image, model))


def _note(image: ImageGrid, model: ModelResults) -> str:
    """Return which code this is, where it was aligned with one of the model shown first."""
    counterpart = model.counterpart(image.code)
    if counterpart is None:
        return ""
    turned = ", in reverse order" if counterpart.turned else ""
    return f"its {image.code}, agreement {two_decimals(counterpart.agreement)}{turned}"


def _value(code: str, column: GridColumn) -> str:
    matched = "" if column.matched is None else f", matched to {column.matched}"
    return f"{code} {column.label}{matched}"


def _gallery(
    place: int, image: Gallery, document: Document, folder: Path, orders: Orders
) -> ModelGrid:
    model = document.all_models[image.model]
    grid = cut(read_image(folder, image.file), image, orders.get((model.index, image.code)))
    columns = []
    for column in grid.columns:
        cells = [row[column.index] for row in image.cells]
        labels = [cell.label or "not known" for cell in cells if cell]
        marks = tuple(
            (row, cell.label or "?")
            for row, cell in enumerate(cells)
            if cell and cell.right is False
        )
        alt = f"{count_of(len(labels), 'real image')} read as {_value(image.code, column)}"
        if any(cell and cell.label for cell in cells):
            alt += f"; their classes: {', '.join(labels)}"
        files = {row: cell.file for row, cell in enumerate(cells) if cell and cell.file}
        if files:
            alt += f"; their files: {', '.join(files.values())}"
        # Not `capitalize`: names keep their capitals.
        columns.append(replace(column, alt=alt[0].upper() + alt[1:], marks=marks, files=files))
    return ModelGrid(place, model, image, replace(grid, columns=tuple(columns), dense=True))


def _misassigned(model: ModelResults, code: str, orders: Orders) -> ReportTable | None:
    """Return the counts of misassigned images of each category, as a table."""
    clustering = model.clustering(code)
    order = orders.get((model.index, code))
    if clustering is None or order is None:
        return None
    return ReportTable(
        name=f"misassigned-{model.index}-{code}",
        title=f"Images assigned to each code of {code} whose class is not the one matched to it, "
        f"{model.label}",
        columns=(
            *columns("Code", "Matched class", ("Images", "count"), ("Of another class", "count")),
            *columns(("Share", "percent"), "Mostly"),
        ),
        rows=tuple(_counts(category, clustering) for category in order.categories),
    )


def _counts(category: int, clustering: Clustering) -> tuple[str | int | float | None, ...]:
    counts, cls = clustering.confusion[category], clustering.matching[category]
    wrong = {name: n for name, n in enumerate(counts) if name != cls and n}
    names, total, lost = clustering.names, sum(counts), sum(wrong.values())
    worst = max(wrong, key=lambda name: wrong[name], default=None)
    return (
        f"code {category}",
        names[cls] if cls >= 0 else "none",
        total,
        lost,
        lost / total if total else None,
        None if worst is None else f"{names[worst]} ({percent(wrong[worst] / lost)})",
    )
