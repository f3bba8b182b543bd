"""Images in memory are the same set whatever holds them, and give the numbers of a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

import infoeval as ie
from infoeval.data import load


class Pictures(Dataset[Any]):
    """Items of an image and its label, as in torchvision."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> Any:
        return self.images[number], int(self.labels[number])


def arrays() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (60, 1, 8, 8), dtype=np.uint8), np.arange(60) % 3


@pytest.mark.parametrize("kind", ["mapping", "tensors", "floats", "data set", "tensor set", "set"])
def test_any_holder_gives_the_set_of_a_file(kind: str, tmp_path: Path) -> None:
    images, labels = arrays()
    given = {
        "mapping": {"images": images, "labels": labels},
        "tensors": {"images": torch.from_numpy(images), "labels": torch.from_numpy(labels)},
        "floats": {"images": np.moveaxis(images, 1, 3) / 255, "labels": labels},
        "data set": Pictures(images, labels),
        "tensor set": TensorDataset(torch.from_numpy(images), torch.from_numpy(labels)),
        "set": ie.ImageSet("x", "train", images, labels.astype(np.int64), ("0", "1", "2")),
    }[kind]
    np.savez(tmp_path / "images in memory", images=images, labels=labels)
    parts = [ie.images(given, split) for split in ("train", "test")]
    assert [len(part) for part in parts] == [48, 12]
    together = np.concatenate([part.images for part in parts])
    assert sorted(map(bytes, together)) == sorted(map(bytes, images))
    for part in parts:
        which = [int(np.flatnonzero((images == image).all((1, 2, 3)))[0]) for image in part.images]
        assert part.labels is not None
        assert part.labels.tolist() == labels[which].tolist()
    assert (
        ie.images(given).fingerprint == ie.images({"images": images, "labels": labels}).fingerprint
    )


def test_given_splits_are_kept() -> None:
    images, _ = arrays()
    given = {"images": images[:40], "test_images": images[40:]}
    assert np.array_equal(ie.images(given, "test").images, images[40:])
    pair = tuple(ie.images(given, split) for split in ("train", "test"))
    assert np.array_equal(ie.images(pair, "test").images, images[40:])
    assert ie.images(images, shape=(1, 16, 16)).images.shape[1:] == (1, 16, 16)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((0, 8, 8)), "is empty"),
        (np.zeros((4, 8)), "must have shape"),
        (np.full((4, 8, 8), np.nan), "nan"),
        ({"pictures": np.zeros((4, 8, 8))}, "no array called images; it holds pictures"),
        ({"images": np.zeros((4, 8, 8)), "labels": [0, 1]}, "2 entries for 4 images"),
        ([(1, 2, 3)], "an item is an image, or an image and its label"),
        (7, "must have shape"),
    ],
)
def test_what_holds_no_images_is_a_clear_error(given: Any, said: str) -> None:
    with pytest.raises(ie.UserError, match=said):
        ie.images(given)


def test_a_model_of_images_in_memory_is_trained_and_scored(tmp_path: Path) -> None:
    digits = load("digits")
    given = {"images": digits.images[:200], "labels": digits.labels[:200]}
    checkpoint = ie.train(
        given, tmp_path / "run", steps=2, batch=8, codes="3,u", size=28, device="cpu"
    )
    quick: dict[str, Any] = {"metrics": ["cluster-acc"], "device": "cpu"}
    np.savez(tmp_path / "images.npz", **given)
    in_memory = ie.score(checkpoint, data=given, **quick)
    in_file = ie.score(checkpoint, data=str(tmp_path / "images.npz"), **quick)
    assert in_memory.results[0].n == in_file.results[0].n == 40
    alone = ie.score(checkpoint, data=given["images"], metrics=["mi-own"], samples=100)
    assert alone.results
    with pytest.raises(ie.UserError, match="say where with --data"):
        ie.score(checkpoint, **quick)
    twice = given["images"].repeat(2, 2).repeat(2, 3)
    small = {"steps": 2, "batch": 8, "device": "cpu"}
    assert ie.train("digits", tmp_path / "own", data=twice, **small).exists()


@pytest.mark.parametrize(
    "given",
    [
        [np.zeros((8, 8), np.uint8), np.zeros((9, 9), np.uint8)],
        (np.zeros((40, 1, 8, 8), np.uint8), np.arange(40) % 3),
    ],
)
def test_items_of_several_shapes_are_one_line(given: Any) -> None:
    with pytest.raises(ie.UserError, match="give images of one size, and arrays"):
        ie.images(given)


@pytest.mark.parametrize("shape", [(0, 8, 8), (1, 0, 8), (2, 8, 8), (1, 8, -1)])
def test_a_shape_of_no_images_is_one_line(shape: Any) -> None:
    with pytest.raises(ie.UserError, match="give \\(1 or 3 channels, height, width\\)"):
        ie.images(np.zeros((40, 1, 8, 8), np.uint8), shape=shape)
