"""Figures 2 to 6 of the paper: a panel a code, a row a fixed noise, a column a value."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoeval.codes import CodeSpace
from infoeval.errors import UserError, unknown
from infoeval.evaluation.options import check_seed
from infoeval.files import atomic_path
from infoeval.subjects.protocols import Generator
from infoeval.traversals import tile, traverse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
MOST_PANELS = 100
"""The time of their layout grows with the square of their number."""
PANELS_ACROSS = 2
PANEL_WIDTH = 5.0
"""Width of a panel in inches."""
DOTS_PER_INCH = 100


def draw_traversals(model: Generator, path: str | Path, **drawn: Any) -> Path:
    """Write `traversal_figure(model, **drawn)` to a PNG, PDF or SVG file, and return its path.

    Raises UserError as that, for another suffix, and for a place that cannot be written.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise UserError(f"{path}: a figure is {', '.join(FORMATS)}; an animation .gif or .webp")
    figure = traversal_figure(model, **drawn)
    with atomic_path(path) as temporary:
        figure.savefig(temporary)
    return Path(path)


def traversal_figure(
    model: Generator,
    *,
    codes: Sequence[str] | None = None,
    rows: int = 5,
    columns: int = 10,
    stretch: float = 1.0,
    seed: int = 0,
    titles: Mapping[str, str] | None = None,
) -> "Figure":
    """Return a figure of what each code changes in a generator's images.

    In a panel one code varies from left to right, and the other codes and the noise of a row are
    fixed; all panels share them.

    Args:
        model: a generator: a `CheckpointModel`, or anything with `codes` and `generate`; its
            images are uint8, or floats in [0, 1].
        codes: the codes, in this order; None: all.
        rows: samples of everything else.
        columns: values of a continuous code; a categorical one shows all its categories.
        stretch: multiple of their range over which continuous codes vary; 2 is the paper's
            exaggerated −2 … 2.
        seed: seed of the fixed noise and codes.
        titles: what stands above a code's panel instead of its name and range.

    Raises:
        UserError: no such code, numbers that make no figure, or a generator whose images are none
            or not finite.

    """
    chosen = check_choice(model.codes, codes, rows, columns, stretch, seed)
    from infoeval.evaluation.notebook_figure import NotebookFigure

    grids = {}
    for name in chosen:
        count = None if model.codes[name].is_categorical else columns
        tiles, values = traverse(
            model.codes,
            model.generate,
            name,
            rows=rows,
            columns=count,
            stretch=stretch,
            seed=seed,
        )
        grids[name] = (tile(tiles, ground=255), values)
    across = min(PANELS_ACROSS, len(chosen))
    down = math.ceil(len(chosen) / across)
    tallest = max(grid.shape[0] / grid.shape[1] for grid, _ in grids.values())
    size = (PANEL_WIDTH * across, (PANEL_WIDTH * tallest + 0.35) * down)
    figure = NotebookFigure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, (grid, values)) in zip(axes, grids.items(), strict=False):
        grey = grid.shape[2] == 1
        axis.imshow(
            grid[:, :, 0] if grey else grid, cmap="gray" if grey else None, vmin=0, vmax=255
        )
        axis.set_title((titles or {}).get(name) or _title(model.codes, name, values), fontsize=9)
    return figure


def _title(space: CodeSpace, name: str, values: Sequence[float]) -> str:
    if space[name].is_categorical:
        return f"{name}: {len(values)} categories"
    # Three digits of the range, whatever the values are far from 0.
    digits = 2 - math.floor(math.log10(values[-1] - values[0])) if values[-1] > values[0] else 6
    low, high = (round(float(end), digits) for end in (values[0], values[-1]))
    return f"{name}: {low:+g} … {high:+g}".replace("-", "−")


def check_choice(
    space: CodeSpace,
    codes: Sequence[str] | None,
    rows: int,
    columns: int,
    stretch: float,
    seed: int,
) -> list[str]:
    """Return the codes to draw, each once; None: all.

    Raises UserError for an unknown code, for more than `MOST_PANELS`, and for numbers that make no
    figure.
    """
    if not space:
        raise UserError(
            "the generator has noise alone, and no codes to traverse; declare codes in place "
            "of noise, or see infoeval directions"
        )
    for name in codes or ():
        if name not in space:
            raise UserError(unknown("no code called", name, list(space)))
    if not 1 <= rows <= 100 or not 2 <= columns <= 100:
        raise UserError("a figure has 1 to 100 rows and 2 to 100 columns")
    if not 0 < stretch <= 100:
        raise UserError(f"stretch must be above 0 and at most 100, not {stretch:g}")
    check_seed(seed)
    chosen = list(dict.fromkeys(codes or space))
    if len(chosen) > MOST_PANELS:
        raise UserError(
            f"a figure has at most {MOST_PANELS} codes, and these are {len(chosen):,}: choose some "
            "with --code"
        )
    return chosen
