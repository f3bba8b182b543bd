"""Tiny checkpoints to score and to make reports of: a model, its λ = 0 twin, other seeds."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.data import load
from infoeval.evaluation import pages
from infoeval.evaluation.options import Options
from infoeval.information.budgets import BUDGETS
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

Training = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def few_samples() -> Any:
    """These tests draw 300 samples for L_I instead of 20,000."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Options.__init__.__kwdefaults__, "samples", 300)
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


@pytest.fixture(scope="session")
def on_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few steps on digits: it knows little, and reads several categories."""
    return _on_digits(tmp_path_factory.mktemp("digits"), 0)


@pytest.fixture(scope="session")
def other_on_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same experiment from another seed."""
    return _on_digits(tmp_path_factory.mktemp("other"), 1)


def _on_digits(folder: Path, seed: int) -> Path:
    codes = CodeSpace(digit=Categorical(10), slant=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=60, discriminator_rate=2e-3)
    return train(trainer, load("digits"), folder, RunOptions(device="cpu"), seed=seed)


@pytest.fixture(scope="session")
def without_categories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with a continuous code alone."""
    codes = CodeSpace(slant=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    return train(
        trainer, load("digits"), tmp_path_factory.mktemp("slant"), RunOptions(device="cpu")
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Python file of models."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(Path(__file__).with_name("user_models.py"), folder / "model.py")
    (folder / "beside.py").write_text("THERE = True\n")
    return folder


@pytest.fixture
def among_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is made in the folder of models."""
    monkeypatch.chdir(models)


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is drawn, which takes longer than the choice of a model."""
    monkeypatch.setattr("infoeval.evaluation.make_report.draw", lambda *_, **__: ([], []))
