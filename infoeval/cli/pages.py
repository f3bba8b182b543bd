"""The commands that draw: report and traverse."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from infoeval.cli.options import (
    as_text,
    data_dir_option,
    data_option,
    device_option,
    json_option,
    skip_broken_option,
)
from infoeval.progress import activity

__all__ = ["report", "traverse"]


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--baseline", type=click.Path(path_type=Path), help="Checkpoint of the λ = 0 twin.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The page; its data and pictures go to NAME_files beside it.",
)
@data_option
@data_dir_option
@skip_broken_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of samples and traversals.")
@device_option
@click.option("--open", "open_it", is_flag=True, help="Open the page when it is written.")
@json_option
def report(
    checkpoint: Path,
    baseline: Path | None,
    output: Path,
    data: str | None,
    data_dir: Path | None,
    skip_broken: bool,
    seed: int,
    device: str,
    open_it: bool,
    as_json: bool,
) -> None:
    """Write one self-contained page about a checkpoint.

    \b
    For example:
      infoeval report ckpt.pt -o report.html
      infoeval report ckpt.pt --baseline ckpt0.pt -o report.html --open
    """
    from infoeval import analysis

    with activity() as say:
        page = analysis.report(
            checkpoint,
            output,
            baseline=baseline,
            data=data,
            data_dir=data_dir,
            seed=seed,
            device=device,
            skip_broken=skip_broken,
            command=shlex.join(click.get_current_context().find_root().obj),
            say=say,
        )
    click.echo(as_text({"page": str(page)}) if as_json else f"report: {page}")
    if open_it:
        click.launch(str(page))


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("traversals.png"),
    show_default=True,
    help="The figure: PNG, PDF or SVG by its suffix.",
)
@click.option(
    "--code", "codes", multiple=True, help="A code to show; may be repeated. All if none."
)
@click.option("--rows", type=int, default=5, show_default=True, help="Samples of all else.")
@click.option(
    "--columns", type=int, default=10, show_default=True, help="Values of a continuous code."
)
@click.option(
    "--stretch",
    type=float,
    default=1.0,
    show_default=True,
    help="Show continuous codes over so many times their range; the paper's −2 … 2 is 2.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the fixed noise.")
@device_option
@json_option
def traverse(
    checkpoint: Path, output: Path, codes: Sequence[str], device: str, as_json: bool, **options: Any
) -> None:
    """Draw what each code changes: a row per fixed noise, a column per value.

    \b
    For example:
      infoeval traverse ckpt.pt -o figure.png
      infoeval traverse ckpt.pt --code style_1 --stretch 2 --rows 8 -o style_1.pdf
    """
    from infoeval.devices import find_device
    from infoeval.model import CheckpointModel
    from infoeval.traversal_figures import draw_traversals

    model = CheckpointModel.open(checkpoint, find_device(device))
    path = draw_traversals(model, output, codes=codes or None, **options)
    click.echo(as_text({"figure": str(path)}) if as_json else f"figure: {path}")
