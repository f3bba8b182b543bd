import hashlib
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from infoeval.data import chairs
from infoeval.data.chairs import SOURCE, draw_chairs
from infoeval.data.formats.cache import progress_to
from infoeval.data.source import LoadRequest
from infoeval.errors import UserError

KINDS = np.array(list(itertools.product(range(4), range(4))), dtype=float)
ONE_OF_EACH = KINDS[[0, 5, 10, 15]]
WHITE = 255


def drawn(width=1.0, rotation=0.0, kinds=KINDS):
    """Draw each kind with one width and rotation, ``(kinds, 64, 64)``."""
    rest = np.broadcast_to([width, rotation], (len(kinds), 2))
    return draw_chairs(np.hstack([kinds, rest]))[:, 0].astype(int)


def differences(images):
    """Return the mean absolute difference of each image and each, in grey levels."""
    return np.abs(images[:, None] - images[None]).mean(axis=(2, 3))


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A set of few chairs, prepared in a folder of the test's own."""
    monkeypatch.setattr(chairs, "COUNTS", {"train": 12, "test": 7})
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path))


def loaded(split):
    return SOURCE.load(LoadRequest(Path("nowhere"), split))


def test_images_are_grey_on_white_and_whole():
    for rotation in (0, 45, 135, 200):
        images = drawn(1.3, rotation)
        assert (images[:, [0, -1]] == WHITE).all()
        assert (images[:, :, [0, -1]] == WHITE).all()
        chair = images < WHITE
        assert (chair.sum((1, 2)) > 150).all()
        assert images[chair].max() < WHITE
        # Next to nothing is black, and no face is as bright as the background.
        assert images.min() > 30
        assert np.percentile(images[chair], 90) < 225
    assert draw_chairs(np.empty((0, 4))).shape == (0, 1, 64, 64)


def test_every_kind_looks_different_from_every_other():
    for rotation in (0, 60, 150, 240):
        apart = differences(drawn(1, rotation))
        assert apart[~np.eye(len(KINDS), dtype=bool)].min() > 1


def test_every_rotation_looks_different_from_every_other():
    turns = np.stack([drawn(1, turn, ONE_OF_EACH) for turn in range(0, 360, 20)], axis=1)
    for images in turns:
        apart = differences(images)
        assert apart[~np.eye(len(images), dtype=bool)].min() > 3


def test_a_whole_turn_ends_where_it_began():
    np.testing.assert_allclose(drawn(1, np.nextafter(360, 0)), drawn(1, 0), atol=1)


def test_a_chair_is_symmetric_where_the_light_is(monkeypatch):
    assert np.abs(drawn(1, 0) - drawn(1, 0)[:, :, ::-1]).mean() > 1
    monkeypatch.setattr(chairs, "_LIGHT_AZIMUTH", 0.0)
    for rotation in (0, 30, 110, 180):
        off = np.abs(drawn(1, rotation) - drawn(1, (360 - rotation) % 360)[:, :, ::-1])
        # A sample on an edge may fall to either side of it.
        assert off.max() <= 16
        assert off.mean() < 0.02


def test_faces_are_shaded_by_a_light_above_and_left_of_the_camera():
    """Lambert's law, for the seat and the front of a panel, which leans back."""
    light = np.radians(-35), np.radians(45)
    towards = np.array(
        [np.sin(light[0]) * np.cos(light[1]), np.sin(light[1]), np.cos(light[0]) * np.cos(light[1])]
    )
    rise = np.radians(25)
    for turn in (0, 45, 315):
        right = np.cos(np.radians(turn)), 0, -np.sin(np.radians(turn))
        near = np.cos(rise) * np.sin(np.radians(turn)), np.sin(rise), np.cos(rise) * right[0]
        axes = np.array([right, np.cross(near, right), near])
        for normal in ((0, 1, 0), (0, 0.15, 1)):
            facing = axes @ normal / np.linalg.norm(normal)
            shade = 255 * (0.2 + 0.65 * max(0, facing @ towards))
            alike = np.abs(drawn(1, turn, KINDS[:1])[0] - shade) <= 1.5
            assert alike.sum() > 60


def test_a_chair_seen_from_its_left_faces_the_images_left():
    """The back is what reaches highest."""
    columns = np.arange(64)
    for rotation, sign in ((90, 1), (270, -1)):
        for image in drawn(1, rotation):
            top = np.flatnonzero((image < WHITE).any(axis=1))[0]
            dark = (WHITE - image)[top : top + 8].sum(axis=0)
            assert sign * ((dark * columns).sum() / dark.sum() - 31.5) > 6


def test_width_is_that_of_the_image():
    """An image is two units across, and a seat of width 1 is 0.45 / 0.63 units."""
    for width in (0.7, 1, 1.3):
        straight = drawn(width, 0, KINDS[KINDS[:, 1] == 0])
        found = (straight < WHITE).any(axis=1).sum(axis=1)
        assert np.abs(found - width * 32 * 0.45 / 0.63).max() <= 2


