"""infoeval view: a page, one line, or JSON."""

from pathlib import Path

import click
import pytest

from infoeval.cli import progress
from tests.cli.commands import fails, of_json, succeeds
from tests.viewer import folders


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.whole(tmp_path_factory.mktemp("view") / "runs")


def test_a_page_and_one_line(runs: Path) -> None:
    result = succeeds("view", runs)
    assert result.stdout == f"index: {runs / 'index.html'}, five runs, one report\n"
    assert result.stderr == ""
    assert "Runs and reports in runs" in (runs / "index.html").read_text()
    (runs / "index.html").unlink()


def test_files_that_were_not_read_are_counted(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text("{")
    assert succeeds("view", tmp_path).stdout.endswith(", no runs, no reports, one file not read\n")


def test_json_is_the_table_and_no_page(runs: Path, tmp_path: Path) -> None:
    table = of_json(succeeds("view", runs, "--json"))
    assert not (runs / "index.html").exists()
    assert list(table) == ["models", "name", "reports", "sweeps", "unread"]
    (chosen,) = (model for model in table["models"] if model["chosen"])
    assert (chosen["name"], chosen["trainer"], chosen["seed"]) == ("mnist/seed-1", "mnist", 1)
    assert chosen["codes"][0]["readings"][0]["amount"] == {"high": 2.3, "low": 2.1, "value": 2.25}
    assert "address" not in chosen["thumbnail"]
    page = tmp_path / "page.html"
    again = of_json(succeeds("view", runs, "--json", "-o", page))
    assert again == table | {"page": str(page)}
    assert page.exists()


def test_the_page_is_opened(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    succeeds("view", runs, "-o", tmp_path / "a.html", "--open")
    assert opened == [str(tmp_path / "a.html")]


def test_progress_is_shown_where_it_takes_long(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    shown = succeeds("view", runs, "-o", tmp_path / "a.html").stderr.splitlines()
    assert shown == ["reading files", "reading runs"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nothing",), "nothing does not exist"),
        (("file",), "file is not a folder"),
        (("bare", "-o", "a.pdf"), "call it a.html"),
        (("bare", "-o", "bare"), "call it bare.html"),
        (("bare", "-o", "file.html"), "is no index that infoeval wrote"),
        (("bare", "-o", "file/a.html"), "cannot write file/a.html"),
        (("bare", "--json", "--open"), "--open needs a page"),
        (("",), "folder is empty"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "file.html").write_text("mine")
    assert expected in fails("view", *arguments)
    assert list((tmp_path / "bare").iterdir()) == []
