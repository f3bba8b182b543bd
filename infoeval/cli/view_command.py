"""The command that indexes a folder: view."""

from pathlib import Path

import click

from infoeval.cli.common import as_text
from infoeval.cli.output import print_json, say
from infoeval.cli.parameter_types import PathType
from infoeval.cli.score_commands import open_option
from infoeval.errors import UserError


@click.command()
@click.argument("folder", metavar="FOLDER", type=PathType())
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=PathType(),
    help="The page; FOLDER/index.html by default.",
)
@open_option
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the table as JSON; the page is written only with -o.",
)
def view(folder: Path, output: Path | None, open_it: bool, as_json: bool) -> None:
    """Write one page over all runs, sweeps and reports below a folder.

    \b
    For example:
      infoeval view runs
      infoeval view runs --open
      infoeval view runs -o overview.html
      infoeval view runs --json

    The page works from its file, without a server: a table to sort and filter, with what each code
    carries and follows, pictures, and links to reports, checkpoints and results. No weights are
    loaded. Files that cannot be read are listed with the reason, and the folder may be moved.
    """
    from infoeval import viewer
    from infoeval.cli.progress import activity_if_slow

    if as_json and output is None:
        if open_it:
            raise UserError("--open needs a page: with --json, add -o FILE")
        with activity_if_slow() as progress:
            index = viewer.collect(folder, progress)
        print_json(as_text(index.to_dict()))
        return
    with activity_if_slow() as progress:
        page, index = viewer.view(folder, output, progress=progress)
    if as_json:
        print_json(as_text({"page": str(page), **index.to_dict()}))
    else:
        say(f"index: {page}, {index.summary}")
    if open_it:
        click.launch(str(page))
