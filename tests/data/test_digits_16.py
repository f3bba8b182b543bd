import numpy as np
import pytest
from scipy import ndimage

from infoeval.data import load
from infoeval.data.digits_16 import measure_writing
from infoeval.data.resizing import fit_all


def disc(across: float, down: float, grey: int = 200) -> np.ndarray:
    """An ellipse of half axes `across` and `down` pixels in a picture of 64×64."""
    y, x = np.mgrid[:64, :64] - 31.5
    return (((x / across) ** 2 + (y / down) ** 2) <= 1).astype(np.uint8)[None] * np.uint8(grey)


def test_they_are_the_small_digits_enlarged(tmp_path):
    for split in ("train", "test"):
        small, large = (load(name, split, root=tmp_path) for name in ("digits", "digits_16"))
        assert np.array_equal(large.images, fit_all(small.images, (1, 16, 16)))
        assert np.array_equal(large.labels, small.labels)
        assert np.array_equal(large.places, small.places)
        assert large.label_names == small.label_names
        assert large.factor_names == ("slant", "width", "ink")
        assert np.array_equal(large.factors, measure_writing(large.images))


def test_width_and_ink_of_an_ellipse():
    slant, width, ink = measure_writing(disc(10, 20)[None])[0]
    assert slant == pytest.approx(0, abs=1e-12)
    assert width == pytest.approx(0.5, abs=0.01)
    assert ink == pytest.approx(np.pi * 10 * 20 / 64**2 * 200 / 255, rel=0.02)


@pytest.mark.parametrize("shear", [-0.4, 0.3])
def test_slant_is_the_shear_of_an_upright_figure(shear):
    """A pixel up moves the figure `shear` to the right: x of the source is x + shear (y − c)."""
    upright = disc(6, 20)[0].astype(float)
    source = np.array([[1.0, 0.0], [shear, 1.0]])
    offset = np.array([0.0, -shear * 31.5])
    leaning = ndimage.affine_transform(upright, source, offset, order=1)
    slant = measure_writing(leaning.round().astype(np.uint8)[None, None])[0, 0]
    assert slant == pytest.approx(shear, abs=0.01)


def test_place_does_not_count():
    picture = disc(8, 15)
    moved = np.roll(picture, (5, -9), axis=(1, 2))
    assert measure_writing(moved[None]) == pytest.approx(measure_writing(picture[None]))


def test_pictures_without_moments_measure_zero():
    blank, line = np.zeros((2, 1, 16, 16), np.uint8)
    line[0, 4] = 255
    measured = measure_writing(np.stack([blank, line]))
    assert measured.tolist() == [[0, 0, 0], [0, 0, 1 / 16]]
