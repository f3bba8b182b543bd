"""What the subjects of an evaluation share: image sets, progress."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from infoeval.data import ImageSet, load
from infoeval.errors import UserError
from infoeval.evaluation.context import Context, factors_of
from infoeval.evaluation.options import Options
from tests.evaluation.scoring import score


def context(**options: Any) -> Context:
    return Context(Options(**({"device": "cpu"} | options)))


def encoder(images: Any) -> Any:
    return images.float().mean((2, 3))


def test_images_of_the_wrong_size(on_digits: Path, tmp_path: Path) -> None:
    images = np.zeros((20, 8, 9), np.uint8)
    np.savez(tmp_path / "wide.npz", images=images, labels=np.arange(20) % 2)
    with pytest.raises(UserError, match=r"1, 8, 8.*1, 8, 9"):
        score(on_digits, data=str(tmp_path / "wide.npz"))


def test_missing_data(on_digits: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.npz"):
        score(on_digits, data="nowhere.npz")


def test_images_of_the_training_that_have_moved(on_digits: Path) -> None:
    whole = context()
    (subject,) = whole.open_all([on_digits])
    assert subject.checkpoint is not None
    trainer = replace(subject.checkpoint.trainer, data="./moved")
    moved = replace(subject.checkpoint, trainer=trainer)
    subject = SimpleNamespace(checkpoint=moved)  # type: ignore[assignment]
    with pytest.raises(UserError, match=r"training: \./moved does not exist; .* with --data$"):
        whole.splits(subject)


def test_a_checkpoint_that_names_other_images_than_its_own_is_not_followed(
    on_digits: Path, tmp_path: Path
) -> None:
    """A stranger's checkpoint may name any folder of this machine; its images stay unseen."""
    private = tmp_path / "private.npz"
    np.savez(private, images=np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8))
    (subject,) = context().open_all([on_digits])
    assert subject.checkpoint is not None
    trainer = replace(subject.checkpoint.trainer, data=str(private))
    forged = SimpleNamespace(checkpoint=replace(subject.checkpoint, trainer=trainer))
    with pytest.raises(UserError, match=r"private\.npz holds other images .*, give --data "):
        context().splits(forged)  # type: ignore[arg-type]
    assert len(context(data=str(private)).splits(forged).train) == 32  # type: ignore[arg-type]
    own = load(private, "train").fingerprint
    data = subject.checkpoint.data | {"fingerprint": own}
    honest = SimpleNamespace(checkpoint=replace(subject.checkpoint, trainer=trainer, data=data))
    assert len(context().splits(honest).train) == 32  # type: ignore[arg-type]


def test_images_of_a_checkpoint_are_those_it_was_trained_on(on_digits: Path) -> None:
    ours = context()
    splits = ours.splits(ours.open(on_digits))
    assert splits.train.fingerprint == load("digits", "train").fingerprint
    assert splits.test.fingerprint == load("digits", "test").fingerprint


def test_subjects_share_the_images(on_digits: Path, other_on_digits: Path) -> None:
    ours = context()
    first, second = (ours.splits(ours.open(path)) for path in (on_digits, other_on_digits))
    assert first is second


def test_a_model_that_reads_images_needs_to_know_which() -> None:
    ours = context()
    with pytest.raises(UserError, match="encoder reads images: give a data set with --data"):
        ours.splits(ours.open(encoder))


def test_what_is_done_is_reported_with_the_name_of_the_subject() -> None:
    told: list[str] = []
    ours = context(progress=lambda text, share: told.append(text))
    with ours.about("first"):
        ours.progress("reading", None)
    with ours.about(""):
        ours.progress("reading", None)
    ours.progress("drawing", 0.5)
    assert told == ["first: reading", "reading", "drawing"]


def test_labels_and_factors() -> None:
    pixels = np.zeros((3, 1, 2, 2), np.uint8)
    labels, factors = np.arange(3), np.arange(6.0).reshape(3, 2)
    bare = ImageSet("bare", "test", pixels)
    labelled = ImageSet("labelled", "test", pixels, labels)
    both = ImageSet("both", "test", pixels, labels, factors=factors, factor_names=("a", "b"))
    nameless = ImageSet("nameless", "test", pixels, factors=factors)
    columns = {
        (images.name, first): list(frame) if frame is not None else None
        for images in (bare, labelled, both, nameless)
        for first in (False, True)
        for frame in [factors_of(images, labels_first=first)]
    }
    assert columns == {
        ("bare", False): None,
        ("bare", True): None,
        ("labelled", False): ["label"],
        ("labelled", True): ["label"],
        ("both", False): ["a", "b"],
        ("both", True): ["label"],
        ("nameless", False): ["factor 0", "factor 1"],
        ("nameless", True): ["factor 0", "factor 1"],
    }
