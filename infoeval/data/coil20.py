"""COIL-20: 20 objects on a turntable, 72 views each (Nene, Nayar and Murase, 1996)."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from infoeval.data.formats.npz_images import npz_source
from infoeval.data.image_set import ImageSet
from infoeval.errors import UserError

_NAMES = ("object", "azimuth_5deg")  # in the file
_OBJECTS, _VIEWS = 20, 72


def _with_degrees(views: ImageSet, path: Path) -> ImageSet:
    """Return the images with azimuths in degrees, [0, 360), and the objects as labels too."""
    if views.factors is None or views.factor_names != _NAMES:
        raise UserError(f"{path}: must hold factors, and factor_names {' and '.join(_NAMES)}")
    objects, steps = views.factors.T
    for name, values, count in zip(_NAMES, (objects, steps), (_OBJECTS, _VIEWS), strict=True):
        wrong = values[~np.isin(values, range(count))]
        if len(wrong):
            raise UserError(f"{path}: {name} must be one of 0..{count - 1}, not {wrong[0]:g}")
    return replace(
        views,
        labels=objects.astype(np.int64),
        label_names=(),
        factors=np.stack([objects, steps * (360 / _VIEWS)], axis=1),
        factor_names=("object", "azimuth"),
        factor_types=("discrete", "periodic:360"),
    )


SOURCE = npz_source(
    name="coil20",
    description="COIL-20: 20 objects from 72 sides, 1,440 images, 64×64 grey, 2 factors",
    file="coil20_64x64.npz",
    contents="COIL-20 (Columbia University, 1996) as a .npz with images, factors (object 0..19, "
    f"azimuth in steps of 5° 0..71) and factor_names ({', '.join(_NAMES)})",
    convert=_with_degrees,
)
