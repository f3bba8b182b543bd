import sys
import warnings

import h5py
import numpy as np
import pytest
import scipy.io

from infoeval.data.faces import face_model_at
from infoeval.data.formats import face_model_files
from infoeval.errors import UserError
from tests.data.small_face_models import (
    BASIS,
    DEVIATIONS,
    HEIGHT,
    MEAN,
    POINTS,
    QUADS,
    TRIANGLES,
    nearest,
    refused,
    write_2009,
    write_2017,
    write_ict,
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


def test_ict_arrays_are_read(tmp_path):
    file = face_model_at(write_ict(tmp_path / "x.npz"))
    assert file.title == "ICT-FaceKit"
    model = file.read()
    wanted = POINTS * (0.64, 1, 0.8)
    assert nearest(wanted, model.mean).max() < 1e-5
    rows = [np.linalg.norm(model.mean - x, axis=1).argmin() for x in wanted]
    np.testing.assert_allclose(model.modes[0][rows], 0.08 * POINTS * (1, 0, 0), atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"neutral": None}, "holds no array called neutral"),
        ({"identity": np.array([None])}, "identity holds object elements"),
        ({"identity": np.zeros((2, 7, 3))}, "not a face model"),
        ({"triangles": TRIANGLES + 1}, "vertices that it does not have"),
    ],
)
def test_npz_file_that_is_no_face_model(tmp_path, changes, expected):
    path = write_ict(tmp_path / "x.npz", **changes)
    refused(path, expected)


def test_half_an_npz_file(tmp_path):
    path = write_ict(tmp_path / "x.npz")
    path.write_bytes(path.read_bytes()[:-200])
    refused(path, "not a readable .npz file")


def write_mesh(path, points, quads=()):
    lines = ["# a mesh", "mtllib x.mtl", *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in points)]
    lines += ["vt 0.5 0.5", "vn 0 0 1"]
    lines += ["f " + " ".join(f"{corner + 1}/1/1" for corner in quad) for quad in quads]
    path.write_text("\n".join(lines) + "\n")


def write_checkout(folder, neutral, identity, faces):
    """Write meshes with all vertices of ICT-FaceKit's; those that are not shown lie far off."""
    folder.mkdir(parents=True)
    shown = np.r_[0:11_248, 21_451:24_591]
    whole = np.full((26_719, 3), 99.0)
    whole[shown[: len(neutral)]] = neutral
    hidden = [[0, 1, 12_000, 12_001], [25_000, 25_001, 25_002]]
    write_mesh(folder / "generic_neutral_mesh.obj", whole, [*shown[faces].tolist(), *hidden])
    for k, mode in enumerate(identity):
        moved = whole.copy()
        moved[shown[: len(neutral)]] += mode
        write_mesh(folder / f"identity{k:03}.obj", moved)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(face_model_files, "_MODES", 2)
    neutral = np.tile(POINTS * (8, 12.5, 10) + (0, 2.2, 1.5), (150, 1))[:14_388]
    identity = np.stack([neutral * 0.01, neutral[:, ::-1] * 0.02])
    write_checkout(tmp_path / "ICT-FaceKit" / "FaceXModel", neutral, identity, QUADS)
    return tmp_path / "ICT-FaceKit"


def test_a_checkout_is_read_as_its_arrays_are(checkout):
    model = face_model_at(checkout).read()
    wanted = POINTS * (0.64, 1, 0.8)
    assert nearest(model.mean, wanted).max() < 1e-5
    assert nearest(wanted, model.mean).max() < 1e-5
    assert len(model.modes) == 2
    assert len(model.triangles) == len(TRIANGLES)
    assert [path.name for path in face_model_at(checkout / "FaceXModel").paths] == [
        "generic_neutral_mesh.obj",
        "identity000.obj",
        "identity001.obj",
    ]


@pytest.mark.shared_data
def test_a_checkout_gives_the_model_of_the_light_file(tmp_path, monkeypatch, shared_data):
    """The meshes of its first two modes, written as a checkout has them."""
    path = shared_data / "ict_facekit" / "ict_facekit_light.npz"
    with np.load(path) as file:
        neutral, identity, triangles = file["neutral"], file["identity"], file["triangles"]
    monkeypatch.setattr(face_model_files, "_MODES", 2)
    write_checkout(tmp_path / "FaceXModel", neutral, identity[:2], triangles)
    model, light = face_model_at(tmp_path).read(), face_model_at(path).read()
    np.testing.assert_allclose(model.mean, light.mean, atol=1e-6)
    np.testing.assert_allclose(model.modes, light.modes[:2], atol=1e-6)
    np.testing.assert_array_equal(model.triangles, light.triangles)


def test_meshes_that_are_not_ict_facekits(checkout):
    mesh = checkout / "FaceXModel" / "identity001.obj"
    whole = mesh.read_text()

    def now(text, expected, path=mesh):
        path.write_text(text)
        with pytest.raises(UserError, match=expected) as error:
            face_model_at(checkout).read()
        assert str(path) in str(error.value)
        path.write_text(whole)

    now(whole[:100_000], "vertices, where a mesh of ICT-FaceKit has 26,719")
    now("", "holds 0 vertices")
    now(whole.replace("v 99.000000 99", "v 99.000000 x", 1), "a vertex is not three numbers")
    now(whole.replace("v 99.000000 99.000000", "v 99.000000", 1), "a vertex is not three numbers")
    mesh.unlink()
    refused(checkout, "no such file; is the copy of ICT-FaceKit complete")


def test_faces_of_a_checkout_that_cannot_be(checkout):
    mesh = checkout / "FaceXModel" / "generic_neutral_mesh.obj"
    whole = mesh.read_text()
    first = whole[: whole.index("\nf ")]
    for faces, expected in (
        ("\n", "has no faces"),
        ("\nf 1 2 26720\n", "vertices that it does not have"),
        ("\nf 1 2 -1\n", "vertices that it does not have"),
        ("\nf 1 2 x\n", "not a face of a mesh"),
    ):
        mesh.write_text(first + faces)
        with pytest.raises(UserError, match=expected):
            face_model_at(checkout).read()
