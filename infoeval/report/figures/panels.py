"""Small panels of curves with equal frames, for rows of figures on the page."""

from collections.abc import Callable, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from infoeval.report.figure import Colours, Figure, Handle, Margins
from infoeval.report.figures.look import Look, entropy_line
from infoeval.report.figures.naming import short, stem
from infoeval.report.tables import ReportTable, Table

Curves = Callable[[Axes, Colours], None]
"""Draws the curves of a panel and sets the ends of its axes."""

_WIDTH, _HEIGHT = 300, 214
"""The size of a panel, CSS pixels."""
_MARGINS = Margins(left=74, right=18, top=28, bottom=50)
_TICKS, _FEW_TICKS = 5, 3
_LONG = 10_000
"""Least number that is so long that an axis has room for few ticks."""


def panel(
    kind: str,
    heading: str,
    *,
    title: str,
    caption: str,
    axes: tuple[str, str],
    limit: float | None,
    curves: Curves,
    legend: Callable[[Colours], Sequence[Handle]],
    table: Table,
) -> Figure:
    """Return a panel of curves, with a dashed line where there is a limit.

    ``heading`` stands above it; ``axes`` are the labels of the x and the y axis.
    """
    return Figure(
        name=stem(kind, heading),
        title=title,
        caption=caption,
        width=_WIDTH,
        height=_HEIGHT,
        draw=partial(_draw, heading, axes, limit, curves),
        table=ReportTable("", title, table[0], tuple(table[1])),
        legend=legend,
        margins=_MARGINS,
    )


def _draw(
    heading: str,
    labels: tuple[str, str],
    limit: float | None,
    curves: Curves,
    drawing: Drawing,
    colours: Colours,
) -> None:
    axes = drawing.add_subplot()
    # A height that is given is one that matplotlib need not look for.
    axes.set_title(short(heading), y=1)
    axes.grid(axis="y")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    if limit is not None:
        axes.axhline(limit, **entropy_line(colours))
    curves(axes, colours)
    for axis, high in ((axes.xaxis, axes.get_xlim()[1]), (axes.yaxis, 0.0)):
        axis.set_major_locator(
            MaxNLocator(_FEW_TICKS if high >= _LONG else _TICKS, steps=[1, 2, 2.5, 5, 10])
        )
        axis.set_major_formatter(FuncFormatter(_number))


def curve(axes: Axes, x: ArrayLike, y: ArrayLike, look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order."""
    # Loaded when something is drawn: it brings much with it.
    import seaborn as sns

    sns.lineplot(x=x, y=y, ax=axes, estimator=None, errorbar=None, sort=False, **look.line(colours))


def _number(value: float, position: int | None = None) -> str:
    """Return a number of an axis as text.

    >>> _number(3000), _number(-0.25), _number(1e6)
    ('3000', '−0.25', '1e+06')
    """
    return f"{value:g}".replace("-", "−")
