"""Figures drawn by matplotlib, in a style that depends on nobody's settings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.layout_engine import ConstrainedLayoutEngine

from infoeval.report.figure import Colours, Figure

__all__ = ["POINTS", "drawn"]

POINTS = 10.5
"""The size of text in points, 14 CSS pixels, that the sizes of all figures are made for."""

_PIXELS_PER_INCH = 96


@contextmanager
def drawn(figure: Figure, colours: Colours, points: float = POINTS) -> Iterator[Drawing]:
    """Draw a figure, text in that many points, and hold its style while it is saved."""
    scale = points / POINTS / _PIXELS_PER_INCH
    with style.context(["default", _settings(colours, points)]), warnings.catch_warnings():
        # The browser sets the text, with fonts that know more scripts than matplotlib's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        size = figure.width * scale, figure.height * scale
        layout = ConstrainedLayoutEngine()
        drawing = Drawing(figsize=size, layout=layout)
        FigureCanvasSVG(drawing)
        figure.draw(drawing, colours)
        # Saving would lay it out anew.
        layout.execute(drawing)
        drawing.set_layout_engine(None)
        yield drawing


def _settings(colours: Colours, points: float) -> dict[str, Any]:
    ink, grid, scale = colours["ink"], colours["grid"], points / POINTS
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "infoeval",
        # Text in a PDF that stays text: TrueType, which journals ask for.
        "pdf.fonttype": 42,
        # Code and class names are the user's: a dollar sign in them is a dollar sign.
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "font.size": points,
        "axes.titlesize": points,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "legend.fontsize": points,
        "legend.frameon": False,
        "legend.borderpad": 0,
        "legend.borderaxespad": 0.5,
        "legend.handlelength": 2.4,
        "lines.linewidth": 1.6 * scale,
        "lines.markersize": 6 * scale,
        "patch.linewidth": 1.6 * scale,
        "axes.linewidth": 0.8 * scale,
        "grid.linewidth": 0.6 * scale,
        "hatch.linewidth": 1.4 * scale,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": grid,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "hatch.color": ink,
        "xtick.color": grid,
        "ytick.color": grid,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "grid.color": grid,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
