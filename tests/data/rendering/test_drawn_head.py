import numpy as np
import pytest

from infoeval.data.rendering.drawn_head import TRAITS, drawn_head
from tests.data.small_face_models import nearest


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
