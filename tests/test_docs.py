"""What the README and the guides promise, where a machine can check it."""

import ast
import importlib
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import infoeval
from infoeval.cli import main
from infoeval.data import sprites
from infoeval.information.budgets import BUDGETS
from tests.tiny import TINY_BUDGET

ROOT = Path(__file__).resolve().parents[1]
FOR_DEVELOPERS = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *FOR_DEVELOPERS,
    *sorted((ROOT / "docs").glob("*.md")),
]
YOUR_MODEL = (ROOT / "docs" / "your-model.md").read_text(encoding="utf-8")


def fenced(text: str, language: str = "") -> list[str]:
    """The fenced blocks of a language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block for each, block in found if each == language]


COMMANDS = "".join(fenced(YOUR_MODEL)).splitlines()
SCORINGS = [line for line in COMMANDS if line.startswith("infoeval ")]
PROGRAMS = [line for line in COMMANDS if line.startswith("python ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", FOR_DEVELOPERS, ids=lambda page: page.name)
def test_files_named_for_developers_exist(page: Path) -> None:
    """All but those of the recipes, which have a NAME or the like to be filled in."""
    tokens = re.findall(
        r"`((?:infoeval|tests|benchmarks|docs|trainers|reports)/[\w./]*)`", page.read_text()
    )
    named = [token for token in tokens if not re.search(r"[A-Z]{3}", token)]
    assert len(named) > 10
    for token in named:
        assert (ROOT / token).exists(), token


def test_commands_in_the_readme_exist() -> None:
    """Every `infoeval …` line names a command and options that the program has."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^infoeval (.+?)(?:\s+#.*)?$", blocks, flags=re.MULTILINE)
    assert lines
    for line in lines:
        words = line.split()
        command = words[:2] if words[0] == "data" else words[:1]
        result = CliRunner().invoke(main, [*command, "--help"])
        assert result.exit_code == 0
        for option in (word for word in words if word.startswith("-")):
            assert option in result.output, option


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", text, flags=re.MULTILINE) == [infoeval.__version__]


def test_tables_of_metrics_are_those_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every metric has its notes, and every table of docs/metrics.md is made of its CSV file."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    times, scores = (importlib.import_module(name) for name in ("metrics", "metric_scores"))
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    scored, timed = pd.read_csv(scores.ROWS, keep_default_na=False), times.read_rows(times.ROWS)
    for lines in (
        scores.metrics_table(scored),
        scores.variants_table(scored),
        times.times_table(timed),
        times.dci_table(timed),
    ):
        assert "\n".join(["", *lines, ""]) in page


def test_tables_of_references_are_those_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    references = importlib.import_module("references")
    page = (ROOT / "docs" / "references.md").read_text(encoding="utf-8")
    rows = pd.read_csv(references.ROWS, keep_default_na=False)
    assert set(rows["table"]) == set(references.TABLES)
    assert "\n".join(["", *references.tables(rows), ""]) in page


def test_tables_of_what_is_by_hand_are_those_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part names files that are there, has its rows, and every measure can be made again."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    by_hand = importlib.import_module("by_hand")
    page = (ROOT / "docs" / "by-hand.md").read_text(encoding="utf-8")
    rows = by_hand.read_rows(by_hand.ROWS)
    assert "\n".join(["", *by_hand.tables(rows), ""]) in page
    named = [(part.name, measure) for part in by_hand.PARTS for measure in part.measures or ("",)]
    assert named == list(zip(rows["name"], rows["measure"], strict=True))
    # Read, not imported: some need packages that are not installed everywhere.
    pairs = {
        node.name.replace("_", "-"): (ast.get_docstring(node) or "").splitlines()[0]
        for path in (ROOT / "benchmarks").glob("by_hand_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and "pair" in map(ast.unparse, node.decorator_list)
    }
    measured = rows[rows["measure"] != ""]
    assert pairs == dict(zip(measured["measure"], measured["what"], strict=True))
    for part in by_hand.PARTS:
        assert bool(part.measures) != bool(part.unmeasured), part.name
        assert all(by_hand.lines_of(place) for place in part.ours), part.name


# docs/your-model.md: every file and every command of it is run, on fewer images and steps.


@pytest.fixture(scope="module", autouse=True)
def _few_sprites() -> Iterator[None]:
    """Enough for the rows that are read below; all of them take a second to draw."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sprites, "_COUNTS", {"train": 2_000, "test": 500})
        yield


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the page's files, and of what its programs make of fewer images and steps."""
    folder = tmp_path_factory.mktemp("your-model")
    for text in fenced(YOUR_MODEL, "python"):
        name = re.match(r"# (\w+\.py)\n", text)
        assert name is not None, text
        fewer = re.sub(r"in range\((\d+)0\):", r"in range(\1):", text)
        (folder / name[1]).write_text(re.sub(r"\b1000\b", "200", fewer), encoding="utf-8")
    for line in PROGRAMS:
        program, *arguments = shlex.split(line)[1:]
        assert not arguments
        run_as_a_program(folder / program)
    return folder


def run_as_a_program(path: Path) -> None:
    """What `python FILE` does in the folder of the file, without a new process for it."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        patch.setattr(sys, "path", [str(path.parent), *sys.path])
        runpy.run_path(str(path), run_name="__main__")
    for name in set(sys.modules) - before:
        if (path.parent / f"{name}.py").exists():
            del sys.modules[name]


def expected(line: str) -> list[str]:
    """What the page shows below a command of metrics that are left out."""
    after = re.search(rf"^{re.escape(line)}$.*?^```text\n(.*?)^```$", YOUR_MODEL, re.M | re.S)
    shown = after[1].splitlines() if after else []
    return [each for each in shown if " skipped: " in each]


def test_every_example_is_run(examples: Path) -> None:
    assert len(SCORINGS) + len(PROGRAMS) == len(COMMANDS)
    for path in examples.glob("*.py"):
        assert path.name in " ".join(COMMANDS)
    assert sum(len(expected(line)) for line in SCORINGS) >= 8


@pytest.mark.parametrize("line", SCORINGS)
def test_commands_about_your_model(
    line: str, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(examples)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(BUDGETS, "quick", TINY_BUDGET)
    words = shlex.split(re.sub(r"points=\d+", "points=20", line))[1:]
    result = CliRunner().invoke(main, [*words, "--rows", "200", "--replicates", "0", "--null", "1"])
    assert result.exit_code == 0, result.output
    asked = [name.partition(":")[0] for name in words if words[words.index(name) - 1] == "--metric"]
    for name in asked or ["mig"]:
        assert re.search(rf"^ {name}\b", result.stdout, flags=re.MULTILINE), name
    printed = " ".join(result.stdout.split())
    for reason in expected(line):
        assert reason.strip() in printed


def test_a_vae_takes_five_lines_beside_its_class() -> None:
    program = next(text for text in fenced(YOUR_MODEL, "python") if text.startswith("# vae.py"))
    lines = [line for line in program.split("\n\n\n")[-1].splitlines() if line]
    assert "from infoeval import adapt" in program
    assert len(lines) + 1 == 5
    assert program.count("adapt") == 2
