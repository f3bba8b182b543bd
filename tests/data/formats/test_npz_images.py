import gc
import io
import zipfile

import numpy as np
import pytest

from infoeval.data import load
from infoeval.data.formats import npz_images
from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.image_set import split_indices
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (10, 6, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, (10, 3, 6, 5), dtype=np.uint8)


def save(folder, **arrays):
    path = folder / "mine.npz"
    np.savez(path, **arrays)
    return path


def whole(path):
    """Load both splits and undo the permutation."""
    parts = {split: load(path, split) for split in ("train", "test")}
    order = np.concatenate([split_indices("", 10, split) for split in parts])

    def joined(what):
        return np.concatenate([getattr(part, what) for part in parts.values()])[np.argsort(order)]

    return parts["train"], joined


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (GREY, GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (RGB, RGB),
        (np.moveaxis(RGB, 1, 3), RGB),
        (np.asfortranarray(RGB), RGB),
        (RGB / 255, RGB),
        ((RGB / 255).astype(np.float32), RGB),
        ((RGB / 255).astype(np.float16), RGB),
        ((RGB / 255).astype(">f8"), RGB),
        (RGB.astype(np.int64), RGB),
        (RGB.astype(">u2"), RGB),
    ],
)
def test_images_of_every_shape_and_type(tmp_path, stored, expected):
    path = save(tmp_path, images=stored)
    train, joined = whole(path)
    assert (train.name, train.split, train.labels, train.factors) == ("mine", "train", None, None)
    np.testing.assert_array_equal(joined("images"), expected)


def test_compressed_files_are_read(tmp_path):
    path = tmp_path / "MINE.NPZ"
    with path.open("wb") as file:
        np.savez_compressed(file, images=GREY)
    assert load(path, "test").images.shape == (2, 1, 6, 5)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (np.array([7, -3, 7, 40, 40, 7, -3, 7, 7, 40]), ("-3", "7", "40")),
        (np.array([2**63, 5] * 5, dtype=np.uint64), ("5", str(2**63))),
        (np.array(["cat", "ant"] * 5), ("ant", "cat")),
        (np.array([b"cat", b"ant"] * 5), ("ant", "cat")),
    ],
)
def test_labels_become_indices_and_keep_their_names(tmp_path, values, names):
    train, joined = whole(save(tmp_path, images=GREY, labels=values))
    assert train.label_names == names
    assert train.labels.dtype == np.int64
    shown = [
        value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()
    ]
    assert [names[k] for k in joined("labels")] == shown


def test_label_names_keep_the_order_given(tmp_path):
    labels = np.array([0, 2] * 5, dtype=np.uint8)
    path = save(tmp_path, images=GREY, labels=labels, label_names=np.array(["z", "y", "x"]))
    train, joined = whole(path)
    assert train.label_names == ("z", "y", "x")
    np.testing.assert_array_equal(joined("labels"), labels)


def test_factors_and_their_names(tmp_path):
    factors = RNG.normal(size=(10, 2)).astype(np.float32)
    names = np.array(["light", "pose"])
    train, joined = whole(save(tmp_path, images=GREY, factors=factors, factor_names=names))
    assert train.factor_names == ("light", "pose")
    np.testing.assert_array_equal(joined("factors"), factors.astype(np.float64))


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        (["discrete", "periodic:360"], ("discrete", "periodic:360")),
        (["o", "p:360"], ("ordinal", "periodic:360")),
        ([b"c", b"p"], ("continuous", "periodic")),
    ],
)
def test_factor_types_are_written_out(tmp_path, given, whole):
    factors = RNG.normal(size=(10, 2))
    path = save(tmp_path, images=GREY, factors=factors, factor_types=np.array(given))
    for split in ("train", "test"):
        assert load(path, split).factor_types == whole
    assert load(save(tmp_path, images=GREY, factors=factors)).factor_types == ()


def test_a_single_factor_may_be_a_vector(tmp_path):
    _, joined = whole(save(tmp_path, images=GREY, factors=np.arange(10)))
    np.testing.assert_array_equal(joined("factors"), np.arange(10.0)[:, None])


def test_official_test_split_shares_the_classes_of_train(tmp_path):
    path = save(
        tmp_path,
        images=GREY,
        labels=np.array(["b", "d"] * 5),
        factors=np.arange(10),
        test_images=GREY[:3, None],
        test_labels=np.array(["a", "b", "d"]),
        test_factors=np.arange(3) + 0.5,
    )
    train, test = load(path, "train"), load(path, "test")
    assert train.label_names == test.label_names == ("a", "b", "d")
    np.testing.assert_array_equal(train.images, GREY[:, None])
    np.testing.assert_array_equal(test.images, GREY[:3, None])
    assert train.labels.tolist() == [1, 2] * 5
    assert test.labels.tolist() == [0, 1, 2]
    assert test.factors.tolist() == [[0.5], [1.5], [2.5]]


