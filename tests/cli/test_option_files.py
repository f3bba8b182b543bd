"""Options in a file: --save-options writes what --options reads, for every command."""

import math
import tomllib
from itertools import count
from pathlib import Path
from typing import Any

import click
import pytest

from infoeval.cli import main
from infoeval.cli.option_files import _named, _toml
from tests.cli.commands import fails, infoeval, succeeds
from tests.cli.test_help import commands

PATHS = [path for path in commands(main) if path not in ((), ("data",))]
ODD = ' ä "quoted" \\ # = \x7f\t😀 '
TEXTS = {
    "requirements": "mig:low>=0.5",
    "seeds": "0-2",
    "information_weight": "0,1e-05",
    "device_memory": "1.5GiB",
}
"""Values of options that are read when they are parsed."""


def command_at(path: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What commands are called with, in place of what they do."""
    calls: list[dict[str, Any]] = []

    def record(**options: Any) -> None:
        calls.append(options)

    for path in PATHS:
        # The outermost function writes the file, and calls the one that is replaced here.
        (cell,) = command_at(path).callback.__closure__  # type: ignore[union-attr]
        monkeypatch.setattr(cell, "cell_contents", record)
    return calls


def typed(option: click.Option, turn: int) -> list[str]:
    """An option with a value that is not its default."""
    flag = option.opts[-1]
    if option.is_flag:
        off = option.secondary_opts[:1] if turn else []
        return off or [flag]
    values: dict[type, str] = {click.types.IntParamType: "7", click.types.FloatParamType: "1e-05"}
    value = values.get(type(option.type), TEXTS.get(option.name or "", ODD))
    if isinstance(option.type, click.Choice):
        value = str(option.type.choices[-1])
    return [f"{flag}={value}"] * (2 if option.multiple and turn else 1)


def arguments_of(command: click.Command) -> list[str]:
    needed = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    return ["given"] * len(needed)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
@pytest.mark.parametrize("turn", [0, 1])
def test_what_is_written_is_read(
    path: tuple[str, ...], turn: int, recorded: list[dict[str, Any]], tmp_path: Path
) -> None:
    command, file = command_at(path), tmp_path / "options.toml"
    options = _named(command)
    words = [word for option in options.values() for word in typed(option, turn)]
    start = [*path, *arguments_of(command)]
    succeeds(*start, *words, "--save-options", file)
    assert set(tomllib.loads(file.read_text())) == set(options)
    succeeds(*start, "--options", file)
    first, second = recorded
    assert second == first
    again = tmp_path / "again.toml"
    succeeds(*start, "--options", file, "--save-options", again)
    assert again.read_text() == file.read_text()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_nothing_given_is_nothing_set(
    path: tuple[str, ...], recorded: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Defaults are comments, and what the comments say is what the defaults are."""
    command, file = command_at(path), tmp_path / "options.toml"
    start = [*path, *arguments_of(command)]
    succeeds(*start, "--save-options", file)
    assert tomllib.loads(file.read_text()) == {}
    defaults = file.read_text().replace("# ", "").split("\n", 1)[1]
    file.write_text(defaults)
    succeeds(*start, "--options", file)
    first, second = recorded
    assert second == first


def test_what_is_typed_comes_first(
    recorded: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what a file says comes before a variable."""
    file = tmp_path / "a.toml"
    file.write_text('metric = ["mig", "sap"]\nseed = 3\nprune = true\ndata_dir = "there"\n')
    monkeypatch.setenv("INFOEVAL_DATA", "elsewhere")
    succeeds("score", "x.npz", "--metric", "dci", "--seed", "4", "--options", file)
    (call,) = recorded
    assert call["metrics"] == ("dci",)
    assert (call["seed"], call["prune"], call["data_dir"]) == (4, True, Path("there"))


def test_one_value_and_lists(recorded: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('metric = "mig"\ncodes = ["z_*", "label"]\nlevel = 1\nreferences = false')
    succeeds("score", "x.npz", "--options", file)
    (call,) = recorded
    assert (call["metrics"], call["codes"], call["level"]) == (("mig",), ["z_*", "label"], 1.0)
    assert call["references"] is False


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("sede = 3", "infoeval score has no option 'sede' (did you mean 'seed'?)"),
        ("models = 'a'", "infoeval score has no option 'models'"),
        ("options = 'b.toml'", "infoeval score has no option 'options'"),
        ("help = true", "infoeval score has no option 'help'"),
        ("[score]\nseed = 3", "infoeval score has no option 'score'"),
        ("seed = true", "seed: give a text, a number"),
        ("seed = {a = 1}", "seed: give a text, a number"),
        ("metric = [['mig']]", "metric: give a text, a number"),
        ("seed = 2026-11-30", "seed: give a text, a number"),
        ("prune = 'yes'", "prune: it is yes or no: give true or false"),
        ("data-dir = 'a'\ndata_dir = 'b'", "'data_dir' is given twice"),
        ("seed = 'x'", "Invalid value for '--seed': 'x' is not a valid integer"),
        ("seed = 1.5", "Invalid value for '--seed': '1.5' is not a valid integer"),
        ("batch-norm = 'odd'", "Invalid value for '--batch-norm': 'odd' is not one of"),
        ("level = 2", "level must lie between 0 and 1, not 2"),
        ("require = 'mig'", "--require 'mig': give e.g."),
        ("data-dir = ''", "--data-dir is empty"),
        ("seed = ", "is no TOML: Invalid value"),
        ("seed = 1\nseed = 2", "is no TOML: Cannot overwrite a value"),
        ('"\\u001b[31m" = 1', "infoeval score has no option '\\x1b[31m'"),
        ("a = " + "[" * 100_000, "is no TOML"),
        ("# " + "x" * 1_000_001, "is too large for a file of options"),
    ],
    ids=map(str, count()),
)
def test_a_file_that_is_no_good_is_one_line(
    content: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text(content)
    line = fails("score", "nothing.npz", "--options", "a.toml")
    assert why in line
    assert len(line) < 500


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.toml").write_bytes(b"data = '\xe9'")
    assert "latin.toml is no TOML" in fails("score", "x", "--options", "latin.toml")
    assert "No such file" in fails("score", "x", "--options", "none.toml")
    assert "Is a directory" in fails("score", "x", "--options", ".")
    assert "empty: give a path" in fails("score", "x", "--options", "")
    assert "are written as .toml" in fails("score", "x", "--save-options", "ckpt.pt")
    assert "cannot write" in fails("score", "x", "--save-options", "latin.toml/a.toml")
    lone = "\udcff"
    assert "no text that a file can hold" in fails(
        "score", "x", "--data", lone, "--save-options", "a.toml"
    )
    assert not Path("a.toml").exists()


def test_nothing_is_written_by_a_command_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    assert infoeval("score", "x", "--seed", "y", "--save-options", file).exit_code == 2
    assert not file.exists()


@pytest.mark.parametrize(
    "value", [ODD, "", "a\nb\x00\x1f", 1e300, -0.0, 10**30, math.inf, True, []]
)
def test_values_are_written_as_toml_reads_them(value: Any) -> None:
    assert tomllib.loads(f"a = {_toml(value)}") == {"a": value}
