"""A checkpoint as a subject: what it is called, which Q reads its images, what it cannot read."""

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.subjects import trained_model
from infoeval.subjects.checkpoint_model import CALIBRATION_IMAGES, CheckpointModel
from infoeval.subjects.opening import open_subject
from infoeval.subjects.protocols import sample
from infoeval.subjects.trained_model import TrainedModel
from tests.tiny import tiny_images, tiny_trainer

TRAIN, TEST = tiny_images(200), tiny_images(60, 1, "test")


def opened(path: Path, **options: Any) -> TrainedModel:
    subject = open_subject(path, **options)
    assert isinstance(subject, TrainedModel)
    return subject


def test_it_is_described_by_its_training(trained: Path) -> None:
    subject = opened(trained)
    assert subject.describe() == {
        "checkpoint": str(trained),
        "sha256": hashlib.sha256(trained.read_bytes()).hexdigest(),
        "trainer": "tiny",
        "variant": "default",
        "step": 30,
        "seed": 0,
        "information_weight": 1.0,
    }
    assert (subject.name, subject.path) == (str(trained), trained)
    assert subject.fingerprint == subject.describe()["sha256"]
    assert subject.codes == tiny_trainer().codes
    assert subject.generator is subject.model
    assert subject.describe_data()["fingerprint"] == TRAIN.fingerprint
    assert subject.has_encoder
    assert not subject.labels_are_factors
    assert subject.rows is None


def test_a_report_learns_how_it_was_trained(trained: Path) -> None:
    told = opened(trained).describe_training()
    training = told["training"]
    assert told["history"]["step"][-1] == training["steps"] == 30
    assert training["images_per_second"] == pytest.approx(30 * 8 / told["history"]["seconds"][-1])
    assert training["config"] == tiny_trainer(steps=30, discriminator_rate=2e-3).to_dict()


def test_a_training_in_no_time_has_no_speed(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained, weights_only=True)
    content["history"]["seconds"] = [5e-324] * len(content["history"]["seconds"])
    torch.save(content, tmp_path / "ckpt.pt")
    told = opened(tmp_path / "ckpt.pt").describe_training()
    assert told["training"]["images_per_second"] is None


@pytest.mark.parametrize("batch_norm", ["real", "running", "generated"])
def test_which_statistics_q_reads_with(trained: Path, batch_norm: Any) -> None:
    model = CheckpointModel(Checkpoint.open(trained))
    calibration = {
        "real": lambda: TRAIN.images,
        "running": lambda: None,
        "generated": lambda: sample(model, CALIBRATION_IMAGES, torch.Generator().manual_seed(3))[
            1
        ].numpy(),
    }[batch_norm]()
    expected = CheckpointModel(Checkpoint.open(trained), "cpu", calibration).encode(
        torch.from_numpy(TEST.images)
    )
    encoding = opened(trained, batch_norm=batch_norm, seed=3).reader(TRAIN).encode(TEST)
    np.testing.assert_array_equal(encoding.posteriors["digit"], expected["digit"].numpy())
    assert list(encoding.columns) == ["digit", "slant"]
    assert encoding.columns["digit"].tolist() == expected["digit"].argmax(1).tolist()
    np.testing.assert_array_equal(encoding.columns["slant"], expected["slant"].numpy())


def test_chunks_are_only_a_matter_of_memory(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opened(trained).reader(TRAIN).encode(TEST)
    told: list[float | None] = []
    monkeypatch.setattr(trained_model, "CHUNK", 25)
    subject = opened(trained, progress=lambda text, share: told.append(share))
    parts = subject.reader(TRAIN).encode(TEST)
    assert parts.columns.equals(whole.columns)
    assert told == [None, 0, 25 / 60, 50 / 60]


def test_one_reader_for_the_same_training_images(trained: Path) -> None:
    subject = opened(trained)
    assert subject.reader(TRAIN) is subject.reader(TRAIN)
    assert subject.reader(TRAIN) is not subject.reader(tiny_images(100))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_networks_that_compute_no_numbers(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained, weights_only=True)
    content["weights"] = {
        name: value * math.nan if value.is_floating_point() else value
        for name, value in content["weights"].items()
    }
    torch.save(content, tmp_path / "ckpt.pt")
    with pytest.raises(UserError, match="numbers that are not finite"):
        opened(tmp_path / "ckpt.pt").reader(TRAIN).encode(TEST)
