import numpy as np
import pytest
from PIL import Image

from infoeval.data import resizing
from infoeval.data.resizing import fit, fit_all
from infoeval.errors import UserError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(3, 3), (28, 28), (64, 40), (1000, 7), (1, 1), (33, 700)])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (3, 32, 48), (1, 1, 1)])
def test_a_plain_colour_stays_what_it_is(size, shape):
    found = fit(Image.new("RGB", size, (90, 90, 90)), shape)
    assert found.shape == shape
    assert found.dtype == np.uint8
    assert (found == 90).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_an_image_of_the_size_keeps_its_pixels(mode):
    pixels = RNG.integers(0, 256, (12, 9, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    rgb = np.moveaxis(np.asarray(picture.convert("RGB")), 2, 0)
    np.testing.assert_array_equal(fit(picture, (3, 12, 9)), rgb)
    np.testing.assert_array_equal(
        fit(picture, (1, 12, 9))[0], np.asarray(picture.convert("RGB").convert("L"))
    )


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((40, 24), (1, 8, 8)),
        ((24, 40), (1, 8, 8)),
        ((96, 40), (1, 5, 10)),
        ((40, 96), (1, 10, 5)),
    ],
)
def test_only_the_middle_is_seen(size, shape):
    """The part of the aspect asked for is white, what is beside it black."""
    width, height = size
    scale = min(width / shape[2], height / shape[1])
    inner = (round(shape[2] * scale), round(shape[1] * scale))
    assert inner != size
    picture = Image.new("L", size, 0)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    picture.paste(255, (left, top, left + inner[0], top + inner[1]))
    assert (fit(picture, shape) == 255).all()
    assert (fit(Image.eval(picture, lambda value: 255 - value), shape) == 0).all()


def test_shrinking_takes_a_mean_and_does_not_alias():
    stripes = np.zeros((256, 256), dtype=np.uint8)
    stripes[:, ::2] = 200
    found = fit(Image.fromarray(stripes), (1, 32, 32)).astype(int)
    assert abs(found[:, :, 4:-4] - 100).max() <= 3
    noise = RNG.integers(0, 256, (320, 320), dtype=np.uint8)
    means = noise.reshape(32, 10, 32, 10).mean((1, 3))
    small = fit(Image.fromarray(noise), (1, 32, 32))[0]
    assert np.corrcoef(small.ravel(), means.ravel())[0, 1] > 0.8
    assert abs(small.mean() - noise.mean()) < 1


def test_mirrored_images_give_mirrored_images():
    pixels = RNG.integers(0, 256, (60, 81, 3), dtype=np.uint8)[:, :80]
    found = fit(Image.fromarray(pixels), (3, 30, 30))
    mirrored = fit(Image.fromarray(np.ascontiguousarray(pixels[:, ::-1])), (3, 30, 30))
    np.testing.assert_array_equal(mirrored, found[:, :, ::-1])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 20, 12)])
def test_arrays_are_treated_as_images_are(channels, shape):
    images = RNG.integers(0, 256, (4, channels, 24, 30), dtype=np.uint8)
    found = fit_all(images, shape)
    assert found.shape == (4, *shape)
    for image, small in zip(images, found, strict=True):
        whole = image[0] if channels == 1 else np.moveaxis(image, 0, 2)
        np.testing.assert_array_equal(small, fit(Image.fromarray(whole.copy()), shape))


def test_arrays_of_the_shape_are_not_copied():
    images = RNG.integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)
    assert fit_all(images, (1, 8, 8)) is images


def test_grey_becomes_equal_channels_and_colour_luma():
    grey = RNG.integers(0, 256, (2, 1, 8, 8), dtype=np.uint8)
    assert (fit_all(grey, (3, 8, 8)) == grey).all()
    green = np.zeros((1, 3, 8, 8), dtype=np.uint8)
    green[:, 1] = 200
    assert (fit_all(green, (1, 8, 8)) == 117).all()  # 0.587 of it


def test_more_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(resizing, "MAX_ARRAY_BYTES", 1000)
    images = np.zeros((10, 1, 4, 4), dtype=np.uint8)
    with pytest.raises(UserError, match=r"10 images of shape \(1, 11, 11\) exceed 1000 bytes"):
        fit_all(images, (1, 11, 11))
    assert len(fit_all(images, (1, 10, 10))) == 10
