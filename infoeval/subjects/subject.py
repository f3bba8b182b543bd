"""The interface of what is evaluated: a name, and perhaps codes, a generator, an encoder."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.data.image_set import ImageSet
from infoeval.errors import UserError
from infoeval.fragment import fragment

if TYPE_CHECKING:
    from infoeval.checkpoint import Checkpoint
    from infoeval.codes import CodeSpace
    from infoeval.subjects.checkpoint_model import CheckpointModel
    from infoeval.subjects.protocols import Generator

Array = NDArray[Any]
Progress = Callable[[str, float | None], None]
"""Called with what is being done, and the share of it that is done where that is known."""


class GaussianPosterior(NamedTuple):
    """The posteriors N(mean, exp(log variance)) of a code, (n,) each."""

    mean: Array
    log_variance: Array


@dataclass(frozen=True)
class Encoding:
    """The codes of n images by an encoder.

    `columns` has one column a code: the likeliest category, the mean or the value. `posteriors`
    holds q(c|x), (n, K), of the categorical codes of which it is known, by name, and `gaussians`
    those of codes that are known by mean and variance. `spreads` are the standard deviations, (n,),
    of other posteriors of continuous codes.
    """

    columns: pd.DataFrame
    posteriors: Mapping[str, Array] = field(default_factory=dict)
    gaussians: Mapping[str, GaussianPosterior] = field(default_factory=dict)
    spreads: Mapping[str, Array] = field(default_factory=dict)


class Rows(NamedTuple):
    """Codes and factors of some rows, as data frames of named columns."""

    codes: pd.DataFrame
    factors: pd.DataFrame | None


class Subject(ABC):
    """What is evaluated; the parts that it lacks are None, and decide which metrics apply.

    `name` is what the user gave, `path` the file it came from. Only an infoeval checkpoint has a
    `checkpoint` and its networks, the `model`, whose own Q is scored beside a post hoc Q.
    """

    name: str
    path: Path | None = None
    checkpoint: "Checkpoint | None" = None
    model: "CheckpointModel | None" = None
    has_encoder = True
    is_onnx = False
    """Whether it comes from ONNX files, which do not tell the prior of their codes."""
    labels_are_factors = True
    """Whether labels are by default the only factor of images without factors."""

    @property
    @abstractmethod
    def fingerprint(self) -> str | None:
        """SHA-256 of the file it came from; None of a model in memory."""

    @property
    def generator(self) -> "Generator | None":
        """Its generator."""
        return None

    @property
    def codes(self) -> "CodeSpace | None":
        """The latent codes of its generator."""
        return None if self.generator is None else self.generator.codes

    @property
    def rows(self) -> "tuple[Rows, Rows | None] | None":
        """Its own codes and factors, and perhaps further ones to score predictors on."""
        return None

    @property
    def column_types(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """The types of its codes and of its factors, where they are known."""
        return None, None

    def describe(self) -> dict[str, Any]:
        """Return the `subject` of its results."""
        return {"model": self.name, "sha256": self.fingerprint}

    def describe_data(self) -> dict[str, Any]:
        """Return the `data` of its results where no image set was loaded."""
        return {}

    def describe_training(self) -> dict[str, Any]:
        """Return the training curves and settings that a report shows."""
        return {}

    def reader(self, train: ImageSet) -> "Reader":
        """Return its encoder; batch-norm statistics may be estimated on the images `train`.

        The same encoder for the same images: it keeps their codes.
        """
        raise UserError(f"{self} has no encoder")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _repr_html_(self) -> str:
        known = {**self.describe(), **({} if self.codes is None else {"codes": self.codes})}
        rows = [[name, str(value)] for name, value in known.items() if value is not None]
        return fragment(str(self), ["", ""], rows)


class Reader(ABC):
    """An encoder that reads each image of a set once.

    `batch_norm` says which statistics it normalises by: "real", "generated" or "running"; None
    where it has no batch norm.
    """

    batch_norm: str | None = None

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
        """Return what the encoder makes of n uint8 images, arrays of n rows by name."""

    @abstractmethod
    def encoding(self, arrays: Mapping[str, Array]) -> Encoding:
        """Return arrays of n rows as codes."""


class _Codes:
    """The codes of an image set that have been read so far."""

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
