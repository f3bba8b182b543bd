"""The files that metrics.json names: images with what they show, and the live generator."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infoeval.results.contract import (
    Count,
    Flag,
    Name,
    Number,
    Open,
    Positive,
    Text,
    Whole,
    wrong,
)

LONGEST_SIDE = 16_383
"""Pixels, the most that WebP can hold."""
MOST_TILES = 4096
"""Rows or columns of tiles: as many as a categorical code may have categories."""
EXAGGERATION = 2
"""A continuous slider spans this many times its prior's range, as the paper's −2 … 2."""

Tiles = Annotated[Whole, Field(ge=1, le=MOST_TILES)]
Side = Annotated[Whole, Field(ge=1, le=1024)]


class ImageEntry(Open):
    """An image file beside metrics.json; ``model`` is the number of its model."""

    file: str
    model: Count
    code: Name = ""
    title: Text = ""
    caption: Text = ""


class ImageGrid(ImageEntry):
    """Rows and columns of tiles of equal size, ``gap`` pixels apart."""

    rows: Tiles
    columns: Tiles
    column_labels: tuple[Name, ...] = ()
    gap: Count = 0

    @model_validator(mode="after")
    def _check_labels(self) -> "ImageGrid":
        if self.column_labels and len(self.column_labels) != self.columns:
            raise wrong(f"{self.columns} texts", "column_labels")
        return self


class Traversal(ImageGrid):
    """Generated images: a column for each value of a code, a row for each fixed noise.

    ``low`` and ``high`` are the first and last value; None for a categorical code.
    """

    kind: Literal["traversal"]
    low: Number | None = None
    high: Number | None = None


class Cell(Open):
    """A real image: its class, whether that is the class matched to its code, and its file.

    None where that is not known.
    """

    label: Name | None = None
    right: Flag | None = None
    file: Text | None = None


class Gallery(ImageGrid):
    """Real images: a column for each category, or range of values, that a code is read as.

    ``cells`` has a row for each row of tiles; None where there is no image.
    """

    kind: Literal["gallery"]
    cells: tuple[tuple[Cell | None, ...], ...]

    @model_validator(mode="after")
    def _check_cells(self) -> "Gallery":
        if len(self.cells) != self.rows or any(len(row) != self.columns for row in self.cells):
            raise wrong(f"{self.rows} rows of {self.columns}", "cells")
        return self


class SliderEntry(Open):
    """The values of a code that have sprites; ``start`` is the position shown first."""

    name: Name
    values: tuple[Number, ...]
    labels: tuple[Name, ...] = ()
    start: Count

    @property
    def texts(self) -> tuple[str, ...]:
        """The label of each value: the value itself where none is given."""
        return self.labels or tuple(f"{value:g}" for value in self.values)

    @model_validator(mode="after")
    def _check(self) -> "SliderEntry":
        if not self.values:
            raise wrong("one value or more", "values")
        if self.start >= len(self.values):
            raise wrong(f"less than {len(self.values)}", "start")
        if self.labels and len(self.labels) != len(self.values):
            raise wrong(f"{len(self.values)} texts", "labels")
        return self


class Sprites(ImageEntry):
    """Generated images of one noise for every position of the sliders, ``columns`` in a row.

    ``joint``: the sprites are of all combinations of values, the last code's fastest. Otherwise
    they are of the first code's values, then the second's, and so on; all other codes keep the
    values that belong to the noise.
    """

    kind: Literal["sprites"]
    noise: Count
    joint: Flag
    width: Positive
    height: Positive
    columns: Positive
    codes: tuple[SliderEntry, ...]

    @property
    def count(self) -> int:
        """The number of sprites."""
        count = 1 if self.joint else 0
        for slider in self.codes:
            size = len(slider.values)
            count = count * size if self.joint else count + size
        return count

    @model_validator(mode="after")
    def _check(self) -> "Sprites":
        rows = -(-self.count // self.columns)
        if max(rows * self.height, self.columns * self.width) > LONGEST_SIDE:
            raise wrong(f"a grid of at most {LONGEST_SIDE} pixels a side")
        return self


class Animation(ImageEntry):
    """A moving traversal."""

    kind: Literal["animation"]


Image = Annotated[Traversal | Gallery | Sprites | Animation, Field(discriminator="kind")]


class CategoricalSlider(Open):
    """A categorical code of the generator's input."""

    kind: Literal["categorical"]
    name: Name
    size: Annotated[Whole, Field(ge=2, le=10_000)]


class ContinuousSlider(Open):
    """A uniform code of the generator's input; ``low`` and ``high`` are its prior's ends."""

    kind: Literal["continuous"]
    name: Name
    low: Number
    high: Number

    @property
    def centre(self) -> float:
        """The middle of the prior."""
        return (self.low + self.high) / 2

    @property
    def reach(self) -> float:
        """The distance from the middle to either end of the slider."""
        return (self.high - self.low) / 2 * EXAGGERATION

    @model_validator(mode="after")
    def _check(self) -> "ContinuousSlider":
        if not 1e-6 <= self.reach <= 1e9 * max(1.0, abs(self.centre)):
            raise wrong("a number above low", "high")
        return self


class NormalSlider(Open):
    """A normal code of the generator's input."""

    kind: Literal["normal"]
    name: Name
    mean: Number
    deviation: Annotated[Number, Field(ge=1e-6, le=1e6)]


class AngleSlider(Open):
    """An angle, which has two columns of the generator's input: cosine and sine."""

    kind: Literal["angle"]
    name: Name


Slider = CategoricalSlider | ContinuousSlider | NormalSlider | AngleSlider


class LiveImage(Open):
    """The size of the generator's images."""

    channels: Literal[1, 3]
    height: Side
    width: Side


class Reference(Open):
    """The file of codes and images that a page must reproduce, to ``tolerance`` grey levels."""

    file: str
    sha256: str
    rows: Annotated[Whole, Field(ge=1, le=24)]
    tolerance: Count


class Runtime(Open):
    """The program that runs the generator."""

    name: Name
    version: Name


class Live(Open):
    """The generator's file, the codes of its input in their order, and how to check it."""

    file: str
    sha256: str
    noise: Annotated[Count, Field(le=100_000)]
    codes: Annotated[
        tuple[Annotated[Slider, Field(discriminator="kind")], ...],
        Field(min_length=1, max_length=64),
    ]
    image: LiveImage
    reference: Reference
    runtime: Runtime
