"""Readers of morphable head models: the Basel Face Models of 2009 and 2017, and ICT-FaceKit.

The Basel models (``.mat`` and ``.h5``, which need a licence) store a shape as one column, x, y and
z of the first vertex and so on, upright and facing +z. The model of 2009 is in micrometres, with
standard deviations and triangles that count from 1; that of 2017 in millimetres, with variances and
triangles that count from 0. ICT-FaceKit is read from its published meshes or from a ``.npz``.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.rendering.face_models import FaceModel, face_model
from infoeval.data.untrusted import parsing
from infoeval.errors import UserError

# The Basel models have up to 58,203 vertices and 199 modes.
_MAX_VERTICES, _MAX_MODES = 200_000, 400

# Names of the mean, the modes, their deviations or variances, and the triangles.
_NAMES_2009 = ("shapeMU", "shapePC", "shapeEV", "tl")
_NAMES_2017 = (
    "shape/model/mean",
    "shape/model/pcaBasis",
    "shape/model/pcaVariance",
    "shape/representer/cells",
)

# ICT-FaceKit: centre and height of the head without neck and shoulders, in centimetres.
_CENTRE = (0.0, 2.2, 1.5)
_HEIGHT = 25.0

_MODES = 100
_VERTICES = 26_719
# Vertices of face, head, neck and eyeballs, without what is inside, tears and lashes.
_SHOWN = ((0, 11_248), (21_451, 24_591))
_MAX_MESH_BYTES = 2**26  # of text; the official meshes have some 4 million


def read_basel_2009(path: Path) -> FaceModel:
    """Return the model in ``01_MorphableModel.mat``.

    Raises UserError if it cannot be read, or is not such a model.
    """
    import scipy.io

    with _reading(path, "2009"):
        shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path)}
        _check_shapes(path, "2009", _NAMES_2009, shapes)
        variables = scipy.io.loadmat(path, variable_names=_NAMES_2009)
    mean, modes, deviations, triangles = (variables[name] for name in _NAMES_2009)
    return _basel_model(path, "2009", mean, modes, deviations, triangles, first=1)


def read_basel_2017(path: Path) -> FaceModel:
    """Return the model in ``model2017-1_bfm_nomouth.h5`` or another ``.h5`` of 2017 or 2019.

    Raises UserError if h5py is not installed, or if it cannot be read or is not such a model.
    """
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{path}: reading it needs h5py: pip install 'infoeval[render]'") from error
    with _reading(path, "2017"), h5py.File(path, "r") as file:
        items = {name: file[name] for name in _NAMES_2017 if name in file}
        shapes = {name: item.shape for name, item in items.items() if _is_numbers(item)}
        _check_shapes(path, "2017", _NAMES_2017, shapes)
        mean, modes, variances, cells = (items[name][...] for name in _NAMES_2017)
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(_numbers(path, "2017", variances).astype(np.float64))
    return _basel_model(path, "2017", mean, modes, deviations, cells.T, first=0)


def _is_numbers(item: Any) -> bool:
    return hasattr(item, "shape") and item.dtype.kind in "iuf"


def _check_shapes(
    path: Path, year: str, names: Sequence[str], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Check the declared shapes before any array is read."""
    for name in names:
        if name not in shapes:
            raise UserError(f"{path}: not a Basel Face Model {year}: it holds no array {name}")
    mean, modes, deviations, triangles = (shapes[name] for name in names)
    length, count = math.prod(mean), math.prod(deviations)
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
        declared = ", ".join(f"{name} {shapes[name]}" for name in names)
        raise UserError(f"{path}: not the shapes of a Basel Face Model {year}: {declared}")


def _basel_model(
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
    # scipy returns a text in place of a variable that it cannot read.
    if (
        not isinstance(array, np.ndarray)
        or array.dtype.kind not in "iuf"
        or not np.isfinite(array).all()
    ):
        raise UserError(f"{path}: not a Basel Face Model {year}: an array holds no finite numbers")
    return array


def _reading(path: Path, year: str) -> AbstractContextManager[None]:
    return parsing(
        f"{path}: cannot be read as a Basel Face Model {year}", "; is the download complete?"
    )


def ict_paths(folder: Path) -> tuple[Path, ...]:
    """Return the paths of the meshes in a folder ``FaceXModel``: the neutral one, then the modes.

    Raises UserError if one of them is missing.
    """
    names = ("generic_neutral_mesh", *(f"identity{k:03}" for k in range(_MODES)))
    paths = tuple(folder / f"{name}.obj" for name in names)
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: no such file; is the copy of ICT-FaceKit complete?")
    return paths


def read_ict_meshes(paths: tuple[Path, ...]) -> FaceModel:
    """Return the model of the meshes at the paths of :func:`ict_paths`.

    Raises UserError if one cannot be read, or is not a mesh of ICT-FaceKit.
    """
    shown = np.concatenate([np.arange(first, end) for first, end in _SHOWN])
    neutral, lines = _mesh(paths[0])
    modes = np.stack([(_mesh(path)[0] - neutral)[shown].astype(np.float32) for path in paths[1:]])
    new_row = np.full(_VERTICES, -1)
    new_row[shown] = np.arange(len(shown))
    triangles = new_row[_triangles(paths[0], lines)]
    triangles = triangles[(triangles >= 0).all(axis=1)]
    return face_model(paths[0], neutral[shown], modes, triangles, centre=_CENTRE, height=_HEIGHT)


def read_ict_arrays(path: Path) -> FaceModel:
    """Return the model in a ``.npz`` file with arrays ``neutral``, ``identity``, ``triangles``.

    They are the visible vertices ``(v, 3)``, their displacement by each mode ``(k, v, 3)``, and
    three vertex indices for each triangle ``(t, 3)``.

    Raises:
        UserError: the file cannot be read, or holds something else.
    """
    with NpzFile(path) as file:
        names = ("neutral", "identity", "triangles")
        neutral, identity, triangles = (file.read(name) for name in names)
    return face_model(path, neutral, identity, triangles, centre=_CENTRE, height=_HEIGHT)


def _mesh(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Return the vertices of a Wavefront file, and its lines."""
    if path.stat().st_size > _MAX_MESH_BYTES:
        raise UserError(f"{path}: larger than {_MAX_MESH_BYTES} bytes, which no mesh of a face is")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
    if len(rows) != _VERTICES:
        raise UserError(
            f"{path}: holds {len(rows):,} vertices, where a mesh of ICT-FaceKit has {_VERTICES:,}; "
            "is it complete?"
        )
    try:
        return np.array(rows, dtype=np.float64).reshape(_VERTICES, 3), lines
    except ValueError as error:
        raise UserError(f"{path}: a vertex is not three numbers") from error


def _triangles(path: Path, lines: list[str]) -> NDArray[np.int64]:
    """Return the faces, which count vertices from 1, cut into triangles that count from 0."""
    triangles = []
    for line in lines:
        if line.startswith("f "):
            try:
                corners = [int(corner.partition("/")[0]) - 1 for corner in line.split()[1:]]
            except ValueError as error:
                raise UserError(f"{path}: not a face of a mesh: {line[:60]!r}") from error
            triangles += [[corners[0], *pair] for pair in pairwise(corners[1:])]
    array = np.array(triangles, dtype=np.int64).reshape(-1, 3)
    if len(array) == 0 or array.min() < 0 or array.max() >= _VERTICES:
        raise UserError(f"{path}: has no faces, or faces of vertices that it does not have")
    return array
