import sys
import warnings

import h5py
import numpy as np
import pytest
import scipy.io

from infoeval.data.faces import face_model_at
from tests.data.small_face_models import (
    BASIS,
    DEVIATIONS,
    HEIGHT,
    MEAN,
    TRIANGLES,
    refused,
    write_2009,
    write_2017,
)


@pytest.mark.parametrize(
    ("write", "name", "title"),
    [
        (write_2009, "01_MorphableModel.mat", "Basel Face Model 2009"),
        (write_2017, "model2017-1_bfm_nomouth.h5", "Basel Face Model 2017"),
    ],
)
def test_basel_model_is_read(tmp_path, write, name, title):
    file = face_model_at(write(tmp_path / name))
    assert file.title == title
    model = file.read()
    assert len(model.modes) == 2
    middle = (MEAN.min(0) + MEAN.max(0)) / 2
    weights = np.array([1.5, -2.0])
    person = MEAN + (BASIS @ (DEVIATIONS * weights)).reshape(-1, 3)
    unit = 2 / HEIGHT
    rows = np.array(
        [np.linalg.norm(model.mean - x, axis=1).argmin() for x in (MEAN - middle) * unit]
    )
    assert len(set(rows)) == len(MEAN) == len(model.mean)
    np.testing.assert_allclose(model.mean[rows], (MEAN - middle) * unit, atol=1e-5)
    np.testing.assert_allclose(model.shape(weights)[rows], (person - middle) * unit, atol=1e-4)
    written = {tuple(sorted(each)) for each in rows[TRIANGLES]}
    assert {tuple(sorted(each)) for each in model.triangles} == written


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"shapePC": None}, "holds no array shapePC"),
        ({"shapePC": BASIS.T}, "not the shapes"),
        ({"shapePC": BASIS[:, :1]}, "not the shapes"),
        ({"shapeMU": np.zeros((MEAN.size - 1, 1))}, "not the shapes"),
        ({"shapeMU": np.zeros((MEAN.size, 1))}, "no height"),
        ({"shapeMU": np.full((MEAN.size, 1), np.nan)}, "no finite numbers"),
        ({"tl": TRIANGLES.astype(float)}, "vertices that it does not have"),
        ({"tl": (TRIANGLES + 1).T.astype(float)}, "not the shapes"),
        ({"shapeEV": np.array([["a"], ["b"]])}, "no finite numbers"),
        ({"shapeEV": np.array([["a"], [2]], dtype=object)}, "no finite numbers"),
        ({"shapeEV": DEVIATIONS.reshape(-1, 1) * 1j}, "no finite numbers"),
    ],
)
def test_mat_file_that_is_no_basel_model(tmp_path, changes, expected):
    refused(write_2009(tmp_path / "x.mat", **changes), expected)


def test_mat_file_of_street_numbers_is_no_face_model(tmp_path):
    pictures = np.zeros((32, 32, 3, 5), dtype=np.uint8)
    scipy.io.savemat(tmp_path / "train_32x32.mat", {"X": pictures, "y": np.ones((5, 1))})
    refused(tmp_path / "train_32x32.mat", "not a Basel Face Model 2009: it holds no array shapeMU")


def test_half_a_mat_file(tmp_path):
    whole = write_2009(tmp_path / "whole.mat").read_bytes()
    for share in (0, 0.01, 0.3, 0.9, 0.999):
        path = tmp_path / "half.mat"
        path.write_bytes(whole[: int(share * len(whole))])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            refused(path, "Basel Face Model 2009|no finite numbers")


def test_other_files_with_the_ending_mat(tmp_path):
    path = tmp_path / "x.mat"
    for content in (b"<html>" * 50, write_2017(tmp_path / "x.h5").read_bytes(), b"\0" * 4096):
        path.write_bytes(content)
        refused(path, "Basel Face Model 2009")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"shape__model__mean": None}, "holds no array shape/model/mean"),
        ({"shape__model__pcaBasis": BASIS.T}, "not the shapes"),
        ({"shape__model__pcaVariance": -DEVIATIONS}, "no finite numbers"),
        ({"shape__model__pcaVariance": [b"a", b"b"]}, "holds no array shape/model/pcaVariance"),
        ({"shape__model__mean": None, "shape__model__mean__x": [1.0]}, "holds no array shape/mod"),
        ({"shape__representer__cells": TRIANGLES}, "not the shapes"),
        ({"shape__representer__cells": TRIANGLES.T + 1}, "vertices that it does not have"),
    ],
)
def test_h5_file_that_is_no_basel_model(tmp_path, changes, expected):
    refused(write_2017(tmp_path / "x.h5", **changes), expected)


def test_half_an_h5_file(tmp_path):
    whole = write_2017(tmp_path / "whole.h5").read_bytes()
    for share in (0, 0.01, 0.3, 0.9):
        path = tmp_path / "half.h5"
        path.write_bytes(whole[: int(share * len(whole))])
        refused(path, "is the download complete")


def test_h5_file_that_declares_a_giant_is_refused_unread(tmp_path):
    """Its arrays are declared and not stored: reading them would take 480 GB."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        length = 3 * 10**8
        for name, shape in (
            ("shape/model/mean", (length,)),
            ("shape/model/pcaBasis", (length, 199)),
            ("shape/model/pcaVariance", (199,)),
            ("shape/representer/cells", (3, 100)),
        ):
            file.create_dataset(name, shape, "f8", chunks=True)
    refused(path, "not the shapes")


def test_h5_without_h5py(tmp_path, monkeypatch):
    path = write_2017(tmp_path / "x.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(path, r"pip install 'infoeval\[render\]'$")
