"""What every data set is once loaded: images, and where known their labels and factors."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

__all__ = ["CHANNELS", "FACTOR_TYPES", "SPLITS", "ImageSet", "Render", "whole_factor_type"]

SPLITS = ("train", "test")
CHANNELS = (1, 3)
FACTOR_TYPES = ("discrete", "ordinal", "continuous", "periodic")


Render = Callable[[NDArray[np.float64]], NDArray[np.uint8]]
"""From factor values ``(n, k)`` to images ``(n, channels, height, width)``."""


def whole_factor_type(text: str) -> str | None:
    """Spell out a factor type given by name or first letter, or return None if there is none such.

    A periodic factor may have a period, a number above 0, which is kept.

    >>> whole_factor_type("d"), whole_factor_type("p:360"), whole_factor_type("periodic")
    ('discrete', 'periodic:360', 'periodic')
    >>> whole_factor_type("p:-1"), whole_factor_type("d:360"), whole_factor_type("odd")
    (None, None, None)
    """
    word, colon, period = text.partition(":")
    whole = next((each for each in FACTOR_TYPES if word in (each, each[0])), None)
    if whole is None or (colon and not (whole == "periodic" and _is_period(period))):
        return None
    return whole + colon + period


def _is_period(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one split of one data set.

    Labels and factors are evaluation data: metrics compare codes with them, and no trainer ever
    reads them. InfoGAN is unsupervised; a training run that saw them would void every score.

    Args:
        name: name of the data set in the registry, or the name of the file or folder it came from.
        split: ``"train"`` or ``"test"``.
        images: ``uint8`` in 0..255, shape ``(n, channels, height, width)``, grey (one channel) or
            RGB (three).
        labels: class indices, ``int64``, shape ``(n,)``, none negative.
        label_names: what class 0, 1, ... is called; empty if the classes have no names.
        factors: true generative factors in their own units, ``float64``, shape ``(n, k)``, finite.
        factor_names: what factor 0, 1, ... is called; empty if the factors have no names.
        factor_types: of each factor ``"discrete"``, ``"ordinal"``, ``"continuous"`` or
            ``"periodic"`` (``"periodic:360"`` where the period is not 2π); empty if not known.
        left_out: names of pictures that could not be read and, as asked, were left out.
        resized_from: what the pictures looked like, such as ``"89×109 RGB"``, where they were
            brought to another form; empty where they were not.
        render: for sets that are drawn, what draws the images of any factor values ``(n, k)``.

    Raises:
        UserError: an array has the wrong type, shape, length or range.

    >>> images = np.zeros((2, 1, 8, 8), dtype=np.uint8)
    >>> len(ImageSet("blank", "train", images, labels=np.array([0, 1])))
    2

    """

    name: str
    split: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    label_names: tuple[str, ...] = ()
    factors: NDArray[np.float64] | None = None
    factor_names: tuple[str, ...] = ()
    factor_types: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    resized_from: str = ""
    render: Render | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UserError(f"{self.name}: split must be 'train' or 'test', not {self.split!r}")
        self._check_images()
        self._check_labels()
        self._check_factors()

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the shapes and bytes of images, labels and factors.

        It is the same on every machine and does not depend on the data set's name, so two results
        with one fingerprint were measured on the same data.
        """
        digest = hashlib.sha256()
        parts = {"images": (self.images, "u1"), "labels": (self.labels, "<i8")}
        for what, (array, stored) in {**parts, "factors": (self.factors, "<f8")}.items():
            if array is not None:
                digest.update(f"{what}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array, dtype=stored).data)
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """Say what a checkpoint or a document keeps of the images, as plain data."""
        described: dict[str, Any] = {
            "name": self.name,
            "split": self.split,
            "n": len(self),
            "fingerprint": self.fingerprint,
        }
        if self.resized_from:
            described["resized_from"] = self.resized_from
        if self.left_out:
            described["left_out"] = len(self.left_out)
        return described

    def _check_images(self) -> None:
        images = self.images
        self._check_type("images", images, np.uint8)
        if images.ndim != 4 or images.shape[1] not in CHANNELS or 0 in images.shape:
            raise UserError(
                f"{self.name}: images must have shape (n, channels, height, width) with 1 or 3 "
                f"channels and no empty axis, not {images.shape}"
            )

    def _check_labels(self) -> None:
        if self.labels is None:
            if self.label_names:
                raise UserError(f"{self.name}: label_names are given without labels")
            return
        self._check_type("labels", self.labels, np.int64)
        if self.labels.shape != (len(self),):
            raise UserError(
                f"{self.name}: labels must have shape ({len(self)},), one for each image, "
                f"not {self.labels.shape}"
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0:
            raise UserError(f"{self.name}: labels must not be negative, but one is {low}")
        if self.label_names and high >= len(self.label_names):
            raise UserError(
                f"{self.name}: label {high} has no name; label_names holds {len(self.label_names)}"
            )

    def _check_factors(self) -> None:
        if self.factors is None:
            for what in ("factor_names", "factor_types"):
                if getattr(self, what):
                    raise UserError(f"{self.name}: {what} are given without factors")
            return
        self._check_type("factors", self.factors, np.float64)
        shape = self.factors.shape
        if self.factors.ndim != 2 or shape[0] != len(self) or shape[1] == 0:
            raise UserError(
                f"{self.name}: factors must have shape ({len(self)}, k), one row for each image, "
                f"not {shape}"
            )
        if not np.isfinite(self.factors).all():
            raise UserError(f"{self.name}: factors must be finite, but some are NaN or infinite")
        for what in ("factor_names", "factor_types"):
            count = len(getattr(self, what))
            if count not in (0, shape[1]):
                raise UserError(f"{self.name}: {count} {what} for {shape[1]} factors")
        for kind in self.factor_types:
            if whole_factor_type(kind) != kind:
                raise UserError(
                    f"{self.name}: each of factor_types must be {' or '.join(FACTOR_TYPES)}, "
                    f"not {kind!r}"
                )

    def _check_type(self, what: str, array: object, dtype: type[np.generic]) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise UserError(
                f"{self.name}: {what} must be a numpy array of {np.dtype(dtype)}, not {found}"
            )
