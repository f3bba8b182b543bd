import gzip
import shutil
import struct
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets

from infoeval.data import catalogue, load
from infoeval.data.image_set import split_indices
from infoeval.errors import UserError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}


@pytest.fixture(scope="module")
def mnist_test(shared_data):
    return load("mnist", "test", root=shared_data, download=False)


@pytest.fixture(scope="module")
def fashion_test(shared_data):
    return load("fashion_mnist", "test", root=shared_data, download=False)


@pytest.fixture
def offline(monkeypatch):
    """Fail torchvision's download as it fails without a network, after a file has begun."""

    def fail(self):
        folder = Path(self.raw_folder)
        folder.mkdir(parents=True)
        (folder / f"{FILES[0]}.gz").write_bytes(b"\x1f\x8b part")
        (folder / FILES[1]).write_bytes(b"part")
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torchvision.datasets.MNIST, "download", fail)


def test_mnist_train_is_the_official_one(shared_data):
    data = load("mnist", "train", root=shared_data, download=False)
    assert data.images.shape == (60_000, 1, 28, 28)
    assert data.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(data.labels).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    assert data.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert data.images.std() / 255 == pytest.approx(0.3081, abs=5e-5)
    assert data.fingerprint == "dba7a5411a41ebeb1d05d1365a64e72adfddf72b2e17552210457273993e1873"


def test_mnist_test_is_the_official_one(mnist_test):
    assert mnist_test.images.shape == (10_000, 1, 28, 28)
    assert (mnist_test.name, mnist_test.split) == ("mnist", "test")
    assert mnist_test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(mnist_test.labels).tolist() == [
        *(980, 1135, 1032, 1010, 982),
        *(892, 958, 1028, 974, 1009),
    ]
    assert mnist_test.label_names == tuple("0123456789")


def test_fashion_mnist_train_is_the_official_one(shared_data):
    data = load("fashion_mnist", "train", root=shared_data, download=False)
    assert data.images.shape == (60_000, 1, 28, 28)
    assert np.bincount(data.labels).tolist() == [6000] * 10
    assert data.images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert data.images.std() / 255 == pytest.approx(0.3530, abs=5e-5)


def test_fashion_mnist_classes_are_named_as_torchvision_names_them(fashion_test):
    assert fashion_test.images.shape == (10_000, 1, 28, 28)
    assert np.bincount(fashion_test.labels).tolist() == [1000] * 10
    assert fashion_test.label_names == tuple(torchvision.datasets.FashionMNIST.classes)
    assert fashion_test.label_names[fashion_test.labels[0]] == "Ankle boot"


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", FOLDERS)
def test_without_network_one_line_says_what_to_put_where(tmp_path, name):
    with pytest.raises(UserError) as caught:
        load(name, root=tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path / FOLDERS[name] / "raw") in message
    for expected in (*FILES, "--data-dir", "INFOEVAL_DATA"):
        assert expected in message
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_downloaded_unless_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.MNIST, "download", lambda self: pytest.fail("network"))
    with pytest.raises(UserError, match="mnist is not there: put train-images"):
        load("mnist", root=tmp_path / "absent", download=False)
    assert not (tmp_path / "absent").exists()


def test_unwritable_root_is_a_user_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="could not be downloaded"):
        load("mnist", root=tmp_path / "file" / "data")


def test_download_puts_only_whole_files_in_place(shared_data, tmp_path, monkeypatch, mnist_test):
    def fetch(self):
        folder = Path(self.raw_folder)
        folder.mkdir(parents=True)
        for name in FILES:
            with gzip.open(shared_data / "MNIST" / "raw" / f"{name}.gz") as packed:
                (folder / name).write_bytes(packed.read())

    monkeypatch.setattr(torchvision.datasets.MNIST, "download", fetch)
    data = load("mnist", "test", root=tmp_path / "new")
    assert data.fingerprint == mnist_test.fingerprint
    there = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {Path("new/MNIST/raw", name) for name in FILES}


@pytest.mark.usefixtures("offline")
def test_one_split_can_be_had_without_the_files_of_the_other(shared_data, tmp_path, mnist_test):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in FILES[2:]:
        shutil.copy(shared_data / "MNIST" / "raw" / f"{name}.gz", folder)
    assert load("mnist", "test", root=tmp_path).fingerprint == mnist_test.fingerprint
    with pytest.raises(UserError) as caught:
        load("mnist", "train", root=tmp_path)
    assert FILES[0] in str(caught.value)
    assert FILES[2] not in str(caught.value)


