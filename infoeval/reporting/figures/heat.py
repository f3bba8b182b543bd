"""Heat maps of one hue on a transparent ground, for light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from infoeval.reporting.figure import Colours, Figure
from infoeval.reporting.figures.naming import short
from infoeval.reporting.tables import ReportTable

_LETTER = 8.2
"""Width of a letter, CSS pixels."""
_MOST_WRITTEN = 24
"""Largest number of rows whose cells have room for their numbers."""
_WIDEST_WRITTEN = 720
"""Largest width of all columns with numbers, CSS pixels: the map then fits on a sheet of paper."""
_CELL, _SMALL_CELL = (34.0, 30.0), 18.0
_LEAST = 0.004
"""Largest value that is drawn as an empty cell: the eye could not tell them apart."""
_WIDEST = 520
"""Largest width of all columns whose labels stand upright, CSS pixels."""


@dataclass(frozen=True)
class Map:
    """A table of numbers from 0 to 1 with what is written in each cell, ``""`` for nothing.

    ``outlined`` cells get a frame, ``soft`` ones soft ink, ``greyed`` columns a grey ground. A
    number that is not finite leaves its cell empty.
    """

    values: NDArray[np.float64]
    written: Sequence[Sequence[str]]
    rows: Sequence[str]
    columns: Sequence[str]
    across: str
    down: str
    outlined: frozenset[tuple[int, int]] = frozenset()
    soft: frozenset[tuple[int, int]] = frozenset()
    greyed: frozenset[int] = field(default=frozenset(), kw_only=True)

    @property
    def small(self) -> bool:
        """Whether there are too many cells to write in."""
        rows, columns = self.values.shape
        return bool(rows > _MOST_WRITTEN or columns * self._number > _WIDEST_WRITTEN)

    @property
    def upright(self) -> bool:
        """Whether the columns' labels stand upright."""
        return _letters(self.columns) * len(self.columns) <= _WIDEST

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell, CSS pixels."""
        if self.small:
            return _SMALL_CELL, _SMALL_CELL
        width = max(self._number, _letters(self.columns) if self.upright else 0.0)
        return width, _CELL[1]

    @property
    def _number(self) -> float:
        """Width of a cell that its number needs."""
        return max(_CELL[0], *(_letters(row) for row in self.written))


def map_figure(heat: Map, *, name: str, title: str, caption: str, table: ReportTable) -> Figure:
    """Return the figure of a map, as large as its cells and their labels need."""
    width, height = heat.cell
    rows, columns = heat.values.shape
    beneath = 60.0 if heat.upright else 40 + _letters(heat.columns)
    return Figure(
        name=name,
        title=title,
        caption=caption,
        width=40 + _letters(heat.rows) + width * columns,
        height=beneath + height * rows,
        draw=partial(_draw_map, heat),
        table=table,
    )


def _letters(labels: Sequence[str]) -> float:
    """Return how long the longest label is, with some room, CSS pixels."""
    return _LETTER * max((len(short(label)) for label in labels), default=0) + 10


def _draw_map(heat: Map, drawing: Drawing, colours: Colours) -> None:
    """Draw the map; the more of its hue, the larger the number."""
    # Loaded when something is drawn: it brings much with it.
    import seaborn as sns

    axes = drawing.add_subplot()
    strong = to_rgb(colours["strong"])
    hue = LinearSegmentedColormap.from_list("hue", [(*strong, 0.0), (*strong, 1.0)])
    rows, columns = heat.values.shape
    sns.heatmap(
        heat.values,
        mask=~(heat.values >= _LEAST),
        vmin=0,
        vmax=1,
        cmap=hue,
        cbar=False,
        # With labels of its own it would draw everything once to see whether they overlap.
        xticklabels=False,
        yticklabels=False,
        clip_on=False,
        ax=axes,
    )
    for column in sorted(heat.greyed):
        ground = Rectangle((column, 0), 1, rows, alpha=0.45, linewidth=0, clip_on=False)
        ground.set_facecolor(colours["grid"])
        axes.add_patch(ground)
    if not heat.small:
        _write(axes, heat, colours)
    edges: dict[str, Any] = {"color": colours["grid"], "linewidth": 0.6, "clip_on": False}
    axes.hlines(np.arange(rows + 1), 0, columns, **edges)
    axes.vlines(np.arange(columns + 1), 0, rows, **edges)
    for row, column in sorted(heat.outlined):
        frame = Rectangle((column, row), 1, 1, fill=False, linewidth=2.4, clip_on=False)
        frame.set_edgecolor(colours["ink"])
        axes.add_patch(frame)
    axes.set(xlabel=heat.across, ylabel=heat.down)
    turned = 0 if heat.upright else 90
    axes.set_xticks(np.arange(columns) + 0.5, list(map(short, heat.columns)), rotation=turned)
    axes.set_yticks(np.arange(rows) + 0.5, list(map(short, heat.rows)), va="center")
    axes.tick_params(length=0)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.spines[:].set_visible(False)


def _write(axes: Axes, heat: Map, colours: Colours) -> None:
    """Write the numbers so that they can be read on their cells, on a light and on a dark page."""
    for (row, column), value in np.ndenumerate(heat.values):
        ink = "on-strong" if value >= 0.65 else "on-middle" if value >= 0.5 else "ink"
        soft = (row, column) in heat.soft and column not in heat.greyed
        # Grey could not be read on a strong colour: there the number is fainter than others.
        faint = soft and ink != "ink"
        colour = colours["soft" if soft and not faint else ink]
        alpha = 0.75 if faint else None
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": colour, "alpha": alpha}
        axes.text(column + 0.5, row + 0.5, heat.written[row][column], in_layout=False, **look)
