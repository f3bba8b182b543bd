"""Hostile data: idx, MATLAB and HDF5 files, archives and folders of images, lists, a cache."""

import gzip
import io
import os
import random
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from mutants import Member, Mutant, Target, damaged, zipped
from PIL import Image

from infoeval.data import load
from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.formats.face_model_files import read_basel_2009, read_basel_2017
from infoeval.data.formats.idx import read_idx

__all__ = ["data_target"]

Files = dict[str, bytes]
MEMBER_TYPES = (
    *(tarfile.REGTYPE,) * 6,
    *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE),
)
NAMES = ("a.png", "b.jpg", "x\n\x1b[31m<b>.png", "\x1b]0;title\x07.png", "é" * 60 + ".png", ".png")
_PIXELS = np.random.default_rng(0)


def data_target(folder: Path) -> Target:
    """Return mutants of data of each kind, which are loaded as `infoeval train` loads them."""
    os.environ["INFOEVAL_CACHE"] = str(folder / "cache")
    kinds = list(MAKERS)

    def mutate(numbers: random.Random) -> Mutant:
        kind = numbers.choice(kinds)
        return Mutant(kind, f"{kind}\n{numbers.randrange(2**32)}\n".encode())

    def use(path: Path, same: bool) -> None:
        del same
        kind, seed = path.read_text().split()
        place = path.parent / path.stem
        place.mkdir()
        MAKERS[kind](place, random.Random(int(seed)))

    return Target(".txt", b"folder\n0\n", mutate, use)


