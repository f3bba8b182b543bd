"""The 8×8 digits that come with scikit-learn (Alpaydin and Kaynak, 1998)."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.image_set import ImageSet, split_indices
from infoeval.data.source import DataSource, LoadRequest

_LEVELS = 16  # pixels are counts 0..16


@cache
def _bundled() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return all images and labels, less than a megabyte, for both splits."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    return bundled.images, bundled.target


def _load(request: LoadRequest) -> ImageSet:
    images, labels = _bundled()
    chosen = split_indices("digits", len(images), request.split)
    return ImageSet(
        name="digits",
        split=request.split,
        images=np.round(images[chosen] * 255 / _LEVELS).astype(np.uint8)[:, None],
        labels=labels[chosen].astype(np.int64),
        label_names=tuple("0123456789"),
        places=chosen,
    )


SOURCE = DataSource(
    name="digits",
    description="scikit-learn's digits: 1,797 handwritten digits, 8×8 grey, 10 classes",
    load=_load,
    where=lambda root: "scikit-learn",
)
