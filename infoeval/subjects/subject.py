"""What is evaluated: its name, its codes, its generator, its encoder, whichever of these it has."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.codes import CodeSpace
from infoeval.data.image_set import ImageSet
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.protocols import Generator

__all__ = ["Encoding", "Progress", "Reader", "Rows", "Subject"]

Array = NDArray[Any]
Progress = Callable[[str, float | None], None]
"""Called with what is being done, and the share of it that is done where that is known."""


@dataclass(frozen=True)
class Encoding:
    """The codes that a model read from n images.

    `columns` has one column a code: the likeliest category or the value. `posteriors` holds
    q(c|x), (n, K), of the categorical codes of which it is known, by name.
    """

    columns: pd.DataFrame
    posteriors: Mapping[str, Array] = field(default_factory=dict)


class Rows(NamedTuple):
    """Codes and factors of some rows, as data frames of named columns."""

    codes: pd.DataFrame
    factors: pd.DataFrame | None


class Subject(ABC):
    """What is evaluated. What a kind of subject lacks is None, and decides which metrics apply.

    `name` is what the user gave, `path` the file it came from. A `checkpoint` of ours is a `model`
    with a Q of its own, which is scored beside a post hoc Q.
    """

    name: str
    path: Path | None = None
    checkpoint: Checkpoint | None = None
    model: CheckpointModel | None = None
    has_encoder = True
    labels_are_factors = True
    """Whether labels count as the one factor of images that have no others, without being asked."""

    @property
    @abstractmethod
    def fingerprint(self) -> str | None:
        """SHA-256 of the file it came from; None of a model in memory."""

    @property
    def generator(self) -> Generator | None:
        """Its generator."""
        return None

    @property
    def codes(self) -> CodeSpace | None:
        """The latent codes of its generator."""
        return None if self.generator is None else self.generator.codes

    @property
    def rows(self) -> "tuple[Rows, Rows | None] | None":
        """Codes and factors that it holds itself, and further ones to score predictors on."""
        return None

    @property
    def column_types(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """The types of its codes and of its factors, where it says them."""
        return None, None

    def describe(self) -> dict[str, Any]:
        """Return the `subject` of its results."""
        return {"model": self.name, "sha256": self.fingerprint}

    def describe_data(self) -> dict[str, Any]:
        """Return the `data` of results that no image set was loaded for."""
        return {}

    def describe_training(self) -> dict[str, Any]:
        """Return what a report shows of how it was trained."""
        return {}

    def reader(self, train: ImageSet) -> "Reader":
        """Return its encoder; `train` are training images of the kind that it is to read.

        The same for the same images: what it has read it keeps.
        """
        raise NotImplementedError

    def __str__(self) -> str:
        """Return its name."""
        return self.name


class Reader(ABC):
    """Reads the codes of images, each image of a set once."""

    def __init__(self) -> None:
        self._read: dict[ImageSet, _Codes] = {}

    def encode(self, images: ImageSet, rows: NDArray[np.intp] | None = None) -> Encoding:
        """Return the codes of some rows of an image set, in their order; None: of all."""
        rows = np.arange(len(images)) if rows is None else rows
        codes = self._read.setdefault(images, _Codes(len(images)))
        missing = rows[~codes.known[rows]]
        if len(missing):
            whole = len(missing) == len(images)
            codes.add(missing, self.read(images.images if whole else images.images[missing]))
        return self.encoding({name: array[rows] for name, array in codes.arrays.items()})

    def columns(self, images: NDArray[np.uint8]) -> pd.DataFrame:
        """Return the codes of images (n, channels, height, width), uint8, which are not kept."""
        return self.encoding(self.read(images)).columns

    @abstractmethod
    def read(self, images: NDArray[np.uint8]) -> dict[str, Array]:
        """Return what the encoder gives of uint8 images, arrays of n rows by name."""

    @abstractmethod
    def encoding(self, arrays: Mapping[str, Array]) -> Encoding:
        """Return arrays of n rows as codes."""


class _Codes:
    """What was read of an image set so far."""

    def __init__(self, count: int) -> None:
        self.known = np.zeros(count, bool)
        self.arrays: dict[str, Array] = {}

    def add(self, rows: NDArray[np.intp], arrays: Mapping[str, Array]) -> None:
        for name, array in arrays.items():
            if name not in self.arrays:
                shape = (len(self.known), *array.shape[1:])
                self.arrays[name] = np.zeros(shape, array.dtype)
            self.arrays[name][rows] = array
        self.known[rows] = True
