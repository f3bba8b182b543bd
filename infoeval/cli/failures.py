"""Errors of the user and of the machine in one line, and checks before a command computes."""

import functools
import importlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from infoeval.errors import UserError, one_line

_NO_MEMORY = re.compile(
    r"failed to map segment|can(not|'t) allocate|(not enough|out of) memory|bad_alloc"
    r"|can't start new thread|could not create a primitive",
    re.IGNORECASE,
)

LEAST_LEFT = 600_000_000
"""Bytes of address space that scoring or training needs at least beside torch."""


def with_preflight_checks(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command, preceded by checks of conditions in which libraries crash or hang.

    It raises UserError in a folder that was removed, where MKL ends the process, and MemoryError
    where torch leaves little address space: libraries that get no memory may hang.
    """

    @functools.wraps(command)
    def checked(**options: Any) -> None:
        _check_folder()
        limit = _address_space()
        if limit is not None:
            importlib.import_module("torch")  # as the command will
            used = _used_address_space()
            if limit - used < LEAST_LEFT:
                raise MemoryError(f"torch alone takes {used / 1e9:.1f} GB")
        command(**options)

    return checked


def error_line(error: Exception) -> str | None:
    """Return the error in one line; None if it is a fault of the program, not of its user."""
    if isinstance(error, UserError):
        return str(error)
    chain = list(_chain(error))
    lack = next((each for each in chain if _lacks_memory(each)), None)
    loaded = [_library(each) for each in chain if isinstance(each, ImportError)]
    loading = f"cannot load {loaded[-1]}: " if loaded else ""
    if lack is not None:
        reason = "" if loading or not str(lack) else f": {one_line(lack)}"
        return f"{loading}not enough memory{_limit()}{reason}"
    if isinstance(error, ImportError):
        return f"{loading}{one_line(error)}"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else one_line(error)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, ImportError | OSError | RuntimeError) and bool(
        _NO_MEMORY.search(str(error))
    )


def _library(error: ImportError) -> str:
    """Return the library that could not be loaded: its folder among the installed, or its name."""
    place = Path(error.path or "").parts
    after = place.index("site-packages") + 1 if "site-packages" in place else len(place)
    return place[after] if after < len(place) else str(error.name or "a library")


def _limit() -> str:
    """Return the limit of the address space for a message; an empty string without one."""
    limit = _address_space()
    if limit is None:
        return ""
    return f" (the address space is limited to {limit / 1e9:.2g} GB; raise it with ulimit -v)"


def _address_space() -> int | None:
    """Return the limit of the address space in bytes; None without one."""
    try:
        import resource
    except ImportError:  # on Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _used_address_space() -> int:
    """Return how many bytes of address space this process uses; 0 where that is unknown."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[0]) * os.sysconf("SC_PAGESIZE") if pages.exists() else 0


def _check_folder() -> None:
    """Raise UserError if the current folder was removed."""
    try:
        os.getcwd()
    except OSError:
        raise UserError("the current folder was removed: change to another") from None
