import base64
import html
import io
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infoeval.errors import UserError
from infoeval.reporting import page_images, render
from infoeval.reporting.page_images import check_all, open_pixels, read_image, still
from tests.reporting.sample import without_extras

FORMATS = {"grid.png": "PNG", "grid.webp": "WEBP", "grid.gif": "GIF"}


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "inside" / "grid.png"
    path.parent.mkdir()
    for name in FORMATS:
        Image.new("L", (30, 20)).save(path.parent / name)
    Image.new("L", (30, 20)).save(tmp_path / "outside.png")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_picture_comes_back_byte_for_byte_with_its_size(grid: Path, name: str) -> None:
    file = read_image(grid.parent, name)
    assert (file.width, file.height, file.format) == (30, 20, FORMATS[name])
    scheme, encoded = file.address.split(",")
    assert scheme == f"data:image/{FORMATS[name].lower()};base64"
    assert base64.b64decode(encoded) == (grid.parent / name).read_bytes()


def test_content_tells_the_kind_whatever_the_name(grid: Path) -> None:
    os.replace(grid.with_suffix(".webp"), grid)
    assert read_image(grid.parent, "grid.png").address.startswith("data:image/webp;")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../outside.png", "../inside/grid.png", "./grid.png", "sub/../grid.png"),
        *("/etc/hostname", "..\\outside.png", "C:outside.png", "grid.png\0.txt"),
    ],
)
def test_name_that_is_a_path_is_refused(grid: Path, name: str) -> None:
    with pytest.raises(UserError, match="plain name of a file") as caught:
        read_image(grid.parent, name)
    assert "\n" not in str(caught.value)


def test_absolute_path_is_refused_even_of_a_file_inside(grid: Path) -> None:
    with pytest.raises(UserError, match="plain name"):
        read_image(grid.parent, str(grid))


def test_link_that_leads_outside_is_refused(grid: Path) -> None:
    os.symlink(grid.parent.parent / "outside.png", grid.parent / "link.png")
    with pytest.raises(UserError, match="own folder"):
        read_image(grid.parent, "link.png")


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def _header(width: int, height: int) -> bytes:
    """The beginning of a PNG file of that size."""
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a PNG, WebP or GIF"),
        (b"<svg onload='alert(1)'/>", "not a PNG, WebP or GIF"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "not a PNG, WebP or GIF"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(20), "not a PNG, WebP or GIF"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8L" + bytes(20), "damaged"),
        (_header(100_000, 100_000), "has 100000 x 100000 pixels|damaged"),
        (_header(16_000, 16_000), "has 16000 x 16000 pixels|damaged"),
    ],
)
def test_other_content_is_refused(grid: Path, content: bytes, words: str) -> None:
    grid.write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        read_image(grid.parent, "grid.png")
    assert "\n" not in str(caught.value)


def test_size_is_checked_before_the_pixels(grid: Path) -> None:
    # The file ends after its header: had it been decoded, it would be called damaged.
    grid.write_bytes(_header(6_000, 6_000) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b""))
    with pytest.raises(UserError, match="6000 x 6000 pixels"):
        read_image(grid.parent, "grid.png")


def test_all_frames_count(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("L", (30, 20), shade) for shade in (0, 100, 200)]
    path = grid.with_suffix(".webp")
    frames[0].save(path, save_all=True, append_images=frames[1:])
    monkeypatch.setattr(page_images, "MOST_PIXELS", 3 * 30 * 20)
    read_image(grid.parent, path.name)
    monkeypatch.setattr(page_images, "MOST_PIXELS", 3 * 30 * 20 - 1)
    with pytest.raises(UserError, match="30 x 20 pixels in 3 frames"):
        read_image(grid.parent, path.name)


def test_file_larger_than_a_page_takes_is_refused(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_images, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="more than 10 bytes"):
        read_image(grid.parent, "grid.png")


