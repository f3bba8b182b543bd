"""The command line: its help, the lists of metrics and data sets, and its process."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from infoeval import content
from infoeval.cli import main
from infoeval.data import catalogue
from infoeval.metrics import names
from tests.cli.commands import fails, of_json, succeeds

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("at_home")


# Help.


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("command", list(commands(main)), ids=lambda path: " ".join(path) or "main")
def test_help_shows_examples_that_parse(command: tuple[str, ...]) -> None:
    text = succeeds(*command, "--help").stdout
    assert text == succeeds(*command, "-h").stdout
    lines = [line for line in text.splitlines() if line.startswith("    infoeval ")]
    examples = [shlex.split(line) for line in lines]
    assert examples
    for example in examples:
        parse(example[1:])
        assert tuple(example[1 : 1 + len(command)]) == command


def parse(arguments: list[str]) -> None:
    """Parse a command line as the commands would, and run nothing."""
    command: click.Command = main
    context = click.Context(main, **main.context_settings)
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(command.name, arguments, parent=context)


def test_commands_are_these() -> None:
    assert {" ".join(path) for path in commands(main)} == {
        *("", "train", "score", "metrics", "compare", "report", "view", "traverse", "encode"),
        *("directions", "data", "data ls", "doctor"),
    }


def test_help_names_what_there_is() -> None:
    text = " ".join(succeeds("train", "--help").stdout.split())
    assert ", ".join(content.trainers()) in text
    assert "infoeval metrics" in " ".join(succeeds("score", "--help").stdout.split())


def test_every_metric_is_listed_with_what_can_be_set() -> None:
    text = succeeds("metrics").stdout
    assert all(f" {name} " in text for name in names())
    assert "preset=disentanglement_lib" in text
    entries = {entry["name"]: entry for entry in json.loads(succeeds("metrics", "--json").stdout)}
    assert list(entries) == names()
    assert all(entry["description"] and entry["pitfalls"] for entry in entries.values())
    assert entries["mig"]["needs"] == "codes and factors"
    assert entries["mig"]["settings"] == {"preset": "disentanglement_lib", "estimator": "plug-in"}


def test_one_metric_is_explained_with_its_papers() -> None:
    text = succeeds("metrics", "mig").stdout
    assert text.startswith("mig: information gap")
    for part in ("estimator=plug-in", "0 for a factor that two codes share", "H(v_k)", "Zaidi"):
        assert part in text
    assert ">>>" not in text
    entry = json.loads(succeeds("metrics", "mig", "--json").stdout)
    assert entry["name"] == "mig"
    assert "Locatello" in entry["definition"]
    line = fails("metrics", "no-such")
    assert "no metric 'no-such'" in line


@pytest.mark.parametrize("command", ["train", "score", "compare", "report", "directions"])
def test_options_are_grouped_and_none_is_lost(command: str) -> None:
    text = succeeds(command, "--help").stdout
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings[0] == "Options:"
    assert {"Images:", *(["Device:"] if command == "train" else ["ONNX files:"])} < set(headings)
    for parameter in main.commands[command].params:
        if isinstance(parameter, click.Option):
            row = rf"^  (-\w, )?{parameter.opts[-1]}(?![\w-])"
            assert len(re.findall(row, text, re.MULTILINE)) == 1, parameter.opts


def test_examples_come_before_anything_else_is_told() -> None:
    text = succeeds("score", "--help").stdout
    assert text.index("For example") < text.index("MODEL is a checkpoint") < text.index("Options:")


def test_version() -> None:
    import infoeval as package

    assert succeeds("--version").stdout.strip() == f"infoeval, version {package.__version__}"


# Data sets.


def test_data_sets_are_listed(tmp_path: Path) -> None:
    entries = of_json(succeeds("data", "ls", "--json", "--data-dir", tmp_path))
    assert entries == [vars(entry) for entry in catalogue(tmp_path)]
    assert {entry["name"] for entry in entries} >= {"mnist", "fashion_mnist", "digits"}
    text = succeeds("data", "ls", "--data-dir", tmp_path).stdout
    for entry in entries:
        assert entry["name"] in text
        assert (entry["what_to_do"] == "") == entry["present"]
    assert "t10k-images-idx3-ubyte.gz" in text


def test_the_data_folder_comes_from_the_environment(tmp_path: Path) -> None:
    entries = of_json(succeeds("data", "ls", "--json", INFOEVAL_DATA=str(tmp_path / "sets")))
    assert str(tmp_path / "sets") in entries[0]["where"]


def test_a_data_folder_in_brackets(tmp_path: Path) -> None:
    succeeds("data", "ls", "--data-dir", tmp_path / "[/bold]")
    succeeds("data", "ls", INFOEVAL_DATA=str(tmp_path / "[red]"))


# As a process.


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "infoeval", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_process_ends_with_two_and_one_line() -> None:
    ended = process("traverse", "damaged.pt")
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: damaged.pt is not a checkpoint")


def test_a_process_prints_json_and_nothing_else() -> None:
    ended = process("data", "ls", "--json")
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert {entry["name"] for entry in json.loads(ended.stdout)} >= {"mnist", "digits"}
