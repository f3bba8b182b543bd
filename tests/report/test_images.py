import base64
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infoeval.errors import UserError
from infoeval.report import render
from infoeval.report.images import read_png
from tests.report.sample import without_extras


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "inside" / "grid.png"
    path.parent.mkdir()
    Image.new("L", (30, 20)).save(path)
    Image.new("L", (30, 20)).save(tmp_path / "outside.png")
    return path


def test_png_comes_back_byte_for_byte_with_its_size(grid: Path) -> None:
    png = read_png(grid.parent, "grid.png")
    assert (png.width, png.height) == (30, 20)
    scheme, encoded = png.address.split(",")
    assert scheme == "data:image/png;base64"
    assert base64.b64decode(encoded) == grid.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../outside.png", "../inside/grid.png", "./grid.png", "sub/../grid.png"),
        *("/etc/hostname", "..\\outside.png", "C:outside.png", "grid.png\0.txt"),
    ],
)
def test_name_that_is_a_path_is_refused(grid: Path, name: str) -> None:
    with pytest.raises(UserError, match="plain name of a file") as caught:
        read_png(grid.parent, name)
    assert "\n" not in str(caught.value)


def test_absolute_path_is_refused_even_of_a_file_inside(grid: Path) -> None:
    with pytest.raises(UserError, match="plain name"):
        read_png(grid.parent, str(grid))


def test_link_that_leads_outside_is_refused(grid: Path) -> None:
    os.symlink(grid.parent.parent / "outside.png", grid.parent / "link.png")
    with pytest.raises(UserError, match="own folder"):
        read_png(grid.parent, "link.png")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a PNG"),
        (b"<svg onload='alert(1)'/>", "not a PNG"),
        (b"GIF89a" + bytes(40), "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", "not a PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
    ],
)
def test_other_content_is_refused(grid: Path, content: bytes, words: str) -> None:
    grid.write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_png(grid.parent, "grid.png")


@pytest.mark.parametrize("name", ["absent.png", "folder.png"])
def test_missing_file_is_named(grid: Path, name: str) -> None:
    (grid.parent / "folder.png").mkdir()
    with pytest.raises(UserError, match=f"'{name}' is missing"):
        read_png(grid.parent, name)


def test_page_refuses_an_image_from_elsewhere(document: dict[str, Any], folder: Path) -> None:
    bare = without_extras(document)
    bare["images"] = [document["images"][0] | {"file": "../report/subject-digit-each.png"}]
    with pytest.raises(UserError, match="plain name"):
        render(bare, folder)
