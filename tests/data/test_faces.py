import sys

import h5py
import numpy as np
import pytest
from scipy.stats import kstest

from infoeval.data import faces
from infoeval.data.faces import SOURCE, draw_faces, find_face_model, load_faces_of
from infoeval.data.formats import face_model_files
from infoeval.data.source import LoadRequest
from infoeval.errors import UserError
from tests.data.small_face_models import refused, write_ict

AZIMUTH, ELEVATION, LIGHTING, WIDTH, IDENTITY = range(5)
RANGES = ((-60, 60), (-30, 30), (-80, 80), (0.85, 1.15), (0, 199))


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """No model lies in the data root, so the drawn head is used; the splits are small."""
    monkeypatch.setenv("INFOEVAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(faces, "_COUNTS", {"train": 20, "test": 6})
    return tmp_path


def load(folder, split="train"):
    return SOURCE.load(LoadRequest(folder / "data", split))


def row(**changes):
    plain = {"azimuth": 0, "elevation": 0, "lighting": 0, "width": 1, "identity": 0}
    return list({**plain, **changes}.values())


def drawn(*rows):
    return draw_faces(rows)[:, 0].astype(int)


def sphere():
    turn = 2 * np.pi * np.arange(16) / 16
    fall = np.pi * np.arange(17)[:, None] / 16
    points = np.stack(
        [np.sin(fall) * np.sin(turn), np.cos(fall) + 0 * turn, np.sin(fall) * np.cos(turn)], axis=-1
    ).reshape(-1, 3)
    down, around = np.mgrid[:16, :16]
    a, b = down * 16 + around, down * 16 + (around + 1) % 16
    return points, np.stack([a, a + 16, b, b, a + 16, b + 16], axis=-1).reshape(-1, 3)


def write_model(path, nose=300.0):
    """Write a head in the layout of the Basel Face Model 2017, its nose far before it."""
    points, triangles = sphere()
    mean = points * (70, 100, 70)
    mean[mean[:, 2].argmax(), 2] = nose
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["shape/model/mean"] = mean.ravel()
        file["shape/model/pcaBasis"] = (points * (0, 1, 0)).reshape(-1, 1)
        file["shape/model/pcaVariance"] = [2.0**2]
        file["shape/representer/cells"] = triangles.T
    return path


# ---- factors


@pytest.mark.parametrize(("split", "count"), [("train", 20_000), ("test", 4_000)])
def test_factors_are_independent_and_uniform(split, count, monkeypatch):
    monkeypatch.undo()
    factors = faces._factors(split)
    assert factors.shape == (count, 5)
    assert factors.dtype == np.float64
    for column, (low, high) in zip(factors.T[:IDENTITY], RANGES, strict=False):
        assert kstest(column, "uniform", (low, high - low)).pvalue > 1e-3
    people = np.bincount(factors[:, IDENTITY].astype(int), minlength=200)
    np.testing.assert_array_equal(factors[:, IDENTITY], np.rint(factors[:, IDENTITY]))
    assert len(people) == 200
    expected = count / 200
    assert ((people - expected) ** 2 / expected).sum() < 280  # chi-square of 199, p about 1e-4
    correlations = np.corrcoef(factors.T)[np.triu_indices(5, 1)]
    assert abs(correlations).max() < 4 / np.sqrt(count)


def test_no_test_face_is_a_training_face(monkeypatch):
    monkeypatch.undo()
    train, test = (faces._factors(split) for split in ("train", "test"))
    assert not np.isin(test[:, AZIMUTH], train[:, AZIMUTH]).any()


# ---- loading


def test_a_split_is_the_images_of_its_factors(folders):
    train, test = load(folders), load(folders, "test")
    assert (len(train), len(test)) == (20, 6)
    assert train.name == "faces (drawn head)"
    assert train.factor_names == ("azimuth", "elevation", "lighting", "width", "identity")
    assert train.factor_types == (*["continuous"] * 4, "discrete")
    for split in (train, test):
        assert split.images.shape == (len(split), 1, 32, 32)
        np.testing.assert_array_equal(split.images, draw_faces(split.factors))
        np.testing.assert_array_equal(split.images, SOURCE.render(split.factors))


def test_a_split_is_drawn_once(folders, monkeypatch):
    first = load(folders)
    monkeypatch.setattr(faces, "_draw_into", None)
    again = load(folders)
    assert again.fingerprint == first.fingerprint
    with pytest.raises(TypeError):
        load(folders, "test")


def test_a_model_in_the_data_root_is_used(folders):
    before = load(folders)
    path = write_model(folders / "data" / "faces" / "model2017-1_bfm_nomouth.h5")
    after = load(folders)
    assert after.name == "faces (Basel Face Model 2017)"
    assert (before.images != after.images).mean() > 0.1
    np.testing.assert_array_equal(before.factors, after.factors)
    np.testing.assert_array_equal(after.images, draw_faces(after.factors))
    write_model(path, nose=80)
    assert (load(folders).images != after.images).any()


def test_a_model_by_path_is_that_model_in_the_data_root(folders):
    path = write_model(folders / "data" / "faces" / "x.h5")
    by_path = load_faces_of(path, "train")
    assert by_path.fingerprint == load(folders).fingerprint
    assert by_path.name == "faces (Basel Face Model 2017)"


def test_an_image_set_draws_with_its_own_model(folders):
    """The data root holds another one."""
    split = load_faces_of(write_model(folders / "x.h5"), "test")
    np.testing.assert_array_equal(split.render(split.factors), split.images)
    assert (draw_faces(split.factors) != split.images).any()
    with pytest.raises(UserError, match="width must be"):
        split.render([row(width=2)])


def test_where_says_which_model(folders):
    root = folders / "data"
    assert SOURCE.where(root) == "rendered from a drawn head"
    path = write_model(root / "faces" / "x.h5")
    assert SOURCE.where(root) == f"rendered from {path}"
    path.unlink()
    (root / "FaceXModel").mkdir()
    assert "is the copy of ICT-FaceKit complete?" in SOURCE.where(root)


def test_a_broken_model_is_named_and_leaves_nothing(folders):
    path = write_model(folders / "data" / "faces" / "x.h5")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"x\.h5: cannot be read as a Basel Face Model 2017"):
        load(folders)
    assert list((folders / "cache").iterdir()) == []


