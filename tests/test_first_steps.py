"""What a newcomer runs: the notebooks, and the commands of docs/five-minutes.md."""

import importlib
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
SESSIONS = {
    "A number with its interval, for your arrays": "mine.ipynb",
    "A page for your VAE": "vae.html",
    "A page for your pictures": "pictures.html",
}
"""What each session of the page leaves."""


@pytest.fixture(autouse=True)
def _this_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_shows(path: Path, tmp_path: Path) -> None:
    """Each cell shows the same kinds of things as in the repository: a table, a picture, text."""
    notebook = nbformat.read(path, as_version=4)
    before = [_kinds(cell) for cell in notebook.cells]
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()
    assert [_kinds(cell) for cell in notebook.cells] == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_as_it_was_run(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(_kinds(cell) for cell in cells)
    assert str(Path.home()) not in path.read_text(encoding="utf-8")


def _kinds(cell: Any) -> list[str]:
    return [
        kind
        for output in cell.get("outputs", [])
        for kind in sorted(output.get("data", [output.get("name", output.output_type)]))
    ]


@pytest.fixture
def five_minutes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("five_minutes")


def test_every_session_is_run(five_minutes: ModuleType) -> None:
    assert list(five_minutes.sessions()) == ["Install", *SESSIONS]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_ends_with_what_it_promises(
    session: str, five_minutes: ModuleType, tmp_path: Path
) -> None:
    """In this environment, without the install."""
    five_minutes.prepare(tmp_path)
    os.symlink(ROOT / "docs", tmp_path / "docs")
    five_minutes.run(five_minutes.sessions()[session], tmp_path, str(Path(sys.executable).parent))
    left = next(iter(tmp_path.rglob(SESSIONS[session])), None)
    assert left is not None
    text = left.read_text(encoding="utf-8")
    assert re.search(r"95\s?%", text)
