"""Images are upright, and 8-bit grey or RGB, however they are stored."""

import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from infoeval.data.formats import image_reading
from infoeval.data.formats.image_archives import ImageFile
from infoeval.data.formats.image_reading import read_image, shape_of
from infoeval.data.image_set import SUFFIXES
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (6, 5), dtype=np.uint16)
DEEP[0, :4] = (0, 128, 129, 65535)
OPAQUE = np.full((6, 5, 1), 255, dtype=np.uint8)


def file_of(path):
    return ImageFile(path.parent, path.name, path.stat().st_size)


def read(path):
    """Return the pixels of a file, which are of the shape that its header promises."""
    found = np.asarray(read_image(file_of(path)))
    channels = 1 if found.ndim == 2 else 3
    assert shape_of(file_of(path)) == (channels, *found.shape[:2])
    return found


def eight_bits(values, largest=65535):
    return np.floor(values.astype(float) * 255 / largest + 0.5).astype(np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("upper", [False, True])
def test_every_suffix_is_of_a_format_that_is_read(tmp_path, suffix, upper):
    path = tmp_path / f"0{suffix.upper() if upper else suffix}"
    flat = np.full((6, 5), 100, dtype=np.uint8) if suffix != ".pbm" else GREY > 127
    Image.fromarray(flat).save(path, format="JPEG" if suffix in (".jfif", ".jpe") else None)
    found = read(path).reshape(6, 5, -1).astype(int)
    expected = flat * 255 if suffix == ".pbm" else flat
    assert abs(found - expected[:, :, None]).max() <= 2


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_an_alpha_channel_that_hides_nothing_is_left_out(tmp_path, suffix):
    path = tmp_path / f"0.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(np.concatenate([RGB, OPAQUE], axis=2)).save(path, **options)
    np.testing.assert_array_equal(read(path), RGB)
    if suffix != "webp":
        Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(OPAQUE[:, :, 0])]).save(path)
        np.testing.assert_array_equal(read(path), GREY)


def test_a_palette_or_colour_for_transparency_that_no_pixel_has_is_left_out(tmp_path):
    path = tmp_path / "0.png"
    palette = Image.fromarray(RGB).quantize(30)
    palette.save(path, transparency=255)
    np.testing.assert_array_equal(read(path), np.asarray(palette.convert("RGB")))
    Image.fromarray(np.minimum(GREY, 254)).save(path, transparency=255)
    np.testing.assert_array_equal(read(path), np.minimum(GREY, 254))
    Image.fromarray(np.minimum(RGB, 254)).save(path, transparency=(255, 255, 255))
    np.testing.assert_array_equal(read(path), np.minimum(RGB, 254))


@pytest.mark.parametrize("alpha", [254, 0])
def test_what_is_transparent_is_refused_with_the_cure(tmp_path, alpha):
    hidden = OPAQUE.copy()
    hidden[3, 3] = alpha
    channel = Image.fromarray(hidden[:, :, 0])
    pictures = [
        (Image.fromarray(np.concatenate([RGB, hidden], axis=2)), {}),
        (Image.merge("LA", [Image.fromarray(GREY), channel]), {}),
        (Image.fromarray(GREY), {"transparency": int(GREY[2, 2])}),
        (Image.fromarray(RGB).quantize(30), {"transparency": 3}),
        (Image.fromarray(DEEP), {"transparency": 7}),
    ]
    for picture, options in pictures:
        path = tmp_path / "0.png"
        picture.save(path, **options)
        with pytest.raises(UserError, match=r"0\.png: has transparency; save it as .* on white"):
            read_image(file_of(path))


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_grey_of_16_bits_is_scaled_to_8(tmp_path, suffix):
    path = tmp_path / f"0.{suffix}"
    Image.fromarray(DEEP).save(path)
    np.testing.assert_array_equal(read(path), eight_bits(DEEP))
    assert read(path)[0, :4].tolist() == [0, 0, 1, 255]


def test_a_pgm_is_scaled_by_the_largest_value_it_declares(tmp_path):
    path = tmp_path / "0.pgm"
    values = DEEP // 16
    path.write_bytes(b"P5 5 6 4095\n" + values.astype(">u2").tobytes())
    assert abs(read(path).astype(int) - eight_bits(values, 4095)).max() <= 1
    assert (read(path)[0, 0], read(path)[0, 3]) == (0, 255)


