"""The commands about image sets."""

from pathlib import Path

import click

from infoeval.cli.common import as_text, data_dir_option, json_option

__all__ = ["data"]


@click.group()
def data() -> None:
    """Image sets with names.

    \b
    For example:
      infoeval data ls
    """


@data.command("ls")
@data_dir_option
@json_option
def list_data(data_dir: Path | None, as_json: bool) -> None:
    """Show which data sets are there, and what to do about those that are not.

    \b
    For example:
      infoeval data ls
      infoeval data ls --data-dir ~/data --json
    """
    from infoeval.cli.terminal import print_catalogue
    from infoeval.data import catalogue

    entries = catalogue(data_dir)
    if as_json:
        click.echo(as_text([vars(entry) for entry in entries]))
        return
    print_catalogue(entries)
