"""The index of a folder: all runs, reports and sweeps below it, on one page without a server.

It reads what these wrote, and loads no weights. The page is a function of the folder alone.
"""

import os
from pathlib import Path

from infoeval.viewer.collecting import Watch, collect
from infoeval.viewer.entries import FolderIndex
from infoeval.viewer.index_page import INDEX, check_place, write

__all__ = ["FolderIndex", "collect", "view"]


def view(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Watch | None = None,
) -> tuple[Path, FolderIndex]:
    """Return the page of all runs, sweeps and reports below a folder, and what it shows.

    The page works from its file, without a server or a network, and links to the files by relative
    paths: the folder may be moved. It is written whole or not at all. Files that cannot be read are
    listed on it with the reason; no weights are loaded, and no link is followed.

    Args:
        folder: where the runs are.
        output: the page; ``index.html`` in the folder by default.
        progress: called with what is being read, and the share that is done.

    Raises:
        UserError: no such folder, or a page that cannot be written: a file that is no such index is
            not replaced.

    """
    page = Path(folder) / INDEX if output is None else Path(output)
    check_place(page)
    index = collect(folder, progress)
    write(index, folder, page)
    return page, index
