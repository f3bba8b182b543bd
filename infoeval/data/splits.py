"""Train and test parts of sets that have no official ones."""

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

__all__ = ["fixed_order", "split_indices"]

_SEED = 1606  # Another seed would be another test set.


def fixed_order(n: int) -> NDArray[np.intp]:
    """Return a pseudorandom permutation of ``0 .. n - 1`` that is the same on every machine.

    It sorts raw words of PCG64, whose stream numpy promises not to change, unlike that of
    ``Generator.permutation``.

    >>> fixed_order(5).tolist()
    [0, 2, 3, 1, 4]
    """
    return np.argsort(np.random.PCG64(_SEED).random_raw(n), kind="stable")


def split_indices(name: str, n: int, split: str) -> NDArray[np.intp]:
    """Return the indices of the images in a split: one fifth is test, the rest train.

    The images are permuted with a fixed seed; the permutation depends on ``n`` alone, not on
    labels. The first ``max(1, n // 5)`` are the test split. Each split keeps the permuted order,
    so that its first images are a random sample.

    Raises UserError, which begins with the set's ``name``, for fewer than two images.

    >>> len(split_indices("set", 10, "test")), len(split_indices("set", 10, "train"))
    (2, 8)
    """
    if n < 2:
        raise UserError(
            f"{name}: {n} image(s) cannot be split into train and test; give at least 2"
        )
    order = fixed_order(n)
    test = max(1, n // 5)
    return order[:test] if split == "test" else order[test:]
