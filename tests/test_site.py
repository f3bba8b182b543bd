"""The site of the documentation: that nothing public is missing from it, without building it."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

import infoeval
from infoeval import metrics
from infoeval.cli import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    return importlib.import_module("reference")


@pytest.fixture
def build(reference: ModuleType) -> ModuleType:
    return importlib.import_module("build")


def documented(pages: dict[str, str]) -> list[str]:
    """The full names that some page documents."""
    return re.findall(r"^\.\. auto(?:class|function):: (\S+)$", "\n".join(pages.values()), re.M)


def test_every_public_name_is_documented_once(reference: ModuleType) -> None:
    names = documented(reference.pages())
    assert len(set(names)) == len(names)
    of_pages = {"__version__", "metrics"}
    public = {f"infoeval.{name}" for name in infoeval.__all__ if name not in of_pages}
    public |= {f"infoeval.metrics.{name}" for name in metrics.__all__}
    for module in reference.MODULES:
        public |= {f"{module}.{name}" for name in reference.public_names(module)}
    assert public <= set(names)


def test_what_is_documented_has_a_docstring(reference: ModuleType) -> None:
    for name in documented(reference.pages()):
        module, _, last = name.rpartition(".")
        assert getattr(importlib.import_module(module), last).__doc__, name


def test_every_metric_has_a_page_of_what_the_registry_knows(reference: ModuleType) -> None:
    pages = reference.pages()
    for metric in metrics.all_metrics():
        page = pages[f"reference/metrics/{metric.name}.md"]
        assert page.startswith(f"# `{metric.name}`\n")
        for text in (metric.needs, metric.range, metric.use, metric.pitfalls, *metric.settings):
            assert text in page
        assert f"](metrics/{metric.name}.md)" in pages["reference/infoeval.metrics.md"]


def test_every_command_is_shown_with_its_options(reference: ModuleType) -> None:
    page = reference.pages()["reference/commands.md"]
    for name in (*main.commands, "data ls"):
        assert f"## `infoeval {name}`" in page
    assert "--require METRIC" in page


def test_every_guide_is_in_the_navigation(build: ModuleType) -> None:
    listed = {name for names in build.GUIDES.values() for name in names}
    guides = (ROOT / "docs").glob("*.md")
    notebooks = (ROOT / "docs" / "notebooks").glob("*.ipynb")
    assert listed == {
        *(path.stem for path in guides),
        *(f"notebooks/{path.stem}" for path in notebooks),
    }
    assert {f"{name}.md" for name in (*build.PROJECT, "README")} == {
        path.name for path in ROOT.glob("*.md")
    }


def test_sources_are_laid_out_as_in_the_repository(build: ModuleType, tmp_path: Path) -> None:
    build.stage(tmp_path / "source")
    start = (tmp_path / "source" / "index.md").read_text()
    assert '<a href="docs/examples/mnist.html">![The top of a report' in start
    assert "](docs/examples" not in start
    assert "](trainers)" not in start
    assert "reference/index" in start
    assert (tmp_path / "source" / "docs" / "images" / "report.png").exists()


def test_dead_links_are_found(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="docs/a.html#here">x</a> <a href="docs/a.html#there">x</a> <a href="#no">x</a>'
        '<a href="https://example.org/">x</a> <a href="none.html">x</a> <img src="data:,">'
        '<script src="https://example.org/x.js"></script>'
    )
    (tmp_path / "docs" / "a.html").write_text('<p id="here"><a href="../index.html">x</a>')
    assert build.dead_links(tmp_path) == [
        "index.html: nothing at #no",
        "index.html: nothing at docs/a.html#there",
        "index.html loads https://example.org/x.js",
        "index.html: nothing at none.html",
    ]
