"""Reading images once: what a reader keeps, and which rows it reads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.data import ImageSet
from infoeval.subjects.subject import Encoding, Reader


class Brightness(Reader):
    """Reads the first pixel, and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[NDArray[np.uint8]] = []

    def read(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        self.given.append(images)
        first = images[:, 0, 0, 0]
        return {"level": first / 255, "kind": np.eye(256)[first]}

    def encoding(self, arrays: Mapping[str, NDArray[Any]]) -> Encoding:
        return Encoding(pd.DataFrame({"level": arrays["level"]}), {"kind": arrays["kind"]})


def ramp(count: int = 20, split: str = "test") -> ImageSet:
    return ImageSet("ramp", split, np.arange(count, dtype=np.uint8)[:, None, None, None])


def levels(encoding: Encoding) -> list[float]:
    return [round(value * 255) for value in encoding.columns["level"]]


def test_every_image_is_read_once() -> None:
    reader, images = Brightness(), ramp()
    assert levels(reader.encode(images, np.array([3, 5]))) == [3, 5]
    assert levels(reader.encode(images, np.array([5, 4, 3]))) == [5, 4, 3]
    assert levels(reader.encode(images)) == list(range(20))
    assert levels(reader.encode(images)) == list(range(20))
    read = [image.item() for images in reader.given for image in images]
    assert read == [3, 5, 4, *(number for number in range(20) if number not in (3, 4, 5))]


def test_a_whole_set_is_read_without_a_copy() -> None:
    reader, images = Brightness(), ramp()
    reader.encode(images)
    assert reader.given[0] is images.images


def test_sets_are_kept_apart() -> None:
    reader, test, train = Brightness(), ramp(5), ramp(5, "train")
    for images in (test, train, test):
        assert levels(reader.encode(images)) == list(range(5))
    assert len(reader.given) == 2


def test_posteriors_are_of_the_rows_asked_for() -> None:
    reader, images = Brightness(), ramp()
    reader.encode(images)
    encoding = reader.encode(images, np.array([7, 2]))
    assert encoding.posteriors["kind"].argmax(1).tolist() == [7, 2]
    assert list(encoding.columns.index) == [0, 1]


def test_images_that_are_not_kept() -> None:
    """Images drawn anew for a metric are read every time."""
    reader, images = Brightness(), ramp(3).images
    for _ in range(2):
        assert reader.columns(images)["level"].tolist() == pytest.approx([0, 1 / 255, 2 / 255])
    assert len(reader.given) == 2
