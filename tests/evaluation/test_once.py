"""During one evaluation each thing is done once: opening, loading, reading, calibrating."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import devices, evaluation
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet, load
from infoeval.devices import find_device
from infoeval.evaluation import context, generator_metrics, pages
from infoeval.information.budgets import find_budget
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition

TABLE = ["cluster-acc", "cluster-nmi", "real-sorting", "code-information", "mig"]
CHEAP: Any = {"device": "cpu", "replicates": 2}


class Counts:
    """What was done during a test: how often, and on which images."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.loaded: Counter[tuple[str, str, Any]] = Counter()
        self.encoded: Counter[tuple[int, bytes]] = Counter()
        """By the networks, or the user's encoder, and the pixels of an image."""
        self.calibrated: Counter[tuple[int, bytes]] = Counter()
        """By the networks, and the pixels of all images."""
        self.devices = self.budgets = 0
        self.sets: dict[str, ImageSet] = {}
        self.kept: list[object] = []
        """Keeps what is known by its id alive."""

    def encode(self, who: object, images: Tensor) -> None:
        self.kept.append(who)
        self.encoded.update((id(who), image.tobytes()) for image in images.numpy())

    def check(
        self,
        *,
        models: int,
        splits: int = 2,
        read: int | None = None,
        calibrated: int | None = None,
    ) -> None:
        """Assert that nothing was done twice.

        `read` images of each model were read; `calibrated` models were calibrated on real images.
        """
        assert len(self.opened) == models
        assert set(self.opened.values()) <= {1}
        assert len(self.loaded) == splits
        assert set(self.loaded.values()) <= {1}
        assert max(self.encoded.values(), default=1) == 1
        assert set(self.calibrated.values()) <= {1}
        assert self.devices == 1
        assert self.budgets == 0
        if read is not None:
            assert set(Counter(who for who, _ in self.encoded).values()) == {read}
        if calibrated is not None:
            real = self.sets["train"].images.tobytes()
            assert sum(pixels == real for _, pixels in self.calibrated) == calibrated


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counted = Counts()
    open_checkpoint = Checkpoint.open
    read = CheckpointModel.posterior
    estimate_statistics = Recognition._estimate_statistics

    def opens(path: str | Path) -> Checkpoint:
        counted.opened[str(path)] += 1
        return open_checkpoint(path)

    def loads(name: str, split: str, **options: Any) -> ImageSet:
        counted.loaded[name, split, options["shape"]] += 1
        counted.sets[split] = load(name, split, **options)
        return counted.sets[split]

    def reads(self: CheckpointModel, images: Tensor) -> dict[str, Tensor]:
        counted.encode(self.networks, images)
        return read(self, images)

    def calibrates(self: Recognition, images: Tensor) -> None:
        counted.kept.append(self.networks)
        counted.calibrated[id(self.networks), images.numpy().tobytes()] += 1
        estimate_statistics(self, images)

    def finds(name: str) -> torch.device:
        counted.devices += 1
        return find_device(name)

    def budgets(name: str) -> Any:
        counted.budgets += 1
        return find_budget(name)

    monkeypatch.setattr(Checkpoint, "open", staticmethod(opens))
    monkeypatch.setattr(context, "load", loads)
    monkeypatch.setattr(CheckpointModel, "posterior", reads)
    monkeypatch.setattr(Recognition, "_estimate_statistics", calibrates)
    monkeypatch.setattr(devices, "find_device", finds)
    monkeypatch.setattr(generator_metrics, "find_budget", budgets)
    return counted


@pytest.fixture(scope="module")
def images(home: Path) -> str:
    """Images of which no two are the same."""
    for split in ("train", "test"):
        pixels = load(home / "images.npz", split).images
        assert len(np.unique(pixels.reshape(len(pixels), -1), axis=0)) == len(pixels)
    return str(home / "images.npz")


def lengths(path: str) -> int:
    return sum(len(load(path, split)) for split in ("train", "test"))


@pytest.mark.parametrize("metrics", [None, TABLE, ["mig", "cluster-acc"], ["real-sorting"]])
def test_scoring_a_checkpoint(
    subject: Path, images: str, counts: Counts, metrics: list[str] | None
) -> None:
    evaluation.score(subject, metrics=metrics, **CHEAP)
    alone = metrics == ["real-sorting"]
    read = len(load(images, "test")) if alone else lengths(images)
    counts.check(models=1, read=read, calibrated=1)


def test_fewer_rows_are_read_where_fewer_are_needed(
    subject: Path, images: str, counts: Counts
) -> None:
    evaluation.score(subject, metrics=["mig", "code-information"], rows=20, **CHEAP)
    counts.check(models=1, read=40)


