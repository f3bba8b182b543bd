import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from infoeval.data import folder, load
from infoeval.data.folder import common_form, load_folder
from infoeval.data.resizing import fit
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (10, 6, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, (10, 6, 5, 3), dtype=np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def fill(base, images, names):
    for name, pixels in zip(names, images, strict=False):
        save(base / name, pixels)


def contents(*sets):
    return sorted(bytes(image) for each in sets for image in each.images)


@pytest.mark.parametrize("suffix", ["png", "PNG", "bmp"])
@pytest.mark.parametrize("images", [GREY, RGB], ids=["grey", "rgb"])
def test_lossless_images_come_back_exactly(tmp_path, images, suffix):
    fill(tmp_path / "mine", images, [f"{k}.{suffix}" for k in range(10)])
    train, test = (load(tmp_path / "mine", split) for split in ("train", "test"))
    channels = 1 if images.ndim == 3 else 3
    assert train.images.shape == (8, channels, 6, 5)
    assert test.images.shape == (2, channels, 6, 5)
    expected = images.reshape(10, 6, 5, channels).transpose(0, 3, 1, 2)
    assert contents(train, test) == sorted(bytes(image) for image in expected)
    assert (train.name, train.labels, train.label_names) == ("mine", None, ())


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_lossy_images_are_read(tmp_path, suffix):
    flat = np.full((6, 5, 3), 100, dtype=np.uint8)
    for k in range(2):
        save(tmp_path / f"{k}.{suffix}", flat)
    image = load(tmp_path).images[0]
    assert image.shape == (3, 6, 5)
    assert abs(image.astype(int) - 100).max() <= 3


def test_palettes_are_rgb_and_of_a_gif_the_first_frame_counts(tmp_path):
    red, blue = ((255, 0, 0), (0, 0, 255))
    frames = [Image.new("RGB", (5, 6), colour).quantize(2) for colour in (red, blue)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "b.png")
    for split in ("train", "test"):
        image = load(tmp_path, split).images[0]
        np.testing.assert_array_equal(image, np.broadcast_to([[[255]], [[0]], [[0]]], (3, 6, 5)))


def test_black_and_white_images_are_grey(tmp_path):
    for k in range(2):
        save(tmp_path / f"{k}.png", GREY[0] > 127)
    np.testing.assert_array_equal(load(tmp_path).images[0, 0], np.where(GREY[0] > 127, 255, 0))


def test_subfolder_names_are_labels(tmp_path):
    fill(tmp_path, GREY, [f"{'cat' if k % 2 else 'ant'}/deep/{k}.png" for k in range(10)])
    for split in ("train", "test"):
        data = load(tmp_path, split)
        assert data.label_names == ("ant", "cat")
        for image, label in zip(data.images, data.labels, strict=True):
            k = next(k for k in range(10) if (GREY[k] == image[0]).all())
            assert label == k % 2


def test_images_beside_subfolders_leave_all_without_labels(tmp_path):
    fill(tmp_path, GREY, ["a/0.png", "b/1.png", "2.png"])
    assert load(tmp_path).labels is None


def test_train_and_test_folders_are_the_splits(tmp_path):
    names = ["train/x/0.png", "train/y/1.png", "test/y/2.png", "test/y/3.png", "val/z/4.png"]
    fill(tmp_path, GREY, names)
    train, test = load(tmp_path, "train"), load(tmp_path, "test")
    np.testing.assert_array_equal(train.images[:, 0], GREY[:2])
    np.testing.assert_array_equal(test.images[:, 0], GREY[2:4])
    assert train.label_names == test.label_names == ("x", "y")
    assert train.labels.tolist() == [0, 1]
    assert test.labels.tolist() == [1, 1]


def test_train_and_test_folders_without_classes_have_no_labels(tmp_path):
    fill(tmp_path, GREY, ["train/0.png", "test/1.png"])
    assert load(tmp_path).labels is None


def test_hidden_and_other_files_are_passed_over(tmp_path):
    fill(tmp_path, GREY, ["0.png", "1.png", ".2.png", ".thumbs/3.png"])
    (tmp_path / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "folder.png").mkdir()
    assert contents(load(tmp_path, "train"), load(tmp_path, "test")) == sorted(map(bytes, GREY[:2]))


def test_order_does_not_depend_on_the_order_of_writing(tmp_path):
    names = [f"{k}.png" for k in range(10)]
    fill(tmp_path / "a", GREY, names)
    fill(tmp_path / "b", GREY[::-1], names[::-1])
    assert load(tmp_path / "a").fingerprint == load(tmp_path / "b").fingerprint


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (GREY[0, :, :4], "4×6 grey"),
        (GREY[0].T, "6×5 grey"),
        (RGB[0], "5×6 RGB"),
    ],
)
def test_the_first_image_that_differs_is_named(tmp_path, odd, reason, split):
    fill(tmp_path, [*GREY[:5], odd, odd], [f"{k}.png" for k in range(7)])
    first, differs = tmp_path / "0.png", tmp_path / "5.png"
    with pytest.raises(UserError, match=f"{differs}: is {reason}, but {first} is 5×6 grey"):
        load(tmp_path, split)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (Image.new("RGBA", (5, 6)), "has transparency"),
        (Image.new("LA", (5, 6)), "has transparency"),
        (Image.new("I;16", (5, 6)), "has mode I;16"),
    ],
)
def test_other_modes_are_refused(tmp_path, picture, reason):
    picture.save(tmp_path / "0.png")
    with pytest.raises(UserError, match=rf"0\.png: {reason}"):
        load(tmp_path)


