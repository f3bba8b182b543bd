import numpy as np
import pytest

from infoeval.data.faces import face_model_at
from infoeval.data.formats import ict_face_model
from infoeval.errors import UserError
from tests.data.small_face_models import POINTS, QUADS, TRIANGLES, nearest, refused, write_ict


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