def copy_test_split(source, root, folder):
    (root / folder / "raw").mkdir(parents=True)
    for name in FILES[2:]:
        with gzip.open(source / folder / "raw" / f"{name}.gz") as packed:
            (root / folder / "raw" / name).write_bytes(packed.read())
    return root / folder / "raw"


def dotted(name):
    return name.replace("-idx", ".idx")


@pytest.mark.parametrize("folder", ["MNIST/raw", "MNIST", "mnist", "mnist/raw", "raw", "."])
@pytest.mark.parametrize(
    "named", [str, dotted, lambda name: f"{dotted(name)}.gz", lambda name: f"{name}/{name}"]
)
def test_files_of_other_mirrors_are_found(shared_data, tmp_path, mnist_test, folder, named):
    for name in FILES[2:]:
        path = tmp_path / folder / named(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = (shared_data / "MNIST" / "raw" / f"{name}.gz").read_bytes()
        path.write_bytes(packed if path.suffix == ".gz" else gzip.decompress(packed))
    data = load("mnist", "test", root=tmp_path, download=False)
    assert data.fingerprint == mnist_test.fingerprint
    for name in FILES[:2]:
        (tmp_path / folder / f"{name}.gz").touch()
    entry = catalogue(tmp_path)[0]
    assert (entry.present, Path(entry.where)) == (True, tmp_path / folder)


@pytest.mark.parametrize("folder", ["fashion-mnist", "fashion_mnist", "FashionMNIST", "my-fashion"])
def test_fashion_mnist_of_keras_and_others_is_found(shared_data, tmp_path, fashion_test, folder):
    shutil.copytree(shared_data / "FashionMNIST" / "raw", tmp_path / folder)
    root = tmp_path / folder if folder == "my-fashion" else tmp_path
    found = load("fashion_mnist", "test", root=root, download=False)
    assert found.fingerprint == fashion_test.fingerprint
    with pytest.raises(UserError, match="mnist is not there"):
        load("mnist", "test", root=root, download=False)


def keras_file(data, path, **changes):
    path.parent.mkdir(exist_ok=True)
    arrays = {"x_test": data.images[:, 0], "y_test": data.labels.astype(np.uint8)} | changes
    np.savez(path, **arrays)


@pytest.mark.parametrize("folder", ["", "mnist", "MNIST"])
def test_the_file_of_keras_is_read_and_verified(tmp_path, mnist_test, folder):
    path = tmp_path / folder / "mnist.npz"
    keras_file(mnist_test, path)
    data = load("mnist", "test", root=tmp_path, download=False)
    assert data.fingerprint == mnist_test.fingerprint
    assert {entry.name: entry.present for entry in catalogue(tmp_path)}["mnist"]
    changed = mnist_test.images[:, 0].copy()
    changed[7, 7, 7] ^= 1
    for changes, reason in (
        ({"x_test": changed}, "x_test is not the official one"),
        ({"y_test": changed[:, 0, 0]}, "y_test is not the official one"),
        ({"x_test": changed[:9]}, r"x_test has shape \(9, 28, 28\), not \(10000, 28, 28\)"),
        ({"y_test": mnist_test.labels}, "y_test holds int64, not uint8"),
    ):
        keras_file(mnist_test, path, **changes)
        with pytest.raises(UserError, match=f"{path}: {reason}"):
            load("mnist", "test", root=tmp_path, download=False)
    with pytest.raises(UserError, match="x_train"):
        load("mnist", "train", root=tmp_path, download=False)


@pytest.mark.parametrize("name", ["mnist_train.csv", "train.parquet", "emnist-letters.mat"])
def test_mnist_in_another_form_is_named(tmp_path, name):
    (tmp_path / "mnist").mkdir()
    path = tmp_path / "mnist" / name
    path.write_text("label,pixel0")
    with pytest.raises(UserError, match=rf"put train-images.* \({path} is in another form"):
        load("mnist", root=tmp_path, download=False)


def test_a_file_of_mnist_given_by_its_path_says_how_to_give_it(tmp_path):
    path = tmp_path / f"{FILES[0]}.gz"
    path.write_bytes(b"")
    with pytest.raises(UserError, match=f"give mnist and --data-dir {tmp_path}"):
        load(path)


@pytest.mark.parametrize("name", FILES[2:])
def test_a_changed_file_is_named(shared_data, tmp_path, name):
    path = copy_test_split(shared_data, tmp_path, "MNIST") / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{path}: not the official file"):
        load("mnist", "test", root=tmp_path)


@pytest.mark.parametrize(
    ("header", "elements", "reason"),
    [
        (b"\0\0\x08\x01" + struct.pack(">I", 10_000), bytes([10]) * 10_000, "label 10 is not one"),
        (b"\0\0\x08\x01" + struct.pack(">I", 9_999), bytes(9_999), r"declares shape \(9999,\)"),
        (b"\0\0\x0b\x01" + struct.pack(">I", 10_000), bytes(20_000), "holds int16, not uint8"),
    ],
)
def test_labels_without_a_known_md5_are_checked_too(
    shared_data, tmp_path, header, elements, reason
):
    path = copy_test_split(shared_data, tmp_path, "FashionMNIST") / FILES[3]
    path.write_bytes(header + elements)
    with pytest.raises(UserError, match=f"{path}: {reason}"):
        load("fashion_mnist", "test", root=tmp_path)


NOTES = (
    "the training images are missing: a random fifth of the test images is test",
    "a part of the set: 10,000 of the 70,000 published images",
)


def test_the_test_part_of_kmnist_alone_is_split(shared_data):
    data = {split: load("kmnist", split, root=shared_data) for split in ("train", "test")}
    with np.load(shared_data / "kmnist" / "kmnist_test.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    assert sorted(np.concatenate([part.places for part in data.values()])) == list(range(10_000))
    for split, part in data.items():
        np.testing.assert_array_equal(part.places, split_indices("", 10_000, split))
        np.testing.assert_array_equal(part.images, images[part.places])
        np.testing.assert_array_equal(part.labels, labels[part.places])
        assert (part.name, part.split, part.notes) == ("kmnist", split, NOTES)
        assert part.label_names[:3] == ("o", "ki", "su")
        assert part.describe()["notes"] == list(NOTES)


def idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + array.tobytes())


def test_idx_files_of_kmnist_in_whole_and_in_part(shared_data, tmp_path):
    with np.load(shared_data / "kmnist" / "kmnist_test.npz") as arrays:
        test = arrays["images"][:, 0], arrays["labels"].astype(np.uint8)
    raw = tmp_path / "KMNIST" / "raw"
    for name, array in zip(FILES[2:], test, strict=True):
        idx(raw / name, array)
    entry = catalogue(tmp_path)[2]
    assert (entry.name, entry.present, entry.where) == ("kmnist", True, str(raw))
    assert (entry.images, entry.published) == (10_000, 70_000)
    for split in ("train", "test"):
        part, same = (load("kmnist", split, root=root) for root in (tmp_path, shared_data))
        assert (part.fingerprint, part.notes) == (same.fingerprint, NOTES)
    for name, array in zip(FILES[:2], test, strict=True):
        idx(raw / name, np.resize(array, (60_000, *array.shape[1:])))
    entry = catalogue(tmp_path)[2]
    assert (entry.images, entry.published) == (70_000, 70_000)
    whole = load("kmnist", "test", root=tmp_path)
    assert (whole.notes, len(whole), whole.places) == ((), 10_000, None)
    assert len(load("kmnist", root=tmp_path)) == 60_000


def test_another_file_in_place_of_the_part_is_refused(tmp_path):
    (tmp_path / "kmnist").mkdir()
    images, labels = np.full((20, 28, 28), 99, np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "kmnist" / "kmnist_test.npz", images=images, labels=labels)
    with pytest.raises(UserError, match=r"kmnist_test\.npz: must hold .* label_names o, ki, su"):
        load("kmnist", root=tmp_path)


def test_a_folder_named_after_another_set_is_not_read_as_this_one(shared_data, tmp_path):
    """Their files have the same names, and not all of KMNIST's have a checksum here."""
    folder = copy_test_split(shared_data, tmp_path, "MNIST")
    with pytest.raises(UserError, match="kmnist is not there"):
        load("kmnist", root=folder.parent, download=False)
    shutil.move(folder, tmp_path / "kmnist")
    with pytest.raises(UserError, match="mnist is not there"):
        load("mnist", "test", root=tmp_path / "kmnist", download=False)
    with pytest.raises(UserError, match="not the official file"):
        load("kmnist", "test", root=tmp_path / "kmnist", download=False)
