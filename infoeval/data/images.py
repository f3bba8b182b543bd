"""What every data set is once loaded: images, and where known their labels and factors."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

__all__ = ["CHANNELS", "SPLITS", "ImageSet"]

SPLITS = ("train", "test")
CHANNELS = (1, 3)


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
            if self.factor_names:
                raise UserError(f"{self.name}: factor_names are given without factors")
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
        if self.factor_names and len(self.factor_names) != shape[1]:
            raise UserError(
                f"{self.name}: {len(self.factor_names)} factor_names for {shape[1]} factors"
            )

    def _check_type(self, what: str, array: object, dtype: type[np.generic]) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise UserError(
                f"{self.name}: {what} must be a numpy array of {np.dtype(dtype)}, not {found}"
            )