def test_without_vtk_only_drawn_splits_can_be_had(folders, monkeypatch):
    load(folders)
    monkeypatch.setitem(sys.modules, "vtkmodules.vtkRenderingOpenGL2", None)
    load(folders)
    with pytest.raises(UserError, match="needs VTK: pip install"):
        load(folders, "test")


# ---- what is seen


def test_images_are_upright_and_whole():
    """At no corner of the ranges does the head leave the image but by its neck, below."""
    corners = np.stack(np.meshgrid(*RANGES[:IDENTITY], [0, 7], indexing="ij"), -1).reshape(-1, 5)
    corners[:, LIGHTING] = 0
    images = drawn(*corners)
    assert images[:, 0].max() == 0
    assert images[:, :20, [0, -1]].max() == 0
    assert (images[:, -1].max(1) > 100).all()
    assert (images[:, 8:24, 12:20].min((1, 2)) > 0).all()


def test_nose_shows_where_the_camera_is(folders):
    """Above azimuth 0 the nose points to the left; from above it points down."""
    write_model(folders / "data" / "faces" / "x.h5")
    ahead, left, right, down, up = drawn(
        row(), row(azimuth=60), row(azimuth=-60), row(elevation=30), row(elevation=-30)
    )

    def stands_out(picture):
        """How many pixels the middle rows reach further to the left than those above them."""
        lit = picture > 0
        return int(lit[8:11].argmax(1).min() - lit[15:17].argmax(1).min())

    for turns, picture in enumerate((left, up, right, down)):
        assert stands_out(np.rot90(picture, turns)) > 5
        assert stands_out(np.rot90(picture, turns + 2)) < 3
        assert stands_out(np.rot90(ahead, turns)) < 3


