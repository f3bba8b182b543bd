"""The command that evaluates directions of a latent space."""

from pathlib import Path
from typing import Any

import click

from infoeval.cli.common import (
    PAGES,
    command_line,
    json_option,
    option_of,
    options_of,
    output_option,
)
from infoeval.cli.grouped_help import SCORING, grouped_command
from infoeval.cli.output import note
from infoeval.cli.parameter_types import CompletedText, PathType
from infoeval.errors import UserError
from infoeval.evaluation.direction_options import DirectionOptions
from infoeval.evaluation.options import PageOptions


@grouped_command(SCORING)
@click.argument("model", metavar="MODEL", type=CompletedText())
@options_of(DirectionOptions)
@output_option(" For .html a page.")
@click.option(
    "--save", type=PathType(), metavar="FILE.npz", help="Write the directions there, for --method."
)
@option_of("title", kind=PageOptions)
@option_of("notes", kind=PageOptions)
@option_of("paper", kind=PageOptions)
@json_option
def directions(
    model: str,
    output: Path | None,
    save: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Evaluate directions of a latent space: what each carries, changes and reaches.

    \b
    For example:
      infoeval directions ckpt.pt
      infoeval directions gan.py:generator --method activations --count 5 -o page.html
      infoeval directions gan.py:generator --method random --seed 1
      infoeval directions gan.py:generator --method mine.npz --data faces/ --save found.npz

    MODEL has a generator: a checkpoint, a folder with one, or FILE.py:FUNCTION, which is run. Its
    latent space is its noise and normal codes, z, or what latent(noise) makes of them, w.
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.cli.result_files import results_to
    from infoeval.cli.terminal.directions_table import print_directions

    if save is not None and save.suffix.lower() != ".npz":
        raise UserError(f"--save {save}: directions are saved as .npz")
    written = PageOptions(
        command=command_line(), **{name: options.pop(name) for name in ("title", "notes", "paper")}
    )
    page = output if output is not None and output.suffix.lower() in PAGES else None
    if page is None and written.own_words:
        raise UserError("--title, --notes and --print need a page: add -o page.html")
    if page is not None:
        from infoeval.evaluation.report_files import check_place

        check_place(page)
    with results_to(None if page else output, as_json, print_directions) as show:
        with activity() as progress:
            found = evaluation.directions(model, progress=progress, **options)
        if save is not None:
            found.directions.save(save)
            note(f"directions: {save}")
        if page is not None:
            from infoeval.evaluation.directions_page import write_directions_page

            write_directions_page(found, page, seed=options["seed"], written=written)
            note(f"report: {page}")
        show(found.document)