@pytest.mark.parametrize("name", FORMATS)
def test_file_cut_short_is_damaged(grid: Path, name: str) -> None:
    path = grid.parent / name
    noise = Image.effect_noise((64, 64), 60)
    noise.save(path)
    content = path.read_bytes()
    for length in range(40, len(content) - 20, 97):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match="damaged"):
            open_pixels(read_image(grid.parent, name))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_other_modes_become_what_can_be_cut(grid: Path, mode: str) -> None:
    path = grid.with_suffix(".png" if mode != "CMYK" else ".webp")
    picture = Image.new("RGB", (4, 3), (200, 200, 200))
    (picture.convert(mode) if mode != "I;16" else Image.new("I;16", (4, 3))).convert(
        "RGB" if mode == "CMYK" else mode
    ).save(path)
    assert open_pixels(read_image(path.parent, path.name)).mode in ("L", "RGB", "RGBA")


def test_still_is_the_first_frame(grid: Path) -> None:
    frames = [Image.new("L", (30, 20), shade) for shade in (40, 200)]
    path = grid.with_suffix(".gif")
    frames[0].save(path, save_all=True, append_images=frames[1:])
    found = still(read_image(grid.parent, path.name))
    picture = Image.open(io.BytesIO(base64.b64decode(found.split(",")[1]))).convert("L")
    assert set(picture.tobytes()) == {40}


@pytest.mark.parametrize("name", ["absent.png", "folder.png"])
def test_missing_file_is_named(grid: Path, name: str) -> None:
    (grid.parent / "folder.png").mkdir()
    with pytest.raises(UserError, match=f"'{name}' is missing"):
        read_image(grid.parent, name)


def test_page_refuses_an_image_from_elsewhere(document: dict[str, Any], folder: Path) -> None:
    bare = without_extras(document)
    name = document["images"][0]["file"]
    bare["images"] = [document["images"][0] | {"file": f"../{folder.name}/{name}"}]
    with pytest.raises(UserError, match="plain name"):
        render(bare, folder)


@pytest.mark.parametrize("name", ["a" * 300, "é" * 200, "loop"])
def test_name_of_no_file_is_missing(grid: Path, name: str) -> None:
    (grid.parent / "loop").symlink_to("loop")
    with pytest.raises(UserError, match=r"is missing|plain name") as caught:
        read_image(grid.parent, name)
    assert len(str(caught.value).replace(str(grid.parent), "")) < 300


def test_a_file_counts_as_often_as_it_is_named(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = grid.stat().st_size
    monkeypatch.setattr(page_images, "MOST_BYTES_OF_ALL", 3 * size)
    check_all(grid.parent, [grid.name] * 3)
    with pytest.raises(UserError, match="pixels in all"):
        check_all(grid.parent, [grid.name] * 4)
    monkeypatch.setattr(page_images, "MOST_BYTES_OF_ALL", 10 * size)
    image = read_image(grid.parent, grid.name)
    monkeypatch.setattr(page_images, "MOST_PIXELS_OF_ALL", 2 * image.width * image.height)
    check_all(grid.parent, [grid.name] * 2)
    with pytest.raises(UserError, match="pixels in all"):
        check_all(grid.parent, [grid.name] * 3)


def test_a_page_counts_its_images(
    document: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_images, "MOST_BYTES_OF_ALL", 100)
    with pytest.raises(UserError, match="the most that a page takes"):
        render(document, folder)


def test_real_images_name_their_files_as_text(document: dict[str, Any], folder: Path) -> None:
    """A name from a stranger's folder is no mark-up, and keeps its capitals."""
    (gallery,) = (image for image in document["images"] if image["kind"] == "gallery")
    gallery["cells"][1][4]["file"] = 'A/<b onclick="x">7.PNG'
    page = render(document, folder)
    titles = re.findall(r'<a class="file" href="#grid-\d+" tabindex="-1" title="(.*?)"', page)
    assert [html.unescape(title) for title in titles] == ['A/<b onclick="x">7.PNG']
    assert "<b onclick" not in page
    (alt,) = re.findall(r'alt="([^"]*; their files: [^"]*)"', page)
    assert html.unescape(alt).endswith('; their files: A/<b onclick="x">7.PNG')