def test_width_grows_the_silhouette():
    for rotation in (0, 40, 180):
        areas = [
            (drawn(width, rotation, ONE_OF_EACH) < WHITE).sum((1, 2))
            for width in (0.7, 0.85, 1, 1.15, 1.3)
        ]
        assert (np.diff(areas, axis=0) > 0).all()


def test_each_row_is_drawn_by_itself():
    factors = np.array([[0, 1, 1, 20], [3, 2, 0.8, 200], [0, 1, 1, 20], [1, 3, 1.2, 359]])
    together = draw_chairs(factors)
    apart = np.concatenate([draw_chairs(row[None]) for row in factors])
    np.testing.assert_array_equal(together, apart)
    np.testing.assert_array_equal(together[0], together[2])


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ([0, 1, 1, 0], r"must have shape \(n, 4\), not \(4,\)"),
        ([[0, 1, 1]], r"must have shape \(n, 4\), not \(1, 3\)"),
        ([["panel", 0, 1, 0]], "must be numbers"),
        ([[0, 1, 1, 0], [0]], "must be numbers"),
        ([[4, 0, 1, 0]], "back must be a whole number, 0 to 3, not 4"),
        ([[0, -1, 1, 0]], "legs must be a whole number, 0 to 3, not -1"),
        ([[0, 0.5, 1, 0]], "legs must be a whole number, 0 to 3, not 0.5"),
        ([[0, 0, 1, 0], [0, 0, 0.69, 0]], "width must be 0.7 to 1.3, not 0.69"),
        ([[0, 0, 1.31, 0]], "width must be 0.7 to 1.3, not 1.31"),
        ([[0, 0, 1, -1]], r"rotation must be in \[0, 360\), not -1"),
        ([[0, 0, 1, 360]], r"rotation must be in \[0, 360\), not 360"),
        ([[np.nan] * 4], "back must be .* not nan"),
        ([[0, 0, np.nan, 0]], "width must be .* not nan"),
        ([[0, 0, 1, np.inf]], "rotation must be .* not inf"),
    ],
)
def test_other_factors_are_refused(factors, reason):
    with pytest.raises(UserError, match=f"chairs: .*{reason}"):
        draw_chairs(factors)


def test_a_set_is_what_its_factors_draw_and_loads_again_as_it_was(few):
    for split, count in (("train", 12), ("test", 7)):
        first, again = loaded(split), loaded(split)
        assert first.images.shape == (count, 1, 64, 64)
        np.testing.assert_array_equal(first.images, draw_chairs(first.factors))
        assert first.fingerprint == again.fingerprint
        assert first.factor_names == ("back", "legs", "width", "rotation")
        assert first.factor_types == ("discrete", "discrete", "continuous", "periodic:360")
        assert first.labels is None
    assert not set(loaded("train").factors[:, 3]) & set(loaded("test").factors[:, 3])


def test_what_is_prepared_is_not_rendered_again(few, monkeypatch):
    reports = []
    with progress_to(lambda what, share: reports.append(what)):
        loaded("test")
        assert reports[0] == "preparing chairs, 1 of 7"
        reports.clear()
        monkeypatch.setattr(chairs, "Stage", None)
        loaded("test")
    assert not reports


def test_factors_are_uniform_and_independent():
    for split, count in chairs.COUNTS.items():
        factors = chairs._sample(split)
        assert factors.shape == (count, 4)
        kinds = np.bincount((4 * factors[:, 0] + factors[:, 1]).astype(int), minlength=16)
        # Five standard errors about an even share.
        assert np.abs(kinds - count / 16).max() < 5 * np.sqrt(count / 16)
        for column, (low, high) in ((2, (0.7, 1.3)), (3, (0, 360))):
            values = np.sort((factors[:, column] - low) / (high - low))
            assert values[0] >= 0
            assert values[-1] < 1
            even = (np.arange(count) + 0.5) / count
            assert np.abs(values - even).max() < 2.2 / np.sqrt(count)  # Kolmogorov's, at 1e-4
        correlations = np.corrcoef(factors, rowvar=False) - np.eye(4)
        assert np.abs(correlations).max() < 5 / np.sqrt(count)


def test_the_factors_never_change():
    digests = {
        split: hashlib.sha256(chairs._sample(split).tobytes()).hexdigest()
        for split in chairs.COUNTS
    }
    assert digests == {
        "train": "55a12c5670530d98e9b06623e1115ecb2037da6d655d601ca8d4e5697ae8188f",
        "test": "888f23a82571d2fd1be2b7baf409ba2b649d62cfc3a112e4b532d0281ac2ea69",
    }


def test_without_a_renderer_it_says_what_to_install(few, monkeypatch):
    assert SOURCE.present(Path("nowhere"))
    monkeypatch.setitem(sys.modules, "vtkmodules", None)
    monkeypatch.setitem(sys.modules, "vtkmodules.vtkRenderingOpenGL2", None)
    assert not SOURCE.present(Path("nowhere"))
    assert "infoeval[render]" in SOURCE.what_to_do(Path("nowhere"))
    with pytest.raises(UserError, match=r"pip install 'infoeval\[render\]'"):
        loaded("train")
