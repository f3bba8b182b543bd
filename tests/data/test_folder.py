import os
import struct
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image

from infoeval.data import folder, form_of, load
from infoeval.data.folder import common_form, load_folder
from infoeval.data.resizing import fit
from infoeval.errors import UserError
from tests.data.archives import tar_bytes, zip_bytes

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
    for part in (train, test):
        assert part.notes == ("images in neither split: val (1)", "classes only in train: x")
        assert part.describe()["notes"] == list(part.notes)


def test_train_and_test_folders_without_classes_have_no_labels(tmp_path):
    fill(tmp_path, GREY, ["train/0.png", "test/1.png"])
    assert load(tmp_path).labels is None


@pytest.mark.parametrize("base", ["", "dataset/", "a/b/"])
def test_train_and_val_folders_are_the_splits_whatever_is_around_them(tmp_path, base):
    names = ["train/cat/0.png", "train/dog/1.png", "val/dog/2.png", "val/cat/3.png"]
    fill(tmp_path, GREY, [base + name for name in names])
    train, test = load(tmp_path, "train"), load(tmp_path, "test")
    np.testing.assert_array_equal(train.images[:, 0], GREY[:2])
    np.testing.assert_array_equal(test.images[:, 0], GREY[[3, 2]])
    for part in (train, test):
        assert part.label_names == ("cat", "dog")
        assert part.labels.tolist() == [0, 1]
        assert part.notes == ("the test split is val",)
    assert common_form(tmp_path) == ({(6, 5)}, 1)


def test_a_training_folder_alone_is_no_class(tmp_path):
    fill(tmp_path, GREY, [f"Train/{'cat' if k % 2 else 'ant'}/{k}.png" for k in range(10)])
    parts = [load(tmp_path, split) for split in ("train", "test")]
    assert list(map(len, parts)) == [8, 2]
    for part in parts:
        assert part.label_names == ("ant", "cat")
        assert part.notes == ("there is only Train: a random fifth of it is the test split",)


@pytest.mark.parametrize("write", [tar_bytes, zip_bytes])
def test_an_archive_is_read_as_the_folder_that_is_in_it(tmp_path, write):
    names = ["train/x/1.png", "test/y/2.png", "train/x/0.png", "test/x/3.png"]
    fill(tmp_path / "mine", GREY, names)
    members = [(f"mine/{name}", (tmp_path / "mine" / name).read_bytes()) for name in names]
    path = tmp_path / ("set.TAR" if write is tar_bytes else "set.zip")
    earlier = [("mine/train/x/1.png", members[2][1])] if write is tar_bytes else []
    path.write_bytes(write(earlier + members))
    assert form_of(path) == ({(6, 5)}, 1)
    for split in ("train", "test"):
        packed, unpacked = load(path, split), load(tmp_path / "mine", split)
        assert packed.fingerprint == unpacked.fingerprint
        assert (packed.name, packed.label_names) == ("set", ("x", "y"))


def test_a_tar_cut_short_is_used_up_to_there_on_request(tmp_path):
    fill(tmp_path / "set", GREY, [f"{k}.png" for k in range(10)])
    members = [(f"{k}.png", (tmp_path / "set" / f"{k}.png").read_bytes()) for k in range(10)]
    path = tmp_path / "set.tar"
    content = tar_bytes(members)
    path.write_bytes(content[: content.index(b"7.png")])
    with pytest.raises(UserError, match=f"{path}: truncated after 7 whole images"):
        form_of(path)
    assert form_of(path, skip_broken=True) == ({(6, 5)}, 1)
    found = load(path, skip_broken=True)
    assert (len(found), found.notes) == (6, ())
    assert found.left_out == (f"{path}: everything after its first 7 images",)


