"""Arrays that take long to make, kept on disk: built once, verified each time they are opened."""

import hashlib
import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from infoeval.data.formats.npy_header import map_npy
from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError
from infoeval.files import sha256

Progress = Callable[[str, float | None], None]
"""Called with a description of the work and the share of it that is done."""

_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)
_MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """Return the folder of prepared data: ``INFOEVAL_CACHE``, or ``~/.cache/infoeval/prepared``."""
    return Path(os.environ.get("INFOEVAL_CACHE") or "~/.cache/infoeval/prepared").expanduser()


@contextmanager
def progress_to(progress: Progress) -> Iterator[None]:
    """Context in which ``progress`` is called while data are prepared."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


class Writer:
    """Writer of the arrays of a data set that is being prepared.

    Args:
        name: of the data set, for progress and errors.
        folder: an empty folder.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def create(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return a new array of zeros on disk, to be filled piece by piece."""
        if math.prod(shape) * np.dtype(dtype).itemsize > MAX_ARRAY_BYTES:
            raise UserError(f"{self.name}: {name} of shape {shape} exceeds {MAX_ARRAY_BYTES} bytes")
        path = self.folder / f"{name}.npy"
        array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        _reserve(path)
        return array

    def save(self, name: str, array: NDArray[Any]) -> None:
        """Write a whole array."""
        self.create(name, array.shape, array.dtype)[...] = array

    def write_chunks(
        self, name: str, shape: tuple[int, ...], chunks: Iterable[NDArray[np.uint8]]
    ) -> None:
        """Write an array of bytes that comes in chunks of rows, and report the progress."""
        array, done = self.create(name, shape, np.uint8), 0
        for chunk in chunks:
            array[done : done + len(chunk)] = chunk
            done += len(chunk)
            self.progress(done, shape[0])

    def progress(self, done: int, total: int) -> None:
        """Report the progress of the preparation."""
        report = _progress.get()
        if report is not None:
            report(f"preparing {self.name}, {done:,} of {total:,}", done / total)


def prepared(
    name: str, key: Mapping[str, Any], build: Callable[[Writer], None]
) -> dict[str, NDArray[Any]]:
    """Return the arrays that ``build`` writes, from the cache if they are there and undamaged.

    They are memory-mapped, copy on write: only the parts in use take memory, and changes never
    reach the cache. Every opening compares sizes and SHA-256 with what was written; a damaged or
    incomplete entry is built again. Preparation is atomic: a killed one leaves no entry.

    Args:
        name: lower case words joined by ``_``.
        key: plain data that determines all that ``build`` writes, such as a version of the code
            that draws, seeds, counts, and the SHA-256 of files that are read.
        build: writes the arrays.

    Raises:
        UserError: the cache cannot be written, or what ``build`` raises.
    """
    text = json.dumps(key, sort_keys=True)
    folder = cache_folder() / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    arrays = _opened(folder, text)
    if arrays is None:
        _build(name, folder, text, build)
        arrays = _opened(folder, text)
    if arrays is None:
        raise UserError(f"{folder}: cannot be read back after it was written; is the disk sound?")
    return arrays


def _build(name: str, folder: Path, key: str, build: Callable[[Writer], None]) -> None:
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    try:
        with _writing(folder.parent):
            temporary.mkdir(parents=True)
        build(Writer(name, temporary))
        files = {
            file.name: {"size": file.stat().st_size, "sha256": sha256(file)}
            for file in sorted(temporary.iterdir())
        }
        manifest = json.dumps({"recipe": key, "files": files}, indent=2)
        (temporary / _MANIFEST).write_text(manifest, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        # If another process has prepared the same in the meantime, its copy is used.
        with suppress(OSError):
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _writing(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write {cache}: {error.strerror}; name another folder for prepared data with "
            "INFOEVAL_CACHE"
        ) from error


def _reserve(path: Path) -> None:
    """Allocate a file's disk space: a mapped page for which there is none kills the process."""
    if hasattr(os, "posix_fallocate"):
        with _writing(path.parent.parent), path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _opened(folder: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Return the mapped arrays of an entry, or None if it is missing or damaged."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["recipe"] != key:
            return None
        arrays = {}
        for name, written in manifest["files"].items():
            path = folder / Path(name).name
            if path.stat().st_size != written["size"] or sha256(path) != written["sha256"]:
                return None
            arrays[path.stem] = map_npy(path)
    except (UserError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return arrays
