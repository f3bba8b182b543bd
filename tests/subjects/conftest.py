"""A checkpoint to open."""

from pathlib import Path

import pytest

from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.tiny import tiny_images, tiny_trainer


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few steps on four classes of images."""
    trainer = tiny_trainer(steps=30, discriminator_rate=2e-3)
    folder = tmp_path_factory.mktemp("runs") / "run"
    return train(trainer, tiny_images(200), folder, RunOptions(device="cpu"))
