"""The 8×8 digits that come with scikit-learn (Alpaydin and Kaynak, 1998)."""

import numpy as np

from infoeval.data.image_set import ImageSet
from infoeval.data.source import Request, Source
from infoeval.data.splits import split_indices

__all__ = ["DIGITS"]

_LEVELS = 16  # pixels are counts 0..16


def _load(request: Request) -> ImageSet:
    from sklearn.datasets import load_digits

    bundled = load_digits()
    chosen = split_indices("digits", len(bundled.images), request.split)
    images = np.round(bundled.images[chosen] * 255 / _LEVELS).astype(np.uint8)
    return ImageSet(
        name="digits",
        split=request.split,
        images=images[:, None],
        labels=bundled.target[chosen].astype(np.int64),
        label_names=tuple("0123456789"),
    )


DIGITS = Source(
    name="digits",
    description="scikit-learn's digits: 1,797 handwritten digits, 8×8 grey, 10 classes",
    where=lambda root: "scikit-learn",
    present=lambda root: True,
    what_to_do=lambda root: "nothing: it comes with scikit-learn",
    load=_load,
)
