"""Data sets by name, and any .npz file or folder of images by path."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infoeval.data import location
from infoeval.data.celeba import CELEBA
from infoeval.data.coil20 import COIL20
from infoeval.data.digits import DIGITS
from infoeval.data.fashion_mnist import FASHION_MNIST
from infoeval.data.folder import load_folder
from infoeval.data.images import SPLITS, ImageSet
from infoeval.data.isomap_faces import ISOMAP_FACES
from infoeval.data.mnist import MNIST
from infoeval.data.npz import load_npz
from infoeval.data.source import Request, Source
from infoeval.data.sprites import SPRITES
from infoeval.errors import UserError

__all__ = ["CatalogueEntry", "catalogue", "load", "renderer"]

# A new data set is a file that makes a Source, and its line here.
_SOURCES = {
    source.name: source
    for source in (
        MNIST,
        FASHION_MNIST,
        DIGITS,
        SPRITES,
        ISOMAP_FACES,
        COIL20,
        CELEBA,
    )
}


@dataclass(frozen=True)
class CatalogueEntry:
    """One line of ``infoeval data ls``.

    ``where`` is the folder the set lies in (or belongs into), or what it comes with;
    ``what_to_do`` says in one line how to get it, and is empty when it is present.
    """

    name: str
    description: str
    where: str
    present: bool
    what_to_do: str


def catalogue(root: str | os.PathLike[str] | None = None) -> list[CatalogueEntry]:
    """List the data sets that have a name, and whether each is on this machine.

    Only the presence of files is looked at; ``load`` verifies what they hold.

    >>> [entry.name for entry in catalogue("/nowhere") if entry.present]
    ['digits', 'sprites']
    """
    folder = location.root(root)
    entries = []
    for source in _SOURCES.values():
        present = source.present(folder)
        what_to_do = "" if present else source.what_to_do(folder)
        entries.append(
            CatalogueEntry(
                source.name, source.description, source.where(folder), present, what_to_do
            )
        )
    return entries


def load(
    name_or_path: str | os.PathLike[str],
    split: str = "train",
    *,
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
    skip_broken: bool = False,
) -> ImageSet:
    """Load one split of a data set.

    Args:
        name_or_path: a name from ``catalogue`` (case and ``-`` for ``_`` do not matter), a
            ``.npz`` file or a folder of images. A name wins over a file or folder called the
            same; write ``./mnist`` for such a folder.
        split: ``"train"`` or ``"test"``.
        root: the folder of the data sets; see ``infoeval.data.root``.
        download: whether a missing set may be fetched from the network.
        skip_broken: whether pictures that cannot be read are left out (``ImageSet.left_out`` names
            them) rather than an error.

    Returns:
        The images, with labels and factors where known. These two are evaluation data, which
        trainers never read.

    Raises:
        UserError: unknown name or split, no such path, missing or damaged data.

    >>> load("digits", "test").images.shape
    (359, 1, 8, 8)

    """
    if split not in SPLITS:
        raise UserError(f"split must be 'train' or 'test', not {split!r}")
    source = _source(name_or_path)
    if source is not None:
        return source.load(Request(location.root(root), split, download, skip_broken))
    path = os.path.expanduser(name_or_path)
    if path and os.path.isdir(path):
        return load_folder(path, split)
    if os.path.isfile(path):
        if not path.lower().endswith(".npz"):
            raise UserError(f"{path}: a data set is a .npz file or a folder of images")
        return load_npz(path, split)
    raise _not_found(name_or_path)


def renderer(
    name_or_path: str | os.PathLike[str],
) -> Callable[[NDArray[np.float64]], NDArray[np.uint8]] | None:
    """Return what draws images ``(n, c, h, w)`` of any factor values ``(n, k)`` of a data set.

    It raises UserError for factor values that the set does not have. Sets of given pictures, and
    so all that are loaded by path, have no such function: for them it is None.

    >>> draw = renderer("sprites")
    >>> draw(np.array([[2, 1, 0, 0.5, 0.5]])).shape
    (1, 1, 64, 64)
    >>> renderer("digits") is None
    True
    """
    source = _source(name_or_path)
    return None if source is None else source.render


def _source(name_or_path: str | os.PathLike[str]) -> Source | None:
    return _SOURCES.get(_normal(name_or_path)) if isinstance(name_or_path, str) else None


def _normal(name: str) -> str:
    return name.lower().replace("-", "_")


def _not_found(name_or_path: str | os.PathLike[str]) -> UserError:
    given = os.fspath(name_or_path)
    meant_as_path = os.path.basename(given) != given or given.lower().endswith(".npz")
    if meant_as_path or not isinstance(name_or_path, str):
        return UserError(f"{given} does not exist; give a .npz file or a folder of images")
    close = difflib.get_close_matches(_normal(given), _SOURCES, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return UserError(
        f"no data set or path is called {given!r}{hint}; give one of {', '.join(_SOURCES)}, "
        "or a .npz file or a folder of images"
    )
