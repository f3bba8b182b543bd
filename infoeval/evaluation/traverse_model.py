"""Traversals of any model that has a generator, as a figure, in a file, or moving."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infoeval.errors import UserError
from infoeval.evaluation.animation import animate
from infoeval.evaluation.context import Context
from infoeval.evaluation.options import Options
from infoeval.evaluation.report_files import ANIMATIONS
from infoeval.evaluation.report_images import DrawnImages
from infoeval.evaluation.traversal_figures import draw_traversals, traversal_figure
from infoeval.subjects.opening import Given
from infoeval.subjects.protocols import Generator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def traverse(
    model: Given,
    output: str | Path | None = None,
    *,
    codes: Sequence[str] | None = None,
    rows: int = 5,
    columns: int = 10,
    stretch: float = 1.0,
    seed: int = 0,
    prior: str | None = None,
    image_range: str = "0,1",
    device: str = "auto",
) -> "Figure | Path":
    """Return a figure of what each code changes: a row for fixed noise, a column for a value.

    Args:
        model: what has a generator: a checkpoint or a folder with one, an ONNX decoder,
            `FILE.py:FUNCTION`, which is run, or a model in memory (see docs/your-model.md).
        output: a file to write instead, whose path is returned: .png, .pdf or .svg, or .gif or
            .webp, which move.
        codes: the codes, in this order; None: all.
        rows: samples of everything else.
        columns: values of a continuous code in a figure.
        stretch: multiple of their range over which continuous codes vary; 2 is the paper's −2 … 2.
        seed: seed of the fixed noise and codes.
        prior: codes of an ONNX decoder, such as "10,n,n".
        image_range: darkest and brightest value of an ONNX decoder's images.
        device: "auto", "cpu", "cuda" or "cuda:N".

    Raises:
        UserError: a model without a generator or without codes, no such code, numbers that make no
            figure, another suffix, or a place that cannot be written.

    """
    options = Options(device=device, seed=seed, prior=prior, image_range=image_range)
    generator = _generator(model, Context(options))
    fixed = {"codes": codes, "rows": rows, "stretch": stretch, "seed": seed}
    if output is None:
        return traversal_figure(generator, columns=columns, **fixed)  # type: ignore[arg-type]
    if Path(output).suffix.lower().removeprefix(".") in ANIMATIONS:
        return animate(generator, output, **fixed)  # type: ignore[arg-type]
    return draw_traversals(generator, output, columns=columns, **fixed)


def _generator(model: Given, context: Context) -> Generator:
    """Return the generator of a model. Raises UserError where it has none, or is several models."""
    subject, *others = context.open_all([model])
    if not others and subject.generator is not None:
        return subject.model or DrawnImages(subject.generator)
    has = "has no generator to draw; infoeval.adapt(decode=…, codes=10) is one"
    if subject.is_onnx:
        has = "is an encoder, and has no generator to draw"
    if others:
        has = f"holds {1 + len(others)} runs, give one"
    if subject.rows is not None:
        has = "is a table of codes, and has no generator to draw"
    raise UserError(f"{model if isinstance(model, str | Path) else subject} {has}")
