"""Galleries of real images: which images, and which of them are marked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet, load
from infoeval.evaluation.context import Context, Splits
from infoeval.evaluation.gallery import MOST_GALLERIES, draw_galleries
from infoeval.evaluation.image_files import ReportImage
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.options import Options
from infoeval.results import Result
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.opening import open_subject
from tests.evaluation.reports import document_of, entries, pixels
from tests.tiny import tiny_images


def tiles_of(sheet: np.ndarray, rows: int, across: int) -> np.ndarray:
    """Tiles (rows, columns, 8, 8) of a sheet with a gap of one pixel."""
    padded = np.pad(sheet[:, :, 0], ((0, 1), (0, 1)))
    return padded.reshape(rows, 9, across, 9).transpose(0, 2, 1, 3)[:, :, :8, :8]


def test_the_gallery_of_a_checkpoint(pair: Path, subject: Path, home: Path) -> None:
    """Each column: the first test images that Q reads as its category, marked by the matching."""
    (gallery,) = (entry for entry in entries(pair, "gallery") if entry["code"] == "digit")
    train, test = (load(home / "images.npz", split) for split in ("train", "test"))
    model = CheckpointModel(Checkpoint.open(subject), "cpu", train.images)
    read = model.encode(torch.from_numpy(test.images))["digit"].argmax(1).numpy()
    results = document_of(pair)["results"]
    (accuracy,) = (each for each in results if each["metric"] == "cluster-acc")
    matching, names = accuracy["details"]["matching"], accuracy["details"]["class_names"]
    tiles = tiles_of(pixels(pair, gallery), gallery["rows"], gallery["columns"])
    assert test.labels is not None
    marks = []
    for category in range(4):
        chosen = np.flatnonzero(read == category)[:12]
        column = [row[category] for row in gallery["cells"]]
        assert column[len(chosen) :] == [None] * (gallery["rows"] - len(chosen))
        for row, image in enumerate(chosen):
            assert np.array_equal(tiles[row, category], test.images[image, 0])
            label = test.labels[image]
            assert column[row] == {"label": names[label], "right": matching[category] == label}
            marks.append(column[row]["right"])
    assert {True, False} == set(marks), "a gallery without errors tests nothing"


def test_galleries_are_of_the_shown_model_alone(pair: Path) -> None:
    assert {entry["model"] for entry in entries(pair, "gallery")} == {0}
    assert {entry["code"] for entry in entries(pair, "gallery")} == {"digit", "slant"}


class Known:
    """Reads known codes of images, and would draw images of them."""

    def __init__(self, space: CodeSpace, codes: dict[str, NDArray[Any]]) -> None:
        self.codes, self.known = space, codes

    def encode(self, images: torch.Tensor) -> dict[str, NDArray[Any]]:
        return self.known

    def generate(self, codes: object, noise: object) -> torch.Tensor:
        raise AssertionError("a gallery draws no images")


def gallery(
    images: ImageSet, space: CodeSpace, results: Sequence[Result] = (), **codes: NDArray[Any]
) -> ReportImage:
    """The gallery of a model that reads these codes of the images."""
    inputs = Inputs(open_subject(Known(space, codes)), Context(Options(data="known")))
    inputs.splits = Splits(images, images)
    (picture,) = draw_galleries(inputs, results, 0)
    return picture


def accuracy_of(matching: list[int], names: Sequence[str] = ("nw", "ne", "sw", "se")) -> Result:
    details = {"matching": matching, "class_names": list(names)}
    return Result("cluster-acc", "kind", 1.0, 1.0, 1.0, 0.95, 9, "fraction", True, details=details)


def test_images_are_the_first_of_each_category() -> None:
    images = tiny_images(100, split="test")
    space = CodeSpace(kind=Categorical(4), noise=0)
    picture = gallery(images, space, [accuracy_of([0, -1, 2, 3])], kind=np.arange(100) % 3)
    cells = picture.entry["cells"]
    assert (picture.entry["rows"], picture.entry["columns"]) == (12, 4)
    assert [row[0]["label"] for row in cells[:4]] == ["nw", "se", "sw", "ne"]  # 0, 3, 6, 9
    assert [row[0]["right"] for row in cells[:4]] == [True, False, False, False]
    assert not any(row[1]["right"] for row in cells), "no class is matched to category 1"
    assert all(row[3] is None for row in cells), "nothing is read as category 3"


def test_a_matching_is_of_names_in_any_order() -> None:
    """A matching may know the classes in another order than the images have their labels."""
    images = tiny_images(100, split="test")
    space = CodeSpace(kind=Categorical(4), noise=0)
    results = [accuracy_of([0, -1, 2, 3], ("se", "sw", "nw", "ne"))]
    cells = gallery(images, space, results, kind=np.arange(100) % 3).entry["cells"]
    assert [row[0]["label"] for row in cells[:4]] == ["nw", "se", "sw", "ne"]
    assert [row[0]["right"] for row in cells[:4]] == [False, True, False, False]
    assert [row[2]["label"] for row in cells[:4]] == ["sw", "ne", "nw", "se"]
    assert [row[2]["right"] for row in cells[:4]] == [False, False, True, False]


def test_models_without_a_gallery() -> None:
    """Those that read no images."""
    space = CodeSpace(kind=Categorical(2), noise=0)
    both = Known(space, {"kind": np.zeros(40, int)})
    table = {"codes": np.arange(40), "factors": np.arange(40)}
    for model, data in (((None, both), "known"), (table, "known"), (both, None)):
        inputs = Inputs(open_subject(model), Context(Options(data=data)))
        inputs.splits = Splits(tiny_images(40), tiny_images(40))
        assert list(draw_galleries(inputs, [], 0)) == []


def test_an_encoder_alone_has_a_gallery_of_each_code_it_reads() -> None:
    read = {"kind": np.arange(40) % 3, "level": np.arange(40) / 40}
    inputs = Inputs(
        open_subject(Known(CodeSpace(noise=1), read).encode), Context(Options(data="x"))
    )
    inputs.splits = Splits(tiny_images(40), tiny_images(40, split="test"))
    kind, level = (image.entry for image in draw_galleries(inputs, [], 0))
    assert (kind["code"], kind["column_labels"]) == ("kind", ["0", "1", "2"])
    assert (level["code"], level["columns"]) == ("level", 10)


def test_of_many_codes_the_first_have_galleries_and_the_captions_say_so() -> None:
    read = {f"z{number}": np.arange(40) / 40 for number in range(MOST_GALLERIES + 3)}
    inputs = Inputs(
        open_subject(Known(CodeSpace(noise=1), read).encode), Context(Options(data="x"))
    )
    inputs.splits = Splits(tiny_images(40), tiny_images(40, split="test"))
    entries = [image.entry for image in draw_galleries(inputs, [], 0)]
    assert [entry["code"] for entry in entries] == list(read)[:MOST_GALLERIES]
    assert all("first 24 of 27 codes" in entry["caption"] for entry in entries)


def test_cells_name_the_files_of_their_images() -> None:
    names = tuple(f"<i>{number}.png" for number in range(40))
    images = replace(tiny_images(40), files=names)
    space = CodeSpace(kind=Categorical(2), noise=0)
    cells = gallery(images, space, kind=np.arange(40) % 2).entry["cells"]
    assert [row[1]["file"] for row in cells[:3]] == ["<i>1.png", "<i>3.png", "<i>5.png"]


def test_without_a_matching_nothing_is_marked() -> None:
    space = CodeSpace(kind=Categorical(2), noise=0)
    picture = gallery(tiny_images(40), space, kind=np.arange(40) % 2)
    assert all(cell["right"] is None for row in picture.entry["cells"] for cell in row)


def test_a_continuous_code_has_a_column_for_each_tenth() -> None:
    values = np.random.default_rng(0).permutation(200) / 100.0
    images = ImageSet("ramp", "test", np.zeros((200, 1, 8, 8), np.uint8), np.arange(200) % 7)
    space = CodeSpace(level=Uniform(-1, 1), noise=0)
    entry = gallery(images, space, level=values).entry
    assert (entry["rows"], entry["columns"], len(entry["column_labels"])) == (6, 10, 10)
    for column in range(10):
        tenth = np.flatnonzero((values * 100 // 20).astype(int) == column)[:6]
        labels = [row[column]["label"] for row in entry["cells"]]
        assert labels == [str(image % 7) for image in tenth]


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_code_that_never_changes_has_a_gallery(value: float) -> None:
    space = CodeSpace(level=Uniform(-1, 1), noise=0)
    picture = gallery(tiny_images(40), space, level=np.full(40, value))
    shown = [cell for row in picture.entry["cells"] for cell in row if cell]
    assert len(shown) == 6
