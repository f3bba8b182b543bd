"""Readers of the Basel Face Models of 2009 (``.mat``) and 2017 (``.h5``), which need a licence.

Both store a shape as one column, x, y and z of the first vertex and so on, upright and facing +z.
The model of 2009 is in micrometres, with standard deviations and triangles that count from 1; that
of 2017 in millimetres, with variances and triangles that count from 0.
"""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.rendering.face_models import FaceModel, face_model
from infoeval.data.untrusted import parsing
from infoeval.errors import UserError

__all__ = ["read_basel_2009", "read_basel_2017"]

_MAX_VERTICES = 200_000  # the models have up to 58,203
_MAX_MODES = 400  # they have 199

_NAMES_2009 = {"mean": "shapeMU", "modes": "shapePC", "deviations": "shapeEV", "triangles": "tl"}
_NAMES_2017 = {
    "mean": "shape/model/mean",
    "modes": "shape/model/pcaBasis",
    "deviations": "shape/model/pcaVariance",
    "triangles": "shape/representer/cells",
}


def read_basel_2009(path: Path) -> FaceModel:
    """Return the model in ``01_MorphableModel.mat``.

    Raises UserError if it cannot be read, or is not such a model.
    """
    import scipy.io

    names = list(_NAMES_2009.values())
    with _reading(path, "2009"):
        shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path) if name in names}
        _check_shapes(path, "2009", _NAMES_2009, shapes)
        variables = scipy.io.loadmat(path, variable_names=names)
    mean, modes, deviations, triangles = (variables[name] for name in names)
    return _model(path, "2009", mean, modes, deviations, triangles, first=1)


def read_basel_2017(path: Path) -> FaceModel:
    """Return the model in ``model2017-1_bfm_nomouth.h5`` or another ``.h5`` of 2017 or 2019.

    Raises UserError if h5py is not installed, or if it cannot be read or is not such a model.
    """
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{path}: reading it needs h5py: pip install 'infoeval[render]'") from error
    names = list(_NAMES_2017.values())
    with _reading(path, "2017"), h5py.File(path, "r") as file:
        shapes = {
            name: file[name].shape for name in names if name in file and _is_numbers(file[name])
        }
        _check_shapes(path, "2017", _NAMES_2017, shapes)
        mean, modes, variances, cells = (file[name][...] for name in names)
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(_numbers(path, "2017", variances).astype(np.float64))
    return _model(path, "2017", mean, modes, deviations, cells.T, first=0)


def _is_numbers(item: Any) -> bool:
    return hasattr(item, "shape") and item.dtype.kind in "iuf"


def _check_shapes(
    path: Path, year: str, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Check the declared shapes before any array is read."""
    for name in names.values():
        if name not in shapes:
            raise UserError(f"{path}: not a Basel Face Model {year}: it holds no array {name}")
    mean, modes, deviations, triangles = (shapes[name] for name in names.values())
    length = math.prod(mean)
    count = math.prod(deviations)
    corners = triangles if year == "2009" else triangles[::-1]
    if (
        length % 3
        or not 0 < length <= 3 * _MAX_VERTICES
        or not 0 < count <= _MAX_MODES
        or modes != (length, count)
        or len(corners) != 2
        or corners[1] != 3
        or not 0 < corners[0] <= 4 * _MAX_VERTICES
    ):
        declared = ", ".join(f"{name} {shapes[name]}" for name in names.values())
        raise UserError(f"{path}: not the shapes of a Basel Face Model {year}: {declared}")


def _model(
    path: Path,
    year: str,
    mean: NDArray[Any],
    modes: NDArray[Any],
    deviations: NDArray[Any],
    triangles: NDArray[Any],
    *,
    first: int,
) -> FaceModel:
    columns = _numbers(path, year, modes).astype(np.float32)
    columns *= _numbers(path, year, deviations).reshape(1, -1).astype(np.float32)
    vertices = _numbers(path, year, mean).astype(np.float64).reshape(-1, 3)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    if not high[1] > low[1]:
        raise UserError(f"{path}: not a Basel Face Model {year}: its mean shape has no height")
    return face_model(
        path,
        vertices,
        np.ascontiguousarray(columns.T).reshape(-1, *vertices.shape),
        _numbers(path, year, triangles).astype(np.int64) - first,
        centre=tuple((low + high) / 2),
        height=float(high[1] - low[1]),
    )


def _numbers(path: Path, year: str, array: object) -> NDArray[Any]:
    # For a variable that scipy cannot read it returns a text.
    if (
        not isinstance(array, np.ndarray)
        or array.dtype.kind not in "iuf"
        or not np.isfinite(array).all()
    ):
        raise UserError(f"{path}: not a Basel Face Model {year}: an array holds no finite numbers")
    return array


def _reading(path: Path, year: str) -> AbstractContextManager[None]:
    problem = f"{path}: cannot be read as a Basel Face Model {year}"
    return parsing(problem, "; is the download complete?")
