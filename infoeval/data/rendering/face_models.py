"""Morphable models of faces: a mean shape, and modes of variation between people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

# Vertices this close are merged: a pixel of the images is more than twice as wide.
_CELL = 0.03


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A morphable model, upright along y and facing +z, the head two units high.

    Args:
        mean: the mean shape, ``float32``, shape ``(v, 3)``.
        modes: displacement by one standard deviation of each mode, ``float32``, shape
            ``(k, v, 3)``.
        triangles: three vertex indices each, ``int64``, shape ``(t, 3)``.
    """

    mean: NDArray[np.float32]
    modes: NDArray[np.float32]
    triangles: NDArray[np.int64]

    def shape(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the vertices ``(v, 3)`` of one person.

        Args:
            weights: one for each mode, N(0, 1) among people; shape ``(k,)``.
        """
        offset: NDArray[np.float32] = np.tensordot(weights.astype(np.float32), self.modes, 1)
        return self.mean + offset


def face_model(
    path: Path,
    mean: NDArray[Any],
    modes: NDArray[Any],
    triangles: NDArray[Any],
    *,
    centre: tuple[float, float, float],
    height: float,
) -> FaceModel:
    """Return the model of the arrays of a file, no finer than small images need.

    Args:
        path: the file, for error messages.
        mean: shape ``(v, 3)``, in any unit, upright along y and facing +z.
        modes: displacement by one standard deviation of each mode, shape ``(k, v, 3)``.
        triangles: three vertex indices each, shape ``(t, 3)``.
        centre: of the head, which is moved to the origin.
        height: of the head, which is scaled to two units.

    Raises:
        UserError: the arrays do not fit together, or are not finite numbers.
    """
    _check(path, mean, modes, triangles)
    unit = 2 / height
    scaled = (mean.astype(np.float64) - centre) * unit
    return _coarsened(
        scaled, modes.astype(np.float32) * np.float32(unit), triangles.astype(np.int64)
    )


def _check(path: Path, mean: NDArray[Any], modes: NDArray[Any], triangles: NDArray[Any]) -> None:
    shapes = f"vertices of shape {mean.shape}, modes {modes.shape}, triangles {triangles.shape}"
    if (
        (mean.ndim, modes.ndim, triangles.ndim) != (2, 3, 2)
        or mean.shape[1] != 3
        or modes.shape[1:] != mean.shape
        or triangles.shape[1] != 3
        or 0 in (*modes.shape, *triangles.shape)
    ):
        raise UserError(f"{path}: not a face model: {shapes}")
    if mean.dtype.kind not in "iuf" or modes.dtype.kind not in "iuf":
        raise UserError(f"{path}: not a face model: its vertices or modes are not numbers")
    if not (np.isfinite(mean).all() and np.isfinite(modes).all()):
        raise UserError(f"{path}: its vertices or modes hold NaN or infinite numbers")
    if triangles.dtype.kind not in "iu" or triangles.min() < 0 or triangles.max() >= len(mean):
        raise UserError(f"{path}: its triangles refer to vertices that it does not have")


def _coarsened(
    mean: NDArray[np.float64], modes: NDArray[np.float32], triangles: NDArray[np.int64]
) -> FaceModel:
    """Return a model in which the vertices of one grid cell are merged into their mean."""
    _, cell, counts = np.unique(
        np.floor(mean / _CELL), axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(cell, kind="stable")
    starts = np.cumsum(counts) - counts
    corners = cell[triangles]
    a, b, c = corners.T
    return FaceModel(
        mean=(np.add.reduceat(mean[order], starts, axis=0) / counts[:, None]).astype(np.float32),
        modes=np.stack(
            [
                np.add.reduceat(mode[order], starts, axis=0) / counts[:, None].astype(np.float32)
                for mode in modes
            ]
        ),
        triangles=corners[(a != b) & (b != c) & (c != a)],
    )
