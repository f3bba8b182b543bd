"""Tiny checkpoints to make reports of: a model, its λ = 0 twin, and other seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import evaluation
from infoeval.data import load
from infoeval.evaluation import pages
from infoeval.information.budgets import BUDGETS
from infoeval.training.run import RunOptions, train
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

Training = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def few_samples() -> Any:
    """The reports of these tests draw 300 samples for L_I instead of 20,000."""
    with pytest.MonkeyPatch.context() as patch:
        defaults = dict(evaluation.score.__kwdefaults__ or {}) | {"samples": 300}
        patch.setattr(evaluation.score, "__kwdefaults__", defaults)
        patch.setitem(BUDGETS, "tiny", TINY_BUDGET)
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set in it."""
    folder = tmp_path_factory.mktemp("home")
    images = tiny_images(200)
    names = np.array(images.label_names)
    np.savez(folder / "images.npz", images=images.images, labels=names[images.labels])
    return folder


@pytest.fixture(scope="session")
def trained(home: Path) -> Training:
    """Trains a tiny trainer with some changes in a folder of that name.

    At this rate eight steps are enough for images that are not all the same grey.
    """
    settings: dict[str, Any] = {"steps": 8, "generator_rate": 0.05, "discriminator_rate": 0.005}

    def run(folder: str, seed: int = 0, **changes: Any) -> Path:
        trainer = tiny_trainer(**({"data": str(home / "images.npz")} | settings | changes))
        return train(
            trainer,
            load(trainer.data),
            home / folder,
            RunOptions(device="cpu", log_every=2, checkpoint_every=8),
            seed=seed,
        )

    return run


@pytest.fixture(scope="session")
def subject(trained: Training) -> Path:
    return trained("subject")


@pytest.fixture(scope="session")
def twin(trained: Training) -> Path:
    return trained("twin", information_weight=0.0)


@pytest.fixture(scope="session")
def runs(trained: Training, home: Path) -> Path:
    """A folder as `train --seeds 2,10,11` with two λ leaves it."""
    for seed in (2, 10, 11):
        trained(f"runs/lambda-1-seed-{seed}", seed)
    trained("runs/lambda-0-seed-2", 2, information_weight=0.0)
    (home / "runs" / "lambda-1-seed-12").mkdir()
    (home / "runs" / "summary.csv").write_text("")
    return home / "runs"


@pytest.fixture(scope="session")
def page(home: Path, subject: Path) -> Path:
    """A report of one model."""
    command = "infoeval report 'a & b'"
    return pages.report(subject, home / "alone.html", device="cpu", command=command)


@pytest.fixture(scope="session")
def pair(home: Path, subject: Path, twin: Path) -> Path:
    """A report with a twin."""
    return pages.report(subject, home / "pair.html", baselines=[twin], device="cpu")
