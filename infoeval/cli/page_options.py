"""The options that every command which writes a page takes."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from infoeval.cli.common import words
from infoeval.errors import UserError

__all__ = ["check_open", "page_options"]

Command = Callable[..., None]


def page_options(command: Command) -> Command:
    """Give a command the options of a page."""
    options = (
        click.option(
            "--format",
            "formats",
            callback=words,
            metavar="FORMAT,…",
            help="html, json (metrics.json), csv (results.csv), md (NAME.md). html,json,csv by "
            "default.",
        ),
        click.option(
            "--figures",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Write each figure as SVG and PDF, and each table as LaTeX and CSV.",
        ),
        click.option(
            "--animate",
            "animation",
            type=click.Choice(["gif", "webp"]),
            help="Draw an animated traversal of each code, too.",
        ),
        click.option("--open", "open_it", is_flag=True, help="Open the page when it is written."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def check_open(formats: Sequence[str] | None, open_it: bool) -> None:
    """Raise UserError where a page is to be opened that is not written."""
    if open_it and formats is not None and "html" not in formats:
        raise UserError("--open needs a page: add html to --format")
