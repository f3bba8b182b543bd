"""The image files that metrics.json names: what is on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infoeval.report.fields import Fields

__all__ = [
    "Animation",
    "Cell",
    "Gallery",
    "Picture",
    "Slider",
    "Sprites",
    "Traversal",
    "read_pictures",
]

_LONGEST_SIDE = 16_383  # pixels, the most that WebP can hold


@dataclass(frozen=True)
class Picture:
    """An image file beside metrics.json; ``model`` is the index of the model it is of."""

    file: str
    model: int
    code: str
    title: str
    caption: str


@dataclass(frozen=True)
class Sheet(Picture):
    """Rows and columns of tiles of the same size with ``gap`` pixels between them."""

    rows: int
    columns: int
    column_labels: tuple[str, ...]
    gap: int


@dataclass(frozen=True)
class Traversal(Sheet):
    """Generated images: a column for each value of a code, a row for each fixed noise.

    ``low`` and ``high`` are the first and last value; None for a categorical code.
    """

    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """A real image: its class, and whether that is the one matched to its code, where known."""

    label: str | None
    right: bool | None


@dataclass(frozen=True)
class Gallery(Sheet):
    """Real images: a column for each category, or range of values, that a code is read as.

    ``cells`` has a row for each row of tiles; None where there is no image.
    """

    cells: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True)
class Slider:
    """The values of a code that there are sprites of; ``start`` is the position shown first."""

    name: str
    values: tuple[float, ...]
    labels: tuple[str, ...]
    start: int


@dataclass(frozen=True)
class Sprites(Picture):
    """Generated images of one noise for every position of the sliders, ``columns`` in a row.

    ``joint``: sprites are in the order of all combinations, the last code fastest. Otherwise they
    are those of the first code's values, then of the second's, and so on, each of which moves away
    from the noise's own values of the other codes.
    """

    noise: int
    joint: bool
    width: int
    height: int
    columns: int
    sliders: tuple[Slider, ...]

    @property
    def count(self) -> int:
        """How many sprites there are."""
        count = 1 if self.joint else 0
        for slider in self.sliders:
            size = len(slider.values)
            count = count * size if self.joint else count + size
        return count


@dataclass(frozen=True)
class Animation(Picture):
    """A moving traversal."""


def read_pictures(items: Sequence[Fields], models: int) -> tuple[Picture, ...]:
    """Check the entries of ``images``. Raises UserError for a damaged one."""
    return tuple(_picture(item, models) for item in items)


def _picture(fields: Fields, models: int) -> Picture:
    kind = fields.choice("kind", ("traversal", "sprites", "gallery", "animation"))
    model = fields.integer("model", least=0)
    if model >= models:
        raise fields.wrong(fields.where("model"), f"the number of one of {models} models")
    common: dict[str, Any] = {
        "file": fields.text("file"),
        "model": model,
        "code": fields.optional_text("code") or "",
        "title": fields.optional_text("title") or "",
        "caption": fields.optional_text("caption") or "",
    }
    if kind == "sprites":
        return _sprites(fields, common)
    if kind == "animation":
        return Animation(**common)
    columns = fields.integer("columns", least=1)
    sheet = common | {
        "rows": fields.integer("rows", least=1),
        "columns": columns,
        "column_labels": _labels(fields, "column_labels", columns),
        "gap": fields.integer("gap", least=0) if fields.values.get("gap") is not None else 0,
    }
    if kind == "gallery":
        return Gallery(**sheet, cells=_cells(fields, sheet["rows"], columns))
    return Traversal(
        **sheet, low=fields.optional_number("low"), high=fields.optional_number("high")
    )


def _labels(fields: Fields, key: str, count: int) -> tuple[str, ...]:
    labels = fields.texts(key)
    if labels and len(labels) != count:
        raise fields.wrong(fields.where(key), f"{count} texts")
    return labels


def _cells(fields: Fields, rows: int, columns: int) -> tuple[tuple[Cell | None, ...], ...]:
    cells = fields.sequence("cells")
    where = fields.where("cells")
    if len(cells) != rows or not all(
        isinstance(row, list) and len(row) == columns for row in cells
    ):
        raise fields.wrong(where, f"{rows} rows of {columns}")
    return tuple(
        tuple(
            None if cell is None else _cell(Fields(cell, f"{where}[{i}][{j}]"))
            for j, cell in enumerate(row)
        )
        for i, row in enumerate(cells)
    )


def _cell(fields: Fields) -> Cell:
    return Cell(fields.optional_text("label"), fields.optional_flag("right"))


def _sprites(fields: Fields, common: dict[str, Any]) -> Sprites:
    sprites = Sprites(
        **common,
        noise=fields.integer("noise", least=0),
        joint=fields.flag("joint"),
        width=fields.integer("width", least=1),
        height=fields.integer("height", least=1),
        columns=fields.integer("columns", least=1),
        sliders=tuple(_slider(item) for item in fields.objects("codes")),
    )
    rows = -(-sprites.count // sprites.columns)
    if max(rows * sprites.height, sprites.columns * sprites.width) > _LONGEST_SIDE:
        raise fields.wrong(fields.place, f"a sheet of at most {_LONGEST_SIDE} pixels a side")
    return sprites


def _slider(fields: Fields) -> Slider:
    values = fields.numbers("values")
    if not values:
        raise fields.wrong(fields.where("values"), "one value or more")
    start = fields.integer("start", least=0)
    if start >= len(values):
        raise fields.wrong(fields.where("start"), f"less than {len(values)}")
    labels = _labels(fields, "labels", len(values))
    return Slider(
        name=fields.text("name"),
        values=values,
        labels=labels or tuple(f"{value:g}" for value in values),
        start=start,
    )
