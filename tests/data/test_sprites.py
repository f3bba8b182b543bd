import math

import numpy as np
import pytest

from infoeval.data import load
from infoeval.data.sprites import draw_sprites
from infoeval.errors import UserError

SQUARE, ELLIPSE, HEART = range(3)
SCALES = np.arange(5, 11) / 10
TURNS = 2 * np.pi * np.arange(40) / 40
MIDDLE = 15 / 31  # pixel 31
ROWS, COLUMNS = np.mgrid[:64, :64]


def table(shapes=range(3), scales=(1,), turns=(0,), xs=(MIDDLE,), ys=(MIDDLE,)):
    axes = np.meshgrid(shapes, scales, turns, xs, ys, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1).astype(float)


def drawn(*args, **kwargs):
    """Draw a table of factors; True is white."""
    return draw_sprites(table(*args, **kwargs))[:, 0] > 0


@pytest.fixture(scope="module")
def splits():
    return {split: load("sprites", split) for split in ("train", "test")}


def test_images_are_black_and_white():
    images = draw_sprites(table(scales=SCALES))
    assert images.dtype == np.uint8
    assert images.shape == (18, 1, 64, 64)
    assert set(np.unique(images)) == {0, 255}
    assert draw_sprites(np.empty((0, 5))).shape == (0, 1, 64, 64)


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
@pytest.mark.parametrize("scale", SCALES)
def test_area_and_centroid_are_those_of_the_formulas(shape, scale):
    """Over places and turns between the grid's, the rounding to pixels averages out."""
    rng = np.random.default_rng(0)
    n = 2000
    x, y = rng.uniform(size=(2, n))
    turns = rng.uniform(0, 2 * np.pi, n)
    factors = np.stack([np.full(n, shape), np.full(n, scale), turns, x, y], axis=1)
    white = draw_sprites(factors)[:, 0] > 0
    areas = white.sum((1, 2))
    true = (20.6 * scale) ** 2
    assert areas.mean() == pytest.approx(true, rel=0.005)
    assert np.abs(areas / true - 1).max() < 0.2
    right = (white * (COLUMNS + 0.5)).sum((1, 2)) / areas - (16.5 + 31 * x)
    down = (white * (ROWS + 0.5)).sum((1, 2)) / areas - (16.5 + 31 * y)
    # Along the sprite's own axes too, where a centroid that is off would not average out.
    along = right * np.cos(turns) - down * np.sin(turns)
    across = -right * np.sin(turns) - down * np.cos(turns)
    for off in (right, down, along, across):
        assert abs(off.mean()) < 5 * off.std() / math.sqrt(n)
        assert np.abs(off).max() < 0.6


def test_no_sprite_of_the_grid_is_cut_off_or_touches_the_border():
    middle = drawn(scales=SCALES, turns=TURNS).sum((1, 2))
    for x in (0, 1):
        for y in (0, 1):
            corner = drawn(scales=SCALES, turns=TURNS, xs=[x], ys=[y])
            np.testing.assert_array_equal(corner.sum((1, 2)), middle)
            for border in (corner[:, [0, -1]], corner[:, :, [0, -1]]):
                assert not border.any()


def test_a_step_of_x_or_y_is_one_pixel_right_or_down():
    steps = np.arange(32) / 31
    for turn in TURNS[[0, 3, 7]]:
        first = drawn(turns=[turn], xs=[0])
        for k, x in enumerate(steps):
            np.testing.assert_array_equal(drawn(turns=[turn], xs=[x]), np.roll(first, k, 2))
        first = drawn(turns=[turn], ys=[0])
        for k, y in enumerate(steps):
            np.testing.assert_array_equal(drawn(turns=[turn], ys=[y]), np.roll(first, k, 1))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("shape", "period"), [(SQUARE, 10), (ELLIPSE, 20), (HEART, 40)])
def test_orientation_shows_up_to_the_symmetry_of_the_shape(shape, period, scale):
    images = drawn([shape], [scale], TURNS)
    np.testing.assert_array_equal(images, np.roll(images, period, axis=0))
    assert len({bytes(image) for image in images}) == period


def test_a_quarter_turn_is_anticlockwise():
    for k in range(30):
        before, after = drawn(turns=[TURNS[k]]), drawn(turns=[TURNS[k + 10]], ys=[16 / 31])
        np.testing.assert_array_equal(np.rot90(before, axes=(1, 2)), after)


