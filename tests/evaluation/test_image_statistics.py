"""Statistics of images with known values, of odd sizes too."""

import numpy as np
import pytest

from infoeval.evaluation.image_statistics import image_statistics


def blank(channels: int = 1, height: int = 16, width: int = 16) -> np.ndarray:
    return np.zeros((1, channels, height, width), np.uint8)


def one(images: np.ndarray) -> dict[str, float]:
    (row,) = image_statistics(images).to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_a_square_on_black() -> None:
    images = blank()
    images[0, 0, 2:6, 8:12] = 255
    found = one(images)
    assert found["brightness"] == 1 / 16
    assert found["mass"] == pytest.approx(1 / 16, abs=1e-6)
    assert found["contrast"] == pytest.approx((1 / 16 * 15 / 16) ** 0.5, abs=1e-6)
    assert (found["centroid x"], found["centroid y"]) == pytest.approx((10 / 16, 4 / 16), abs=1e-6)
    # The variance of four places a sixteenth apart is 5/4 of a sixteenth squared, both ways.
    assert found["size"] == pytest.approx((2.5 / 256) ** 0.5, abs=1e-5)
    assert found["wider than high"] == pytest.approx(0, abs=1e-6)
    assert found["slant"] == pytest.approx(0, abs=1e-6)


def test_the_ground_may_be_bright() -> None:
    images = blank()
    images[0, 0, 2:6, 8:12] = 255
    dark, light = one(images), one(255 - images)
    for name in ("centroid x", "centroid y", "size", "mass", "edges", "contrast"):
        assert light[name] == pytest.approx(dark[name], abs=1e-6)
    assert light["brightness"] == pytest.approx(1 - dark["brightness"], abs=1e-6)


def test_slant_and_width() -> None:
    images = blank()
    rows = np.arange(4, 12)
    images[0, 0, rows, rows] = 255
    assert one(images)["slant"] == pytest.approx(1, abs=1e-3)
    assert one(images[..., ::-1])["slant"] == pytest.approx(-1, abs=1e-3)
    images = blank()
    images[0, 0, 8, 2:14] = 255
    assert one(images)["wider than high"] == pytest.approx(1, abs=1e-3)


def test_colours() -> None:
    images = blank(3)
    images[0, 0] = 255
    found = one(images)
    assert (found["saturation"], found["red less green"]) == (1, 1)
    assert found["blue less yellow"] == -0.5
    assert one(np.full((1, 3, 4, 4), 77, np.uint8))["saturation"] == 0
    assert "saturation" not in one(blank())


@pytest.mark.parametrize("shape", [(3, 1, 1, 1), (2, 3, 1, 7), (501, 1, 5, 2)])
def test_every_image_has_finite_numbers(shape: tuple[int, ...]) -> None:
    for value in (0, 255):
        found = image_statistics(np.full(shape, value, np.uint8))
        assert len(found) == shape[0]
        assert np.isfinite(found.to_numpy()).all()
        assert found["centroid x"].tolist() == pytest.approx([0.5] * shape[0])
