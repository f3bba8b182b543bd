import numpy as np
import pytest

from infoeval.data import load
from infoeval.data.formats import npz_pixels
from infoeval.data.image_set import split_indices
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
MASKS = RNG.integers(0, 2, (10, 6, 5), dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_images_of_zeros_and_ones_are_black_and_white(tmp_path, dtype):
    path = tmp_path / "mine.npz"
    np.savez(path, images=MASKS.astype(dtype), test_images=MASKS[:3])
    np.testing.assert_array_equal(load(path, "train").images, MASKS[:, None] * 255)
    np.testing.assert_array_equal(load(path, "test").images, MASKS[:3, None] * 255)


def test_floats_a_rounding_error_outside_the_range_are_its_ends(tmp_path):
    images = MASKS.astype(np.float32)
    images += np.where(MASKS, np.float32(1e-6), np.float32(-1e-6))
    path = tmp_path / "mine.npz"
    np.savez(path, images=images, test_images=MASKS)
    np.testing.assert_array_equal(load(path).images, MASKS[:, None] * 255)


def test_large_images_are_decoded_once_into_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(npz_pixels, "IN_MEMORY", 100)
    path = tmp_path / "mine.npz"
    np.savez(path, images=MASKS, test_images=MASKS[:4])
    np.testing.assert_array_equal(load(path, "test").images, MASKS[:4, None] * 255)
    np.savez(path, images=MASKS)
    for split in ("train", "test"):
        images = load(path, split).images
        assert isinstance(images, np.memmap)
        np.testing.assert_array_equal(
            images[:, 0], MASKS[split_indices("mine", 10, split)] * np.uint8(255)
        )
    monkeypatch.setattr(npz_pixels, "_fill", lambda *_: pytest.fail("decoded again"))
    load(path)


def test_images_that_cannot_be_decoded_leave_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(npz_pixels, "IN_MEMORY", 100)
    path = tmp_path / "mine.npz"
    np.savez(path, images=MASKS * 3)
    with pytest.raises(UserError, match="images would be black: the brightest pixel is 3 of 255"):
        load(path)
    assert not list((tmp_path / "cache").rglob("*.npy"))


def dsprites(folder, **changed):
    """A file in the layout of dSprites: every latent by value and by class, metadata pickled."""
    classes = np.indices((1, 3, 2, 40, 2, 1)).reshape(6, -1).T
    values = np.stack(
        [
            np.ones(len(classes)),
            classes[:, 1] + 1.0,
            0.5 + 0.1 * classes[:, 2],
            np.linspace(0, 2 * np.pi, 40)[classes[:, 3]],
            classes[:, 4] / 31,
            classes[:, 5] / 31,
        ],
        axis=1,
    )
    arrays = {
        "imgs": (RNG.random((len(classes), 8, 8)) < 0.2).astype(np.uint8),
        "latents_values": values,
        "latents_classes": classes,
        "metadata": np.array({"latents_names": ("color",)}, dtype=object),
    }
    path = folder / "dsprites.npz"
    arrays |= changed
    np.savez_compressed(
        path, **{name: array for name, array in arrays.items() if array is not None}
    )
    return path, arrays


def test_the_file_of_dsprites_is_read_as_it_is(tmp_path):
    path, arrays = dsprites(tmp_path)
    rows = split_indices("", len(arrays["imgs"]), "test")
    test = load(path, "test")
    np.testing.assert_array_equal(test.images, arrays["imgs"][rows][:, None] * 255)
    # Colour and y are the same in every row.
    assert test.factor_names == ("shape", "scale", "orientation", "x")
    assert test.factor_types == ("discrete", "ordinal", "periodic", "ordinal")
    np.testing.assert_array_equal(test.factors, arrays["latents_values"][rows][:, 1:5])
    assert test.label_names == ("square", "ellipse", "heart")
    np.testing.assert_array_equal(test.labels, arrays["latents_classes"][rows, 1])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"latents_values": None}, "latents_values is missing; dSprites has 6: color, shape"),
        ({"latents_values": np.ones((480, 5))}, "latents_values is of 5 columns"),
        ({"latents_values": np.ones((479, 6))}, "latents_values has 479 entries for 480 images"),
        ({"imgs": None}, "holds no array called images; it holds latents_classes, latents_values"),
    ],
)
def test_other_files_of_that_layout_are_refused(tmp_path, changed, reason):
    path, _ = dsprites(tmp_path, **changed)
    with pytest.raises(UserError, match=reason):
        load(path)
