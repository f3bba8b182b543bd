"""Small panels of curves, which stand in rows on the page: their frames are alike."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from infoeval.report.figure import Colours, Margins
from infoeval.report.figures.look import Look, entropy_line
from infoeval.report.figures.naming import short

__all__ = ["HEIGHT", "MARGINS", "WIDTH", "axes_of", "curve", "finish"]

WIDTH, HEIGHT = 300, 214
"""Of a panel, CSS pixels."""
MARGINS = Margins(left=74, right=18, top=28, bottom=50)

_TICKS, _FEW_TICKS = 5, 3
_LONG = 10_000
"""From here on, numbers are so long that an axis has room for few of them."""


def axes_of(
    drawing: Drawing, title: str, across: str, unit: str, limit: float | None, colours: Colours
) -> Axes:
    """Return the axes of a panel, with a dashed line where there is a limit."""
    axes = drawing.add_subplot()
    # A height that is given is one that matplotlib need not look for.
    axes.set_title(short(title), y=1)
    axes.grid(axis="y")
    axes.set(xlabel=across, ylabel=unit)
    if limit is not None:
        axes.axhline(limit, **entropy_line(colours))
    return axes


def curve(axes: Axes, x: ArrayLike, y: ArrayLike, look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order."""
    # Loaded when something is drawn: it brings much with it.
    import seaborn as sns

    sns.lineplot(x=x, y=y, ax=axes, estimator=None, errorbar=None, sort=False, **look.line(colours))


def finish(axes: Axes) -> None:
    """Set the numbers along the axes of a panel, whose ends are set."""
    for axis, high in ((axes.xaxis, axes.get_xlim()[1]), (axes.yaxis, 0.0)):
        axis.set_major_locator(
            MaxNLocator(_FEW_TICKS if high >= _LONG else _TICKS, steps=[1, 2, 2.5, 5, 10])
        )
        axis.set_major_formatter(FuncFormatter(_number))


def _number(value: float, position: int | None = None) -> str:
    """Write a number of an axis.

    >>> _number(3000), _number(-0.25), _number(1e6)
    ('3000', '−0.25', '1e+06')
    """
    return f"{value:g}".replace("-", "−")
