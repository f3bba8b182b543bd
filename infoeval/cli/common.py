"""Options that several commands take, and what they print with."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

__all__ = [
    "as_text",
    "command_line",
    "data_dir_option",
    "data_option",
    "device_option",
    "json_option",
    "note",
    "skip_broken_option",
    "words",
]

data_option = click.option("--data", metavar="NAME|PATH", help="Data set, .npz file or folder.")
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="INFOEVAL_DATA",
    help="Folder of the named data sets (or set INFOEVAL_DATA).",
)
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
skip_broken_option = click.option(
    "--skip-broken", is_flag=True, help="Leave pictures out that cannot be read, and name them."
)


def as_text(value: Any) -> str:
    """A value as JSON text, its keys sorted."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def note(line: str) -> None:
    """Say something that is no result: to the error stream."""
    click.echo(line, err=True)


def words(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> list[str] | None:
    """The words of a list with commas."""
    del context, parameter
    return None if value is None else [word.strip() for word in value.split(",")]


def command_line() -> str:
    """The whole command, as one would type it."""
    return shlex.join(click.get_current_context().find_root().obj)
