"""Arrays that take long to make, kept on disk: made once, checked each time they are opened."""

import hashlib
import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from infoeval.data.formats.bounded import MAX_ARRAY_BYTES
from infoeval.errors import UserError

__all__ = ["Writer", "cache_folder", "prepared", "reporting", "sha256_of"]

Report = Callable[[str, float | None], None]
"""Called with what is being done and the share of it that is done."""

_report: ContextVar[Report | None] = ContextVar("report", default=None)
_MANIFEST = "manifest.json"
_CHUNK = 2**22


def cache_folder() -> Path:
    """Return where prepared data lie: ``INFOEVAL_CACHE``, or ``~/.cache/infoeval/prepared``."""
    return Path(os.environ.get("INFOEVAL_CACHE") or "~/.cache/infoeval/prepared").expanduser()


@contextmanager
def reporting(report: Report) -> Iterator[None]:
    """Tell ``report`` what is being prepared within the block."""
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


class Writer:
    """What a data set's arrays are written through while it is being prepared.

    Args:
        name: of the data set, for whoever waits.
        folder: an empty folder.

    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def create(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Make an array of zeros on disk, to be filled piece by piece; memory need not hold it."""
        if math.prod(shape) * np.dtype(dtype).itemsize > MAX_ARRAY_BYTES:
            raise UserError(f"{self.name}: {name} of shape {shape} exceeds {MAX_ARRAY_BYTES} bytes")
        path = self.folder / f"{name}.npy"
        array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        _reserve(path)
        return array

    def save(self, name: str, array: NDArray[Any]) -> None:
        """Write an array that is already there."""
        self.create(name, array.shape, array.dtype)[...] = array

    def advance(self, done: int, total: int) -> None:
        """Say how far the preparation is."""
        report = _report.get()
        if report is not None:
            report(f"preparing {self.name}, {done:,} of {total:,}", done / total)


def prepared(
    name: str, recipe: Mapping[str, Any], build: Callable[[Writer], None]
) -> dict[str, NDArray[Any]]:
    """Give the arrays that ``build`` writes, from the cache where they are there and undamaged.

    They are mapped, not read: memory holds what is looked at. What is written to them stays in
    memory and never reaches the cache. Every opening compares sizes and SHA-256 with what was
    written; a damaged or incomplete entry is made anew. Preparing is atomic: a killed one leaves
    nothing that is taken for whole.

    Args:
        name: lower case words joined by ``_``.
        recipe: plain data that decides all that ``build`` writes, such as a version of the code
            that draws, seeds, counts, and the SHA-256 of files that are read.
        build: writes the arrays.

    Raises:
        UserError: the cache cannot be written, or what ``build`` raises.

    """
    text = json.dumps(recipe, sort_keys=True)
    folder = cache_folder() / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    arrays = _opened(folder, text)
    if arrays is None:
        _build(name, folder, text, build)
        arrays = _opened(folder, text)
    if arrays is None:
        raise UserError(f"{folder}: what was written there cannot be read back; is the disk sound?")
    return arrays


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(name: str, folder: Path, recipe: str, build: Callable[[Writer], None]) -> None:
    aside = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    try:
        _make(aside, folder)
        build(Writer(name, aside))
        files = {
            file.name: {"size": file.stat().st_size, "sha256": sha256_of(file)}
            for file in sorted(aside.iterdir())
        }
        manifest = json.dumps({"recipe": recipe, "files": files}, indent=2)
        (aside / _MANIFEST).write_text(manifest, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        # Another process may have prepared the same in the meantime: then its copy serves.
        with suppress(FileExistsError, OSError):
            os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _make(aside: Path, folder: Path) -> None:
    try:
        aside.mkdir(parents=True)
    except OSError as error:
        raise UserError(
            f"cannot write {folder.parent}: {error.strerror}; name another folder for prepared "
            "data with INFOEVAL_CACHE"
        ) from error


def _reserve(path: Path) -> None:
    """Take the whole file's room on the disk: a mapped page that finds none kills the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        raise UserError(
            f"cannot write {path.parent.parent}: {error.strerror}; name another folder for "
            "prepared data with INFOEVAL_CACHE"
        ) from error


def _opened(folder: Path, recipe: str) -> dict[str, NDArray[Any]] | None:
    """Map the arrays of an entry, or return None if it is missing or not what was written."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["recipe"] != recipe:
            return None
        arrays = {}
        for file, written in manifest["files"].items():
            path = folder / Path(file).name
            if path.stat().st_size != written["size"] or sha256_of(path) != written["sha256"]:
                return None
            arrays[path.stem] = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return arrays
