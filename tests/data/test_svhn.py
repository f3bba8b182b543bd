import hashlib
import struct
import urllib.error
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torchvision.datasets

from infoeval.data import catalogue, svhn
from infoeval.data.formats.cache import cache_folder, progress_to
from infoeval.data.source import LoadRequest
from infoeval.data.svhn import SOURCE
from infoeval.errors import UserError

N = 30
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Let no test find what another has decoded."""
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path_factory.mktemp("prepared")))


def pictures():
    """Noise in the official order of axes: row, column, channel, image."""
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3, N), dtype=np.uint8)


def labels():
    """Digits 1 to 9 and 10, which stands for 0, over and over."""
    return (np.arange(N, dtype=np.uint8) % 10 + 1)[:, None]


def write(root, *, split="train", packed=True, **arrays):
    path = root / "svhn" / f"{split}_32x32.mat"
    path.parent.mkdir(exist_ok=True)
    content = {"X": pictures(), "y": labels(), **arrays}
    kept = {name: array for name, array in content.items() if array is not None}
    scipy.io.savemat(path, kept, do_compression=packed)
    return path


def load(root, split="train", download=False):
    return SOURCE.load(LoadRequest(root, split, download=download))


def message(root, **request):
    with pytest.raises(UserError) as caught:
        load(root, **request)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("packed", [True, False])
def test_images_and_digits_are_those_of_the_file(tmp_path, packed):
    write(tmp_path, packed=packed)
    data = load(tmp_path)
    assert (data.name, data.split) == ("svhn", "train")
    assert data.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] * 3
    assert data.label_names == tuple("0123456789")
    assert data.images.shape == (N, 3, 32, 32)
    for k, channel, row, column in ((0, 0, 0, 0), (7, 2, 3, 20), (29, 1, 31, 4)):
        assert data.images[k, channel, row, column] == pictures()[row, column, channel, k]


def test_a_red_pixel_stays_where_it_is(tmp_path):
    black = np.zeros((32, 32, 3, N), dtype=np.uint8)
    black[5, 20, 0, 7] = 255
    write(tmp_path, X=black)
    assert np.argwhere(load(tmp_path).images).tolist() == [[7, 0, 5, 20]]


def test_it_reads_as_torchvision_does(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setattr(torchvision.datasets.SVHN, "_check_integrity", lambda self: True)
    theirs = torchvision.datasets.SVHN(tmp_path / "svhn")
    ours = load(tmp_path)
    np.testing.assert_array_equal(ours.images, theirs.data)
    np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_each_split_has_its_file(tmp_path):
    write(tmp_path, split="test", X=pictures()[..., :4], y=labels()[:4])
    assert len(load(tmp_path, split="test")) == 4
    assert not SOURCE.present(tmp_path)
    assert "put train_32x32.mat from" in message(tmp_path)
    write(tmp_path)
    assert SOURCE.present(tmp_path)
    assert (len(load(tmp_path, split="test")), len(load(tmp_path))) == (4, N)


@pytest.mark.parametrize("folder", ["SVHN", "."])
def test_files_in_other_folders_are_found(tmp_path, folder):
    expected = load(write(tmp_path).parent.parent)
    path = tmp_path / folder / "train_32x32.mat"
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "svhn" / path.name).rename(path)
    assert load(tmp_path).fingerprint == expected.fingerprint
    assert SOURCE.where(tmp_path) == str(path.parent)
    assert "put test_32x32.mat from" in SOURCE.what_to_do(tmp_path)


def test_labels_of_another_number_type_will_do(tmp_path):
    write(tmp_path, y=labels().astype(float))
    assert load(tmp_path).labels[:10].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


def test_it_is_decoded_once_and_again_when_the_file_changes(tmp_path):
    write(tmp_path)
    reports = []
    with progress_to(lambda what, share: reports.append(what)):
        first = load(tmp_path)
        assert reports[-1] == f"preparing svhn, {N} of {N}"
        reports.clear()
        assert load(tmp_path).fingerprint == first.fingerprint
        assert reports == []
    write(tmp_path, X=255 - pictures())
    np.testing.assert_array_equal(load(tmp_path).images, 255 - first.images)


def test_what_has_the_official_number_of_images_has_the_official_md5(tmp_path, monkeypatch):
    path = write(tmp_path)
    monkeypatch.setitem(svhn._COUNTS, "train", N)
    text = message(tmp_path)
    assert str(path) in text
    assert "not the official MD5 e26dedcc434d2e4c54c9b2d4a06d8373" in text
    monkeypatch.setitem(svhn._MD5, "train", hashlib.md5(path.read_bytes()).hexdigest())
    assert len(load(tmp_path)) == N


def test_md5_and_names_are_those_torchvision_downloads():
    for split in ("train", "test"):
        _, name, md5 = torchvision.datasets.SVHN.split_list[split]
        assert (svhn._FILES[split], svhn._MD5[split]) == (name, md5)


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_ends_too_early_is_named(tmp_path, packed):
    path = write(tmp_path, packed=packed)
    content = path.read_bytes()
    for size in (0, 1, 60, 127, 130, 140, 200, 5000, len(content) - 100, len(content) - 1):
        path.write_bytes(content[:size])
        text = message(tmp_path)
        assert text.startswith(f"{path}: damaged, partly downloaded or not a MATLAB file (")
        assert text.endswith("delete it and download it again")
    path.write_bytes(content[:128])
    assert f"{path}: holds no X and y; it is partly downloaded" in message(tmp_path)


def test_one_wrong_byte_in_a_packed_file_is_found(tmp_path):
    path = write(tmp_path)
    content = path.read_bytes()
    for place in range(136, len(content), 997):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        assert message(tmp_path).startswith(f"{path}: ")


def test_a_damaged_file_leaves_nothing_in_the_cache(tmp_path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    message(tmp_path)
    assert list(cache_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"X": pictures().astype(float)}, "X must be uint8 of shape (32, 32, 3, n), not double"),
        ({"X": pictures().transpose(3, 0, 1, 2)}, "X must be uint8 of shape (32, 32, 3, n)"),
        ({"X": pictures()[:, :, 0]}, "(32, 32, 3, n), not uint8 of (32, 32, 30)"),
        ({"X": pictures()[..., :0], "y": labels()[:0]}, "not uint8 of (32, 32, 3, 0)"),
        ({"X": {"a": 1.0}}, "X must be uint8 of shape (32, 32, 3, n), not struct"),
        ({"X": np.array([["a"]], dtype=object)}, "(32, 32, 3, n), not cell of (1, 1)"),
        ({"X": "text"}, "X must be uint8 of shape (32, 32, 3, n), not char"),
        ({"y": labels()[:-1]}, f"y must be numbers of shape ({N}, 1), not uint8 of ({N - 1}, 1)"),
        ({"y": labels().T}, f"y must be numbers of shape ({N}, 1), not uint8 of (1, {N})"),
        ({"y": labels() - 1}, "y must be 1 to 10, where 10 is the digit 0, but one is 0"),
        ({"y": labels() + 1}, "but one is 11"),
        ({"y": labels() + 0.5}, "but one is 1.5"),
        ({"y": labels() * np.nan}, "but one is nan"),
        ({"y": labels() * 1j}, "y cannot be read"),
        ({"y": "text"}, "y must be numbers"),
        ({"y": None}, "holds no y"),
        ({"X": None}, "holds no X"),
        ({"X": None, "y": None, "shapeMU": np.zeros((9, 1))}, "holds no X and y"),
    ],
)
def test_what_is_not_of_the_official_layout_is_named(tmp_path, arrays, expected):
    path = write(tmp_path, **arrays)
    text = message(tmp_path)
    assert text.startswith(f"{path}: ")
    assert expected in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html>404 not found</html>" * 20, "not a MATLAB file"),
        (bytes(4096), "not a MATLAB file"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM\x89HDF\r\n\x1a\n", "version 7.3 (HDF5)"),
        (np.array([0, 32, 32, 0, 2], "<i4").tobytes() + b"X\0" + bytes(8192), "version 4"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path, content, expected):
    path = write(tmp_path)
    path.write_bytes(content)
    text = message(tmp_path)
    assert text.startswith(f"{path}: ")
    assert expected in text


def element(kind, content):
    padded = content + bytes(-len(content) % 8)
    return struct.pack("<II", kind, len(content)) + padded


def variable(name, kind, shape, content, flags=0):
    """Write a variable of class ``kind`` whatever its content really is."""
    return element(
        14,
        element(6, struct.pack("<II", flags << 8 | kind, 0))
        + element(5, struct.pack(f"<{len(shape)}i", *shape))
        + element(1, name.encode())
        + content,
    )


def y_variable(n):
    return variable("y", 9, (n, 1), element(2, bytes([1]) * n))


UINT8, CELL, COMPLEX = 9, 1, 8
PLAIN = element(2, bytes(3072))
PACKED = zlib.compress(variable("X", UINT8, (32, 32, 3, 1), PLAIN))


def test_what_the_hostile_files_are_made_of_can_be_read(tmp_path):
    path = write(tmp_path)
    path.write_bytes(HEADER + variable("X", UINT8, (32, 32, 3, 1), PLAIN) + y_variable(1))
    assert not load(tmp_path).images.any()


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (variable("X", UINT8, (32, 32, 3, 2**31 - 1), PLAIN), "X declares 2147483647 images"),
        (variable("X", UINT8, (32, 32, 3, -1), PLAIN), "X must be uint8"),
        (variable("X", UINT8, (), PLAIN), "X must be uint8"),
        (variable("X", UINT8, (32,) * 40, PLAIN), "damaged"),
        (variable("X", CELL, (2**31 - 1,) * 4, b""), "X must be uint8"),
        (variable("X", UINT8, (32, 32, 3, 1), PLAIN[:1000]), "damaged"),
        (variable("X", UINT8, (32, 32, 3, 1), element(2, bytes(30))), "damaged"),
        (variable("X", UINT8, (32, 32, 3, 1), struct.pack("<II", 2, 2**32 - 1)), "damaged"),
        (variable("X", UINT8, (32, 32, 3, 1), element(9, bytes(3072 * 8))), "X cannot be read"),
        (variable("X", UINT8, (32, 32, 3, 1), PLAIN + PLAIN, flags=COMPLEX), "X cannot be read"),
        (struct.pack("<II", 14, 2**32 - 1), "it ends too early"),
        (struct.pack("<II", 14, 0) * 100, "damaged"),
        (element(15, b"no zlib stream"), "damaged"),
        (element(15, zlib.compress(b"")), "damaged"),
        (element(15, PACKED[:-4]), "a packed variable ends too early"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_hostile_variables_are_refused(tmp_path, x, expected):
    path = write(tmp_path)
    path.write_bytes(HEADER + x + y_variable(1))
    text = message(tmp_path)
    assert text.startswith(f"{path}: ")
    assert expected in text


def test_a_second_variable_of_a_name_is_not_read(tmp_path):
    path = write(tmp_path)
    x = variable("X", UINT8, (32, 32, 3, 1), PLAIN)
    second = variable("X", CELL, (2**31 - 1, 2**31 - 1), b"")
    path.write_bytes(HEADER + x + y_variable(1) + second)
    assert len(load(tmp_path)) == 1


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = write(tmp_path)
    monkeypatch.setattr(svhn, "_MAX_ELEMENT", 2**22)
    bomb = variable("X", UINT8, (32, 32, 3, 1), element(2, bytes(2**22)))
    path.write_bytes(HEADER + element(15, zlib.compress(bomb)) + y_variable(1))
    assert "unpacks to more than 4194304 bytes" in message(tmp_path)


@pytest.fixture
def offline(monkeypatch):
    """Fail torchvision's download as it fails without a network, after a file has begun."""

    def fail(self):
        Path(self.root, self.filename).write_bytes(b"part")
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torchvision.datasets.SVHN, "download", fail)