def tiff(values, bits, photometric, *, order="<", orientation=1):
    """Return an uncompressed TIFF of one strip, whose values are already packed as bytes."""
    height, width = 6, 5
    fields = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8}
    fields |= {274: orientation, 277: 1, 278: height, 279: len(values)}
    magic = b"II*\0" if order == "<" else b"MM\0*"
    padded = values + bytes(len(values) % 2)
    directory = struct.pack(f"{order}H", len(fields))
    for tag, value in fields.items():
        directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
    return magic + struct.pack(f"{order}I", 8 + len(padded)) + padded + directory + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_16_bits_is_read_in_either_order_of_bytes(tmp_path, order):
    path = tmp_path / "0.tif"
    content = DEEP.astype(f"{order}u2").tobytes()
    path.write_bytes(tiff(content, 16, 1, order=order))
    np.testing.assert_array_equal(read(path), eight_bits(DEEP))


def test_a_tiff_whose_zero_is_white_is_no_negative(tmp_path):
    path = tmp_path / "0.tif"
    path.write_bytes(tiff(DEEP.astype("<u2").tobytes(), 16, 0))
    np.testing.assert_array_equal(read(path), eight_bits(65535 - DEEP.astype(int)))
    path.write_bytes(tiff(GREY.tobytes(), 8, 0))
    np.testing.assert_array_equal(read(path), 255 - GREY)


def test_a_tiff_of_12_bits_has_the_range_of_12_bits(tmp_path):
    """Two values are packed into three bytes, and each row is filled up to whole bytes."""
    path = tmp_path / "0.tif"
    values = DEEP // 16
    rows = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(6, 5, 2), axis=2)[:, :, 4:]
    packed = np.packbits(rows.reshape(6, 60), axis=1).tobytes()
    path.write_bytes(tiff(packed, 12, 1))
    np.testing.assert_array_equal(read(path), eight_bits(values, 4095))


def test_cmyk_becomes_rgb(tmp_path):
    ink = np.zeros((6, 5, 4), dtype=np.uint8)
    ink[:3, :, 0] = 255  # cyan
    ink[3:, :, 3] = 255  # black
    for name in ("0.jpg", "0.tif"):
        Image.fromarray(ink, "CMYK").save(tmp_path / name)
        found = read(tmp_path / name).astype(int)
        assert abs(found[0] - [0, 255, 255]).max() <= 40
        assert found[-1].max() <= 40


@pytest.mark.parametrize(
    ("picture", "mode"),
    [
        (Image.fromarray(np.zeros((6, 5), np.int32)), "I"),
        (Image.fromarray(np.zeros((6, 5), np.float32)), "F"),
        (Image.new("LAB", (5, 6)), "LAB"),
    ],
)
def test_modes_without_a_range_are_refused_with_the_cure(tmp_path, picture, mode):
    path = tmp_path / "0.tif"
    picture.save(path)
    for look in (shape_of, read_image):
        with pytest.raises(UserError, match=f"has mode {mode}; save it as grey of 8 or 16 bits"):
            look(file_of(path))


# What a camera stores where the picture is upright, by EXIF orientation.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: lambda a: np.rot90(a, -1),
}


def with_late_exif(path):
    """Move the EXIF chunk of a PNG behind its pixels, where ImageMagick writes it."""
    content, chunks = path.read_bytes(), []
    at = 8
    while at < len(content):
        length = struct.unpack(">I", content[at : at + 4])[0] + 12
        chunks.append(content[at : at + length])
        at += length
    chunks.sort(key=lambda chunk: (chunk[4:8] == b"IEND", chunk[4:8] == b"eXIf"))
    assert chunks[-2][4:8] == b"eXIf"
    path.write_bytes(content[:8] + b"".join(chunks))


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["png", "late png", "webp", "tif", "jpg", "deep png"])
def test_every_orientation_is_turned_upright(tmp_path, orientation, kind):
    upright = DEEP if kind == "deep png" else RGB
    if kind == "jpg":
        upright = np.kron(RGB, np.ones((16, 16, 1), dtype=np.uint8))  # of whole blocks
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"0.{kind.split()[-1]}"
    options = {"webp": {"lossless": True}, "jpg": {"quality": 100, "subsampling": 0}}.get(kind, {})
    stored = np.ascontiguousarray(STORED[orientation](upright))
    Image.fromarray(stored).save(path, exif=exif, **options)
    if kind == "late png":
        with_late_exif(path)
    found = read(path).astype(int)
    expected = eight_bits(DEEP) if kind == "deep png" else upright
    assert found.shape == expected.shape
    assert abs(found - expected).max() <= (8 if kind == "jpg" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize(
    "exif", [b"junk", b"Exif\0\0MM\0*", b"Exif\0\0II*\0" + b"\xff" * 40, b"\0"]
)
def test_an_image_with_damaged_exif_data_is_as_it_is_stored(tmp_path, exif):
    path = tmp_path / "0.png"
    Image.fromarray(RGB).save(path)
    content = path.read_bytes()
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    for at in (33, len(content) - 12):
        path.write_bytes(content[:at] + chunk + content[at:])
        np.testing.assert_array_equal(read(path), RGB)


def test_a_png_of_an_endless_chunk_is_broken(tmp_path):
    path = tmp_path / "0.png"
    Image.fromarray(RGB).save(path)
    path.write_bytes(path.read_bytes()[:-12] + b"\xff\xff\xff\xffeXIf")
    with pytest.raises(UserError, match=r"0\.png: a broken image"):
        read_image(file_of(path))


def encoded(form, **options):
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, form, **options)
    return buffer.getvalue()


