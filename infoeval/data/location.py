"""Where data sets lie on this machine."""

import os
from pathlib import Path

__all__ = ["root"]


def root(root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds the data sets; it need not exist yet.

    It is the argument (``--data-dir`` on the command line) if given, else the environment
    variable ``INFOEVAL_DATA``, else ``~/.cache/infoeval``.

    >>> root("~/sets") == Path.home() / "sets"
    True
    """
    chosen = root or os.environ.get("INFOEVAL_DATA") or "~/.cache/infoeval"
    return Path(chosen).expanduser()
