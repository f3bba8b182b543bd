"""Completion by a shell: the scripts that click makes, and what they are answered with."""

import pytest

from infoeval import content
from infoeval.cli import main
from infoeval.data import names as data_sets
from infoeval.metrics import names as metrics
from tests.cli.commands import CliRunner


def answer(shell: str, *words: str) -> list[str]:
    """What the program prints for a shell, whose cursor is in the last word."""
    environment = {"_INFOEVAL_COMPLETE": shell}
    if words:
        environment |= {"COMP_WORDS": " ".join(("infoeval", *words)), "COMP_CWORD": str(len(words))}
    result = CliRunner().invoke(main, prog_name="infoeval", env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    script = "\n".join(answer(f"{shell}_source"))
    assert f"_INFOEVAL_COMPLETE={shell}_complete" in script
    assert "infoeval" in script


def test_commands_and_options_are_completed() -> None:
    assert answer("bash_complete", "di") == ["plain,directions"]
    assert answer("bash_complete", "score", "--metr") == ["plain,--metric"]
    assert answer("bash_complete", "train", "--dry") == ["plain,--dry-run"]


def test_names_are_completed() -> None:
    assert answer("bash_complete", "train", "") == [f"plain,{name}" for name in content.trainers()]
    expected = [f"plain,{name}" for name in metrics() if name.startswith("mi")]
    assert answer("bash_complete", "score", "--metric", "mi") == expected
    assert answer("bash_complete", "metrics", "sa") == ["plain,sap"]
    assert answer("bash_complete", "score", "a", "--data", "spr") == ["plain,sprites"]
    assert "sprites" in data_sets()


@pytest.mark.parametrize(
    "words",
    [
        ("train", "./holi"),
        ("traverse", "ck"),
        ("encode", "a.pt", "im"),
        ("score", "a", "--data", "/"),
    ],
)
def test_what_begins_like_no_name_is_a_file(words: tuple[str, ...]) -> None:
    assert answer("bash_complete", *words) == [f"file,{words[-1]}"]


@pytest.mark.parametrize("command", ["score", "compare", "report", "traverse", "encode"])
def test_models_are_files(command: str) -> None:
    assert answer("bash_complete", command, "runs/") == ["file,runs/"]