@pytest.mark.usefixtures("offline")
def test_without_network_one_line_says_what_to_do(tmp_path):
    text = message(tmp_path, download=True)
    assert "svhn could not be downloaded (URLError)" in text
    assert str(tmp_path / "svhn") in text
    wanted = ("train_32x32.mat", "test_32x32.mat", "--data-dir", "INFOEVAL_DATA", "street_numbers")
    assert [word for word in wanted if word not in text] == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_downloaded_unless_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.SVHN, "download", lambda self: pytest.fail("network"))
    text = message(tmp_path / "absent", download=False)
    assert text.startswith("svhn is not there: put train_32x32.mat and test_32x32.mat")
    assert "street_numbers" in text
    assert not (tmp_path / "absent").exists()


def test_a_download_puts_the_whole_file_in_place(tmp_path, monkeypatch):
    source = write(tmp_path, split="test")

    def fetch(self):
        Path(self.root, self.filename).write_bytes(source.read_bytes())

    monkeypatch.setattr(torchvision.datasets.SVHN, "download", fetch)
    monkeypatch.setattr(torchvision.datasets.SVHN, "_check_integrity", lambda self: True)
    assert len(load(tmp_path / "new", split="test", download=True)) == N
    there = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert there == [tmp_path / "new" / "svhn" / "test_32x32.mat"]


