"""Small heads in the layouts of the published face models."""

import h5py
import numpy as np
import pytest
import scipy.io
from scipy.spatial import cKDTree

from infoeval.data.faces import face_model_at
from infoeval.errors import UserError


def grid(around=12, down=8):
    """Points on a sphere, none so near another that they are merged, and quads."""
    turn = 2 * np.pi * np.arange(around) / around
    fall = np.pi * (np.arange(down)[:, None] + 0.5) / down
    points = np.stack(
        [np.sin(fall) * np.sin(turn), np.cos(fall) + 0 * turn, np.sin(fall) * np.cos(turn)], axis=-1
    ).reshape(-1, 3)
    row, column = np.mgrid[: down - 1, :around]
    a, b = row * around + column, row * around + (column + 1) % around
    return points, np.stack([a, a + around, b + around, b], axis=-1).reshape(-1, 4)


def halves(quads):
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def orthonormal(length, count, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(length, count)))[0]


POINTS, QUADS = grid()
MEAN = POINTS * (80.0, 110.0, 95.0) + (3.0, -20.0, 7.0)  # millimetres
BASIS = orthonormal(MEAN.size, 2)
DEVIATIONS = np.array([60.0, 25.0])
TRIANGLES = halves(QUADS)
HEIGHT = np.ptp(MEAN[:, 1])


def write_2009(path, **changes):
    """Write a file in the layout of 01_MorphableModel.mat: micrometres, counted from 1."""
    arrays = {
        "shapeMU": (1000 * MEAN).reshape(-1, 1).astype(np.float32),
        "shapePC": BASIS.astype(np.float32),
        "shapeEV": (1000 * DEVIATIONS).reshape(-1, 1).astype(np.float32),
        "texMU": np.zeros((MEAN.size, 1), dtype=np.float32),
        "tl": (TRIANGLES[:, ::-1] + 1).astype(np.float64),
        **changes,
    }
    kept = {name: array for name, array in arrays.items() if array is not None}
    scipy.io.savemat(path, kept, do_compression=True)
    return path


def write_2017(path, **changes):
    arrays = {
        "shape/model/mean": MEAN.ravel().astype(np.float32),
        "shape/model/pcaBasis": BASIS.astype(np.float32),
        "shape/model/pcaVariance": (DEVIATIONS**2).astype(np.float32),
        "shape/representer/cells": TRIANGLES.T.astype(np.int32),
        "color/model/mean": np.zeros(MEAN.size, dtype=np.float32),
        **{name.replace("__", "/"): array for name, array in changes.items()},
    }
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            if array is not None:
                file[name] = array
    return path


def write_ict(path, **changes):
    """Write the arrays of a small head where ICT-FaceKit has its own, in its centimetres."""
    arrays = {
        "neutral": (POINTS * (8, 12.5, 10) + (0, 2.2, 1.5)).astype(np.float32),
        "identity": np.stack([POINTS * (1, 0, 0), POINTS * (0, 0, 1)]).astype(np.float16),
        "triangles": TRIANGLES.astype(np.uint16),
        **changes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def nearest(points, others):
    return cKDTree(others).query(points)[0]


def refused(path, expected):
    with pytest.raises(UserError, match=expected) as error:
        face_model_at(path).read()
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
