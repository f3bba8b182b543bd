"""The commands that draw: report and traverse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from infoeval.cli.common import as_text, command_line, json_option, option_of, options_of
from infoeval.cli.grouped_help import SCORING, grouped_command
from infoeval.cli.output import print_json, say
from infoeval.cli.parameter_types import CompletedText, PathType
from infoeval.cli.score_commands import (
    check_open,
    check_strict,
    fail_if_not_converged,
    metric_option,
    open_option,
    strict_option,
)
from infoeval.errors import UserError
from infoeval.evaluation.options import Options, ReportOptions

SHOWN_AGAIN = (
    *("models", "output", "formats", "figures", "open_it", "strict", "as_json"),
    *("title", "notes", "paper"),
)
"""Options that a metrics.json can be shown again with."""


@grouped_command(SCORING)
@click.argument("models", metavar="INPUT...", nargs=-1, required=True, type=CompletedText())
@click.option(
    "-o",
    "--output",
    type=PathType(),
    default=Path("report.html"),
    show_default=True,
    help="The page; its data and images go to NAME_files beside it.",
)
@metric_option("all that apply but mi")
@options_of(ReportOptions)
@open_option
@options_of(Options)
@strict_option
@json_option
def report(
    models: Sequence[str],
    output: Path,
    metrics: Sequence[str],
    open_it: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write one self-contained page about a model.

    \b
    For example:
      infoeval report ckpt.pt -o report.html
      infoeval report ckpt.pt --baseline ckpt0.pt --information quick -o report.html --open
      infoeval report ckpt.pt --scores scores.json -o report.html
      infoeval report runs/mnist-000 -o seeds.html --animate webp
      infoeval report report_files/metrics.json -o report.html --figures figures --format md

    INPUT is a checkpoint; a folder with ckpt.pt in it, or with a folder for each run; checkpoints
    of one trainer with different seeds; a table of codes and factors, an .onnx file, or
    FILE.py:FUNCTION, as in infoeval score; or a metrics.json, which is shown again with the images
    beside it.
    """
    from infoeval.cli.progress import activity
    from infoeval.evaluation import pages, report_files

    check_open(options["formats"], open_it)
    earlier = pages.metrics_given(list(models))
    if earlier is not None:
        _check_shown_again(earlier)
    elif not options["scores"]:
        check_strict(metrics, options["information"], strict)
    if earlier is not None and strict:
        report_files.not_converged(earlier)
    with activity() as progress:
        page = pages.report(
            list(models),
            output,
            metrics=list(metrics) or None,
            command=command_line(),
            progress=progress,
            **options,
        )
    print_json(as_text({"page": str(page)})) if as_json else say(f"report: {page}")
    if open_it:
        click.launch(str(page))
    if strict:
        metrics_file = earlier or pages.metrics_beside(output)
        fail_if_not_converged(report_files.not_converged(metrics_file))


def _check_shown_again(metrics: Path) -> None:
    """Raise UserError for an option that would change what a metrics.json shows."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in SHOWN_AGAIN:
            raise UserError(f"{metrics} is shown again as it is: {option.opts[0]} has no use")


@click.command()
@click.argument("model", metavar="MODEL", type=CompletedText())
@click.option(
    "-o",
    "--output",
    type=PathType(),
    default=Path("traversals.png"),
    show_default=True,
    help="The figure: PNG, PDF or SVG by its suffix; GIF or WebP moves.",
)
@click.option(
    "--code", "codes", multiple=True, help="A code to show; may be repeated. All by default."
)
@click.option(
    "--rows", type=int, default=5, show_default=True, help="Rows, each with its own fixed noise."
)
@click.option(
    "--columns",
    type=int,
    default=10,
    show_default=True,
    help="Values of a continuous code.",
)
@click.option(
    "--stretch",
    type=float,
    default=1.0,
    show_default=True,
    help="Multiple of their range over which continuous codes vary; 2 is the paper's −2 … 2.",
)
@option_of("seed", "Seed of the fixed noise.")
@option_of("prior")
@option_of("image_range")
@option_of("device")
@json_option
def traverse(
    model: str,
    output: Path,
    codes: Sequence[str],
    as_json: bool,
    **options: Any,
) -> None:
    """Draw what each code changes: a row per fixed noise, a column per value.

    \b
    For example:
      infoeval traverse ckpt.pt -o figure.png
      infoeval traverse ckpt.pt --code style_1 --stretch 2 --rows 8 -o style_1.pdf
      infoeval traverse ckpt.pt --stretch 2 -o moving.gif
      infoeval traverse decoder.onnx --prior 10,n,n -o figure.png

    MODEL is a checkpoint, a folder with one, an ONNX decoder, or FILE.py:FUNCTION, which returns a
    generator.
    """
    from infoeval.evaluation import traverse_model

    path = traverse_model.traverse(model, output, codes=codes or None, **options)
    print_json(as_text({"figure": str(path)})) if as_json else say(f"figure: {path}")
