"""COIL-20: 20 objects on a turntable, 72 views each (Nene, Nayar and Murase, 1996)."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from infoeval.data.formats.npz import load_npz
from infoeval.data.image_set import ImageSet
from infoeval.data.source import Request, Source
from infoeval.errors import UserError

__all__ = ["COIL20"]

_NAMES = ("object", "azimuth_5deg")  # in the file
_OBJECTS, _VIEWS = 20, 72


def _path(root: Path) -> Path:
    return root / "coil20" / "coil20_64x64.npz"


def _what_to_do(root: Path) -> str:
    return (
        "put COIL-20 (Columbia University, 1996) as a .npz with images, factors (object 0..19, "
        f"azimuth in steps of 5° 0..71) and factor_names ({', '.join(_NAMES)}) at {_path(root)}, "
        "or name another data folder with --data-dir or INFOEVAL_DATA"
    )


def _load(request: Request) -> ImageSet:
    """Read one split; the azimuth becomes degrees in [0, 360), and the object is the label too."""
    path = _path(request.root)
    if not path.is_file():
        raise UserError(f"coil20 is not there: {_what_to_do(request.root)}")
    views = load_npz(path, request.split)
    if views.factors is None or views.factor_names != _NAMES:
        raise UserError(f"{path}: must hold factors, and factor_names {' and '.join(_NAMES)}")
    objects, steps = views.factors.T
    for name, values, count in zip(_NAMES, (objects, steps), (_OBJECTS, _VIEWS), strict=True):
        wrong = values[~np.isin(values, range(count))]
        if len(wrong):
            raise UserError(f"{path}: {name} must be one of 0..{count - 1}, not {wrong[0]:g}")
    return replace(
        views,
        name="coil20",
        labels=objects.astype(np.int64),
        label_names=(),
        factors=np.stack([objects, steps * (360 / _VIEWS)], axis=1),
        factor_names=("object", "azimuth"),
        factor_types=("discrete", "periodic:360"),
    )


COIL20 = Source(
    name="coil20",
    description="COIL-20: 20 objects from 72 sides, 1,440 images, 64×64 grey, 2 factors",
    where=lambda root: str(_path(root).parent),
    present=lambda root: _path(root).is_file(),
    what_to_do=_what_to_do,
    load=_load,
)
