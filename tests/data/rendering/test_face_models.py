from pathlib import Path

import numpy as np
import pytest

from infoeval.data.rendering.face_models import face_model
from infoeval.errors import UserError
from tests.data.small_face_models import HEIGHT, MEAN, POINTS, QUADS, TRIANGLES, nearest

SOMEWHERE = Path("some.file")


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