def test_shapes_are_what_they_are_called():
    square, ellipse, heart = drawn()
    assert sorted({*square.sum(0), *square.sum(1)}) == [0, 21]
    assert (ellipse.any(0).sum(), ellipse.any(1).sum()) == (29, 19)
    # The widest row is in the upper half, the tip is below, and there is a notch above.
    rows = np.flatnonzero(heart.any(1))
    assert heart[rows].sum(1).argmax() < len(rows) / 2
    assert heart[rows[-1]].sum() <= 3
    assert not heart[rows[0], 31]
    assert heart[rows[0], :31].any()


def test_heart_is_mirrored_about_its_axis():
    heart = drawn([HEART])[0]
    np.testing.assert_array_equal(heart[:, :63], heart[:, 62::-1])


def test_no_pixel_of_the_grid_is_so_near_an_outline_that_rounding_decides():
    whole = drawn(scales=SCALES[1:-1], turns=TURNS[1:])
    for change in (-1e-5, 1e-5):
        larger = drawn(scales=SCALES[1:-1] * (1 + change), turns=TURNS[1:])
        turned = drawn(scales=SCALES[1:-1], turns=TURNS[1:] + change)
        np.testing.assert_array_equal(larger, whole)
        np.testing.assert_array_equal(turned, whole)


def test_each_row_is_drawn_by_itself():
    factors = np.random.default_rng(0).permutation(table(scales=SCALES, turns=TURNS[::3]))
    together = draw_sprites(factors)
    apart = np.concatenate([draw_sprites(row[None]) for row in factors])
    np.testing.assert_array_equal(together, apart)


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ([0, 1, 0, 0.5, 0.5], r"must have shape \(n, 5\), not \(5,\)"),
        ([[0, 1, 0, 0.5]], r"must have shape \(n, 5\), not \(1, 4\)"),
        ([["heart", 1, 0, 0.5, 0.5]], "must be numbers"),
        ([[0, 1, 0, 0.5, 0.5], [0]], "must be numbers"),
        ([[3, 1, 0, 0.5, 0.5]], "shape must be a whole number, 0 to 2, not 3"),
        ([[0.5, 1, 0, 0.5, 0.5]], "shape must be a whole number, 0 to 2, not 0.5"),
        ([[0, 1, 0, 0.5, 0.5], [0, 0.4, 0, 0.5, 0.5]], "scale must be 0.5 to 1, not 0.4"),
        ([[0, 1.1, 0, 0.5, 0.5]], "scale must be 0.5 to 1, not 1.1"),
        ([[0, 1, -1, 0.5, 0.5]], "orientation must be in"),
        ([[0, 1, 2 * np.pi, 0.5, 0.5]], r"orientation must be in \[0, 2π\), not 6.28"),
        ([[0, 1, 0, -0.1, 0.5]], "x must be 0 to 1, not -0.1"),
        ([[0, 1, 0, 0.5, 32]], "y must be 0 to 1, not 32"),
        ([[np.nan] * 5], "shape must be a whole number, 0 to 2, not nan"),
        ([[0, np.nan, 0, 0.5, 0.5]], "scale must be 0.5 to 1, not nan"),
        ([[0, 1, np.inf, 0.5, 0.5]], "orientation must be .* not inf"),
    ],
)
def test_other_factors_are_refused(factors, reason):
    with pytest.raises(UserError, match=f"sprites: .*{reason}"):
        draw_sprites(factors)


def test_the_sample_is_of_the_grid_without_replacement(splits):
    assert {split: len(data) for split, data in splits.items()} == {"train": 50_000, "test": 10_000}
    factors = np.concatenate([data.factors for data in splits.values()])
    assert len(np.unique(factors, axis=0)) == 60_000
    grid = (range(3), SCALES, TURNS, np.arange(32) / 31, np.arange(32) / 31)
    for found, values in zip(factors.T, grid, strict=True):
        kinds, counts = np.unique(found, return_counts=True)
        np.testing.assert_array_equal(kinds, values)
        # Five standard errors about an even share.
        expected = 60_000 / len(kinds)
        assert np.abs(counts - expected).max() < 5 * math.sqrt(expected)


def test_factors_are_named_and_typed(splits):
    for data in splits.values():
        assert data.factor_names == ("shape", "scale", "orientation", "x", "y")
        assert data.factor_types == ("discrete", "ordinal", "periodic", "ordinal", "ordinal")
        assert data.labels is None


def test_images_are_what_the_factors_draw(splits):
    for data in splits.values():
        np.testing.assert_array_equal(data.images[:500], draw_sprites(data.factors[:500]))


def test_the_set_never_changes(splits):
    assert splits["train"].fingerprint == (
        "5a714a0b371d07c6d8d5dab92c3334661b8922b20ccebfa7965bb745a598c5c2"
    )
    assert splits["test"].fingerprint == (
        "7d778293140ba9a51162fb40a00887ae4e4e4a046b070aa02de01035bcee008a"
    )
