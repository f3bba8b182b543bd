"""Data sets by name, and any .npz file or folder of images by path."""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.image_set import SPLITS, SUFFIXES, ImageSet, Render, describe_form
from infoeval.data.source import DataSource, LoadRequest, data_root
from infoeval.errors import UserError, did_you_mean

# Each module declares its data set as SOURCE, and is imported only when that set is used.
MODULES = {
    "mnist": "infoeval.data.mnist",
    "fashion_mnist": "infoeval.data.fashion_mnist",
    "kmnist": "infoeval.data.kmnist",
    "digits": "infoeval.data.digits",
    "digits_16": "infoeval.data.digits_16",
    "sprites": "infoeval.data.sprites",
    "dsprites": "infoeval.data.dsprites",
    "isomap_faces": "infoeval.data.isomap_faces",
    "coil20": "infoeval.data.coil20",
    "celeba": "infoeval.data.celeba",
    "faces": "infoeval.data.faces",
    "chairs": "infoeval.data.chairs",
    "rendered_chairs": "infoeval.data.rendered_chairs",
    "svhn": "infoeval.data.svhn",
    "street_numbers": "infoeval.data.street_numbers",
}

_FACE_MODEL_SUFFIXES = (".mat", ".h5")
_ARCHIVES = (".zip", ".tar")
_OTHER_ARCHIVES = (".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class CatalogueEntry:
    """One line of ``infoeval data ls``.

    ``where`` is the folder in which the set is or belongs, or what it comes with;
    ``what_to_do`` is one line on how to get it, and is empty when it is present. ``images`` are
    those of a published set that lie there, and ``published`` all that it has; None where that is
    not known, and for sets that are drawn.
    """

    name: str
    description: str
    where: str
    present: bool
    what_to_do: str
    images: int | None = None
    published: int | None = None


def names() -> tuple[str, ...]:
    """Return the names of all data sets; none of their modules is imported.

    >>> names()[:4]
    ('mnist', 'fashion_mnist', 'kmnist', 'digits')
    """
    return tuple(MODULES)


def catalogue(root: str | os.PathLike[str] | None = None) -> list[CatalogueEntry]:
    """Return an entry for each named data set, which shows whether it is on this machine.

    Only the presence of files is checked here; ``load`` verifies their contents.

    >>> [entry.name for entry in catalogue("/nowhere") if entry.present]
    ['digits', 'digits_16', 'sprites', 'faces', 'chairs', 'street_numbers']
    """
    folder = data_root(root)
    entries = []
    for source in map(_imported, MODULES):
        present = source.present(folder)
        what_to_do = "" if present else source.what_to_do(folder)
        where = source.where(folder)
        images = None
        with suppress(UserError):  # a damaged file is an error where it is loaded
            images = source.images_there(folder)
        entries.append(
            CatalogueEntry(
                source.name,
                source.description,
                where,
                present,
                what_to_do,
                images,
                source.published,
            )
        )
    return entries


def load(
    name_or_path: Any,
    split: str = "train",
    *,
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
    skip_broken: bool = False,
    shape: tuple[int, int, int] | None = None,
    alone: bool = False,
) -> ImageSet:
    """Return one split of a data set.

    Args:
        name_or_path: one of ``names()`` (case does not matter, and ``-`` may stand for ``_``), a
            ``.npz`` file, a folder of images (also as ``.zip`` or ``.tar``) or an image. A name
            takes precedence over a file or folder of that name; write ``./mnist`` for such a one.
            Or images in memory; see `infoeval.data.formats.memory_images.load_in_memory`.
        split: ``"train"`` or ``"test"``.
        root: the folder of the data sets; see :func:`infoeval.data.data_root`.
        download: whether missing files may be downloaded.
        skip_broken: whether image files that cannot be read are left out (``ImageSet.left_out``
            names them) rather than an error.
        shape: ``(channels, height, width)`` to which the middle of images of another form is
            resized; ``ImageSet.resized_from`` describes the original form.
        alone: whether a path may hold a single image, which is then both splits.

    Returns:
        The images, with labels and factors where known. These two are evaluation data, which
        trainers never read.

    Raises:
        UserError: unknown name or split, no such path, missing or damaged data, no shape of images.

    >>> load("digits", "test").images.shape
    (359, 1, 8, 8)
    """
    if split not in SPLITS:
        raise UserError(f"split must be 'train' or 'test', not {split!r}")
    if shape is not None and (shape[0] not in (1, 3) or min(shape) < 1):
        raise UserError(f"images of shape {shape}; give (1 or 3 channels, height, width)")
    if not isinstance(name_or_path, str | os.PathLike):
        from infoeval.data.formats.memory_images import load_in_memory

        images = load_in_memory(name_or_path, split, alone=alone)
    elif (source := _source(name_or_path)) is None:
        images = _load_path(_existing(name_or_path), split, shape, skip_broken, alone)
    else:
        folder = data_root(root)
        images = source.load(LoadRequest(folder, split, download, skip_broken))
        notes = (*images.notes, *source.part(folder))
        images = replace(images, render=images.render or source.render, notes=notes)
    if shape is None or images.images.shape[1:] == shape:
        return images
    return _resized(images, shape)


def check_there(name_or_path: Any) -> None:
    """Raise UserError unless this is a named set, or a file or folder that may hold images.

    Of what the path holds only the names of the arrays in a ``.npz`` file are read.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        return  # in memory
    if _source(name_or_path) is not None:
        return
    path = _existing(name_or_path)
    if path.suffix.lower() == ".npz" and path.is_file():
        from infoeval.data.formats.npz_images import npz_form

        npz_form(path)
    elif not _is_folder(path) and path.suffix.lower() not in _FACE_MODEL_SUFFIXES:
        raise _no_data_set(path)


def form_of(
    name_or_path: Any,
    *,
    root: str | os.PathLike[str] | None = None,
    skip_broken: bool = False,
) -> tuple[set[tuple[int, int]], int]:
    """Return the sizes (height, width) of a set's images, and the channels that hold them all.

    No image of a folder or ``.npz`` file is decoded for that. Raises UserError like ``load``.

    >>> form_of("digits")
    ({(8, 8)}, 1)
    """
    if isinstance(name_or_path, str | os.PathLike) and _source(name_or_path) is None:
        path = _existing(name_or_path)
        if _is_folder(path):
            from infoeval.data.folder import common_form

            return common_form(path, skip_broken=skip_broken)
        if path.suffix.lower() == ".npz":
            from infoeval.data.formats.npz_images import npz_form

            return npz_form(path)
    images = load(name_or_path, root=root, skip_broken=skip_broken).images
    return {(images.shape[2], images.shape[3])}, images.shape[1]


def renderer(name_or_path: Any) -> Render | None:
    """Return the function from factor values ``(n, k)`` of a drawn set to images ``(n, c, h, w)``.

    It raises UserError for factor values that the set does not have. For all other sets, and so
    for every path, the result is None.

    >>> draw = renderer("sprites")
    >>> draw(np.array([[2, 1, 0, 0.5, 0.5]])).shape
    (1, 1, 64, 64)
    >>> renderer("digits") is None
    True
    """
    source = _source(name_or_path)
    return None if source is None else source.render


def _source(name_or_path: Any) -> DataSource | None:
    name = _normalised(name_or_path) if isinstance(name_or_path, str) else ""
    return _imported(name) if name in MODULES else None


def _imported(name: str) -> DataSource:
    source: DataSource = import_module(MODULES[name]).SOURCE
    return source


def _normalised(name: str) -> str:
    return name.lower().replace("-", "_")


def _existing(name_or_path: str | os.PathLike[str]) -> Path:
    """Return an existing path. Raises UserError where there is none."""
    path = os.path.expanduser(name_or_path)
    if path and os.path.exists(path):
        return Path(path)
    text = os.fspath(name_or_path)
    is_path = os.path.basename(text) != text or text.lower().endswith(".npz")
    if is_path or not isinstance(name_or_path, str):
        raise UserError(f"{text} does not exist; give a .npz file or a folder of images")
    raise UserError(
        f"no data set or path is called {did_you_mean(text, MODULES)}; give one of "
        f"{', '.join(MODULES)}, "
        "or a .npz file or a folder of images"
    )


def _load_path(
    path: Path, split: str, shape: tuple[int, int, int] | None, skip_broken: bool, alone: bool
) -> ImageSet:
    suffix = path.suffix.lower()
    if _is_folder(path):
        from infoeval.data.folder import load_folder

        return load_folder(path, split, shape=shape, skip_broken=skip_broken, alone=alone)
    if suffix == ".npz":
        from infoeval.data.formats.npz_images import load_npz

        return load_npz(path, split, alone=alone)
    if suffix in _FACE_MODEL_SUFFIXES:
        from infoeval.data.faces import load_faces_of

        return load_faces_of(path, split)
    raise _no_data_set(path)


def _no_data_set(path: Path) -> UserError:
    """Return the error for a file of another kind."""
    suffix, cure = path.suffix.lower(), ""
    if "-ubyte" in path.name:
        cure = f"; if it is MNIST's, give mnist and --data-dir {path.parent}"
    elif suffix in _OTHER_ARCHIVES:
        cure = "; unpack it, and give the folder"
    return UserError(
        f"{path}: a data set is a .npz file, a folder of images (also as .zip or .tar) or a face "
        f"model ({', '.join(_FACE_MODEL_SUFFIXES)}){cure}"
    )


def _is_folder(path: Path) -> bool:
    """Whether a path is read as a folder of images: also an archive of one, and an image."""
    return path.is_dir() or path.suffix.lower() in (*_ARCHIVES, *SUFFIXES)


def _resized(images: ImageSet, shape: tuple[int, int, int]) -> ImageSet:
    from infoeval.data.resizing import fit_all

    draw = images.render

    def render(factors: NDArray[np.float64]) -> NDArray[np.uint8]:
        assert draw is not None
        return fit_all(draw(factors), shape)

    return replace(
        images,
        images=fit_all(images.images, shape),
        resized_from=describe_form({images.images.shape[2:]}, images.images.shape[1]),
        render=None if draw is None else render,
    )
