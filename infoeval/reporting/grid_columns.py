"""Image grids cut into their columns, so that a page can put these in another order."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from infoeval.errors import UserError, quoted
from infoeval.reporting.page_images import ImageContent, address, open_pixels
from infoeval.reporting.wording import minus
from infoeval.results import Document
from infoeval.results.file_entries import Gallery, ImageGrid
from infoeval.results.result_details import Clustering

_ROWS, _ROWS_OF_GALLERY = 2, 1
"""Rows that a page shows of a traversal and of a gallery; the others are folded."""
_LONGEST = 8
"""Letters of a word in a column's head that is written across the column."""

_LEAST, _MOST, _ROOM = 64, 96, 1132
"""CSS pixels: how wide a picture is at least, and at most if that allows it; how wide a page is."""


@dataclass(frozen=True)
class GridColumn:
    """One column of an image grid.

    ``index`` is its place in raw order, from 0; ``matched`` the class matched to it, None where
    there is no matching. ``marks`` are the rows of tiles to be marked, each with its label, and
    ``files`` the files of images by row.
    """

    index: int
    label: str
    matched: str | None
    address: str
    alt: str = ""
    marks: tuple[tuple[int, str], ...] = ()
    files: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """The columns of an image grid in Hungarian order (raw order where there is none).

    ``width`` and ``height`` are those of a column in pixels, ``shown`` is the height of the rows
    that are not folded. A ``dense`` one is shown no larger than it must be.
    """

    columns: tuple[GridColumn, ...]
    width: int
    height: int
    shown: int
    ordered: bool
    dense: bool = False

    @property
    def scales(self) -> tuple[int, int]:
        """How many times larger its pixels are on a wide and on a narrow screen."""
        wide, narrow = magnified(self.width, len(self.columns))
        return narrow if self.dense else wide, narrow

    @property
    def tall(self) -> bool:
        """Whether a column's head has a word too long to be written across the column."""
        heads = " ".join(column.matched or column.label for column in self.columns)
        return max(map(len, heads.split()), default=0) > _LONGEST


def magnified(width: int, columns: int = 1) -> tuple[int, int]:
    """Return how many times larger pictures are shown on a wide and on a narrow screen.

    The numbers are whole, so that every pixel is sharp, and no picture is shown below its size.

    >>> magnified(28, 10), magnified(32, 10), magnified(64, 10), magnified(128)
    ((3, 3), (3, 2), (1, 1), (1, 1))
    """
    least = -(-_LEAST // width)
    fitting = min(_MOST, _ROOM // columns - 1) // width
    return max(least, fitting), least


@dataclass(frozen=True)
class Strip:
    """One row of tiles as an image."""

    address: str
    width: int
    height: int


@dataclass(frozen=True)
class CategoryOrder:
    """A model's categories of a code in the order of the classes that they are matched to.

    ``classes`` gives for each category the name of its class, None where it is matched to none.
    """

    categories: tuple[int, ...]
    classes: tuple[str | None, ...]


Orders = dict[tuple[int, str], CategoryOrder]
"""The order of each model (by its index) and code that has a matching."""


def orders(document: Document) -> Orders:
    """Return each model's order of categories, in which a class has the same place in all models.

    Where a model has no category of a class, a category without a class takes the place.
    """
    by_place = Orders()
    for code in document.all_codes:
        clusterings = {
            model.index: clustering
            for model in document.all_models
            if (clustering := model.clustering(code.name)) is not None
        }
        for index, clustering in clusterings.items():
            first = next(iter(clusterings.values()))
            classes = sorted(cls for cls in first.matching if cls >= 0)
            by_place[index, code.name] = _order(clustering, classes)
    return by_place


def cut(
    file: ImageContent, image: ImageGrid, order: CategoryOrder | None, *, turned: bool = False
) -> Grid:
    """Return the columns of an image grid, each an image without loss; ``turned``: last first.

    Raises UserError where the file is not a grid of that many rows and columns.
    """
    width, height = _tile(file, image)
    pixels, usable = open_pixels(file), _usable(order, image)
    labels = image.column_labels or tuple(str(number + 1) for number in range(image.columns))
    columns = []
    for index in usable.categories if usable else _in_turn(image, turned):
        left = index * (width + image.gap)
        matched = (usable.classes[index] or "none") if usable else None
        column = _encode(pixels.crop((left, 0, left + width, file.height)))
        columns.append(GridColumn(index, minus(labels[index]), matched, column))
    rows = min(image.rows, _ROWS_OF_GALLERY if isinstance(image, Gallery) else _ROWS)
    shown = rows * (height + image.gap) - image.gap
    return Grid(tuple(columns), width, file.height, shown, usable is not None)


def strip(
    file: ImageContent, image: ImageGrid, order: CategoryOrder | None, *, turned: bool = False
) -> Strip:
    """Return the first row of an image grid; orders and errors are those of :func:`cut`."""
    width, height = _tile(file, image)
    pixels, usable = open_pixels(file), _usable(order, image)
    row = pixels.crop((0, 0, file.width, height))
    for place, index in enumerate(usable.categories if usable else _in_turn(image, turned)):
        left = index * (width + image.gap)
        row.paste(pixels.crop((left, 0, left + width, height)), (place * (width + image.gap), 0))
    return Strip(_encode(row), row.width, row.height)


def _in_turn(image: ImageGrid, turned: bool) -> range:
    return range(image.columns)[::-1] if turned else range(image.columns)


def _tile(file: ImageContent, image: ImageGrid) -> tuple[int, int]:
    """Return width and height of a tile."""
    width, rest_x = divmod(file.width + image.gap, image.columns)
    height, rest_y = divmod(file.height + image.gap, image.rows)
    if rest_x or rest_y or min(width, height) <= image.gap:
        raise UserError(
            f"image {quoted(file.name)} of {file.width} x {file.height} pixels cannot be cut into "
            f"{image.columns} x {image.rows} tiles: make it again"
        )
    return width - image.gap, height - image.gap


def _usable(order: CategoryOrder | None, image: ImageGrid) -> CategoryOrder | None:
    return order if order and len(order.categories) == image.columns else None


def _order(clustering: Clustering, classes: Sequence[int]) -> CategoryOrder:
    matching = clustering.matching
    theirs = {cls: category for category, cls in enumerate(matching) if cls >= 0}
    places: list[int | None] = [theirs.get(cls) for cls in classes]
    spare = [category for category in range(len(matching)) if category not in places]
    filled = [spare.pop(0) if place is None and spare else place for place in places]
    categories = [category for category in filled if category is not None] + spare
    names = (clustering.names[cls] if cls >= 0 else None for cls in matching)
    return CategoryOrder(tuple(categories), tuple(names))


def _encode(image: Image.Image) -> str:
    """Return the address of an image as PNG or lossless WebP, whichever is smaller."""
    written = []
    for kind, options in (
        ("PNG", {"optimize": True}),
        ("WEBP", {"lossless": True, "quality": 100, "method": 4, "exact": True}),
    ):
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        written.append((len(buffer.getvalue()), kind, buffer.getvalue()))
    _, kind, content = min(written)
    return address(content, kind)
