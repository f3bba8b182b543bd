"""A user's folder for tests of the command line, and settings that keep scores cheap."""

from pathlib import Path

import numpy as np
import pytest

from infoeval import Categorical, CodeSpace, sweep
from infoeval.cli import main
from infoeval.data import load
from infoeval.evaluation.options import Options
from infoeval.information.budgets import BUDGETS
from infoeval.training import run as runs
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

TRAINER = """
from infoeval import Categorical, CodeSpace, Uniform
from tests.tiny import tiny_trainer

trainer = tiny_trainer({changes})
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it: trainers, data sets, a run, and some files that are no good."""
    folder = tmp_path_factory.mktemp("home")
    images = tiny_images(60)
    np.savez(folder / "images.npz", images=images.images, labels=images.labels)
    np.savez(folder / "unlabelled.npz", images=images.images)
    np.savez(folder / "few.npz", images=images.images[:8])
    np.savez(folder / "wide.npz", images=np.zeros((20, 8, 9), np.uint8), labels=np.arange(20) % 2)
    trainer_files = {
        "tiny": 'data="images.npz"',
        "wild": 'data="images.npz", generator_rate=1e30, steps=60',
        "misfit": 'data="images.npz", generator=tiny_trainer().generator[:-1]',
        "betas": 'data="images.npz", adam_betas=(0.5, 7)',
        "wrong": "steps=0",
    }
    for name, changes in trainer_files.items():
        (folder / f"{name}.py").write_text(TRAINER.format(changes=changes))
    (folder / "variant.py").write_text(
        TRAINER.format(changes='variants={"odd": {"no_such_setting": 1}}')
    )
    (folder / "empty.py").write_text("")
    (folder / "syntax.py").write_text("trainer = (")
    (folder / "raises.py").write_text("raise ValueError('one line\\nand another')")
    (folder / "exits.py").write_text("raise SystemExit(0)")
    (folder / "file").write_text("I am no folder")
    (folder / "bare").mkdir()
    (folder / "file.json").write_text("I am no JSON")
    trainer = tiny_trainer(data=str(folder / "images.npz"))
    on_cpu = runs.RunOptions(device="cpu")
    path = runs.train(trainer, load(folder / "images.npz"), folder / "run", on_cpu)
    runs.train(trainer, load(folder / "images.npz"), folder / "other", on_cpu, seed=1)
    gan = tiny_trainer(data=trainer.data, information_weight=0.0)
    runs.train(gan, load(folder / "images.npz"), folder / "gan", on_cpu)
    codes = CodeSpace(colour=Categorical(3), noise=3)
    foreign = tiny_trainer(data=trainer.data, codes=codes, code_weights={})
    runs.train(foreign, load(folder / "images.npz"), folder / "foreign", on_cpu)
    (folder / "damaged.pt").write_bytes(path.read_bytes()[:-99])
    return folder


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command reads is what the test has put there."""
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Own bounds are of 300 samples, not 10,000, wherever a command scores."""
    defaults = dict(sweep.train_many.__kwdefaults__ or {}) | {"samples": 300}
    monkeypatch.setattr(sweep.train_many, "__kwdefaults__", defaults)
    monkeypatch.setitem(Options.__init__.__kwdefaults__, "samples", 300)
    for command in main.commands.values():
        for option in command.params:
            if option.name == "samples":
                monkeypatch.setattr(option, "default", 300)


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is made in the user's folder."""
    monkeypatch.chdir(home)


@pytest.fixture
def tiny_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Information has a budget of a second."""
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)
