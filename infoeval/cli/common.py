"""Options that several commands take, made from the classes that define them, and output."""

import json
import shlex
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from infoeval.evaluation.options import Options

__all__ = [
    "as_text",
    "command_line",
    "data_dir_option",
    "data_option",
    "device_option",
    "json_option",
    "note",
    "option_of",
    "options_of",
    "skip_broken_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def options_of(*classes: type) -> Decorator[Any]:
    """Return a decorator that gives a command every option of some options classes."""

    def decorate(command: Command) -> Command:
        entries = [entry for kind in classes for entry in fields(kind)]
        for entry in reversed(entries):
            if entry.metadata.get("cli", True):
                command = _option(entry)(command)
        return command

    return decorate


def option_of(name: str, help: str | None = None) -> Decorator[Any]:
    """Return a decorator that gives a command one option of scoring, perhaps with its own help."""
    (entry,) = (entry for entry in fields(Options) if entry.name == name)
    return _option(entry, help)


def _option(entry: "Field[Any]", help: str | None = None) -> Decorator[Any]:
    more, default = entry.metadata, None if entry.default is MISSING else entry.default
    flag = more.get("flag", f"--{entry.name.replace('_', '-')}")
    settings: dict[str, Any] = {"help": help or more["help"], "default": default}
    settings["show_default"] = default is not None and default is not False
    for name in ("metavar", "envvar"):
        if name in more:
            settings[name] = more[name]
    kinds = _kinds(entry.type)
    if "choices" in more:
        settings["type"] = click.Choice(more["choices"])
    elif bool in kinds:
        settings["is_flag"] = True
    elif Path in kinds:
        settings["type"] = click.Path(path_type=Path)
    elif not kinds & {int, float, str}:
        settings["callback"] = _words
    else:
        settings["type"] = next(iter(kinds & {int, float, str}))
    return click.option(flag, entry.name, **settings)


def _kinds(annotation: Any) -> set[Any]:
    """Return the types of an annotation: of `int | None` int and None's type."""
    if isinstance(annotation, types.UnionType):
        return set(typing.get_args(annotation))
    return {annotation}


def _words(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Sequence[str] | None:
    """Return the words of a list with commas."""
    del context, parameter
    return None if value is None else [word.strip() for word in value.split(",")]


def as_text(value: Any) -> str:
    """Return a value as JSON text, its keys sorted."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def note(line: str) -> None:
    """Print a line that is no result: on the error stream."""
    click.echo(line, err=True)


def command_line() -> str:
    """Return the whole command, as one would type it."""
    return shlex.join(click.get_current_context().find_root().obj)


data_option = option_of("data", "Data set, .npz file or folder.")
data_dir_option = option_of("data_dir")
device_option = option_of("device")
skip_broken_option = option_of("skip_broken")