def test_official_test_split_without_labels_and_factors(tmp_path):
    path = save(
        tmp_path,
        images=GREY,
        labels=np.zeros(10, dtype=int),
        factors=np.arange(10),
        factor_names=np.array(["pose"]),
        test_images=GREY[:3],
    )
    test = load(path, "test")
    assert (test.labels, test.label_names, test.factors, test.factor_names) == (None, (), None, ())
    assert test.notes == (
        "test_images have no test_labels",
        "test_images have no test_factors",
    )


def test_arrays_of_other_names_are_noted_where_there_are_no_labels(tmp_path):
    path = save(tmp_path, images=GREY, y=np.arange(10), extra=np.arange(3))
    assert load(path).notes == (
        "not read: extra, y; labels and factors are read from arrays of these names",
    )
    assert load(save(tmp_path, images=GREY, labels=np.arange(10), extra=np.arange(3))).notes == ()
    assert load(save(tmp_path, images=GREY)).notes == ()


def test_real_factors(shared_data):
    faces = load(shared_data / "isomap_faces" / "isomap_faces_32x32.npz", "train")
    assert faces.images.shape == (559, 1, 32, 32)
    assert faces.factors.shape == (559, 3)
    assert len(faces.factor_names) == 3


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"pictures": GREY}, "holds no array called images"),
        ({"images": GREY.astype(str)}, "images must be whole numbers from 0 to 255 or floats"),
        ({"images": GREY.astype(np.uint16) * 257}, "but one of uint16 is 6"),
        ({"images": GREY.astype(np.int64) - 300}, "but one of int64 is -300"),
        ({"images": GREY * 1.0}, "or floats in [0, 1], but one of float64 is 25"),
        ({"images": GREY / 255 - 0.5}, "or floats in [0, 1], but one of float64 is -0.5"),
        ({"images": np.where(GREY > 9, np.nan, 0.0)}, "but one of float64 is nan"),
        ({"images": np.where(GREY > 9, np.inf, 0.0)}, "but one of float64 is inf"),
        ({"images": GREY // 16}, "images would be black: the brightest pixel is 15 of 255"),
        ({"images": GREY / 255 / 255}, "images would be black: the brightest pixel is 1 of 255"),
        ({"images": GREY[0]}, "images must have shape"),
        ({"images": np.uint8(3)}, "images must have shape"),
        ({"images": RGB[:, :2]}, "with c 1 or 3, not (10, 2, 6, 5)"),
        ({"images": RGB[:, :, :, :3]}, "(10, 3, 6, 3) may have its channels first or last"),
        ({"images": GREY[:0]}, "images is empty"),
        ({"images": GREY[:1]}, "cannot be split"),
        ({"images": GREY.astype(object)}, "images holds object elements"),
        ({"images": np.zeros(10, dtype=[("a", "u1")])}, "only numbers and strings are read"),
        ({"images": GREY, "labels": np.arange(9)}, "labels has 9 entries for 10 images"),
        ({"images": GREY, "labels": np.arange(10) / 2}, "labels must be (n,) integers or strings"),
        ({"images": GREY, "labels": np.zeros((10, 1), int)}, "not int64 of shape (10, 1)"),
        ({"images": GREY, "labels": np.array([None] * 10)}, "labels holds object elements"),
        ({"images": GREY, "labels": np.array([b"\xff"] * 10)}, "labels holds strings that are not"),
        (
            {"images": GREY, "labels": np.full(10, 0x110000, "<u4").view("<U1")},
            "labels holds strings that are not valid text",
        ),
        (
            {"images": GREY, "labels": np.arange(10), "label_names": np.array(["a", "b"])},
            "labels must index the 2 label_names, but one is 2",
        ),
        (
            {"images": GREY, "labels": np.arange(10) - 1, "label_names": np.array(["a"] * 10)},
            "but one is -1",
        ),
        (
            {"images": GREY, "labels": np.arange(10), "label_names": np.arange(10)},
            "label_names must be a list of strings, not int64",
        ),
        ({"images": GREY, "factors": np.arange(9)}, "factors has 9 entries for 10 images"),
        ({"images": GREY, "factors": np.array(["a"] * 10)}, "factors must be (n, k) numbers"),
        ({"images": GREY, "factors": np.full(10, np.nan)}, "factors must be finite"),
        (
            {"images": GREY, "factors": np.arange(10), "factor_types": np.array(["d", "d"])},
            "factor_types has 2 entries for 1 factors",
        ),
        (
            {"images": GREY, "factors": np.arange(10), "factor_types": np.array(["red\n"])},
            "factor_types must be discrete or ordinal or continuous or periodic, or the first "
            "letter of one, not 'red\\n'",
        ),
        (
            {"images": GREY, "factors": np.arange(10), "factor_types": np.array([0])},
            "factor_types must be a list of strings, not int64",
        ),
        ({"images": GREY, "test_labels": np.arange(3)}, "test_labels is there without test_images"),
        ({"images": GREY, "test_images": RGB}, "test_images are (3, 6, 5), and images (1, 6, 5)"),
        (
            {
                "images": GREY,
                "factors": RNG.normal(size=(10, 2)),
                "test_images": GREY,
                "test_factors": RNG.normal(size=(10, 3)),
            },
            "test_factors has other columns than factors",
        ),
        (
            {
                "images": GREY,
                "factors": RNG.normal(size=(10, 2)),
                "factor_names": np.array(["light", "light"]),
            },
            "two of factor_names are the same",
        ),
        ({"images": GREY / 255 + 0.01}, "but one of float64 is 1.0"),
        (
            {
                "images": GREY,
                "labels": np.arange(10),
                "test_images": GREY,
                "test_labels": np.array(["a"] * 10),
            },
            "must both be integers or both strings",
        ),
    ],
)
def test_wrong_contents_are_refused(tmp_path, arrays, reason):
    path = save(tmp_path, **arrays)
    with pytest.raises(UserError) as caught:
        load(path)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "mine" in str(caught.value)


