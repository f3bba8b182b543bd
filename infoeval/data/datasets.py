"""Data sets by name, and any .npz file or folder of images by path."""

import difflib
import math
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data import location
from infoeval.data.celeba import CELEBA
from infoeval.data.chairs import CHAIRS
from infoeval.data.coil20 import COIL20
from infoeval.data.digits import DIGITS
from infoeval.data.faces import FACES, load_faces_of
from infoeval.data.fashion_mnist import FASHION_MNIST
from infoeval.data.folder import common_form, load_folder
from infoeval.data.formats.npz import load_npz
from infoeval.data.image_set import SPLITS, ImageSet, Render
from infoeval.data.isomap_faces import ISOMAP_FACES
from infoeval.data.mnist import MNIST
from infoeval.data.rendered_chairs import RENDERED_CHAIRS
from infoeval.data.resizing import fitted
from infoeval.data.source import Request, Source
from infoeval.data.sprites import SPRITES
from infoeval.data.street_numbers import STREET_NUMBERS
from infoeval.data.svhn import SVHN
from infoeval.errors import UserError

__all__ = ["CatalogueEntry", "catalogue", "describe_form", "form_of", "load", "renderer"]

FACE_MODEL_SUFFIXES = (".mat", ".h5")

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
        FACES,
        CHAIRS,
        RENDERED_CHAIRS,
        SVHN,
        STREET_NUMBERS,
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
    ['digits', 'sprites', 'faces', 'chairs', 'street_numbers']
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
    shape: tuple[int, int, int] | None = None,
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
        shape: ``(channels, height, width)`` that images of another form are brought to: their
            middle is cut out and resized, and ``ImageSet.resized_from`` says what they were.

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
        images = source.load(Request(location.root(root), split, download, skip_broken))
        images = replace(images, render=images.render or source.render)
    else:
        path = _existing(name_or_path)
        if path.is_dir() and shape is not None:
            return _fitted_folder(path, split, shape, skip_broken)
        images = _load_path(path, split, skip_broken)
    if shape is None or images.images.shape[1:] == shape:
        return images
    return _fitted(images, shape)


def form_of(
    name_or_path: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    skip_broken: bool = False,
) -> tuple[set[tuple[int, int]], int]:
    """Look at the sizes (height, width) of a set's images, and how many channels hold them all.

    The pictures of a folder, which may differ, are not decoded for that. Raises UserError as
    ``load``.

    >>> form_of("digits")
    ({(8, 8)}, 1)
    """
    if _source(name_or_path) is None:
        path = _existing(name_or_path)
        if path.is_dir():
            return common_form(path, skip_broken=skip_broken)
    images = load(name_or_path, root=root, skip_broken=skip_broken).images
    return {(images.shape[2], images.shape[3])}, images.shape[1]


def describe_form(sizes: Collection[tuple[int, int]], channels: int) -> str:
    """Say what images look like, for people.

    >>> describe_form({(109, 89)}, 3), describe_form({(8, 8), (16, 12)}, 1)
    ('89×109 RGB', '2 sizes from 8×8 to 12×16, grey')
    """
    colour = "grey" if channels == 1 else "RGB"
    ordered = [f"{width}×{height}" for height, width in sorted(sizes, key=math.prod)]
    if len(ordered) == 1:
        return f"{ordered[0]} {colour}"
    return f"{len(ordered)} sizes from {ordered[0]} to {ordered[-1]}, {colour}"


def _existing(name_or_path: str | os.PathLike[str]) -> Path:
    """Return what is there at a path. Raises UserError where nothing is."""
    path = os.path.expanduser(name_or_path)
    if not path or not os.path.exists(path):
        raise _not_found(name_or_path)
    return Path(path)


def _load_path(path: Path, split: str, skip_broken: bool) -> ImageSet:
    if path.is_dir():
        return load_folder(path, split, skip_broken=skip_broken)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return load_npz(path, split)
    if suffix in FACE_MODEL_SUFFIXES:
        return load_faces_of(path, split)
    raise UserError(
        f"{path}: a data set is a .npz file, a folder of images or a face model "
        f"({', '.join(FACE_MODEL_SUFFIXES)})"
    )


def _fitted(images: ImageSet, shape: tuple[int, int, int]) -> ImageSet:
    draw = images.render

    def render(factors: NDArray[np.float64]) -> NDArray[np.uint8]:
        assert draw is not None
        return fitted(draw(factors), shape)

    return replace(
        images,
        images=fitted(images.images, shape),
        resized_from=describe_form({images.images.shape[2:]}, images.images.shape[1]),
        render=None if draw is None else render,
    )


def _fitted_folder(
    path: Path, split: str, shape: tuple[int, int, int], skip_broken: bool
) -> ImageSet:
    sizes, channels = common_form(path, skip_broken=skip_broken)
    images = load_folder(path, split, shape=shape, skip_broken=skip_broken)
    same = sizes == {shape[1:]} and channels == shape[0]
    return images if same else replace(images, resized_from=describe_form(sizes, channels))


def renderer(name_or_path: str | os.PathLike[str]) -> Render | None:
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
