"""What a named data set declares: what it is, where its files lie and how it is loaded."""

import http.client
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infoeval.data.image_set import ImageSet, Render
from infoeval.errors import UserError
from infoeval.files import in_home

OTHER_FOLDER = "or name another data folder with --data-dir or INFOEVAL_DATA"
"""How an instruction to put files into the data root ends."""

# No network, a refusing server, a damaged file, a full or read-only disk, or a torchvision that
# does not import.
_DOWNLOAD_ERRORS = (
    ImportError,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    zlib.error,
    http.client.HTTPException,
)


@dataclass(frozen=True)
class LoadRequest:
    """Which images to load.

    Args:
        root: the data root.
        split: ``"train"`` or ``"test"``.
        download: whether missing files may be downloaded.
        skip_broken: whether images that cannot be read are left out rather than an error.
    """

    root: Path
    split: str
    download: bool = True
    skip_broken: bool = False


@dataclass(frozen=True)
class DataSource:
    """A data set that has a name. The defaults are those of a set that needs no files.

    Args:
        name: lower case, words joined by ``_``.
        description: one line for ``infoeval data ls``.
        load: the images of a request.
        where: from the data root, the folder of the set.
        present: from the data root, whether all its files are there.
        what_to_do: from the data root, how to get the set when it is not there, in one line.
        part: from the data root, how much of the set is there, where its files are a part of it.
        render: for sets that are drawn, the images ``(n, channels, height, width)`` of any factor
            values ``(n, k)``; raises UserError for values that the set does not have.
    """

    name: str
    description: str
    load: Callable[[LoadRequest], ImageSet]
    where: Callable[[Path], str] = lambda root: "drawn on demand"
    present: Callable[[Path], bool] = lambda root: True
    what_to_do: Callable[[Path], str] = lambda root: "nothing: it needs no files"
    part: Callable[[Path], str] = lambda root: ""
    render: Render | None = None


def data_root(folder: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds the data sets; it need not exist yet.

    It is the argument (``--data-dir`` on the command line) if given, else the environment
    variable ``INFOEVAL_DATA``, else ``~/.cache/infoeval``.

    >>> data_root("~/sets") == Path.home() / "sets"
    True
    """
    chosen = folder or os.environ.get("INFOEVAL_DATA")
    if chosen:
        return in_home(chosen)
    try:
        return in_home("~/.cache/infoeval")
    except UserError:  # data sets that need no files are available without a home folder
        return Path("/nonexistent/infoeval")


def not_there(name: str, what_to_do: str) -> UserError:
    """Return the error for a data set whose files are missing."""
    return UserError(f"{name} is not there: {what_to_do}")


@contextmanager
def downloading(name: str, root: Path, what_to_do: Callable[[Path], str]) -> Iterator[Path]:
    """Temporary folder in the data root, for files that are moved on once they are whole.

    Raises UserError, which ends with ``what_to_do(root)``, if the block cannot import torchvision,
    download or write.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as folder:
            yield Path(folder)
    except _DOWNLOAD_ERRORS as error:
        raise UserError(
            f"{name} could not be downloaded ({type(error).__name__}): {what_to_do(root)}"
        ) from error
