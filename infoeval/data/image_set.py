"""Images of one split of a data set, with labels and factors where known; and random splits."""

import hashlib
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

SPLITS = ("train", "test")
CHANNELS = (1, 3)
FACTOR_TYPES = ("discrete", "ordinal", "continuous", "periodic")
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".gif"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
"""Ends of the names of image files that are read, in lower case."""
DARK = 32
"""Images of a user that stay below this value of 255 are not on that scale."""
_PART = 1024
_SEED = 1606  # of the split of sets without an official one; another would be another test set

Render = Callable[[NDArray[np.float64]], NDArray[np.uint8]]
"""From factor values ``(n, k)`` to images ``(n, channels, height, width)``."""


def full_factor_type(text: str) -> str | None:
    """Return the full name of a factor type given by name or first letter, or None if unknown.

    A periodic factor may have a period, a number above 0, which is kept.

    >>> full_factor_type("d"), full_factor_type("p:360"), full_factor_type("periodic")
    ('discrete', 'periodic:360', 'periodic')
    >>> full_factor_type("p:-1"), full_factor_type("d:360"), full_factor_type("odd")
    (None, None, None)
    """
    word, colon, period = text.partition(":")
    full = next((name for name in FACTOR_TYPES if word in (name, name[0])), None)
    if full is None or (colon and not (full == "periodic" and _is_period(period))):
        return None
    return full + colon + period


