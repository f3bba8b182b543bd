"""Readers of files, caches and locks beside those of libraries; see `by_hand_pairs`."""

import importlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from by_hand_pairs import Pair, counted, in_processes, pair, timed
from joblib import Memory
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torchvision.datasets import ImageFolder

from infoeval.data.datasets import load
from infoeval.data.formats.cache import prepared
from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.resizing import fit, pixels
from infoeval.errors import UserError
from infoeval.locks import locked
from infoeval.tensor_archive import read_archive


def _bytes(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _endless(path: Path, levels: int) -> None:
    """Write a checkpoint whose key is pairs of pairs, each shared: hashing it takes 2^levels."""
    torch.save({}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    pairs = b"".join(b"h%c\x86q%c" % (level, level + 1) for level in range(levels))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            key = b"\x80\x02}K\x01q\x00" + pairs + b"K\x00s."
            archive.writestr(name, key if name.endswith("data.pkl") else content)
        for entry in archive.infolist():
            entry.external_attr = 0  # as torch writes it


@pair
def checkpoint_without_end(folder: Path) -> Pair:
    """0.9 kB that ask for 2^24 steps, refused by ours; 5 bytes more double theirs."""
    path = folder / "endless.pt"
    _endless(path, 24)

    def ours() -> None:
        try:
            read_archive(path)
        except UserError as error:
            assert "as a key" in str(error)  # noqa: PT017
        else:
            raise AssertionError("it was not refused")

    return timed(ours, lambda: torch.load(path, weights_only=True), None, rounds=3)


@pair
def checkpoint(folder: Path) -> Pair:
    """A checkpoint of 4 MB, whose checksums ours verifies."""
    path, random = folder / "checkpoint.pt", torch.Generator().manual_seed(0)
    weights = {f"layer {n}": torch.randn(10_000, generator=random) for n in range(100)}
    torch.save({"weights": weights, "history": [[0.5] * 10] * 500}, path)
    return timed(
        lambda: read_archive(path)["weights"]["layer 99"],
        lambda: torch.load(path, weights_only=True)["weights"]["layer 99"],
    )


@pair
def idx(folder: Path) -> Pair:
    """Reading 10,000 images of 28×28 in a fresh process."""
    images = _bytes(10_000, 28, 28)
    header = np.array([0x803, *images.shape], ">u4").tobytes()
    (folder / "images.idx").write_bytes(header + images.tobytes())
    ours = """
from infoeval.data.formats.idx import read_idx
result = int(read_idx(sys.argv[1]).sum())
"""
    theirs = """
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor
result = int(read_sn3_pascalvincent_tensor(sys.argv[1]).sum())
"""
    return in_processes("CPU-s", ours, theirs, folder / "images.idx")


@pair
def npz_bomb(folder: Path) -> Pair:
    """Peak memory for 0.3 MB that inflate to 300 MB, refused by ours."""
    np.savez_compressed(folder / "bomb.npz", codes=np.zeros((30_000_000, 10), np.uint8))
    ours = """
from pathlib import Path
from infoeval.data.formats.npz_file import NpzFile
from infoeval.errors import UserError
try:
    NpzFile(Path(sys.argv[1])).read("codes")
    raise AssertionError("it was not refused")
except UserError:
    result = None
"""
    theirs = """
import numpy as np
np.load(sys.argv[1])["codes"]
result = None
"""
    return in_processes("MB", ours, theirs, folder / "bomb.npz", within=None)


@pair
def npz(folder: Path) -> Pair:
    """An array of 8 MB."""
    path = folder / "codes.npz"
    np.savez(path, codes=np.random.default_rng(0).normal(size=(100_000, 10)))

    def read(opened: Callable[[], Any], take: Callable[[Any], Any]) -> Any:
        with opened() as file:
            return take(file)

    return timed(
        lambda: read(lambda: NpzFile(path), lambda file: file.read("codes")),
        lambda: read(lambda: np.load(path), lambda file: file["codes"]),
        times=3,
    )


def _kept(folder: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both ways to 16 MB that are kept on disk, which they are when this returns."""
    os.environ["INFOEVAL_CACHE"] = str(folder / "prepared")
    array = _bytes(16_000, 1_000)
    cached = Memory(folder / "joblib", mmap_mode="r", verbose=0).cache(_bytes)
    ways = (
        lambda: prepared("some", {}, lambda to: to.save("array", array))["array"],
        lambda: cached(16_000, 1_000),
    )
    for way in ways:
        way()
    return ways


@pair
def prepared_arrays(folder: Path) -> Pair:
    """Opening 16 MB that are kept on disk; ours verifies their SHA-256."""
    ours, theirs = _kept(folder)
    return timed(lambda: ours()[-1], lambda: theirs()[-1])


@pair
def damaged_arrays(folder: Path) -> Pair:
    """The same with one damaged byte: bytes that are read as others were written."""
    ways = _kept(folder)
    for path in [*folder.rglob("array.npy"), *folder.rglob("output.pkl")]:
        with path.open("r+b") as file:
            file.seek(-1_000, os.SEEK_END)
            (byte,) = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 255]))
    wrong = [int((way() != _bytes(16_000, 1_000)).sum()) for way in ways]
    return counted("wrong bytes", lambda: wrong[0], lambda: wrong[1])


@pair
def image_files(folder: Path) -> Pair:
    """500 PNG files of 64×64."""
    os.environ["INFOEVAL_CACHE"] = str(folder / "prepared")
    for number, image in enumerate(_bytes(501, 64, 64, 3)):
        place = folder / "images" / ("train" if number < 500 else "test") / "a"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:03}.png")

    def theirs() -> int:
        files = ImageFolder(folder / "images" / "train")
        return sum(int(np.asarray(image).sum()) for image, _ in files)

    return timed(lambda: int(load(folder / "images", "train").images.sum(dtype=np.int64)), theirs)


@pair
def resizing(_: Path) -> Pair:
    """640×480 to 32×32, where the middle begins at a whole pixel."""
    across, down = np.meshgrid(np.linspace(0, 255, 640), np.linspace(0, 255, 480))
    image = Image.fromarray(np.stack([across, down, 255 - across], axis=2).astype(np.uint8))
    lanczos = Image.Resampling.LANCZOS
    return timed(
        lambda: fit(image, (3, 32, 32)),
        lambda: pixels(ImageOps.fit(image, (32, 32), lanczos)),
        times=10,
    )


@pair
def onnx_file(folder: Path) -> Pair:
    """Peak memory for a model of 20,000 operations, 0.5 MB."""
    onnx = importlib.import_module("onnx")
    path, make = folder / "model.onnx", onnx.helper
    nodes = [make.make_node("Relu", [f"a{n}"], [f"a{n + 1}"]) for n in range(20_000)]
    ends = [make.make_tensor_value_info(name, 1, [1]) for name in ("a0", "a20000")]
    onnx.save(make.make_model(make.make_graph(nodes, "g", ends[:1], ends[1:])), path)
    ours = """
from infoeval.subjects.onnx_check import check_onnx
result = check_onnx(open(sys.argv[1], "rb").read(), "model")
"""
    theirs = """
import onnx
result = onnx.checker.check_model(onnx.load(sys.argv[1]))
"""
    return in_processes("MB", ours, theirs, path, within=None)


@pair
def locks(folder: Path) -> Pair:
    """A lock taken and released."""
    file_lock = importlib.import_module("filelock").FileLock

    def ours() -> None:
        with locked(folder / "ours.lock"):
            pass

    def theirs() -> None:
        with file_lock(folder / "theirs.lock"):
            pass

    return timed(ours, theirs, None, times=300)
