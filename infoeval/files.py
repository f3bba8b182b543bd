"""Atomic writing of files: a reader finds the old content or the new, never a part of either."""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from infoeval.errors import UserError
from infoeval.locks import take

ATTEMPTS = 100
"""Names that are tried for a temporary file; in a folder such as /proc none can be created."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TEMPORARY = re.compile(r"\.infoeval-[0-9a-f]{16}(\..*)?")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

    The temporary file is in the same folder and keeps the suffix, by which libraries choose a
    format. Missing parent folders are created. If the block raises, the temporary file is removed
    and ``path`` is unchanged. A symbolic link is followed: its target is replaced, the link stays.
    What a killed process has left in the folder is removed.

    Raises UserError when the folder cannot be created or written, when the disk is full, and
    when ``path`` is a folder, a device or a pipe.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder) / "runs" / "note.txt"
    ...     with atomic_path(target) as temporary:
    ...         _ = temporary.write_text("done")
    ...     target.read_text()
    'done'
    """
    with _explained(path):
        target = _target(path)
        temporary, held = _reserve(target.parent, target.suffix)
    try:
        with _explained(path, only=_FULL):
            yield temporary
        with _explained(path):
            _flush_to_disk(temporary)
            os.replace(temporary, target)
    finally:
        # It is gone after success; a failed clean-up must not hide the first error.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        os.close(held)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in ``parent``, which is removed at the end.

    If this process is killed, the next one that writes into ``parent`` removes it.

    Raises OSError when it cannot be created.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder, held = _reserve(parent, is_folder=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders of processes that were killed.

    Running processes hold a lock on theirs. On file systems without locks nothing is removed.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and not entry.is_symlink():
                with contextlib.suppress(OSError):
                    remove_unlocked(Path(entry.path))


def remove_unlocked(path: Path) -> None:
    """Remove a file or folder, unless a process has locked it or there are no locks here.

    Raises OSError when it cannot be opened or removed.
    """
    is_folder = path.is_dir()
    held = take(path, os.O_RDONLY if is_folder else os.O_RDWR, required=True)
    if held is None:
        return
    try:
        shutil.rmtree(path) if is_folder else path.unlink()
    finally:
        os.close(held)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` atomically (see :func:`atomic_path`, which lists the errors)."""
    with atomic_path(path) as temporary, _explained(path):
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` to ``path`` atomically, as UTF-8 with its line ends unchanged."""
    write_bytes(path, text.encode("utf-8"))


def in_home(path: str | os.PathLike[str]) -> Path:
    """Return a path whose ``~`` is replaced by the home folder.

    Raises UserError where that is not known: no HOME and no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(
            f"{path}: this home folder is not known; set HOME, or give a path without ~"
        ) from None


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the file to replace, after creating its folder."""
    if "\0" in os.fspath(path):
        raise UserError(f"cannot write {os.fspath(path)!r}: a file name cannot contain NUL")
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        kind = "folder" if target.is_dir() else "device or a pipe"
        raise UserError(f"cannot write {path}: it is a {kind}; give the name of a file")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _reserve(folder: Path, suffix: str = "", *, is_folder: bool = False) -> tuple[Path, int]:
    """Return a new empty file or folder, and the descriptor that locks it."""
    remove_leftovers(folder)
    for _ in range(ATTEMPTS):
        path = folder / f".infoeval-{secrets.token_hex(8)}{suffix}"
        # Another process may remove it before it is locked.
        with contextlib.suppress(FileNotFoundError):
            if is_folder:
                path.mkdir()
                held = take(path, os.O_RDONLY, wait=True)
            else:  # not tempfile.mkstemp: its mode 0600 would stay, whatever the user's umask
                held = take(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, wait=True)
            if held is not None:
                return path, held
    raise FileNotFoundError(errno.ENOENT, "no file can be created there", str(folder))


def _flush_to_disk(path: Path) -> None:
    """Write buffered content to disk before the rename, so that a crash leaves no empty file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _explained(
    path: str | os.PathLike[str], *, only: tuple[int, ...] | None = None
) -> Iterator[None]:
    """Turn an OSError into a one-line UserError; with ``only``, just those of these numbers."""
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        reason = error.strerror or str(error)
        if isinstance(error, FileExistsError | NotADirectoryError):
            reason = "part of this path is a file, not a folder"
        raise UserError(f"cannot write {path}: {reason}; choose another place") from error


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes in hex. Raises UserError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
