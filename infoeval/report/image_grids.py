"""Traversals and galleries as the page shows them: cut into columns, the models side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infoeval.report.grid_columns import Column, Grid, Orders, Strip, cut, strip
from infoeval.report.page_images import read_image
from infoeval.report.tables import Column as TableColumn
from infoeval.report.tables import Table
from infoeval.report.wording import count_of, minus, percent
from infoeval.results.details import CLUSTER_ACCURACY, Clustering
from infoeval.results.document import Document, Model
from infoeval.results.image_entries import Gallery, ImageGrid, Traversal

__all__ = [
    "DrawnSheet",
    "GalleryGroup",
    "Range",
    "TraversalGroup",
    "galleries",
    "strips",
    "traversals",
]


@dataclass(frozen=True)
class DrawnSheet:
    """A sheet of a model, cut into columns."""

    model: Model
    code: str
    title: str
    rows: int
    grid: Grid


@dataclass(frozen=True)
class Range:
    """The traversals of a code over one range of its values, and those that stay folded."""

    title: str
    caption: str
    shown: tuple[DrawnSheet, ...]
    others: tuple[DrawnSheet, ...]

    @property
    def columns(self) -> int:
        """How many values there are."""
        return max(len(sheet.grid.columns) for sheet in (*self.shown, *self.others))


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
        """Whether a sheet has a Hungarian order beside the raw one."""
        return any(sheet.grid.ordered for row in self.rows for sheet in (*row.shown, *row.others))


@dataclass(frozen=True)
class GalleryGroup:
    """Real images by what is read from them as a code.

    ``judged``: their classes are known, and which of them is matched to each code.
    """

    number: int
    code: str
    sheets: tuple[DrawnSheet, ...]
    captions: tuple[str, ...]
    tables: tuple[Table, ...]
    judged: bool

    @property
    def columns(self) -> int:
        """How many categories or ranges there are."""
        return max(len(sheet.grid.columns) for sheet in self.sheets)

    @property
    def ordered(self) -> bool:
        """Whether a sheet has a Hungarian order beside the raw one."""
        return any(sheet.grid.ordered for sheet in self.sheets)


def traversals(document: Document, folder: Path, orders: Orders) -> tuple[TraversalGroup, ...]:
    """Group the traversals by code and range, the first model's first.

    Raises UserError for a file that is missing, or no such sheet.
    """
    pictures = [each for each in document.images if isinstance(each, Traversal)]
    groups = []
    for number, code in enumerate(_codes(document, pictures)):
        ranges: dict[tuple[float | None, float | None], list[Traversal]] = {}
        for picture in pictures:
            if picture.code == code:
                ranges.setdefault((picture.low, picture.high), []).append(picture)
        rows = [_range(row, document, folder, orders) for row in ranges.values()]
        if rows:
            found = document.code(code)
            description = found.description if found else ""
            groups.append(TraversalGroup(number, code, description, tuple(rows)))
    return tuple(groups)


def strips(document: Document, folder: Path, orders: Orders) -> dict[str, Strip]:
    """Return for each code one row of the first traversal of the model shown, by its name.

    Raises UserError for a file that is missing, or no such sheet.
    """
    found: dict[str, Strip] = {}
    for picture in document.images:
        if isinstance(picture, Traversal) and picture.model == 0 and picture.code not in found:
            order = orders.get((0, picture.code))
            found[picture.code] = strip(read_image(folder, picture.file), picture, order)
    return found


def galleries(document: Document, folder: Path, orders: Orders) -> tuple[GalleryGroup, ...]:
    """Group the galleries by code; misassigned images are marked and counted.

    Raises UserError for a file that is missing, or no such sheet.
    """
    pictures = [each for each in document.images if isinstance(each, Gallery)]
    groups = []
    for number, code in enumerate(_codes(document, pictures)):
        own = sorted((each for each in pictures if each.code == code), key=lambda g: g.model)
        if not own:
            continue
        sheets = tuple(_gallery(each, document, folder, orders) for each in own)
        tables = [_misassigned(document.all_models[each.model], code, orders) for each in own]
        groups.append(
            GalleryGroup(
                number=number,
                code=code,
                sheets=sheets,
                captions=tuple(dict.fromkeys(each.caption for each in own if each.caption)),
                tables=tuple(table for table in tables if table),
                judged=any(_judged(each) for each in own),
            )
        )
    return tuple(groups)


def _codes(document: Document, pictures: Sequence[ImageGrid]) -> list[str]:
    """Return the codes of the document, then what else there are pictures of."""
    return list(
        dict.fromkeys(
            [code.name for code in document.all_codes] + [picture.code for picture in pictures]
        )
    )


def _range(pictures: list[Traversal], document: Document, folder: Path, orders: Orders) -> Range:
    first = min(pictures, key=lambda each: each.model)
    captions = {each.caption for each in document.images if isinstance(each, Traversal)}
    drawn = [
        _sheet(each, document, folder, orders) for each in sorted(pictures, key=lambda p: p.model)
    ]
    folded = [sheet for sheet in drawn if sheet.model.role == "seed"]
    return Range(
        title=_range_title(first, document),
        # What is true of all of them is said above them.
        caption=first.caption if len(captions) > 1 else "",
        shown=tuple(sheet for sheet in drawn if sheet not in folded),
        others=tuple(folded),
    )


def _range_title(picture: Traversal, document: Document) -> str:
    low, high, code = picture.low, picture.high, document.code(picture.code)
    if low is None or high is None:
        return "" if code else picture.title
    text = f"{minus(f'{low:g}')} to {minus(f'{high:g}')}"
    if code is None or code.low is None or code.high is None:
        return picture.title or text
    beyond = low < code.low or high > code.high
    return f"{text}, beyond the training range" if beyond else text


def _sheet(picture: Traversal, document: Document, folder: Path, orders: Orders) -> DrawnSheet:
    model = document.all_models[picture.model]
    grid = cut(read_image(folder, picture.file), picture, orders.get((model.index, picture.code)))
    columns = tuple(
        replace(
            column,
            alt=f"{count_of(picture.rows, 'image')} of {_value(picture.code, column)}".capitalize(),
        )
        for column in grid.columns
    )
    title = picture.title or picture.code
    return DrawnSheet(model, picture.code, title, picture.rows, replace(grid, columns=columns))


def _value(code: str, column: Column) -> str:
    matched = "" if column.matched is None else f", matched to {column.matched}"
    return f"{code} {column.label}{matched}"


def _gallery(picture: Gallery, document: Document, folder: Path, orders: Orders) -> DrawnSheet:
    model = document.all_models[picture.model]
    grid = cut(read_image(folder, picture.file), picture, orders.get((model.index, picture.code)))
    columns = []
    for column in grid.columns:
        cells = [row[column.index] for row in picture.cells]
        labels = [cell.label or "not known" for cell in cells if cell]
        marks = tuple(
            (row, cell.label or "?")
            for row, cell in enumerate(cells)
            if cell and cell.right is False
        )
        alt = f"{count_of(len(labels), 'real image')} read as {_value(picture.code, column)}"
        if any(cell and cell.label for cell in cells):
            alt += f"; their classes: {', '.join(labels)}"
        columns.append(replace(column, alt=alt.capitalize(), marks=marks))
    return DrawnSheet(
        model=model,
        code=picture.code,
        title=picture.title or picture.code,
        rows=picture.rows,
        grid=replace(grid, columns=tuple(columns)),
    )


def _judged(picture: Gallery) -> bool:
    return any(cell.right is not None for row in picture.cells for cell in row if cell)


def _misassigned(model: Model, code: str, orders: Orders) -> Table | None:
    """Count for each category the images of another class than the one matched to it."""
    result = model.find(CLUSTER_ACCURACY, code)
    clustering = result.clustering if result else None
    order = orders.get((model.index, code))
    if clustering is None or order is None:
        return None
    return Table(
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
