"""Arrays that take long to make, kept on disk: built once, verified each time they are opened."""

import hashlib
import json
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from infoeval.data.formats.npy_header import map_npy
from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError
from infoeval.files import in_home, remove_leftovers, remove_unlocked, sha256, temporary_folder
from infoeval.locks import locked

Progress = Callable[[str, float | None], None]
"""Called with a description of the work and the share of it that is done."""

_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)
_MANIFEST = "manifest.json"
_MAX_MANIFEST = 2**20  # bytes; it lists a handful of files
_TRIES = 5
_LOCK = re.compile(r"\..+-[0-9a-f]{16}\.lock")
_OLDER_LEFTOVERS = re.compile(r"\..+-[0-9a-f]{16}-[0-9a-f]{16}")
_DAY = 86_400  # seconds


def cache_folder() -> Path:
    """Return the folder of prepared data: ``INFOEVAL_CACHE``, or ``~/.cache/infoeval/prepared``.

    Raises UserError where neither the variable nor a home folder is known.
    """
    chosen = os.environ.get("INFOEVAL_CACHE")
    try:
        return in_home(chosen or "~/.cache/infoeval/prepared")
    except UserError as error:
        if chosen:
            raise
        line = "there is no home folder: name one for prepared data with INFOEVAL_CACHE"
        raise UserError(line) from error


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
        _report(f"preparing {self.name}, {done:,} of {total:,}", done / total)


def _report(text: str, share: float | None) -> None:
    report = _progress.get()
    if report is not None:
        report(text, share)


def prepared(
    name: str, key: Mapping[str, Any], build: Callable[[Writer], None]
) -> dict[str, NDArray[Any]]:
    """Return the arrays that ``build`` writes, from the cache if they are there and undamaged.

    They are memory-mapped, copy on write: only the parts in use take memory, and changes never
    reach the cache. Every opening verifies sizes and SHA-256; a damaged or incomplete entry is
    built again. Preparation is atomic: if it is killed it leaves no entry, and what it had written
    is removed when the cache is next used. Of several processes one prepares, and the others wait
    for it. An undamaged entry is never removed.

    Args:
        name: lower case words joined by ``_``.
        key: plain data that determines all that ``build`` writes, such as a version of the code
            that draws, seeds, counts, and the SHA-256 of files that are read.
        build: writes the arrays.

    Raises:
        UserError: the cache cannot be written, or what ``build`` raises.
    """
    text = json.dumps(key, sort_keys=True)
    cache = cache_folder()
    folder = cache / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    _clean_up(cache)
    arrays = _opened(folder, text)
    if arrays is not None:
        return arrays
    with _writing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with _locked_entry(name, cache / f".{folder.name}.lock"):
        arrays = _opened(folder, text)  # another process may have prepared it in the meantime
        return _build(name, folder, text, build) if arrays is None else arrays


@contextmanager
def _locked_entry(name: str, lock: Path) -> Iterator[None]:
    """Context in which no other process prepares this entry, if the file system has locks."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(lock))
        except UserError as error:
            if error.__cause__ is not None:  # it cannot be created
                with _writing(lock.parent):
                    raise error.__cause__ from None
            _report(f"waiting for another process that prepares {name}", None)
            stack.enter_context(locked(lock, wait=True))
        yield


def _build(
    name: str, folder: Path, key: str, build: Callable[[Writer], None]
) -> dict[str, NDArray[Any]]:
    with ExitStack() as stack:
        with _writing(folder.parent):
            temporary = stack.enter_context(temporary_folder(folder.parent))
            built = temporary / "built"
            built.mkdir()
        build(Writer(name, built))
        files = {
            file.name: {"size": file.stat().st_size, "sha256": sha256(file)}
            for file in sorted(built.iterdir())
        }
        with _writing(folder.parent):
            manifest = json.dumps({"recipe": key, "files": files}, indent=2)
            (built / _MANIFEST).write_text(manifest, encoding="utf-8")
        return _install(built, folder, temporary, key)


def _install(built: Path, folder: Path, temporary: Path, key: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an entry after moving it to its place, or of an undamaged one there.

    A damaged entry is moved aside as a whole, so that no reader finds parts of two. Without locks
    what was moved aside may be an undamaged entry of another process, which is moved back.
    """
    for number in range(_TRIES):
        with suppress(OSError):  # there is another entry
            os.rename(built, folder)
        arrays = _opened(folder, key)
        if arrays is not None:
            return arrays
        aside = temporary / str(number)
        with suppress(OSError):
            os.rename(folder, aside)
            if _opened(aside, key) is not None:
                built = aside
    raise UserError(f"{folder}: cannot be read back after it was written; is the disk sound?")


def _clean_up(cache: Path) -> None:
    """Remove what killed processes have left, including those of earlier versions."""
    remove_leftovers(cache)
    with suppress(OSError), os.scandir(cache) as entries:
        for entry in entries:
            with suppress(OSError):
                if _LOCK.fullmatch(entry.name):
                    remove_unlocked(Path(entry.path))
                elif _OLDER_LEFTOVERS.fullmatch(entry.name) and _is_old(Path(entry.path)):
                    shutil.rmtree(entry.path)


def _is_old(folder: Path) -> bool:
    """Whether nothing was written into a folder for a day."""
    times = [path.stat().st_mtime for path in (folder, *folder.iterdir())]
    return max(times) < time.time() - _DAY


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
        with _writing(cache_folder()), path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _opened(folder: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Return the mapped arrays of an entry, or None if it is missing or damaged."""
    try:
        with _regular(folder / _MANIFEST).open("rb") as file:
            manifest = json.loads(file.read(_MAX_MANIFEST))
        written = manifest["files"]
        if manifest["recipe"] != key or {*written, _MANIFEST} != set(os.listdir(folder)):
            return None
        return {Path(name).stem: _mapped(folder / name, **written[name]) for name in written}
    except (UserError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _mapped(path: Path, size: int, sha256: str) -> NDArray[Any]:
    """Return the array of a file, mapped; raises ValueError unless it has this size and SHA-256."""
    with _regular(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size != size:
            raise ValueError("of another size")
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ValueError("of other content")
    return map_npy(path)


def _regular(path: Path) -> Path:
    """Return the path of a regular file; raises ValueError for pipes, which block, and devices."""
    if not path.is_file():
        raise ValueError("no file")
    return path