TEXT = b"\0\0\0\2tEXta\0" + zlib.crc32(b"tEXta\0").to_bytes(4)
ENDLESS = {
    "comment.ppm": b"P6\n#" + b"x" * 30_000_000,
    "later comment.ppm": b"P6 3 3 #" + b"x" * 30_000_000,
    "comment.pbm": b"P4 3\n# a\n# " + b"x" * 30_000_000,
    "comments.jpg": b"\xff\xd8" + b"\xff\xfe\x00\x03x" * 3_000_000 + encoded("JPEG")[2:],
    "junk.jpg": b"\xff\xd8" + b"\xff\xff" * 10_000_000,
    "exif.jpg": b"\xff\xd8" + (b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)) * 200,
    "comments.gif": b"GIF89a\x03\0\x03\0\0\0\0" + b"!\xfe\x01x\0" * 3_000_000,
    "text.png": encoded("PNG")[:33] + TEXT * 3_000_000,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_header_without_end_is_not_read_to_the_end(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(ENDLESS[name])
    started = time.process_time()
    with pytest.raises(UserError, match="its header has no end"):
        shape_of(file_of(path))
    assert time.process_time() - started < 1


def test_a_jpeg_of_many_scans_is_refused_before_it_is_drawn(tmp_path):
    """Each scan of a few bytes is a pass over all pixels."""
    whole = encoded("JPEG", progressive=True)
    tables = whole.rindex(b"\xff\xc4", 0, whole.rindex(b"\xff\xda"))
    for name, more in (("few.jpg", 30), ("many.jpg", 50)):
        path = tmp_path / name
        path.write_bytes(whole[:-2] + whole[tables:-2] * more + b"\xff\xd9")
        if more == 30:
            assert read(path).shape == RGB.shape
        else:
            with pytest.raises(UserError, match="more than 50 scans"):
                read(path)


@pytest.mark.parametrize("kind", [b"P4", b"P5", b"P6"])
def test_comments_in_a_header_are_passed_over(tmp_path, kind):
    path = tmp_path / "comments.ppm"
    largest = b"" if kind == b"P4" else b" 255"
    path.write_bytes(kind + b"\n# 1 2 3\n100 # wide\n100" + largest + b"\n" + bytes(30_000))
    assert read(path).shape[:2] == (100, 100)


def test_a_side_that_takes_more_memory_than_its_pixels_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reading, "MAX_SIDE", 99)
    Image.new("L", (1, 100)).save(tmp_path / "tall.png")
    with pytest.raises(UserError, match="has 1×100 pixels"):
        shape_of(file_of(tmp_path / "tall.png"))


def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reading, "FREELY_DECODED", 100)
    at_work, most = [], []
    plain = image_reading._converted

    def counted(file, image):
        at_work.append(file)
        most.append(len(at_work))
        time.sleep(0.02)
        at_work.remove(file)
        return plain(file, image)

    monkeypatch.setattr(image_reading, "_converted", counted)
    counts = {}
    for side in (10, 11):
        for number in range(4):
            Image.new("L", (side, side)).save(tmp_path / f"{number}.png")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: read(tmp_path / f"{n}.png"), range(4)))
        counts[side] = max(most)
        most.clear()
    assert counts[10] > counts[11] == 1
