"""Locks of files and folders that are released when their process ends, even if it is killed."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infoeval.errors import UserError, shown

if sys.platform != "win32":
    import fcntl

LOCK = ".lock"
"""Name of the lock file of a folder."""


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Context in which no other process, and no other thread, holds this folder.

    A missing folder is created, with its parents; they are removed again if nothing was written
    into them.

    Raises UserError when another holds it, or when the folder cannot be created.
    """
    try:
        created = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write {folder}: {error.strerror or error}; choose another place"
        ) from error
    try:
        with locked(folder / LOCK):
            yield
    finally:
        with suppress(OSError):  # stops at the first that is not empty
            for each in created:
                each.rmdir()


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Context in which this process holds a lock file, which is removed at the end.

    Args:
        path: of the lock file, in a folder that exists.
        wait: whether to wait until another process releases it.

    Raises:
        UserError: another holds it, or it cannot be created.

    """
    try:
        held = take(path, os.O_RDWR | os.O_CREAT, wait=wait)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    if held is None:
        raise UserError(f"{path.parent} is in use by {_holder(path)}: wait for it, or stop it")
    try:
        with suppress(OSError):  # the disk may be full; the text is only for messages
            os.write(held, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(held)


def take(path: Path, flags: int, *, wait: bool = False, required: bool = False) -> int | None:
    """Return a descriptor that locks a file or folder until it is closed; None if it is locked.

    Descriptors are closed when their process ends, even if it is killed. NFS locks only files that
    are opened for writing.

    Args:
        path: of the file or folder.
        flags: of `os.open`; with ``O_CREAT`` a missing file is created.
        wait: whether to wait until another process releases the lock.
        required: whether to return None where the file system has no locks, or on Windows; else
            every lock is granted there.

    Raises OSError when the file cannot be opened.
    """
    while True:
        held = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if not _lock(held, wait=wait, required=required):
                os.close(held)
                return None
            if _is_at(held, path):  # its last holder may have removed it in the meantime
                return held
        except BaseException:
            os.close(held)
            raise
        os.close(held)


def _lock(descriptor: int, *, wait: bool, required: bool) -> bool:
    """Return whether the lock was taken, or is not required where there are no locks."""
    if sys.platform == "win32":
        return not required
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return not required
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return shown(file.read(1000).decode("utf-8", "replace")) or "another process"
    except OSError:
        return "another process"
