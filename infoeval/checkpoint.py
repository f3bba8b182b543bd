"""The checkpoint file: all that is needed to resume a run and to evaluate it, as plain data.

A checkpoint is a `torch.save` of dictionaries, lists, strings, numbers and tensors.
`infoeval.tensor_archive` reads it and can build nothing else, so opening a checkpoint runs no code
of its writer. Every byte is checked against the archive's own checksums, and nothing is printed,
compared or built before its extent is known.
"""

import io
import math
import platform
import sys
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from infoeval.errors import UserError, one_line, quoted
from infoeval.files import write_bytes
from infoeval.networks import Networks
from infoeval.tensor_archive import MOST_OPERATIONS, check_extent, read_archive
from infoeval.trainer import Trainer

CHECKPOINT = "ckpt.pt"
"""Name of the checkpoint in the folder of a run."""
FORMAT = "infoeval checkpoint"
VERSION = 1

DEEPEST = 20
"""Levels of nesting of a checkpoint; ours have six."""

MOST_VALUES = 200_000
"""Values of a checkpoint beside its history; shared ones count each time. A network of 200 layers
with Adam's moments has 5,000; settings and data some hundred."""

LONGEST_TEXT = 1_000_000
"""Characters of its texts, counted likewise: names of weights, settings, paths of data."""

MOST_HISTORY = MOST_OPERATIONS - MOST_VALUES
"""Numbers of a history; 180,000 rows of ten columns. With a row every 50 steps, as is the default,
that is a run of 9 million steps."""

_WITH_TENSORS = ("weights", "optimizers", "random_state")

_KINDS = {
    "data": {"name": str, "split": str, "n": int, "fingerprint": str, "notes": list},
    "run": {"device": str, "threads": int, "side_by_side": int},
}
"""Kinds of the values that are read of a dictionary, where it has them."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `step` steps.

    Args:
        trainer: its settings.
        variant: the name of the trainer's variant.
        seed: of the weights and of the random stream.
        step: number of steps done.
        weights: state of the networks.
        optimizers: state of each optimiser, by name.
        random_state: of the run's random stream.
        history: the training curves, a list for each column.
        data: name, split, size and fingerprint of the training images.
        run: precision, device, threads and the origin of the trainer.
        versions: of Python and the packages that the run used.

    """

    trainer: Trainer
    variant: str
    seed: int
    step: int
    weights: dict[str, Tensor]
    optimizers: dict[str, Any]
    random_state: Tensor
    history: dict[str, list[float]]
    data: dict[str, Any]
    run: dict[str, Any]
    versions: dict[str, str]

    def save(self, path: Path) -> None:
        """Write the file atomically: a reader sees either the old checkpoint or the new one.

        Raises UserError for a history that is too long to be read again.
        """
        rows = max((len(column) for column in self.history.values()), default=0)
        check_history(rows, len(self.history))
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content |= {"format": FORMAT, "version": VERSION, "trainer": self.trainer.to_dict()}
        buffer = io.BytesIO()  # torch reports a full disk as a RuntimeError; files.py explains it
        torch.save(content, buffer)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def open(cls, path: str | Path) -> "Checkpoint":
        """Return the checkpoint in a file; nothing in it is executed.

        Raises:
            UserError: one line, when the file is missing, truncated, damaged, not an infoeval
                checkpoint, or from a later version.

        """
        content = _read(Path(path))
        try:
            content["trainer"] = Trainer.from_dict(content["trainer"])
            checkpoint = cls(**{item.name: content[item.name] for item in fields(cls)})
        except (KeyError, TypeError, UserError) as error:
            raise UserError(f"{path} is not a usable checkpoint: {one_line(error)}") from error
        checkpoint._check_types(path)
        return checkpoint

    def networks(self, device: torch.device | str = "cpu") -> Networks:
        """Return the networks with their weights, in evaluation mode."""
        try:
            with torch.device("meta"):
                networks = self.trainer.networks()
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise UserError(f"the layer tables make no networks: {one_line(error)}") from error
        expected = {name: (t.shape, t.dtype) for name, t in networks.state_dict().items()}
        stored = {name: (t.shape, t.dtype) for name, t in self.weights.items()}
        if expected != stored:
            raise UserError("the checkpoint's weights do not fit its layer tables")
        networks.load_state_dict(self.weights, assign=True)
        return networks.to(device).to(memory_format=torch.channels_last).eval()

    def _check_types(self, path: str | Path) -> None:
        tensors = [*self.weights.values()] if isinstance(self.weights, dict) else [None]
        valid = (
            type(self.step) is int
            and self.step >= 0
            and type(self.seed) is int
            and isinstance(self.variant, str)
            and all(isinstance(value, Tensor) for value in [*tensors, self.random_state])
            and all(
                isinstance(part, dict)
                for part in (self.optimizers, self.history, self.data, self.run, self.versions)
            )
            and all(
                type(getattr(self, part)[name]) is kind
                for part, kinds in _KINDS.items()
                for name, kind in kinds.items()
                if name in getattr(self, part)
            )
            and self.data.get("n", 0) >= 0
            and all(isinstance(note, str) for note in self.data.get("notes", []))
            and _is_history(self.history)
        )
        if not valid:
            raise UserError(f"{path} is not a usable checkpoint: a field is of the wrong kind")


def check_history(rows: int, columns: int) -> None:
    """Raise UserError for a history that is longer than a checkpoint holds."""
    if rows * columns > MOST_HISTORY:
        raise UserError(
            f"a history of {rows:,} rows is longer than a checkpoint holds: give a larger log_every"
        )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect a run's numbers."""
    packages = ("infoeval", "torch", "torchvision", "numpy", "scikit-learn")
    result = {"python": platform.python_version()}
    for package in packages:
        try:
            result[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            module = sys.modules.get(package)
            result[package] = str(getattr(module, "__version__", "unknown"))
    return result


_NOT_OURS = "was not written by infoeval; score a model of another program by FILE.py:FUNCTION"


def _read(path: Path) -> dict[str, Any]:
    """Return the fields of a file, which are within the bounds above."""
    content = read_archive(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} {_NOT_OURS}")
    try:
        rest = {name: value for name, value in content.items() if name != "history"}
        check_extent(rest, deepest=DEEPEST, most=MOST_VALUES, longest=LONGEST_TEXT)
    except ValueError as error:
        raise UserError(f"{path} is not a usable checkpoint: {error}") from None
    if content.get("format") != FORMAT:
        raise UserError(f"{path} {_NOT_OURS}")
    # Before a message prints any of it: printing a tensor takes long.
    if not _is_plain([value for name, value in rest.items() if name not in _WITH_TENSORS]):
        raise UserError(f"{path} is not a usable checkpoint: a field is of the wrong kind")
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise UserError(
            f"{path} has format version {quoted(version)}; this infoeval reads version {VERSION}"
        )
    return content


def _is_history(history: dict[str, Any]) -> bool:
    """Return whether these are columns of finite numbers, all as long as that of the steps.

    A shared column would be copied once for each of its names.
    """
    columns = list(history.values())
    return (
        (not history or "step" in history)
        and all(type(name) is str for name in history)
        and all(type(column) is list for column in columns)
        and len({id(column) for column in columns}) == len(columns)
        and len({len(column) for column in columns}) <= 1
        and all(set(map(type, column)) <= {int, float} for column in columns)
        and all(all(map(math.isfinite, column)) for column in columns)
    )


def _is_plain(value: Any) -> bool:
    """Return whether JSON can hold the value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool | int)
