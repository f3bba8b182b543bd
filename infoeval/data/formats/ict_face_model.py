"""Readers of ICT-FaceKit's morphable head: its published meshes, or their arrays in a .npz."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.rendering.face_models import FaceModel, face_model
from infoeval.errors import UserError

__all__ = ["ict_paths", "read_ict_arrays", "read_ict_meshes"]

# Centre and height of the head without neck and shoulders, in the model's centimetres.
_CENTRE = (0.0, 2.2, 1.5)
_HEIGHT = 25.0

_MODES = 100
_VERTICES = 26_719
# Vertices of face, head, neck and eyeballs, without what is inside, tears and lashes.
_SHOWN = ((0, 11_248), (21_451, 24_591))
_MAX_MESH_BYTES = 2**26  # of text; the official meshes have some 4 million


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