def _picture(form: str = "PNG", size: tuple[int, int] = (60, 60), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    pixels = _PIXELS.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, form)
    return buffer.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def _huge(side: int) -> bytes:
    """Return a PNG of few bytes that declares many pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = _chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + body + _chunk(b"IEND", b"")


_PNG, _JPEG = _picture(), _picture("JPEG", (178, 218))


def _image(numbers: random.Random, good: bytes = _PNG) -> bytes:
    """Return the bytes of an image, often a broken or an odd one."""
    how = numbers.randrange(9)
    if how < 4:
        return good
    if how == 4:
        return damaged(good, numbers)
    if how == 5:
        return _huge(numbers.choice((4000, 9000, 60_000, 2**31 - 1)))
    if how == 6:
        return numbers.choice((b"", b"junk", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"BM"))
    if how == 7:
        form, mode = numbers.choice((("TIFF", "CMYK"), ("PPM", "RGB"), ("BMP", "L"), ("PNG", "LA")))
        return _picture(form, mode=mode)
    return damaged(_picture(numbers.choice(("TIFF", "WEBP", "GIF", "BMP", "PPM"))), numbers)


def _idx(place: Path, numbers: random.Random) -> None:
    whole = b"\0\0\x08\x03" + struct.pack(">III", 20, 28, 28) + bytes(20 * 784)
    sizes = struct.pack(">III", *numbers.choices((0, 1, 20, 28, 2**31, 2**32 - 1), k=3))
    kind = bytes([0, 0, numbers.choice((8, 9, 11, 13, 14, 7)), numbers.choice((0, 1, 3, 9, 255))])
    content = numbers.choice(
        (
            kind + sizes + bytes(1000),
            damaged(whole, numbers),
            gzip.compress(damaged(whole, numbers)),
            damaged(gzip.compress(whole), numbers),
            gzip.compress(whole[:4] + struct.pack(">III", 2**15, 2**9, 2**9) + bytes(10**7)),
            gzip.compress(whole) * 2,
        )
    )
    (place / "images").write_bytes(content)
    read_idx(place / "images")


def _write_matlab(path: Path, arrays: dict[str, Any], numbers: random.Random) -> None:
    scipy.io.savemat(path, arrays, do_compression=numbers.random() < 0.5)
    if numbers.random() < 0.4:
        path.write_bytes(damaged(path.read_bytes(), numbers))


def _svhn(place: Path, numbers: random.Random) -> None:
    images = _PIXELS.integers(0, 256, (32, 32, 3, 12), dtype=np.uint8)
    labels = _PIXELS.integers(1, 11, (12, 1)).astype(np.uint8)
    odd: list[Any] = [labels * 1.0, labels * np.nan, labels[:3], labels + 100, labels.astype("c16")]
    arrays: dict[str, Any] = {"X": images, "y": labels}
    how = numbers.randrange(4)
    if how == 0:
        arrays["y"] = numbers.choice(odd)
    if how == 1:
        arrays["X"] = numbers.choice([images * 1.0, images[..., :0], images[0], images.T])
    if how == 2:
        arrays |= {"z": {"a": {"b": [1, 2]}}, "w": np.array([[1, "a"]], dtype=object)}
    (place / "svhn").mkdir()
    _write_matlab(place / "svhn" / "train_32x32.mat", arrays, numbers)
    load("svhn", "train", root=place, download=False)


def _basel_2009(place: Path, numbers: random.Random) -> None:
    arrays = {
        "shapeMU": _PIXELS.normal(size=(90, 1)),
        "shapePC": _PIXELS.normal(size=(90, 4)),
        "shapeEV": np.ones((4, 1)),
        "tl": _PIXELS.integers(1, 31, (20, 3)),
    }
    name = numbers.choice(list(arrays))
    array = arrays[name]
    odd: list[Any] = [array * np.nan, array * -1, array.T, array + 10**6, array[:0], array * 1e300]
    if numbers.random() < 0.5:
        arrays[name] = numbers.choice([*odd, np.zeros((3 * 10**5, 1)), array.astype("c16")])
    _write_matlab(place / "model.mat", arrays, numbers)
    read_basel_2009(place / "model.mat")


def _basel_2017(place: Path, numbers: random.Random) -> None:
    arrays = {
        "shape/model/mean": _PIXELS.normal(size=90),
        "shape/model/pcaBasis": _PIXELS.normal(size=(90, 4)),
        "shape/model/pcaVariance": np.ones(4),
        "shape/representer/cells": _PIXELS.integers(0, 30, (3, 20)),
    }
    forged, path = numbers.choice(list(arrays)), place / "model.h5"
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            _store(file, name, array, numbers.randrange(9) if name == forged else 8)
    if numbers.random() < 0.4:
        path.write_bytes(damaged(path.read_bytes(), numbers))
    read_basel_2017(path)


def _store(file: h5py.File, name: str, array: Any, how: int) -> None:
    if how == 0:
        file[name] = h5py.ExternalLink("/etc/passwd", "/x")
    elif how == 1:
        file[name] = h5py.SoftLink(f"/{name}")
    elif how in (2, 3):
        outside = [("/etc/passwd" if how == 2 else "/dev/zero", 0, array.nbytes)]
        file.create_dataset(name, array.shape, array.dtype, external=outside)
    elif how == 4:
        file.create_group(name)
    elif how == 5:
        shape = (600_000,) if array.ndim == 1 else (600_000, 400)
        file.create_dataset(name, shape, array.dtype, chunks=True, compression="gzip")
    elif how == 6:
        file[name] = array * np.nan
    elif how == 7:
        file[name] = np.array([b"a"])
    else:
        file[name] = array


def _tar(members: list[Member], numbers: random.Random) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.type = numbers.choice(MEMBER_TYPES)
            regular = entry.type == tarfile.REGTYPE
            entry.size = len(content) if regular else 0
            entry.linkname = "" if regular else numbers.choice(("/etc/passwd", "../" * 9, name))
            archive.addfile(entry, io.BytesIO(content) if regular else None)
    whole = buffer.getvalue()
    return damaged(whole, numbers) if numbers.random() < 0.4 else whole


def _chairs(place: Path, numbers: random.Random) -> None:
    members = [
        (
            f"{numbers.choice(('rendered_chairs/', '', '../../', '/abs/'))}m{number % 3}/renders/"
            f"image_{number:03}_p0{20 + number % 2 * 10}_t{number * 7 % 360:03}_r096.png",
            _image(numbers),
        )
        for number in range(10)
    ]
    (place / "rendered_chairs.tar").write_bytes(_tar(members, numbers))
    load("rendered_chairs", "train", root=place, skip_broken=numbers.random() < 0.5)


def _celeba(place: Path, numbers: random.Random) -> None:
    names = [f"{number:06}.jpg" for number in range(1, 13)]
    rows = "".join(f"{name} 1 -1 1\n" for name in names)
    text = f"12\nBald Young Smiling\n{rows}".encode()
    odd = (
        *(text, text, text, damaged(text, numbers), gzip.compress(text), b"", b"\n" * 10**6),
        gzip.compress(b"9" * 10**8),
        text.replace(b"12\n", b"9" * 30 + b"\n", 1),
        text.replace(b"Bald", b"<script>\x1b[31m"),
        text.replace(b"Young", b"Bald"),
        text.replace(b"000003", b"../003"),
        text.replace(b" 1 ", " ١ ".encode()),
        text.replace(b"Bald Young Smiling", b"B" * 10**6),
    )
    celeba = place / "celeba"
    celeba.mkdir()
    (celeba / "list_attr_celeba.txt").write_bytes(numbers.choice(odd))
    members = [
        (numbers.choice(("img_align_celeba/", "../../", "/x/", "")) + name, _image(numbers, _JPEG))
        for name in names
    ]
    if numbers.random() < 0.4:
        if numbers.random() < 0.2:
            members[0] = members[0][0], bytes(10**8)
        content = zipped(members, packed=numbers.random() < 0.5)
        content = damaged(content, numbers) if numbers.random() < 0.4 else content
        (celeba / "img_align_celeba.zip").write_bytes(content)
    else:
        (celeba / "img_align_celeba.tar").write_bytes(_tar(members, numbers))
    load("celeba", "train", root=place, skip_broken=numbers.random() < 0.5)


def _folder(place: Path, numbers: random.Random) -> None:
    for number in range(6):
        (place / f"{number}.png").write_bytes(_PNG)
    for _ in range(numbers.choice((1, 1, 3))):
        _add_odd(place, numbers)
    skip_broken = numbers.random() < 0.5
    load(place, "train", skip_broken=skip_broken).describe()
    load(place, "test", shape=(1, 28, 28), skip_broken=skip_broken)


def _add_odd(place: Path, numbers: random.Random) -> None:
    name, how = numbers.choice(NAMES), numbers.randrange(9)
    inner = place / numbers.choice(("train", "val", "cat", "x" * 200, "\x1b[31m", "a/b/c/d"))
    links = {"loop.png": "loop.png", "up": "..", "self": ".", "z.png": "/dev/zero", "p.png": "gone"}
    try:
        if how == 0:
            link = numbers.choice(list(links))
            (place / link).symlink_to(links[link])
        elif how == 1:
            os.mkfifo(place / "fifo.png")
        elif how == 2:
            (place / "folder.png").mkdir()
        elif how == 3:
            inner.mkdir(parents=True)
            (inner / name).write_bytes(_image(numbers))
        elif how == 4:
            os.mkdir(os.fsencode(place) + b"/class\xff")
            Path(os.fsdecode(os.fsencode(place) + b"/class\xff/i.png")).write_bytes(_PNG)
        elif how == 5:
            _deep(place, numbers.choice((20, 300)))
        else:
            (place / name).write_bytes(_image(numbers))
    except FileExistsError:
        pass


def _deep(place: Path, depth: int) -> None:
    """Add an image so deep that its path is longer than paths may be."""
    at = os.open(place, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 40, dir_fd=at)
        below = os.open("d" * 40, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    file = os.open("deep.png", os.O_CREAT | os.O_WRONLY, dir_fd=at)
    os.write(file, _PNG)
    os.close(file)
    os.close(at)


def _cache(place: Path, numbers: random.Random) -> None:
    """Damage a prepared entry; it must be prepared again, with the right content."""
    os.environ["INFOEVAL_CACHE"] = str(place)

    def build(writer: Writer) -> None:
        writer.save("images", np.arange(5000, dtype=np.uint8))

    prepared("thing", {"version": 1}, build)
    (entry,) = place.glob("thing-*")
    manifest = entry / "manifest.json"
    how = numbers.randrange(6)
    if how == 0:
        manifest.write_bytes(damaged(manifest.read_bytes(), numbers))
    elif how == 1:
        depth = numbers.choice((100, 5000, 100_000))
        manifest.write_text(numbers.choice(("[" * depth, '{"a":' * depth, "1" * depth, "null", "")))
    elif how == 2:
        (entry / "images.npy").write_bytes(damaged((entry / "images.npy").read_bytes(), numbers))
    elif how == 3:
        (entry / "images.npy").unlink()
    elif how == 4:
        text = manifest.read_text().replace("images.npy", numbers.choice(("../x", "a" * 300, "/x")))
        manifest.write_text(text)
    else:
        manifest.unlink()
        numbers.choice((manifest.mkdir, lambda: manifest.symlink_to(manifest)))()
    again = prepared("thing", {"version": 1}, build)["images"]
    assert np.array_equal(again, np.arange(5000, dtype=np.uint8)), "other data from the cache"


MAKERS: dict[str, Callable[[Path, random.Random], None]] = {
    "idx": _idx,
    "svhn": _svhn,
    "basel_2009": _basel_2009,
    "basel_2017": _basel_2017,
    "rendered_chairs": _chairs,
    "celeba": _celeba,
    "folder": _folder,
    "cache": _cache,
}
