"""What commands share: options made from the classes that define them, and output."""

import json
import shlex
import typing
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import click

from infoeval.cli.parameter_types import CompletedText, PathType, bytes_of
from infoeval.evaluation.options import Options

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

PAGES = (".html", ".htm")
"""Suffixes of pages."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def output_option(more: str = "") -> Decorator[Any]:
    """Return the decorator of `-o` for results, its help ending with `more`."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=PathType(),
        help=f"Write the results there: JSON for .json and by --json, CSV for .csv, or text.{more}",
    )


def options_of(*classes: type) -> Decorator[Any]:
    """Return a decorator that adds all options of some options classes to a command."""

    def decorate(command: Command) -> Command:
        entries = [entry for kind in classes for entry in fields(kind)]
        for entry in reversed(entries):
            if entry.metadata.get("cli", True):
                command = _option(entry)(command)
        return command

    return decorate


def option_of(name: str, help: str | None = None, *, kind: type = Options) -> Decorator[Any]:
    """Return a decorator that adds one option of scoring, perhaps with another help."""
    (entry,) = (entry for entry in fields(kind) if entry.name == name)
    return _option(entry, help)


def _option(entry: "Field[Any]", help: str | None = None) -> Decorator[Any]:
    more, default = entry.metadata, None if entry.default is MISSING else entry.default
    flag = more.get("flag", f"--{entry.name.replace('_', '-')}")
    settings: dict[str, Any] = {"help": help or more["help"], "default": default}
    settings["show_default"] = default is not None and default is not False
    for name in ("metavar", "envvar"):
        if name in more:
            settings[name] = more[name]
    kinds = set(typing.get_args(entry.type)) or {entry.type}  # of `int | None`, int and None
    if "multiple" in more:
        settings |= {"multiple": True, "type": PathType(), "show_default": False}
    elif "choices" in more:
        settings["type"] = click.Choice(more["choices"])
    elif "is_size" in more:
        settings["callback"] = _size
    elif bool in kinds:
        settings["is_flag"] = True
        if NoneType in kinds:  # neither yes nor no by default
            flag = f"{flag}/--no-{flag.removeprefix('--')}"
    elif Path in kinds:
        settings["type"] = PathType()
    elif entry.name == "data":
        settings["type"] = CompletedText(_data_sets)
    elif not kinds & {int, float, str}:
        settings["callback"] = _words
    else:
        settings["type"] = next(iter(kinds & {int, float, str}))
    return click.option(flag, entry.name, **settings)


def metric_names() -> Sequence[str]:
    """Return the names of all metrics, which a shell completes."""
    from infoeval.metrics.registry import names

    return names()


def _data_sets() -> Sequence[str]:
    from infoeval.data import names

    return names()


def _words(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Sequence[str] | None:
    """Return the words of a comma-separated list."""
    del context, parameter
    return None if value is None else [word.strip() for word in value.split(",")]


def _size(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Return the bytes of a size such as 8GB."""
    del context
    return None if value is None else bytes_of(value, parameter.opts[0])


def as_text(value: Any) -> str:
    """Return a value as JSON text, its keys sorted."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def command_line() -> str:
    """Return the whole command as a shell takes it."""
    return shlex.join(click.get_current_context().find_root().obj)


data_option = option_of("data", "Data set, .npz file or folder.")
data_dir_option = option_of("data_dir")
skip_broken_option = option_of("skip_broken")
