import copy
import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from infoeval.errors import UserError
from infoeval.reporting.paper import write_figures
from tests.reporting.drawn import built

Document = dict[str, Any]


@pytest.fixture(scope="module")
def few(original: Document) -> Document:
    """A document of a few figures and grids."""
    document = copy.deepcopy(original)
    document["models"], document["history"] = [], None
    keep = ("mi-own", "cluster-acc", "mig")
    document["results"] = [r for r in document["results"] if r["metric"] in keep]
    images = [each for each in document["images"] if each["model"] == 0]
    return document | {"images": [each for each in images if each["kind"] == "traversal"][:2]}


@pytest.fixture
def small(few: Document) -> Document:
    """The same, for a test to change."""
    return copy.deepcopy(few)


@pytest.fixture(scope="module")
def written(few: Document, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Its files, in a new folder, made once for the tests that only read them."""
    return write_figures(few, folder, tmp_path_factory.mktemp("paper") / "new" / "figures")


def of_kind(written: list[Path], suffix: str) -> list[Path]:
    found = [path for path in written if path.suffix == suffix]
    assert found
    return found


def named(written: list[Path], name: str) -> Path:
    (found,) = [path for path in written if path.name == name]
    return found


def test_every_figure_and_every_table_is_written(few: Document, written: list[Path]) -> None:
    names = {path.name for path in written}
    found = built(few)
    for figure in found.figures():
        assert {f"{figure.name}.{end}" for end in ("svg", "pdf", "tex", "csv")} <= names
    for table in found.tables():
        assert {f"{table.name}.{end}" for end in ("tex", "csv")} <= names
    grids = {"traversal-digit.svg", "traversal-digit.pdf", "traversal-slant-to-1.svg"}
    assert grids <= names
    (directory,) = {path.parent for path in written}
    assert (directory.parent.name, directory.name) == ("new", "figures")
    assert names == {path.name for path in directory.iterdir()}
    assert len(names) == len(written)


def test_same_input_gives_the_same_bytes(
    few: Document, written: list[Path], folder: Path, tmp_path: Path
) -> None:
    again = write_figures(json.loads(json.dumps(few)), folder, tmp_path)
    for one, other in zip(written, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_drawings_have_text_white_ground_and_no_date(written: list[Path]) -> None:
    for path in of_kind(written, ".svg"):
        text = path.read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        assert "var(--" not in text
        assert "#0101" not in text
        assert "fill: #ffffff" in text
        assert "<dc:date>" not in text
    for path in of_kind(written, ".pdf"):
        content = path.read_bytes()
        assert content.startswith(b"%PDF")
        assert b"/CreationDate" not in content
        assert b"/Type3" not in content, "text as TrueType, which journals ask for"
    labels = named(written, "traversal-slant-to-1.svg").read_text(encoding="utf-8")
    assert "-1.0" in labels
    assert "+0.6" in labels


def test_figures_fit_a_column_or_a_page(written: list[Path]) -> None:
    for path in of_kind(written, ".svg"):
        width = ElementTree.fromstring(path.read_bytes()).attrib["width"]
        centimetres = float(width.removesuffix("pt")) / 72 * 2.54
        assert centimetres <= 17.01, path.name
    grid = ElementTree.fromstring(named(written, "traversal-digit.svg").read_bytes())
    assert float(grid.attrib["width"].removesuffix("pt")) / 72 * 2.54 == pytest.approx(8.4)


def test_tables_hold_what_was_measured(written: list[Path]) -> None:
    rows = list(csv.DictReader(io.StringIO(named(written, "information.csv").read_text("utf-8"))))
    assert rows[0]["Reading"] == "headline"
    assert float(rows[0]["digit"]) == 2.2996
    assert r"\label{tab:information}" in named(written, "information.tex").read_text("utf-8")


def test_missing_image_is_one_clear_line(small: Document, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"traversal-0-digit-each\.png"):
        write_figures(small, tmp_path, tmp_path / "out")


def test_names_of_hostile_codes_stay_in_the_folder(
    small: Document, folder: Path, tmp_path: Path
) -> None:
    hostile = "../../etc/pass\\wd\n"
    small["codes"][0]["name"] = hostile
    for each in small["results"]:
        if each["target"] == "digit":
            each["target"] = hostile
    for each in small["images"]:
        each["code"] = hostile
    written = write_figures(small, folder, tmp_path / "out")
    assert {path.parent for path in written} == {tmp_path / "out"}
    assert all(path.resolve().parent == (tmp_path / "out").resolve() for path in written)
    assert "confusion-etc-pass-wd.tex" in {path.name for path in written}


def test_directory_that_cannot_be_is_one_clear_line(
    small: Document, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError):
        write_figures(small, folder, tmp_path / "file" / "figures")
