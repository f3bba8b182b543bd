import math

import numpy as np
import pytest

from infoeval.data import catalogue, dsprites, load
from infoeval.data.image_set import split_indices
from infoeval.errors import UserError

NAMES = ("shape", "scale", "orientation", "x", "y")
TYPES = ("discrete", "ordinal", "periodic", "ordinal", "ordinal")
CLASSES = np.indices((1, 3, 2, 4, 3, 2)).reshape(6, -1).T
N = len(CLASSES)
RNG = np.random.default_rng(0)
PUBLISHED = {
    "imgs": (RNG.random((N, 8, 8)) < 0.5).astype(np.uint8),
    "latents_values": CLASSES * [0, 1, 0.1, 2 * math.pi / 3, 0.5, 1] + [1, 1, 0.5, 0, 0, 0],
    "latents_classes": CLASSES,
    "metadata": np.array({"latents_names": ()}, dtype=object),
}
PART = {
    "images": RNG.integers(0, 2, (20, 1, 8, 8), dtype=np.uint8) * 255,
    "factors": PUBLISHED["latents_values"][:20, 1:],
    "factor_names": np.array(NAMES),
    "factor_types": np.array(["discrete", "ordinal", "periodic", "continuous", "continuous"]),
}


def save(path, arrays):
    path.parent.mkdir(exist_ok=True, parents=True)
    np.savez_compressed(path, **arrays)
    return path


def published(root, folder="dsprites", **changes):
    return save(root / folder / dsprites._FILE, PUBLISHED | changes)


@pytest.mark.parametrize("folder", ["dsprites", "dSprites", "dsprites-dataset", "."])
def test_the_published_file_is_found_and_read(tmp_path, folder):
    published(tmp_path, folder)
    (entry,) = (entry for entry in catalogue(tmp_path) if entry.name == "dsprites")
    assert (entry.present, entry.where) == (True, str(tmp_path / folder))
    for split in ("train", "test"):
        rows = split_indices("", N, split)
        data = load("dSprites", split, root=tmp_path)
        assert (data.name, data.split) == ("dsprites", split)
        assert (data.factor_names, data.factor_types) == (NAMES, TYPES)
        np.testing.assert_array_equal(data.images, PUBLISHED["imgs"][rows][:, None] * 255)
        np.testing.assert_array_equal(data.factors, PUBLISHED["latents_values"][rows, 1:])
        np.testing.assert_array_equal(data.labels, CLASSES[rows, 1])
        assert data.label_names == ("square", "ellipse", "heart")


def test_a_fixed_subset_of_the_published_file_is_kept(tmp_path, monkeypatch):
    """Its splits are parts of those of the whole file, so no test image is trained on."""
    path = published(tmp_path)
    monkeypatch.setattr(dsprites, "_MOST", (9, 4))
    for split, count in (("train", 9), ("test", 4)):
        some, whole = load("dsprites", split, root=tmp_path), load(path, split)
        assert len(some) == count < len(whole)
        np.testing.assert_array_equal(some.images, whole.images[:count])
        np.testing.assert_array_equal(some.factors, whole.factors[:count])
        np.testing.assert_array_equal(some.labels, whole.labels[:count])


def test_as_many_images_as_of_sprites():
    assert (len(load("sprites")), len(load("sprites", "test"))) == dsprites._MOST


def test_without_the_published_file_a_part_is_read_with_a_note(tmp_path):
    folder = tmp_path / "dsprites"
    grid = PART | {"images": 255 - PART["images"]}
    for name, arrays in (("dsprites_grid.npz", grid), ("dsprites_random.npz", PART)):
        save(folder / name, arrays)
        data = load("dsprites", "test", root=tmp_path)
        rows = split_indices("", 20, "test")
        np.testing.assert_array_equal(data.images, arrays["images"][rows])
        assert data.factor_types == TYPES
        part = "a part of the set: 20 of the 737,280 published images"
        assert data.notes == (f"the images are from {name}", part)
    published(tmp_path)
    (note,) = load("dsprites", root=tmp_path).notes
    assert note == f"a part of the set: {N} of the 737,280 published images"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"latents_values": PUBLISHED["latents_values"][:, :5]}, "latents_values is of 5 columns"),
        ({"latents_values": np.ones((N, 6))}, "is not dSprites, whose factors are shape, scale"),
        ({"imgs": PUBLISHED["imgs"] * 3}, "imgs would be black"),
    ],
)
def test_other_files_are_refused(tmp_path, changes, reason):
    path = published(tmp_path, **changes)
    with pytest.raises(UserError, match=f"{path}: {reason}"):
        load("dsprites", root=tmp_path)


def test_a_part_with_other_factors_is_refused(tmp_path):
    names = np.array(NAMES[::-1])
    path = save(tmp_path / "dsprites" / "dsprites_grid.npz", PART | {"factor_names": names})
    with pytest.raises(UserError, match=f"{path}: is not dSprites"):
        load("dsprites", root=tmp_path)


def test_a_download_is_verified_and_moved_into_place(tmp_path, monkeypatch):
    asked = []

    def fetch(url, folder, name, md5):
        asked.append((url.rsplit("/", 1)[1], md5))
        np.savez(folder / name, **PUBLISHED)

    monkeypatch.setattr("torchvision.datasets.utils.download_url", fetch)
    with pytest.raises(UserError, match="dsprites is not there: put dsprites_ndarray"):
        load("dsprites", root=tmp_path, download=False)
    assert not asked
    assert len(load("dsprites", root=tmp_path)) == N - N // 5
    load("dsprites", "test", root=tmp_path)
    assert asked == [(dsprites._FILE, "7da33b31b13a06f4b04a70402ce90c2e")]
    assert [path.name for path in tmp_path.rglob("*.npz")] == [dsprites._FILE]


def test_a_failed_download_leaves_nothing_and_says_what_to_do(tmp_path, monkeypatch):
    def fail(url, folder, name, md5):
        (folder / name).write_bytes(b"PK")
        raise RuntimeError("File not found or corrupted.")

    monkeypatch.setattr("torchvision.datasets.utils.download_url", fail)
    with pytest.raises(UserError) as caught:
        load("dsprites", root=tmp_path)
    assert "\n" not in str(caught.value)
    for expected in ("dsprites could not be downloaded", dsprites._FILE, str(tmp_path), "sprites"):
        assert expected in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.shared_data
def test_the_real_images(shared_data):
    """The shapes have their published areas at scale 1, and x and y are those of the centroid."""
    train, test = (load("dsprites", split, root=shared_data) for split in ("train", "test"))
    assert (train.images.shape, test.images.shape) == ((16000, 1, 64, 64), (4000, 1, 64, 64))
    assert not {*map(bytes, train.factors)} & {*map(bytes, test.factors)}
    white = test.images[:, 0] > 0
    large = test.factors[:, 1] == 1
    for label, area in enumerate((369, 289, 225)):
        areas = white[large & (test.labels == label)].sum((1, 2))
        assert areas.mean() == pytest.approx(area, rel=0.02)
    columns = np.arange(64)
    for k, axis in ((3, 1), (4, 2)):
        centre = white.sum(axis) @ columns / white.sum((1, 2))
        assert np.abs(centre - 15.5 - 32 * test.factors[:, k]).mean() < 0.5