def odd_entries(folder):
    """Add what is in folders beside images, and return what is worth a note."""
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("nothing")
    (folder / "up").symlink_to("..")
    (folder / "self").symlink_to(".")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "notes.txt").symlink_to("notes.txt")
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 40, dir_fd=deep)
        deeper = os.open("d" * 40, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.close(os.open("0.png", os.O_CREAT | os.O_WRONLY, dir_fd=deep))
    os.close(deep)
    return {"loop.png", "gone.png", "up", "self", "d" * 40}


@pytest.mark.parametrize("skip_broken", [False, True])
@pytest.mark.parametrize("shape", [None, (1, 6, 5)])
def test_links_pipes_and_deep_folders_make_no_folder_unusable(tmp_path, shape, skip_broken):
    base = tmp_path / "set"
    fill(base, GREY, [f"{k}.png" for k in range(10)])
    plain = load_folder(base)
    assert plain.notes == ()
    try:
        noted = odd_entries(base)
        found = load_folder(base, shape=shape, skip_broken=skip_broken)
    finally:
        subprocess.run(["rm", "-r", base / ("d" * 40)], check=True)  # too deep for shutil
    assert found.fingerprint == plain.fingerprint
    assert found.left_out == ()
    (note,) = found.notes
    assert note.startswith(f"left out {len(noted)}: {base / 'd'}")
    for name in ("loop.png (a link that leads nowhere: ", "up (a link to a folder, "):
        assert f"{base / name}" in note
    assert {name for name in noted if f"{base / name}"[:140] in note} == noted
    assert len(note) < 1500


def test_names_that_are_no_text_are_shown_as_escapes(tmp_path):
    for k in range(10):
        folder = os.fsencode(tmp_path / "set") + (b"/b\xff" if k % 2 else b"/a\x1b[31m\n")
        os.makedirs(folder, exist_ok=True)
        Image.fromarray(GREY[k]).save(tmp_path / "0.png")
        os.rename(tmp_path / "0.png", folder + b"/%d\xfe.png" % k)
    found = load(tmp_path / "set")
    assert found.label_names == (r"a\x1b[31m\n", r"b\udcff")
    assert sorted(set(found.labels.tolist())) == [0, 1]
    with open(os.fsencode(tmp_path / "set") + b"/b\xff/1\xfe.png", "wb") as file:
        file.write(b"no picture")
    parts = [load(tmp_path / "set", split, skip_broken=True) for split in ("train", "test")]
    (name,) = parts[0].left_out + parts[1].left_out
    assert name == rf"{tmp_path}/set/b\udcff/1\udcfe.png"


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["a.heic", "b/c.HEIC"], r"2 \.heic file\(s\) are not read: convert them"),
        (["a.svg"], r"1 \.svg file\(s\) are not read: convert them"),
        (["a.nef"], r"1 \.nef file\(s\) are not read: convert them"),
        (["a.npz"], "give such a file by its own path"),
        (["a.zip"], "give an archive by its own path"),
        (["a.tar.gz"], "unpack them"),
        (["train-images-idx3-ubyte.gz"], "give mnist, and their folder with --data-dir"),
    ],
)
def test_a_folder_of_other_files_says_what_to_do(tmp_path, names, hint):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    with pytest.raises(UserError, match=rf"holds no images \(\.png.*\); .*{hint}"):
        load(tmp_path)


def test_pictures_that_are_not_read_are_noted_beside_others(tmp_path):
    fill(tmp_path, GREY, [f"{k}.png" for k in range(10)])
    for name in ("a.heic", "b.avif", ".c.heic", "list.csv"):
        (tmp_path / name).write_bytes(b"content")
    notes = load(tmp_path).notes
    assert sorted(notes) == [
        f"1 {suffix} file(s) are not read: convert them to .png or .jpg"
        for suffix in (".avif", ".heic")
    ]


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
    Image.fromarray(GREY[0]).save(tmp_path / "0.png", format="PCX")
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


def test_a_turned_image_is_upright_with_and_without_a_shape(tmp_path):
    upright = np.zeros((80, 40), dtype=np.uint8)
    upright[:40] = 255
    lying = Image.fromarray(np.rot90(upright).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: to be shown turned clockwise
    for name in ("0.jpg", "1.jpg"):
        lying.save(tmp_path / name, exif=exif, quality=100)
    assert common_form(tmp_path) == ({(80, 40)}, 1)
    plain = load_folder(tmp_path)
    assert plain.images.shape == (1, 1, 80, 40)
    assert plain.fingerprint == load_folder(tmp_path, shape=(1, 80, 40)).fingerprint
    for found in (plain.images[0, 0], load_folder(tmp_path, shape=(1, 8, 8)).images[0, 0]):
        assert found[: len(found) // 3].min() > 250
        assert found[-len(found) // 3 :].max() < 5


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


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((6, 5), 4095, dtype=np.uint16),  # the range of 12 bits in 16
        np.full((6, 5), 9, dtype=np.uint8),  # classes of a mask
        np.eye(6, 5, dtype=np.uint8),
    ],
)
def test_images_that_would_be_black_are_refused(tmp_path, pixels):
    for k in range(2):
        save(tmp_path / f"{k}.png", pixels)
    with pytest.raises(UserError, match="would be black: the brightest pixel is "):
        load(tmp_path)
    save(tmp_path / "black/0.png", np.zeros((6, 5), dtype=np.uint8))
    save(tmp_path / "black/1.png", np.zeros((6, 5), dtype=np.uint8))
    assert load(tmp_path / "black").images.max() == 0


def test_labels_are_those_inside_the_one_folder_around_everything(tmp_path):
    fill(tmp_path / "pets.zip-unpacked/pets", GREY, [f"{c}/{k}.png" for c in "ab" for k in "012"])
    train, test = (load(tmp_path / "pets.zip-unpacked", split) for split in ("train", "test"))
    assert train.label_names == test.label_names == ("a", "b")
    assert sorted([*train.labels, *test.labels]) == [0] * 3 + [1] * 3


def test_splits_inside_the_classes_are_the_splits(tmp_path):
    names = [f"{c}/{s}/{k}.png" for s in ("train", "test") for c in "ab" for k in "01"]
    fill(tmp_path, GREY, names)
    train, test = load(tmp_path, "train"), load(tmp_path, "test")
    np.testing.assert_array_equal(train.images[:, 0], GREY[:4])
    np.testing.assert_array_equal(test.images[:, 0], GREY[4:8])
    assert train.labels.tolist() == test.labels.tolist() == [0, 0, 1, 1]
