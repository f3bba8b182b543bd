"""CelebA: aligned faces of celebrities and 40 attributes of each (Liu, Luo, Wang, Tang, 2015)."""

from pathlib import Path

import numpy as np

from infoeval.data.celeba_lists import read_attributes, read_partition
from infoeval.data.celeba_pictures import decode, find_pictures
from infoeval.data.images import ImageSet
from infoeval.data.source import Request, Source
from infoeval.data.splits import split_indices
from infoeval.errors import UserError

__all__ = ["CELEBA"]

_ATTRIBUTES = "list_attr_celeba.txt"
_PARTITION = "list_eval_partition.txt"
_PICTURES = "img_align_celeba"


def _folder(root: Path) -> Path:
    return root / "celeba"


def _list_path(root: Path, name: str) -> Path | None:
    candidates = (_folder(root) / name, _folder(root) / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _pictures_path(root: Path) -> Path | None:
    """Return the folder of pictures, or else the first tar of them by name."""
    if (_folder(root) / _PICTURES).is_dir():
        return _folder(root) / _PICTURES
    return min(_folder(root).glob(f"{_PICTURES}*.tar"), default=None)


def _present(root: Path) -> bool:
    return _list_path(root, _ATTRIBUTES) is not None and _pictures_path(root) is not None


def _what_to_do(root: Path) -> str:
    missing = []
    if _list_path(root, _ATTRIBUTES) is None:
        missing.append(f"{_ATTRIBUTES} (gzipped or not)")
    if _pictures_path(root) is None:
        missing.append(f"{_PICTURES} (the folder of jpg files, or a .tar of them)")
    return (
        f"put {' and '.join(missing)} into {_folder(root)}, or name another data folder with "
        "--data-dir or INFOEVAL_DATA"
    )


def _load(request: Request) -> ImageSet:
    """Read one split of those pictures that are both there and in the list of attributes.

    The official partition decides, if it is there; its validation pictures are in neither split.
    """
    root = request.root
    attributes_path, pictures_path = _list_path(root, _ATTRIBUTES), _pictures_path(root)
    if attributes_path is None or pictures_path is None:
        raise UserError(f"celeba is not there: {_what_to_do(root)}")
    attributes = read_attributes(attributes_path)
    pictures = find_pictures(pictures_path)
    names = sorted(pictures.keys() & attributes.rows.keys())
    if not names:
        raise UserError(f"{pictures_path}: holds no picture that is listed in {attributes_path}")
    chosen = _chosen(names, _list_path(root, _PARTITION), request.split)
    rows = [attributes.rows[name] for name in chosen]
    return ImageSet(
        name="celeba",
        split=request.split,
        images=decode([pictures[name] for name in chosen]),
        factors=attributes.values[rows].astype(np.float64),
        factor_names=attributes.names,
        factor_types=("discrete",) * len(attributes.names),
    )


def _chosen(names: list[str], partition_path: Path | None, split: str) -> list[str]:
    """Return which of the pictures are in a split."""
    if partition_path is None:
        return [names[k] for k in split_indices("celeba", len(names), split)]
    partition = read_partition(partition_path)
    chosen = [name for name in names if partition.get(name) == split]
    if not chosen:
        raise UserError(
            f"{partition_path}: none of the {len(names)} pictures that are there is in its {split} "
            "part; without this file, a fixed random fifth of them is the test split"
        )
    return chosen


CELEBA = Source(
    name="celeba",
    description="CelebA: up to 202,599 aligned faces, cut to 32×32 RGB, 40 yes-or-no attributes",
    where=lambda root: str(_folder(root)),
    present=_present,
    what_to_do=_what_to_do,
    load=_load,
)
