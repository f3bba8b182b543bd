"""The one line of an error that lies in what the user gave, or in the machine it runs on."""

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
"""Bytes of address space that scoring or training takes beside torch, at least."""


def on_sound_ground(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that computes, which first checks what libraries would not survive.

    It raises UserError in a folder that was removed, where MKL ends the process, and where little
    address space is left beside torch: what gets no memory then may hang.
    """

    @functools.wraps(command)
    def checked(**options: Any) -> None:
        _check_folder()
        limit = _address_space()
        if limit is not None:
            importlib.import_module("torch")  # as the command will
            pages = Path("/proc/self/statm")
            used = (
                int(pages.read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
                if pages.exists()
                else 0
            )
            if limit - used < LEAST_LEFT:
                raise MemoryError(f"torch alone takes {used / 1e9:.1f} GB")
        command(**options)

    return checked


def line_of(error: Exception) -> str | None:
    """Return the line that tells a user what is wrong; None for a fault of the program."""
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
        return _of_system(error)
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
    """Return what limits the address space, where something does."""
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


def _check_folder() -> None:
    """Raise UserError where the current folder does not exist any more."""
    try:
        os.getcwd()
    except OSError:
        raise UserError("the current folder is gone: change to another") from None


def _of_system(error: OSError) -> str:
    """Return the line of an error of the operating system."""
    # Such as a name that is too long.
    return f"{error.filename}: {error.strerror}" if error.filename else one_line(error)
