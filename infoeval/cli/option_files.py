"""The options of a command in a file: --options reads one, --save-options writes it."""

import functools
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from infoeval.cli.parameter_types import PathType
from infoeval.errors import UserError, did_you_mean, one_line, quoted
from infoeval.files import write_text

LARGEST = 1_000_000
"""Most bytes of a file of options."""
_READ, _SAVE = "options", "save_options"


class OptionFileGroup(click.Group):
    """A group whose commands read options from a file, and write those that they were given.

    What a file says is put before what is typed, so it is checked in the same way.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with options for such files unless it is a group."""
        super().add_command(cmd, name)
        if isinstance(cmd, click.Group) or cmd.callback is None:
            return
        read = "Read options from there; those that are typed come first."
        save = "Write the options that are given there, for --options."
        cmd.params += [
            _file_option("--options", read),
            _file_option("--save-options", save, _remember_place),
        ]
        cmd.callback = _saving(cmd.callback)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return a command and its arguments, with those that a file has."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is None or isinstance(command, click.Group) or ctx.resilient_parsing:
            return name, command, rest
        return name, command, [*_arguments_of_file(command, ctx, rest), *rest]


def _file_option(name: str, help: str, callback: Callable[..., None] | None = None) -> click.Option:
    return click.Option(
        [name],
        type=PathType(),
        metavar="FILE.toml",
        expose_value=False,
        callback=callback,
        help=help,
    )


def _remember_place(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Keep where to write until all options are known to be right."""
    if path is not None and path.suffix.lower() != ".toml":
        raise UserError(f"{option.opts[0]} {path}: options are written as .toml")
    context.meta[_SAVE] = path


def _saving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command's function that first writes its options, where that is asked for."""

    @functools.wraps(command)
    def saved(*arguments: Any, **options: Any) -> Any:
        context = click.get_current_context()
        if context.meta.get(_SAVE) is not None:
            _write(context.meta[_SAVE], context)
        return command(*arguments, **options)

    return saved


def _named(command: click.Command) -> dict[str, click.Option]:
    """Return the options that a file may have, by their names there, such as data-dir."""
    return {
        option.opts[-1].removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in (_READ, _SAVE)
    }


def _arguments_of_file(
    command: click.Command, group: click.Context, arguments: Sequence[str]
) -> list[str]:
    """Return what a file of options would be as arguments, less the options that are typed.

    Raises UserError for a file or an option that cannot be used.
    """
    context = click.Context(command, parent=group, resilient_parsing=True)
    try:
        typed, _, _ = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:
        return []  # which is told when the command reads them
    if _READ not in typed or "help" in typed:
        return []
    path = PathType().convert(typed[_READ], None, context)
    options, made, seen = _named(command), [], set()
    for key, value in _table(path).items():
        option = options.get(key.replace("_", "-"))
        if option is None:
            known = did_you_mean(key, options)
            raise UserError(f"{path}: infoeval {command.name} has no option {known}")
        if option.name in seen:
            raise UserError(f"{path}: {quoted(key)} is given twice")
        seen.add(option.name)
        try:
            words = _as_typed(option, value)
        except ValueError as error:
            raise UserError(f"{path}: {key}: {error}") from None
        made += words if option.name not in typed else []
    return made


def _table(path: Path) -> dict[str, Any]:
    """Return what a file holds. Raises UserError where that cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise UserError(f"{path} is too large for a file of options")
        return tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise UserError(f"--options {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no TOML: {one_line(error)}") from None


def _as_typed(option: click.Option, value: Any) -> list[str]:
    """Return a value as arguments. Raises ValueError for one that could not be typed."""
    flag = option.opts[-1]
    if option.is_flag:
        if not isinstance(value, bool):
            raise ValueError("it is yes or no: give true or false")
        return [flag] if value else list(option.secondary_opts[:1])
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, bool) or not isinstance(each, str | int | float) for each in values):
        raise ValueError("give a text, a number or a list of them")
    texts = [str(each) for each in values]
    return [f"{flag}={text}" for text in (texts if option.multiple else [",".join(texts)])]


def _write(path: Path, context: click.Context) -> None:
    """Write the options that a command was given, and as comments the defaults of others."""
    given, others = [], []
    for key, option in _named(context.command).items():
        value = context.params.get(option.name or "")
        if context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
            given.append(f"{key} = {_toml(value)}")
        elif isinstance(option.default, str | int | float | Path):
            others.append(f"# {key} = {_toml(option.default)}")
    head = f"# Options of infoeval {context.command.name}; lines with a # are defaults."
    try:
        write_text(path, "\n".join([head, *given, *others, ""]))
    except UnicodeEncodeError:
        raise UserError(f"{path}: an option is no text that a file can hold") from None


def _toml(value: Any) -> str:
    """Return a value as TOML writes it: a text, number, list or truth."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # As in JSON, but that DEL has to be escaped too.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
