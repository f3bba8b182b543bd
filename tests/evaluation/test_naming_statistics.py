"""Statistics that codes are named after, of drawn images of known values."""

from typing import Any

import numpy as np
import pytest

from infoeval.evaluation.naming_statistics import naming_statistics

Images = np.ndarray[Any, np.dtype[np.uint8]]
SIDE = 48
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def one(shape: Any, *, ground: float = 0.1, level: float = 0.9) -> dict[str, float]:
    """Statistics of a grey image: an object where the shape (0 to 1) is, of one level."""
    grey = ground + (level - ground) * np.asarray(shape, float)
    return row(np.round(255 * grey).astype(np.uint8)[None, None])


def row(images: Images) -> dict[str, float]:
    (found,) = naming_statistics(images).to_dict("records")
    return {str(name): value for name, value in found.items()}


def ellipse(
    *, x: float = 0, y: float = 0, wide: float = 10, high: float = 10, turn: float = 0
) -> Any:
    along = (X - x) * np.cos(turn) - (Y - y) * np.sin(turn)
    across = (X - x) * np.sin(turn) + (Y - y) * np.cos(turn)
    return np.hypot(along / wide, across / high) <= 1


def test_place_and_extent_of_a_disc() -> None:
    found = one(ellipse(x=5, y=-3))
    assert found["centroid x"] == pytest.approx(0.5 + 5 / SIDE, abs=0.002)
    assert found["centroid y"] == pytest.approx(0.5 - 3 / SIDE, abs=0.002)
    # The object is the disc and half a pixel or so around it, whose deviation is r / √2.
    assert found["size"] == pytest.approx(10.6 / np.sqrt(2), rel=0.03)
    assert found["area"] == pytest.approx(np.pi * 10.6**2 / SIDE**2, rel=0.06)
    assert found["wider than high"] == pytest.approx(0, abs=0.002)
    assert found["slant"] == pytest.approx(0, abs=0.5)
    assert found["symmetry"] == pytest.approx(1, abs=0.02)
    assert found["skewness x"] == pytest.approx(0, abs=0.01)


def test_aspect_and_rotation_of_the_main_axis() -> None:
    # With about 0.6 pixels around it, as above.
    wide, high = 14.6**2, 7.6**2
    aspect = (wide - high) / (wide + high)
    assert one(ellipse(wide=14, high=7))["wider than high"] == pytest.approx(aspect, abs=0.03)
    for degrees in (-30, 20):
        turned = one(ellipse(wide=5, high=15, turn=-np.radians(degrees)))
        # Upright ellipses turned clockwise lean like /, and less than they are turned.
        long, short = 15.5**2, 5.5**2
        angle = np.radians(degrees)
        both = (long - short) * np.sin(angle) * np.cos(angle)
        down = long * np.cos(angle) ** 2 + short * np.sin(angle) ** 2
        assert turned["slant"] == pytest.approx(np.degrees(np.arctan(both / down)), abs=1)


@pytest.mark.parametrize("degrees", [-25, 0, 15])
def test_slant_is_that_of_a_sheared_shape(degrees: float) -> None:
    sheared = np.abs(X + Y * np.tan(np.radians(degrees))) <= 3
    found = one(sheared & (np.abs(Y) <= 15))
    assert found["slant"] == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize("width", [2, 4, 6])
def test_stroke_width_is_a_share_of_the_size(width: int) -> None:
    stroke = (np.abs(X) < width / 2) & (np.abs(Y) < 20)
    found = one(stroke)
    assert found["stroke width"] * found["size"] == pytest.approx(width, rel=0.12)


def test_a_larger_object_has_another_size_but_the_same_stroke_and_light() -> None:
    def ring(radius: float) -> dict[str, float]:
        return one(np.abs(np.hypot(X, Y) - radius) <= 0.25 * radius)

    small, large = ring(8), ring(16)
    assert large["size"] == pytest.approx(2 * small["size"], rel=0.1)
    assert large["stroke width"] == pytest.approx(small["stroke width"], rel=0.15)
    for name in ("brightness", "contrast"):
        assert large[name] == pytest.approx(small[name], abs=0.01)


