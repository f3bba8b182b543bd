"""Runs of a few steps, and what to compare of them."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import infoeval.training.run as runs
from infoeval import Trainer
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.training.run_options import RunOptions
from tests.tiny import tiny_images, tiny_trainer

__all__ = ["hashes", "learned", "split_options", "state", "train"]

RUN_OPTIONS = {item.name for item in dataclasses.fields(RunOptions)}


def split_options(settings: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, those of `RunOptions` put together as `options`."""
    options = {name: value for name, value in settings.items() if name in RUN_OPTIONS}
    others = {name: value for name, value in settings.items() if name not in RUN_OPTIONS}
    return {"options": RunOptions(**options), **others}


def train(
    folder: Path, trainer: Trainer | None = None, data: ImageSet | None = None, **options: Any
) -> Path:
    """A run of 12 steps that logs every 2nd and keeps every 4th; `options` change that."""
    settings: dict[str, Any] = {"device": "cpu", "log_every": 2, "checkpoint_every": 4}
    return runs.train(
        tiny_trainer(steps=12) if trainer is None else trainer,
        tiny_images() if data is None else data,
        folder,
        **split_options(settings | options),
    )


def state(path: Path) -> dict[str, Any]:
    """Everything in a checkpoint but the wall time."""
    checkpoint = Checkpoint.open(path)
    fields = dataclasses.fields(checkpoint)
    content = {item.name: getattr(checkpoint, item.name) for item in fields}
    content["history"] = {k: v for k, v in checkpoint.history.items() if k != "seconds"}
    return content


def learned(path: Path) -> dict[str, Any]:
    """What the steps made, without how it was recorded."""
    content = state(path)
    return {name: content[name] for name in ("weights", "optimizers", "random_state", "step")}


def hashes(folder: Path) -> dict[str, str]:
    """Every file below `folder` with the hash of its content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
