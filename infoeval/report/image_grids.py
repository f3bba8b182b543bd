"""Traversals and galleries as the page shows them: cut into columns, the models side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infoeval.report.grid_columns import Grid, GridColumn, Orders, Strip, cut, strip
from infoeval.report.page_images import read_image
from infoeval.report.tables import ReportTable, TableColumn
from infoeval.report.wording import count_of, minus, percent, two_decimals
from infoeval.results import Document, ModelResults
from infoeval.results.file_entries import Gallery, ImageGrid, Traversal
from infoeval.results.records import Clustering

MOST_STRIPS = 6
"""Models of which the first screen has pictures."""


@dataclass(frozen=True)
class ModelGrid:
    """An image grid of a model, cut into columns; ``note`` says how its code was aligned."""

    model: ModelResults
    code: str
    title: str
    rows: int
    grid: Grid
    note: str = ""


@dataclass(frozen=True)
class Range:
    """The traversals of a code over one range of its values; ``others`` are folded on the page."""

    title: str
    caption: str
    shown: tuple[ModelGrid, ...]
    others: tuple[ModelGrid, ...]

    @property
    def columns(self) -> int:
        """The number of values."""
        return max(len(drawn.grid.columns) for drawn in (*self.shown, *self.others))


@dataclass(frozen=True)
class TraversalGroup:
    """All traversals of a code."""

    number: int
    code: str
    description: str
    rows: tuple[Range, ...]

    @property
    def single(self) -> bool:
        """Whether its ranges have room beside each other."""
        return all(len(row.shown) + len(row.others) == 1 for row in self.rows)

    @property
    def ordered(self) -> bool:
        """Whether a grid has a Hungarian order beside the raw one."""
        return any(drawn.grid.ordered for row in self.rows for drawn in (*row.shown, *row.others))


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
    def columns(self) -> int:
        """The number of categories or ranges."""
        return max(len(drawn.grid.columns) for drawn in self.grids)

    @property
    def ordered(self) -> bool:
        """Whether a grid has a Hungarian order beside the raw one."""
        return any(drawn.grid.ordered for drawn in self.grids)


def traversals(document: Document, folder: Path, orders: Orders) -> tuple[TraversalGroup, ...]:
    """Return the traversals by code and range, the first model's first.

    Raises UserError for a file that is missing, or not such a grid.
    """
    images = [image for image in document.images if isinstance(image, Traversal)]
    groups = []
    for number, code in enumerate(_codes(document, images)):
        ranges: dict[tuple[float | None, float | None], list[Traversal]] = {}
        for image in images:
            if _stands_for(image, document) == code:
                ranges.setdefault((image.low, image.high), []).append(image)
        rows = [_range(row, document, folder, orders) for row in ranges.values()]
        if rows:
            known = document.code(code)
            description = known.description if known else ""
            groups.append(TraversalGroup(number, code, description, tuple(rows)))
    return tuple(groups)


def _stands_for(image: ImageGrid, document: Document) -> str:
    """Return the code of the model shown first that a model's code is most like; else its name."""
    counterpart = document.all_models[image.model].counterpart(image.code)
    return counterpart.code if counterpart else image.code


def strips(document: Document, folder: Path, orders: Orders) -> dict[tuple[int, str], Strip]:
    """Return one row of pictures of each code, by the number of its model and its name.

    Generated images where there are some, else real ones by what the model reads; of a code that
    falls where that of the model shown first rises, the last one first.

    Raises UserError for a file that is missing, or not such a grid.
    """
    found: dict[tuple[int, str], Strip] = {}
    for kind in (Traversal, Gallery):
        for image in document.images:
            place = image.model, image.code
            if not isinstance(image, kind) or place in found or not image.code:
                continue
            if image.model < MOST_STRIPS:
                file, order = read_image(folder, image.file), orders.get(place)
                found[place] = strip(file, image, order, turned=_is_turned(image, document))
    return found


def _is_turned(image: ImageGrid, document: Document) -> bool:
    counterpart = document.all_models[image.model].counterpart(image.code)
    return bool(counterpart and counterpart.turned)


def galleries(document: Document, folder: Path, orders: Orders) -> tuple[GalleryGroup, ...]:
    """Return the galleries by code; misassigned images are marked and counted.

    Raises UserError for a file that is missing, or not such a grid.
    """
    images = [image for image in document.images if isinstance(image, Gallery)]
    groups = []
    for number, code in enumerate(_codes(document, images)):
        of_code = sorted(
            (image for image in images if image.code == code), key=lambda image: image.model
        )
        if not of_code:
            continue
        grids = tuple(_gallery(image, document, folder, orders) for image in of_code)
        tables = [_misassigned(document.all_models[image.model], code, orders) for image in of_code]
        groups.append(
            GalleryGroup(
                number=number,
                code=code,
                grids=grids,
                captions=tuple(dict.fromkeys(image.caption for image in of_code if image.caption)),
                tables=tuple(table for table in tables if table),
                judged=any(_judged(image) for image in of_code),
            )
        )
    return tuple(groups)


def _codes(document: Document, images: Sequence[ImageGrid]) -> list[str]:
    """Return the codes of the document, then any other that has images."""
    return list(
        dict.fromkeys([code.name for code in document.all_codes] + [image.code for image in images])
    )


def _range(images: list[Traversal], document: Document, folder: Path, orders: Orders) -> Range:
    first = min(images, key=lambda image: image.model)
    captions = {image.caption for image in document.images if isinstance(image, Traversal)}
    drawn = [
        _traversal(image, document, folder, orders)
        for image in sorted(images, key=lambda image: image.model)
    ]
    return Range(
        title=_range_title(first, document),
        # A caption that all of them share stands above them.
        caption=first.caption if len(captions) > 1 else "",
        shown=tuple(grid for grid in drawn if grid.model.role != "seed"),
        others=tuple(grid for grid in drawn if grid.model.role == "seed"),
    )


def _range_title(image: Traversal, document: Document) -> str:
    low, high, code = image.low, image.high, document.code(image.code)
    if low is None or high is None:
        return "" if code else image.title
    text = f"{minus(f'{low:g}')} to {minus(f'{high:g}')}"
    if code is None or code.low is None or code.high is None:
        return image.title or text
    beyond = low < code.low or high > code.high
    return f"{text}, beyond the training range" if beyond else text


def _traversal(image: Traversal, document: Document, folder: Path, orders: Orders) -> ModelGrid:
    model = document.all_models[image.model]
    order, turned = orders.get((model.index, image.code)), _is_turned(image, document)
    grid = cut(read_image(folder, image.file), image, order, turned=turned)
    columns = tuple(
        replace(
            column,
            alt=f"{count_of(image.rows, 'image')} of {_value(image.code, column)}".capitalize(),
        )
        for column in grid.columns
    )
    title = image.title or image.code
    return ModelGrid(
        model, image.code, title, image.rows, replace(grid, columns=columns), _note(image, model)
    )


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


def _gallery(image: Gallery, document: Document, folder: Path, orders: Orders) -> ModelGrid:
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
    return ModelGrid(
        model=model,
        code=image.code,
        title=image.title or image.code,
        rows=image.rows,
        grid=replace(grid, columns=tuple(columns)),
    )


def _judged(image: Gallery) -> bool:
    return any(cell.right is not None for row in image.cells for cell in row if cell)


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
            TableColumn("Code"),
            TableColumn("Matched class"),
            TableColumn("Images", "count"),
            TableColumn("Of another class", "count"),
            TableColumn("Share", "percent"),
            TableColumn("Mostly"),
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