def test_light_is_blind_to_shape_and_shape_to_light() -> None:
    bright, dim = (one(ellipse(x=4, wide=8), level=level) for level in (0.9, 0.4))
    assert bright["brightness"] == pytest.approx(0.5, abs=0.01)
    assert bright["contrast"] == pytest.approx(0.8, abs=0.01)
    assert dim["contrast"] == pytest.approx(0.3, abs=0.01)
    for name in ("centroid x", "size", "area", "stroke width", "sharpness", "symmetry", "texture"):
        assert dim[name] == pytest.approx(bright[name], abs=0.02 * (1 + abs(bright[name])))


def test_the_ground_may_be_bright() -> None:
    dark, light = one(ellipse(wide=6)), one(ellipse(wide=6), ground=0.9, level=0.1)
    for name in dark.keys() - {"brightness", "texture"}:
        assert light[name] == pytest.approx(dark[name], abs=0.01), name


def test_the_side_that_is_lit() -> None:
    shape = ellipse() * (0.6 + 0.04 * X)
    from_right, from_left = one(shape), one(shape[:, ::-1])
    assert from_right["light x"] > 0.2
    assert from_left["light x"] == pytest.approx(-from_right["light x"], abs=1e-6)
    assert one(shape.T)["light y"] == pytest.approx(from_right["light x"], abs=1e-6)
    assert one(ellipse(x=6))["light x"] == pytest.approx(0, abs=0.01)


def test_symmetry_and_skewness() -> None:
    triangle = (np.abs(Y) <= (X + 12) / 2) & (X <= 12)
    heavy = one(triangle)
    # The density of x in the triangle rises linearly: its skewness is -2√2/5.
    assert heavy["skewness x"] == pytest.approx(-2 * np.sqrt(2) / 5, abs=0.06)
    assert one(triangle[:, ::-1])["skewness x"] == pytest.approx(-heavy["skewness x"], abs=1e-6)
    upright = one(triangle.T)
    assert upright["symmetry"] == pytest.approx(1, abs=0.02)
    assert heavy["symmetry"] < 0.8


def test_sharpness_falls_with_blur_and_texture_rises_with_grain() -> None:
    sharp = one(X > 0)
    assert sharp["sharpness"] == pytest.approx(0.5, abs=0.01)
    # A ramp of eight pixels has steps of an eighth.
    ramp = one((X / 8 + 0.5).clip(0, 1))
    assert ramp["sharpness"] == pytest.approx(0.125, abs=0.01)
    assert sharp["texture"] == 0
    grain = np.random.default_rng(0).uniform(-1, 1, X.shape)
    found = [one(0.5 + amount * grain + 0.2 * (X > 0))["texture"] for amount in (0.02, 0.1)]
    assert found[1] > 3 * found[0] > 0


def test_colours() -> None:
    red, pale, grey = (
        row(np.broadcast_to(np.array(rgb, np.uint8)[:, None, None], (3, 8, 8))[None])
        for rgb in ((200, 0, 0), (150, 50, 50), (77, 77, 77))
    )
    assert (red["saturation"], pale["saturation"], grey["saturation"]) == pytest.approx(
        (1, 0.5, 0), abs=1e-5
    )
    assert (red["red less green"], red["blue less yellow"]) == pytest.approx((1, -0.5), abs=1e-5)
    assert grey["red less green"] == 0
    dark = row(np.broadcast_to(np.array((100, 0, 0), np.uint8)[:, None, None], (3, 8, 8))[None])
    assert dark["saturation"] == pytest.approx(1, abs=1e-5)
    assert "saturation" not in one(ellipse())


@pytest.mark.parametrize("shape", [(3, 1, 1, 1), (2, 3, 1, 7), (700, 1, 5, 2), (1, 3, 200, 700)])
def test_every_image_has_finite_numbers_and_is_alone(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    images[0] = 0
    found = naming_statistics(images)
    assert found.shape[0] == shape[0]
    assert np.isfinite(found.to_numpy()).all()
    assert found["centroid x"].iloc[0] == pytest.approx(0.5)
    last = naming_statistics(images[-1:])
    assert found.iloc[-1].to_numpy() == pytest.approx(last.iloc[0].to_numpy())
