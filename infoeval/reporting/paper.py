"""Figures and tables for a paper: SVG and PDF, LaTeX and CSV, a file each."""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from infoeval.files import write_bytes, write_text
from infoeval.reporting import figures
from infoeval.reporting.figure import Colours, Figure, drawn
from infoeval.reporting.figures.naming import numbered, stem
from infoeval.reporting.page_images import check_all, open_pixels, read_image
from infoeval.reporting.tables import ReportTable, csv_table, latex_table
from infoeval.results import Document
from infoeval.results.file_entries import Traversal

COLOURS: Colours = {
    "ink": "#000000",
    "soft": "#50565d",
    "grid": "#a9ada9",
    "card": "#ffffff",
    # Okabe and Ito's palette, the lighter ones darkened until they stand out on white.
    "subject": "#0072b2",
    "baseline": "#c25000",
    "model-2": "#007a5a",
    "model-3": "#a8447e",
    "model-4": "#8a5a00",
    "model-5": "#50565d",
    "strong": "#08306b",
    "on-middle": "#111111",
    "on-strong": "#ffffff",
}
POINTS = 8.0
"""The size of text: small panels are then 6 cm wide, and wide figures 13 cm."""

_CENTIMETRE = 96 / 2.54 * 10.5 / POINTS
"""In the CSS pixels that figures are laid out in, once they are drawn at this size of text."""
_COLUMN, _PAGE = 8.4 * _CENTIMETRE, 17.0 * _CENTIMETRE
_MOST_IN_COLUMN = 12
_LETTER = 6.9
"""Of the columns' labels, which are smaller than other text, CSS pixels."""


def write_figures(
    document: Mapping[str, Any],
    folder: str | os.PathLike[str],
    directory: str | os.PathLike[str],
) -> list[Path]:
    """Write every figure as SVG and PDF and every table as LaTeX and CSV into ``directory``.

    The traversal grids are drawn with the values of their columns. ``document`` is metrics.json as
    ``json.load`` gives it, ``folder`` that of the image files. Equal input gives equal bytes.
    Returns the files that were written.

    Raises UserError when the document is malformed, an image is missing or damaged, or a file
    cannot be written.
    """
    whole = Document.for_page(document)
    check_all(Path(folder), (image.file for image in whole.images))
    built = figures.build(whole)
    written: list[Path] = []
    for figure in (*built.figures(), *_grids(whole, Path(folder))):
        for suffix, content in _saved(figure).items():
            written.append(Path(directory) / f"{figure.name}.{suffix}")
            write_bytes(written[-1], content)
    for table in built.tables():
        for suffix, text in (("tex", latex_table(table)), ("csv", csv_table(table))):
            written.append(Path(directory) / f"{table.name}.{suffix}")
            write_text(written[-1], text)
    return written


def _saved(figure: Figure) -> dict[str, bytes]:
    """Draw a figure as SVG and PDF, neither with a date in it."""
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    saved = {}
    with drawn(figure, COLOURS, POINTS) as drawing:
        for suffix, dates in metadata.items():
            buffer = io.BytesIO()
            about = {**dates, "Title": figure.title}
            drawing.savefig(buffer, format=suffix, facecolor=COLOURS["card"], metadata=about)
            saved[suffix] = buffer.getvalue()
    return saved


def _grids(document: Document, folder: Path) -> Iterator[Figure]:
    """Return the traversal grids of every model as figures."""
    grids = [image for image in document.images if isinstance(image, Traversal)]
    several = len(document.all_models) > 1
    names = numbered(
        stem(
            *("traversal", grid.code, "" if grid.high is None else f"to {grid.high:g}"),
            *([f"{grid.model}"] if several else []),
        )
        for grid in grids
    )
    for name, grid in zip(names, grids, strict=True):
        yield replace(_grid(grid, document.all_models[grid.model].label, folder), name=name)


def _grid(grid: Traversal, model: str, folder: Path) -> Figure:
    pixels = np.asarray(open_pixels(read_image(folder, grid.file)))
    width = _COLUMN if grid.columns <= _MOST_IN_COLUMN else _PAGE
    labels = max((len(label) for label in grid.column_labels), default=0)
    upright = _LETTER * (labels + 1) <= width / grid.columns
    above = 0.0 if not labels else 22.0 if upright else 10 + _LETTER * labels
    title = f"{grid.title}, {model}"
    return Figure(
        name="",
        title=title,
        caption=grid.caption,
        width=width,
        height=above + 8 + width * pixels.shape[0] / pixels.shape[1],
        draw=partial(_draw_grid, grid, pixels, upright),
        table=ReportTable("", title, (), ()),
    )


def _draw_grid(
    grid: Traversal, pixels: NDArray[np.uint8], upright: bool, drawing: Drawing, colours: Colours
) -> None:
    axes = drawing.add_subplot()
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if pixels.ndim == 2 else {}
    axes.imshow(pixels, interpolation="none", **grey)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    tile = (pixels.shape[1] + grid.gap) / grid.columns
    middles = [tile * (column + 0.5) - (grid.gap + 1) / 2 for column in range(grid.columns)]
    labels = grid.column_labels or ("",) * grid.columns
    axes.set_xticks(middles, labels, size="small", rotation=0 if upright else 90)
