"""A ring fitted to views of real images before a run: what it finds, and that runs repeat it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from infoeval import Angle, Categorical, Coarse, CodeSpace, Trainer, UserError
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.metrics._code_factors import code_factors
from infoeval.subjects.checkpoint_model import Recognition
from infoeval.training import run as runs
from infoeval.training.ring import circular_map, fit_to_ring
from infoeval.training.run_options import RunOptions
from tests.tiny import tiny_trainer


def ring_trainer(**changes: Any) -> Trainer:
    settings: dict[str, Any] = {
        "codes": CodeSpace(turn=Angle(), noise=3),
        "code_weights": {},
        "recognition_reads": Coarse(4),
        "ring_steps": 100,
    }
    return tiny_trainer(**{**settings, **changes})


def clock(count: int = 600) -> tuple[ImageSet, np.ndarray[Any, np.dtype[np.float64]]]:
    """Black spots of a clock's hand, and where they stand, in degrees."""
    angles = np.random.default_rng(0).uniform(0, 360, count)
    rows, columns = np.mgrid[0:8, 0:8]
    down = 3.5 - 2.5 * np.cos(np.radians(angles))[:, None, None]
    right = 3.5 + 2.5 * np.sin(np.radians(angles))[:, None, None]
    ink = np.exp(-((rows - down) ** 2 + (columns - right) ** 2) / 4)
    images = (255 * (1 - ink)).astype(np.uint8)[:, None]
    return ImageSet("clock", "train", images), angles


def test_the_map_of_a_circle_is_a_circle() -> None:
    angles = 2 * math.pi * torch.rand(2000, generator=torch.Generator().manual_seed(0))
    points = torch.stack([3 * angles.cos(), 3 * angles.sin(), 0 * angles], 1)
    nodes = circular_map(points, torch.Generator().manual_seed(1))
    steps = (nodes.roll(-1, 0) - nodes).norm(dim=1)
    assert abs(nodes.norm(dim=1) - 3).max() < 0.3
    assert steps.sum() == pytest.approx(2 * math.pi * 3, rel=0.1)
    assert steps.max() < 4 * steps.mean()


def test_q_then_tells_the_time() -> None:
    images, angles = clock()
    trainer = ring_trainer()
    random = torch.Generator().manual_seed(0)
    networks = trainer.networks().initialise(random).train()
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    pixels = torch.from_numpy(images.images)
    fit_to_ring(trainer, networks, pixels, random)
    changed = {n for n, v in networks.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("recognition.") for name in changed)
    assert all(parameter.grad is None for parameter in networks.parameters())
    read = trainer.codes["turn"].expectation(Recognition(networks, pixels)(pixels))
    types = {"code_types": ["periodic"], "factor_types": ["periodic:360"]}
    columns = read.numpy()[:, None], angles[:, None]
    assert float(code_factors(*columns, replicates=0, null=0, **types)) > 0.9


def trained(folder: Path, steps: int = 3, seed: int = 3, **changes: Any) -> Checkpoint:
    options = RunOptions("cpu", log_every=1, resume=changes.pop("resume", False))
    trainer = ring_trainer(steps=steps, **changes)
    return Checkpoint.open(runs.train(trainer, clock()[0], folder, options, seed=seed))


def test_a_run_is_the_same_again_and_resumed_without_a_second_ring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, again = trained(tmp_path / "whole"), trained(tmp_path / "again")
    assert all(torch.equal(again.weights[name], w) for name, w in whole.weights.items())
    trained(tmp_path / "parts", 1)
    monkeypatch.setattr(runs, "fit_to_ring", None)
    parts = trained(tmp_path / "parts", 3, resume=True)
    assert all(torch.equal(parts.weights[name], w) for name, w in whole.weights.items())


def test_without_it_a_run_draws_what_it_drew(tmp_path: Path) -> None:
    with_ring, without = (trained(tmp_path / str(n), 1, ring_steps=n) for n in (5, 0))
    assert torch.equal(with_ring.random_state, without.random_state)
    first = "recognition.blocks.0.linear.weight"
    assert not torch.equal(with_ring.weights[first], without.weights[first])


@pytest.mark.parametrize(
    "changes",
    [
        {"recognition_reads": None},
        {"codes": CodeSpace(kind=Categorical(3), noise=3)},
        {"codes": CodeSpace(one=Angle(), two=Angle(), noise=3)},
        {"ring_steps": -1},
        {"ring_steps": 1.5},
    ],
)
def test_rings_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="ring_steps"):
        ring_trainer(**changes)