def npy(header, elements=b"", version=(1, 0)):
    return b"\x93NUMPY" + bytes(version) + len(header).to_bytes(2, "little") + header + elements


def described(shape, descr="|u1"):
    return f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode()


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (b"", "images cannot be read"),
        (b"\x89PNG\r\n\x1a\n", "images cannot be read"),
        (npy(described((10, 6, 5)), bytes(299)), "declares 300 bytes, but the zip 299"),
        (npy(described((10, 6, 5)), bytes(301)), "declares 300 bytes, but the zip 301"),
        (
            npy(described((10**6, 10**6)), bytes(8)),
            "images takes 1,000,000,000,000 bytes; the limit",
        ),
        (npy(described((-10, -30)), bytes(300)), "images cannot be read"),
        (npy(described((10, 6, 5), "|V0")), "only numbers and strings"),
        (npy(described((10, 6, 5), "<U0")), "images is empty"),
        (npy(described((10, 6, 5), "nonsense"), bytes(300)), "images cannot be read"),
        (npy(b"(" * 300), "images cannot be read"),
        (npy(b"{[]: 1}"), "images cannot be read"),
        (npy(b"__import__('os').abort()"), "images cannot be read"),
        (npy(b"{'descr'"), "images cannot be read"),
        (npy(described((10, 6, 5)) + b" " * 20_000, bytes(300)), "images has a header of 20,0"),
        (npy(described((10, 6, 5)), bytes(300), (3, 0)), "images is in npy format (3, 0)"),
        (npy(described((10, 6, 5)), bytes(300), (9, 9)), "images is in npy format (9, 9)"),
    ],
)
def test_hostile_members_are_refused(tmp_path, member, reason):
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", member)
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: images ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy(described((2**20, 2**14)), bytes(2**24)))
    with pytest.raises(UserError, match="images takes 17,179,869,184 bytes; the limit is"):
        load(path)


def test_pickles_are_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    path = save(tmp_path, images=np.array([Trap()], dtype=object))
    with pytest.raises(UserError, match="holds object elements"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06", b"\x93NUMPY\x01\x00v\x00"])
def test_files_that_are_no_zip_are_refused(tmp_path, content):
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{path}: not a readable .npz file"):
        load(path)


def test_every_truncation_and_many_flipped_bits_are_user_errors_or_harmless(tmp_path):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=GREY, labels=np.array(["a", "b"] * 5))
    content = buffer.getvalue()
    broken = [content[:end] for end in range(0, len(content), 7)]
    for _ in range(300):
        changed = bytearray(content)
        changed[RNG.integers(len(content))] ^= 1 << RNG.integers(8)
        broken.append(bytes(changed))
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    whole_images = load(path).images
    reasons = []
    for each in broken:
        path.write_bytes(each)
        try:
            np.testing.assert_array_equal(load(path).images, whole_images)
        except UserError as error:
            reasons.append(str(error))
    assert len(reasons) > len(broken) // 2
    assert not any("\n" in reason for reason in reasons)


def test_both_splits_are_decoded_once_while_one_is_in_use(tmp_path, monkeypatch):
    """A changed file is read again, and nothing is kept when both splits are gone."""
    path = tmp_path / "mine.npz"
    reads = []
    decode = NpzFile.parts

    def counted(self, name):
        reads.append(name)
        return decode(self, name)

    monkeypatch.setattr(NpzFile, "parts", counted)
    images = np.arange(10 * 16, dtype=np.uint8).reshape(10, 4, 4)
    np.savez(path, images=images)
    parts = {split: load(path, split) for split in ("train", "test")}
    assert reads == ["images"]
    for split, part in parts.items():
        assert np.array_equal(part.images[:, 0], images[split_indices("mine", 10, split)])
    np.savez(path, images=255 - images, other=1)
    again = load(path, "test")
    assert reads == ["images"] * 2
    assert np.array_equal(again.images, 255 - parts["test"].images)
    del again, part
    parts.clear()
    gc.collect()
    assert len(npz_images._in_use) == 0