def test_a_download_with_another_md5_is_refused(tmp_path, monkeypatch):
    source = write(tmp_path, split="test")

    def fetch(self):
        Path(self.root, self.filename).write_bytes(source.read_bytes())

    monkeypatch.setattr(torchvision.datasets.SVHN, "download", fetch)
    assert "could not be downloaded" in message(tmp_path / "new", split="test", download=True)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_unwritable_root_is_a_user_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert "could not be downloaded" in message(tmp_path / "file", download=True)


# A part of the set


def described(root):
    return next(entry.description for entry in catalogue(root) if entry.name == "svhn")


def test_a_part_says_how_much_it_is(tmp_path, monkeypatch):
    write(tmp_path)
    assert described(tmp_path) == SOURCE.description  # without the test file it is not there
    write(tmp_path, split="test", packed=False)
    part = "30 of 73,257 training images", "30 of 26,032 test images"
    assert described(tmp_path) == f"{SOURCE.description}; here {part[0]} and {part[1]}"
    for split, words in zip(("train", "test"), part, strict=True):
        data = load(tmp_path, split)
        assert data.notes == (f"a part of SVHN: {words}",)
        assert data.describe()["notes"] == [f"a part of SVHN: {words}"]
    monkeypatch.setattr(svhn, "_COUNTS", {"train": N, "test": N})
    assert described(tmp_path) == SOURCE.description


@pytest.mark.parametrize("content", [b"", b"no file of MATLAB", HEADER, HEADER + b"\xff" * 40])
def test_a_file_that_cannot_be_read_spoils_no_list(tmp_path, content):
    write(tmp_path)
    write(tmp_path, split="test").write_bytes(content)
    assert described(tmp_path) == f"{SOURCE.description}; here 30 of 73,257 training images"