def test_mirrored_factors_mirror_the_image():
    """The drawn head is the same on both sides."""
    one, other = drawn(
        row(azimuth=40, elevation=10, lighting=55, identity=5),
        row(azimuth=-40, elevation=10, lighting=-55, identity=5),
    )
    assert (one != one[:, ::-1]).mean() > 0.3
    assert abs(one[:, ::-1] - other).mean() < 0.5  # what cuts the quads is not mirrored


@pytest.mark.parametrize("azimuth", [-50, 0, 50])
def test_light_moves_from_left_to_right_whatever_the_azimuth(azimuth):
    pictures = drawn(*(row(azimuth=azimuth, lighting=angle) for angle in range(-80, 81, 20)))
    columns = np.arange(32) - 15.5
    lit = (pictures.sum(1) * columns).sum(1) / pictures.sum((1, 2))
    assert (np.diff(lit) > 0.1).all()


@pytest.mark.parametrize("width", [0.85, 1.15])
def test_width_stretches_the_outline(width):
    plain, stretched = ((image[8:20] > 0).sum(1) for image in drawn(row(), row(width=width)))
    assert stretched.mean() / plain.mean() == pytest.approx(width, rel=0.04)


def test_identities_are_people():
    people = drawn(*(row(identity=k) for k in range(0, 200, 5)))
    assert len({person.tobytes() for person in people}) == 40
    again = drawn(row(identity=195), row(identity=15))
    np.testing.assert_array_equal(again, people[[39, 3]])


def test_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(0)
    low, high = np.array(RANGES, dtype=float).T
    factors = rng.uniform(low, high, (30, 5))
    factors[:, IDENTITY] = rng.integers(4, size=30)
    order = rng.permutation(30)
    np.testing.assert_array_equal(draw_faces(factors[order]), draw_faces(factors)[order])


def test_no_rows_give_no_images():
    assert draw_faces(np.empty((0, 5))).shape == (0, 1, 32, 32)


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([row(azimuth=60.1)], "azimuth must be -60 to 60, not 60.1"),
        ([row(elevation=-31)], "elevation must be -30 to 30, not -31"),
        ([row(lighting=81)], "lighting must be -80 to 80, not 81"),
        ([row(), row(width=0.8)], "width must be 0.85 to 1.15, not 0.8"),
        ([row(identity=200)], "identity must be a whole number, 0 to 199, not 200"),
        ([row(identity=0.5)], "identity must be a whole number, 0 to 199, not 0.5"),
        ([row(azimuth=float("nan"))], "azimuth must be -60 to 60, not nan"),
        ([[0, 0, 0, 1]], r"factors must have shape \(n, 5\), not \(1, 4\)"),
        ([0, 0, 0, 1, 0], r"factors must have shape \(n, 5\), not \(5,\)"),
        ([["a"] * 5], "factors must be numbers"),
    ],
)
def test_factors_that_the_set_does_not_have(factors, expected):
    with pytest.raises(UserError, match=f"^faces: {expected}"):
        draw_faces(factors)


@pytest.mark.shared_data
def test_faces_of_the_light_model_are_faces(shared_data, monkeypatch):
    monkeypatch.setenv("INFOEVAL_DATA", str(shared_data))
    people = drawn(*(row(identity=k, lighting=30) for k in range(24)))
    mean = people.mean(0)
    assert people[:, 0].max() == 0
    # Eyes lie in the shadow of the brow; cheeks, forehead and the tip of the nose do not.
    eyes, forehead, cheeks = mean[13:15, 11:21], mean[7:10, 12:20], mean[17:19, 11:21]
    assert eyes.mean() < forehead.mean() - 20
    assert eyes.mean() < cheeks.mean()
    one, other = drawn(row(azimuth=50, identity=2), row(azimuth=-50, identity=2))
    assert abs(one[:, ::-1] - other).mean() < 12 < abs(one - other).mean()


def test_the_first_model_of_the_data_root_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(face_model_files, "_MODES", 0)
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
