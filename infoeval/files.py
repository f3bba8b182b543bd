"""Atomic writing of files: a reader finds the old content or the new, never a part of either."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from infoeval.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

    The temporary file is in the same folder and keeps the suffix, by which libraries choose a
    format. Missing parent folders are created. If the block raises, the temporary file is removed
    and ``path`` is unchanged. A symbolic link is followed: its target is replaced, the link stays.

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
        target, temporary = _reserve(path)
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


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` atomically (see :func:`atomic_path`, which lists the errors)."""
    with atomic_path(path) as temporary, _explained(path):
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` to ``path`` atomically, as UTF-8 with its line ends unchanged."""
    write_bytes(path, text.encode("utf-8"))


def _reserve(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the file to replace, and a new empty file in its folder."""
    if "\0" in os.fspath(path):
        raise UserError(f"cannot write {os.fspath(path)!r}: a file name holds no zero character")
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        kind = "folder" if target.is_dir() else "device or a pipe"
        raise UserError(f"cannot write {path}: it is a {kind}; give the name of a file")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    # Not tempfile.mkstemp: its mode 0600 would stay on the result, whatever the user's umask.
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    return target, temporary


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
