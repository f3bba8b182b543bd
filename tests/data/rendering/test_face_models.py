import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from scipy.spatial import cKDTree

from infoeval.data.formats import ict_face_model
from infoeval.data.formats.face_model_files import face_model_at, find_face_model
from infoeval.data.rendering.drawn_head import TRAITS, drawn_head
from infoeval.data.rendering.face_models import face_model
from infoeval.errors import UserError

SOMEWHERE = Path("some.file")


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


# ---- models


def made(mean=MEAN, modes=None, triangles=TRIANGLES, centre=(0, 0, 0), height=2.0):
    modes = np.zeros((1, *mean.shape)) if modes is None else modes
    return face_model(SOMEWHERE, mean, modes, triangles, centre=centre, height=height)


def test_centre_comes_to_the_origin_and_height_to_two():
    model = made(centre=(3, -20, 7), height=HEIGHT)
    low, high = model.mean.min(0), model.mean.max(0)
    np.testing.assert_allclose((high - low)[1], 2, atol=0.02)
    np.testing.assert_allclose((high + low) / 2, 0, atol=0.02)


def test_far_vertices_stay_as_they_are():
    model = made(modes=MEAN[None] * 0.1)
    assert len(model.mean) == len(MEAN)
    assert nearest(MEAN, model.mean).max() < 1e-4
    np.testing.assert_allclose(model.modes[0], 0.1 * model.mean, atol=1e-4)
    corners = model.mean[model.triangles].sum((1, 2))
    np.testing.assert_allclose(np.sort(corners), np.sort(MEAN[TRIANGLES].sum((1, 2))), atol=1e-2)


def test_near_vertices_are_merged_into_their_mean_in_every_mode():
    """Three of the six lie in one cell; what is left of the triangles among them is nothing."""
    mean = np.array([[0.001, 0.001, 0.001], [0.011, 0.001, 0.001], [0.001, 0.016, 0.004]])
    beside = np.array([[1, 0, 0], [1, 1, 0], [1, 2, 0]])
    mean = np.concatenate([mean, mean + beside])
    modes = np.arange(18.0).reshape(1, 6, 3)
    triangles = np.array([[0, 1, 2], [0, 3, 4], [2, 4, 5], [0, 1, 3]])
    model = made(mean, modes, triangles)
    assert model.mean.shape == (4, 3)
    merged = int(nearest(model.mean, mean[:3].mean(0, keepdims=True)).argmin())
    np.testing.assert_allclose(model.mean[merged], mean[:3].mean(0), atol=1e-6)
    np.testing.assert_allclose(model.modes[0, merged], modes[0, :3].mean(0), atol=1e-6)
    assert len(model.triangles) == 2
    assert (model.triangles == merged).sum() == 2


def test_a_shape_is_the_mean_and_the_weighted_modes():
    model = made(modes=np.stack([MEAN, POINTS]))
    np.testing.assert_array_equal(model.shape(np.zeros(2)), model.mean)
    shape = model.shape(np.array([0.5, -2.0]))
    np.testing.assert_allclose(
        shape, model.mean + 0.5 * model.modes[0] - 2 * model.modes[1], atol=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mean": MEAN[:, :2]}, "not a face model"),
        ({"modes": np.zeros((2, 5, 3))}, "not a face model"),
        ({"modes": np.zeros(MEAN.shape)}, "not a face model"),
        ({"modes": np.full((1, *MEAN.shape), "a")}, "are not numbers"),
        ({"modes": np.full((1, *MEAN.shape), np.nan)}, "NaN or infinite"),
        ({"mean": np.where(MEAN > 100, np.inf, MEAN)}, "NaN or infinite"),
        ({"triangles": QUADS}, "not a face model"),
        ({"triangles": TRIANGLES + 1}, "vertices that it does not have"),
        ({"triangles": TRIANGLES - 1}, "vertices that it does not have"),
        ({"triangles": TRIANGLES.astype(float)}, "vertices that it does not have"),
        ({"triangles": TRIANGLES[:0]}, "not a face model"),
        ({"modes": np.zeros((0, *MEAN.shape))}, "not a face model"),
    ],
)
def test_arrays_that_are_no_face_model(changes, expected):
    with pytest.raises(UserError, match=f"^some.file: .*{expected}"):
        made(**changes)


# ---- the drawn head


def test_the_drawn_head_is_upright_and_looks_forward():
    model = drawn_head()
    skull = model.mean[model.mean[:, 1] > -0.7]
    tip = skull[skull[:, 2].argmax()]
    assert abs(tip[0]) < 0.05
    assert -0.4 < tip[1] < 0
    assert model.mean[:, 1].max() == pytest.approx(1, abs=0.02)
    # Mirrored, it is the same: so is every mode.
    for shape in (model.mean, *(model.mean + mode for mode in model.modes)):
        front = shape[(shape[:, 2] > 0.3)]
        assert nearest(front * (-1, 1, 1), front).max() < 1e-5


def test_modes_of_the_drawn_head_change_what_they_are_called():
    model = drawn_head()
    assert len(model.modes) == len(TRAITS)
    mode = dict(zip(TRAITS, model.modes, strict=True))
    moved = {name: np.linalg.norm(each, axis=1) for name, each in mode.items()}
    assert all(0.01 < each.max() < 0.3 for each in moved.values())
    where = {name: model.mean[each.argmax()] for name, each in moved.items()}
    assert where["brow"][1] > 0.1
    assert where["chin"][1] < -0.7
    assert -0.6 < where["lips"][1] < -0.4
    assert where["skull depth"][2] < -0.7
    assert abs(where["ears"][0]) > 0.6
    assert abs(where["nose length"][0]) < 0.1


def test_triangles_of_the_drawn_head_face_outwards():
    model = drawn_head()
    a, b, c = (model.mean[model.triangles[:, k]].astype(float) for k in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    ball = 4 / 3 * np.pi * 0.69 * 0.8
    assert ball < volume < 2 * ball


# ---- Basel


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


# ---- ICT-FaceKit


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
    monkeypatch.setattr(ict_face_model, "_MODES", 2)
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
    monkeypatch.setattr(ict_face_model, "_MODES", 2)
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


# ---- which model


def test_the_first_model_of_the_data_root_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(ict_face_model, "_MODES", 0)
    assert find_face_model(tmp_path).title == "drawn head"
    assert find_face_model(tmp_path).paths == ()
    (tmp_path / "FaceXModel").mkdir()
    (tmp_path / "FaceXModel" / "generic_neutral_mesh.obj").write_text("")
    assert find_face_model(tmp_path).paths[0].parent == tmp_path / "FaceXModel"
    write_ict(tmp_path / "ict_facekit" / "ict_facekit_light.npz")
    assert find_face_model(tmp_path).paths[0].suffix == ".npz"
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "01_MorphableModel.mat").touch()
    assert find_face_model(tmp_path).title == "Basel Face Model 2009"
    (tmp_path / "faces" / "model2017-1_bfm_nomouth.h5").touch()
    assert find_face_model(tmp_path).title == "Basel Face Model 2017"


def test_paths_that_are_no_model(tmp_path):
    refused(tmp_path / "missing.h5", "no such file or folder")
    (tmp_path / "x.txt").touch()
    refused(tmp_path / "x.txt", "a face model is a .h5, .mat or .npz file")
    refused(tmp_path, "no such file; is the copy of ICT-FaceKit complete")
