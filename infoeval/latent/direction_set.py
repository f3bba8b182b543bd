"""A set of directions with where it came from; written to and read from .npz files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.data.formats.npy_header import map_npy
from infoeval.data.formats.npz_file import NpzFile
from infoeval.errors import UserError, shown
from infoeval.files import atomic_path

MOST = 100
"""Directions that are evaluated at once."""
SUFFIXES = (".npy", ".npz")
_TEXTS = ("method", "space", "model", "about")


@dataclass(frozen=True, eq=False)
class DirectionSet:
    """Unit vectors (k, D) of a latent space, in order, with names and where they came from.

    `space` is "z" or "w", empty where it is not known; `model` the SHA-256 of the model's file,
    and `about` how they were found.
    """

    vectors: NDArray[np.float64]
    names: tuple[str, ...]
    method: str
    space: str = ""
    seed: int = 0
    model: str = ""
    about: str = ""

    def __len__(self) -> int:
        return len(self.vectors)

    def save(self, path: str | Path) -> None:
        """Write them to a .npz file, which can be given as a method. Raises UserError."""
        if Path(path).suffix.lower() != ".npz":
            raise UserError(f"{path}: directions are saved as .npz")
        arrays: dict[str, Any] = {name: np.array([getattr(self, name)]) for name in _TEXTS}
        arrays |= {"directions": self.vectors, "names": np.array(self.names)}
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, seed=np.array([self.seed]), **arrays)


def direction_set(
    vectors: ArrayLike, *, names: Sequence[str] | None = None, what: str = "directions", **more: Any
) -> DirectionSet:
    """Return directions scaled to length 1; `what` begins messages, `more` are further fields.

    Raises UserError for what is no array (k, D) of finite numbers, a vector of zeros, names that
    do not fit, and more than `MOST` directions.
    """
    array = as_array(vectors, what)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or array.size == 0:
        raise UserError(
            f"{what}: {array.dtype} of shape {array.shape}; give numbers, a row for each direction"
        )
    rows = np.atleast_2d(array).astype(np.float64)
    if len(rows) > MOST:
        raise UserError(f"{what}: {len(rows):,} directions; at most {MOST} are evaluated at once")
    if not np.isfinite(rows).all():
        raise UserError(f"{what}: numbers that are not finite (NaN or inf)")
    largest = np.abs(rows).max(axis=1, keepdims=True)
    if (largest == 0).any():
        raise UserError(f"{what}: direction {int(largest.argmin()) + 1} is all zeros")
    rows = rows / largest  # so that squares neither overflow nor vanish
    given = list(names) if names is not None else _numbered(len(rows))
    if len(given) != len(rows) or len(set(given)) < len(given):
        raise UserError(f"{what}: {len(rows)} directions need as many different names")
    if "noise" in given:
        raise UserError(f"{what}: no direction can be called noise")
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return DirectionSet(units, tuple(given), **more)


def _numbered(count: int) -> list[str]:
    return [f"direction_{number}" for number in range(1, count + 1)]


def read_directions(path: Path) -> DirectionSet:
    """Return the directions of a .npy file (k, D), or of `directions` in a .npz file.

    Nothing is unpickled. Raises UserError for a file without directions.
    """
    if path.suffix.lower() == ".npy":
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        return direction_set(np.array(map_npy(path)), what=str(path), method=path.name)
    with NpzFile(path) as file:
        if "directions" not in file:
            raise UserError(f"{path}: no array called directions, but {file.names}")
        names = _words(file, "names") if "names" in file else None
        more: dict[str, Any] = {
            name: shown(_words(file, name)[0]) for name in _TEXTS if name in file
        }
        vectors = file.read("directions")
    more["method"] = more.get("method") or path.name
    return direction_set(vectors, names=names, what=str(path), **more)


def _words(file: NpzFile, name: str) -> list[str]:
    values = file.read(name).reshape(-1)
    if values.dtype.kind not in "SU":
        raise file.error(name, f"must be words, not {values.dtype}")
    return file.words(name, values)