def test_rows_of_a_table_are_among_those_of_the_clusterings(
    subject: Path, images: str, counts: Counts
) -> None:
    evaluation.score(subject, metrics=TABLE, rows=20, fit_images=15, **CHEAP)
    counts.check(models=1)
    fitted = {*np.linspace(0, 159, 15).astype(int), *np.linspace(0, 159, 20).astype(int)}
    assert len(load(images, "train")) == 160
    assert sum(counts.encoded.values()) == len(load(images, "test")) + len(fitted)


@pytest.mark.parametrize("batch_norm", ["running", "generated"])
def test_scoring_with_other_statistics(subject: Path, counts: Counts, batch_norm: str) -> None:
    evaluation.score(subject, metrics=TABLE, batch_norm=batch_norm, **CHEAP)
    counts.check(models=1, calibrated=0)
    assert sum(counts.calibrated.values()) == (batch_norm == "generated")


def test_metrics_of_a_generator_load_no_images(subject: Path, counts: Counts) -> None:
    evaluation.score(subject, metrics=["mi-own"], **CHEAP)
    counts.check(models=1, splits=0)
    assert not counts.encoded


def test_the_budget_of_information_is_found_once(subject: Path, counts: Counts) -> None:
    evaluation.score(subject, metrics=["mi", "cluster-acc"], budget="tiny", **CHEAP)
    assert counts.budgets == 1


def encoder_of(counts: Counts) -> Callable[[Tensor], Tensor]:
    def encode(images: Tensor) -> Tensor:
        counts.encode(encode, images)
        return images.float().mean((2, 3)).round().long()[:, 0] % 4

    return encode


@pytest.mark.parametrize("metrics", [None, ["cluster-acc", "cluster-nmi", "mig"]])
def test_scoring_an_encoder(images: str, counts: Counts, metrics: list[str] | None) -> None:
    evaluation.score(encoder_of(counts), metrics=metrics, data=images, **CHEAP)
    counts.check(models=0, read=lengths(images))


def test_scoring_several(subject: Path, images: str, counts: Counts) -> None:
    first, second = (lambda pictures, k=k: encoder_of(counts)(pictures).float() + k for k in (0, 1))
    evaluation.score([first, second], metrics=["udr"], data=images, **CHEAP)
    assert set(counts.loaded.values()) == {1}
    assert len(counts.loaded) == 2
    assert counts.devices == 1


def test_comparing(subject: Path, twin: Path, images: str, counts: Counts) -> None:
    evaluation.compare([subject, twin], metrics=TABLE, **CHEAP)
    counts.check(models=2, read=lengths(images), calibrated=2)


@pytest.mark.parametrize("metrics", [None, ["mi-own", "cluster-acc"]])
def test_a_report_beside_a_baseline(
    subject: Path, twin: Path, tmp_path: Path, images: str, counts: Counts, metrics: Any
) -> None:
    """With galleries of real images, and drawings of both models."""
    page = tmp_path / "page.html"
    pages.report(subject, page, baselines=[twin], metrics=metrics, **CHEAP)
    counts.check(models=2, read=lengths(images), calibrated=2)


def test_a_report_of_seeds(runs: Path, tmp_path: Path, images: str, counts: Counts) -> None:
    """The choice among them reads training images, and scores read them, too."""
    page = tmp_path / "page.html"
    pages.report(runs, page, metrics=["cluster-acc"], formats=["json"], **CHEAP)
    counts.check(models=4, calibrated=4)


def test_a_page_of_models_compared(
    subject: Path, twin: Path, tmp_path: Path, counts: Counts
) -> None:
    options: Any = {"metrics": ["cluster-acc"], "formats": ["json"], **CHEAP}
    pages.compare([subject, twin], tmp_path / "page.html", **options)
    counts.check(models=2)


def test_a_report_of_earlier_scores_reads_what_it_shows(
    subject: Path, tmp_path: Path, counts: Counts
) -> None:
    evaluation.score(subject, metrics=["cluster-acc"], **CHEAP).save(tmp_path / "scores.json")
    before = Counter(counts.encoded)
    counts.opened.clear()
    counts.loaded.clear()
    counts.encoded.clear()
    counts.calibrated.clear()
    counts.devices = 0
    scores = [tmp_path / "scores.json"]
    pages.report(subject, tmp_path / "page.html", scores=scores, formats=["json"], **CHEAP)
    counts.check(models=1)
    assert len(counts.encoded) == len(counts.sets["test"]) < len(before)
