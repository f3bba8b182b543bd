"""The one line of an error that lies in what the user gave, or in the machine it runs on."""

import os
import re
from collections.abc import Iterator

from infoeval.errors import UserError, one_line

_NO_MEMORY = re.compile(
    r"failed to map segment|can(not|'t) allocate|(not enough|out of) memory|bad_alloc"
    r"|can't start new thread|could not create a primitive",
    re.IGNORECASE,
)


def line_of(error: Exception) -> str | None:
    """Return the line that tells a user what is wrong; None for a fault of the program."""
    if isinstance(error, UserError):
        return str(error)
    chain = list(_chain(error))
    lack = next((each for each in chain if _lacks_memory(each)), None)
    loaded = [each.name for each in chain if isinstance(each, ImportError) and each.name]
    loading = f"cannot load {loaded[-1].partition('.')[0]}: " if loaded else ""
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


def _limit() -> str:
    """Return the limit of the address space, where there is one."""
    try:
        import resource
    except ImportError:  # on Windows
        return ""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return ""
    return f" (the address space is limited to {limit / 1e9:.1f} GB; raise it with ulimit -v)"


def _of_system(error: OSError) -> str:
    """Return the line of an error of the operating system."""
    if isinstance(error, FileNotFoundError) and not error.filename:
        try:
            os.getcwd()
        except OSError:
            return "the current folder is gone: change to another"
    # Such as a name that is too long.
    return f"{error.filename}: {error.strerror}" if error.filename else one_line(error)