def test_cmyk_is_refused(tmp_path):
    Image.new("CMYK", (5, 6)).save(tmp_path / "0.jpg")
    with pytest.raises(UserError, match=r"0\.jpg: has mode CMYK"):
        load(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "gif"])
@pytest.mark.parametrize("kept", [0, 4, 30, 0.6])
def test_a_broken_image_is_named(tmp_path, suffix, kept):
    noise = RNG.integers(0, 256, (64, 64), dtype=np.uint8)
    for name in ("train/0", "train/1", "train/2", "test/3"):
        save(tmp_path / f"{name}.{suffix}", noise)
    path = tmp_path / "train" / f"1.{suffix}"
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(UserError) as caught:
        load(tmp_path, "train")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_other_formats_in_disguise_are_refused(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "0.png", format="TIFF")
    with pytest.raises(UserError, match=r"0\.png: broken, or not an image"):
        load(tmp_path)


def bomb(width, height):
    """Return a PNG of a few bytes that declares a size."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5_000, 10_000, 60_000])
def test_decompression_bombs_are_refused_unread(tmp_path, side):
    (tmp_path / "0.png").write_bytes(bomb(side, side))
    with pytest.raises(UserError, match=r"0\.png: .*(limit|bomb)"):
        load(tmp_path)


def test_a_folder_larger_than_the_limit_is_refused(tmp_path, monkeypatch):
    fill(tmp_path, GREY, [f"{k}.png" for k in range(10)])
    monkeypatch.setattr(folder, "MAX_ARRAY_BYTES", 239)
    with pytest.raises(UserError, match="8 images of 5×6 grey take 240 bytes; the limit is 239"):
        load(tmp_path, "train")
    assert len(load(tmp_path, "test")) == 2


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(UserError, match=f"{tmp_path}: holds no images"):
        load(tmp_path)
    save(tmp_path / "0.png", GREY[0])
    with pytest.raises(UserError, match="cannot be split"):
        load(tmp_path)


MIXED = {
    "a/wide.png": Image.fromarray(RNG.integers(0, 256, (20, 50, 3), dtype=np.uint8)),
    "a/high.bmp": Image.fromarray(RNG.integers(0, 256, (90, 31), dtype=np.uint8)),
    "a/other.jpg": Image.fromarray(RNG.integers(0, 256, (30, 45, 3), dtype=np.uint8)),
    "b/tiny.png": Image.fromarray(RNG.integers(0, 256, (3, 4), dtype=np.uint8) > 127),
    "b/palette.gif": Image.new("RGB", (40, 40), (200, 30, 30)).quantize(4),
}


def write_mixed(base):
    for name, picture in MIXED.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(base / name)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 24)])
def test_images_of_any_size_and_colour_are_brought_to_one(tmp_path, shape):
    write_mixed(tmp_path)
    parts = [load_folder(tmp_path, split, shape=shape) for split in ("train", "test")]
    expected = [fit(Image.open(tmp_path / name), shape) for name in MIXED]
    assert contents(*parts) == sorted(bytes(image) for image in expected)
    for part in parts:
        assert part.images.shape[1:] == shape
        assert part.label_names == ("a", "b")


def test_the_same_split_is_taken_whatever_the_shape(tmp_path):
    fill(tmp_path, GREY, [f"{k}.png" for k in range(10)])
    for split in ("train", "test"):
        as_they_are = load_folder(tmp_path, split)
        again = load_folder(tmp_path, split, shape=(1, 6, 5))
        assert as_they_are.fingerprint == again.fingerprint


def test_images_that_differ_are_an_error_with_the_command_that_resizes(tmp_path):
    write_mixed(tmp_path)
    with pytest.raises(UserError, match=r"one size and mode here \(infoeval train FOLDER resizes"):
        load_folder(tmp_path)


def test_an_image_is_turned_upright_where_it_is_resized(tmp_path):
    upright = np.zeros((80, 40), dtype=np.uint8)
    upright[:40] = 255
    lying = Image.fromarray(np.rot90(upright).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: to be shown turned clockwise
    for name in ("0.jpg", "1.jpg"):
        lying.save(tmp_path / name, exif=exif, quality=100)
    found = load_folder(tmp_path, shape=(1, 8, 8)).images[0, 0].astype(int)
    assert found[:3].min() > 250
    assert found[-3:].max() < 5


def test_a_large_jpeg_is_not_held_whole(tmp_path, monkeypatch):
    """Its own coarser scales are decoded, which show nearly the same."""
    rng = np.random.default_rng(0)
    rough = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    large = rough.resize((2400, 1800), Image.Resampling.BICUBIC)
    for name in ("0.jpg", "1.jpg"):
        large.save(tmp_path / name, quality=95)
    sizes = []

    def noted(image, shape):
        sizes.append(image.size)
        return fit(image, shape)

    monkeypatch.setattr(folder, "fit", noted)
    found = load_folder(tmp_path, shape=(3, 64, 64)).images[0].astype(int)
    assert sizes == [(300, 225)]
    difference = abs(found - fit(large, (3, 64, 64)))
    assert difference.max() <= 12
    assert difference.mean() <= 3


def test_broken_images_are_left_out_on_request(tmp_path):
    fill(tmp_path, GREY, [f"{'ab'[k % 2]}/{k}.png" for k in range(10)])
    for name in ("a/4.png", "b/7.png"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:45])
    (tmp_path / "b" / "3.png").write_bytes(b"no picture")
    for shape in (None, (1, 6, 5), (3, 4, 4)):
        with pytest.raises(UserError, match=r"\.png: .*; add --skip-broken to leave"):
            [load_folder(tmp_path, split, shape=shape) for split in ("train", "test")]
        parts = [
            load_folder(tmp_path, split, shape=shape, skip_broken=True)
            for split in ("train", "test")
        ]
        assert sum(map(len, parts)) == 7
        names = {name for part in parts for name in part.left_out}
        assert names == {str(tmp_path / name) for name in ("a/4.png", "b/7.png", "b/3.png")}
        for part in parts:
            assert part.label_names == ("a", "b")
            assert len(part.labels) == len(part)
        if shape == (1, 6, 5):
            for part in parts:
                for image, label in zip(part.images[:, 0], part.labels, strict=True):
                    assert next(k for k in range(10) if (GREY[k] == image).all()) % 2 == label


def test_the_form_of_a_folder_is_all_its_sizes_and_the_channels_for_all(tmp_path):
    write_mixed(tmp_path)
    sizes = {(20, 50), (90, 31), (30, 45), (3, 4), (40, 40)}
    assert common_form(tmp_path) == (sizes, 3)
    for name in ("a/wide.png", "a/other.jpg", "b/palette.gif"):
        (tmp_path / name).unlink()
    assert common_form(tmp_path) == ({(90, 31), (3, 4)}, 1)
    (tmp_path / "b" / "9.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"9\.png: broken, or not an image .*--skip-broken"):
        common_form(tmp_path)
    assert common_form(tmp_path, skip_broken=True) == ({(90, 31), (3, 4)}, 1)


def test_an_image_that_is_resized_may_be_larger_than_one_that_is_not(tmp_path):
    for name in ("0.png", "1.png"):
        Image.new("1", (4200, 4000)).save(tmp_path / name)
    with pytest.raises(UserError, match=f"4200×4000 pixels; the limit is {folder.MAX_PIXELS}"):
        load_folder(tmp_path)
    assert load_folder(tmp_path, shape=(1, 28, 28)).images.shape == (1, 1, 28, 28)
