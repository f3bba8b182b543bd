"""What the registry knows of a data set."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infoeval.data.images import ImageSet

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A data set that has a name.

    Args:
        name: lower case, words joined by ``-``.
        description: one line for ``infoeval data ls``.
        where: from the data root, where the set lies.
        present: from the data root, whether all its files are there.
        what_to_do: from the data root, how to get the set when it is not there; one line.
        load: from the data root, a split and whether it may be downloaded, the images.

    """

    name: str
    description: str
    where: Callable[[Path], str]
    present: Callable[[Path], bool]
    what_to_do: Callable[[Path], str]
    load: Callable[[Path, str, bool], ImageSet]
