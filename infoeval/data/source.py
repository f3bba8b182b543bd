"""What the registry knows of a data set."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infoeval.data.image_set import ImageSet, Render

__all__ = ["Request", "Source"]


@dataclass(frozen=True)
class Request:
    """What is to be loaded.

    Args:
        root: the data root.
        split: ``"train"`` or ``"test"``.
        download: whether a missing set may be fetched from the network.
        skip_broken: whether pictures that cannot be read are left out rather than an error.

    """

    root: Path
    split: str
    download: bool = True
    skip_broken: bool = False


@dataclass(frozen=True)
class Source:
    """A data set that has a name.

    Args:
        name: lower case, words joined by ``_``.
        description: one line for ``infoeval data ls``.
        where: from the data root, where the set lies.
        present: from the data root, whether all its files are there.
        what_to_do: from the data root, how to get the set when it is not there; one line.
        load: the images of a request.
        render: for sets that are drawn, the images ``(n, channels, height, width)`` of any factor
            values ``(n, k)``; it raises UserError for values that the set does not have.

    """

    name: str
    description: str
    where: Callable[[Path], str]
    present: Callable[[Path], bool]
    what_to_do: Callable[[Path], str]
    load: Callable[[Request], ImageSet]
    render: Render | None = None