def _is_period(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False


def describe_form(sizes: Collection[tuple[int, int]], channels: int) -> str:
    """Return a description of the sizes ``(height, width)`` and the colour of images.

    >>> describe_form({(109, 89)}, 3), describe_form({(8, 8), (16, 12)}, 1)
    ('89×109 RGB', '2 sizes from 8×8 to 12×16, grey')
    """
    colour = "grey" if channels == 1 else "RGB"
    ordered = [f"{width}×{height}" for height, width in sorted(sizes, key=math.prod)]
    if len(ordered) == 1:
        return f"{ordered[0]} {colour}"
    return f"{len(ordered)} sizes from {ordered[0]} to {ordered[-1]}, {colour}"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one split of one data set.

    Labels and factors are evaluation data: metrics compare codes with them, and no trainer ever
    reads them. InfoGAN is unsupervised; a training run that saw them would void every score.

    Args:
        name: name of the data set in the registry, or of its file or folder.
        split: ``"train"`` or ``"test"``.
        images: ``uint8`` in 0..255, shape ``(n, channels, height, width)``, grey (one channel) or
            RGB (three).
        labels: class indices, ``int64``, shape ``(n,)``, none negative.
        label_names: names of class 0, 1, ...; empty if the classes have no names.
        factors: true generative factors in their own units, ``float64``, shape ``(n, k)``, finite.
        factor_names: names of factor 0, 1, ...; empty if the factors have no names.
        factor_types: for each factor ``"discrete"``, ``"ordinal"``, ``"continuous"`` or
            ``"periodic"`` (``"periodic:360"`` where the period is not 2π); empty if unknown.
        left_out: names of image files that could not be read and were left out on request.
        notes: what the user should know of how the images were found, a sentence each.
        resized_from: form of the original images, such as ``"89×109 RGB"``, where they were
            resized; otherwise empty.
        render: for sets that are drawn, the function that draws images of factors ``(n, k)``.
        files: for each image the path of its file in its folder or archive; empty if there is none.
        places: for each image its place among all images, ``(n,)``, where the split is a random
            part of them; None for a split that the set itself has.

    Raises:
        UserError: an array has the wrong type, shape, length or range; images of nothing but 0 and
            1, which are nearly black.

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
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    places: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UserError(f"{self.name}: split must be 'train' or 'test', not {self.split!r}")
        self._check_images()
        self._check_labels()
        self._check_factors()
        for what, entries in (("files", self.files or None), ("places", self.places)):
            if entries is not None and len(entries) != len(self):
                raise UserError(f"{self.name}: {len(entries)} {what} for {len(self)} images")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __repr__(self) -> str:
        form = describe_form({self.images.shape[2:]}, self.images.shape[1])
        classes = 0 if self.labels is None else len(self.label_names) or len(set(self.labels))
        known = [f"{classes} classes"] if classes else []
        known += [] if self.factors is None else [f"{self.factors.shape[1]} factors"]
        about = "".join(f", {each}" for each in known)
        return f"ImageSet({self.name} {self.split}: {len(self):,} images of {form}{about})"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the shapes and bytes of images, labels and factors.

        It is the same on every machine and does not depend on the data set's name: two results
        with the same fingerprint were measured on the same data.
        """
        digest = hashlib.sha256()
        parts = {"images": (self.images, "u1"), "labels": (self.labels, "<i8")}
        for what, (array, stored) in {**parts, "factors": (self.factors, "<f8")}.items():
            if array is not None:
                digest.update(f"{what}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array, dtype=stored).data)
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return the plain data that checkpoints and results keep of an image set."""
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
        if self.notes:
            described["notes"] = list(self.notes)
        return described

    def _check_images(self) -> None:
        images = self.images
        self._check_type("images", images, np.uint8)
        if images.ndim != 4 or images.shape[1] not in CHANNELS or 0 in images.shape:
            raise UserError(
                f"{self.name}: images must have shape (n, channels, height, width) with 1 or 3 "
                f"channels and no empty axis, not {images.shape}"
            )
        if self._has_only_zeros_and_ones():
            raise UserError(
                f"{self.name}: images hold nothing but 0 and 1, both nearly black of 255; "
                "multiply them by 255"
            )

    def _has_only_zeros_and_ones(self) -> bool:
        """Whether 1 is the largest value; other images are read no further than a larger one."""
        largest = 0
        for start in range(0, len(self), _PART):
            largest = max(largest, int(self.images[start : start + _PART].max()))
            if largest > 1:
                break
        return largest == 1

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
        if len(set(self.factor_names)) < len(self.factor_names):
            raise UserError(f"{self.name}: two of factor_names are the same")
        for kind in self.factor_types:
            if full_factor_type(kind) != kind:
                raise UserError(
                    f"{self.name}: each of factor_types must be {' or '.join(FACTOR_TYPES)}, "
                    f"not {kind!r}"
                )

    def _check_type(self, what: str, array: object, dtype: type[np.generic]) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            actual = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise UserError(
                f"{self.name}: {what} must be a numpy array of {np.dtype(dtype)}, not {actual}"
            )


def fixed_order(n: int) -> NDArray[np.intp]:
    """Return a pseudorandom permutation of ``0 .. n - 1`` that is the same on every machine.

    It sorts raw words of PCG64, whose stream numpy promises not to change, unlike that of
    ``Generator.permutation``.

    >>> fixed_order(5).tolist()
    [0, 2, 3, 1, 4]
    """
    return np.argsort(np.random.PCG64(_SEED).random_raw(n), kind="stable")


def split_indices(name: str, n: int, split: str, *, alone: bool = False) -> NDArray[np.intp]:
    """Return the indices of the images in a split: one fifth is test, the rest train.

    The images are permuted with a fixed seed; the permutation depends on ``n`` alone, not on
    labels. The first ``max(1, n // 5)`` are the test split. Each split keeps the permuted order,
    so that its first images are a random sample. With ``alone``, one image alone is both splits.

    Raises UserError, which begins with the set's ``name``, for fewer than two images.

    >>> len(split_indices("set", 10, "test")), len(split_indices("set", 10, "train"))
    (2, 8)
    """
    if n == 1 and alone:
        return np.zeros(1, np.intp)
    if n < 2:
        raise UserError(
            f"{name}: {n} image(s) cannot be split into train and test; give at least 2"
        )
    order = fixed_order(n)
    test = max(1, n // 5)
    return order[:test] if split == "test" else order[test:]
