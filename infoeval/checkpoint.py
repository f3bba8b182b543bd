"""The checkpoint file: all that is needed to resume a run and to evaluate it, as plain data.

A checkpoint is a `torch.save` of dictionaries, lists, strings, numbers and tensors. It is opened
with `weights_only=True`, which builds nothing else: opening a stranger's checkpoint runs none of
their code. Every byte is checked against the archive's own checksums.
"""

import io
import math
import os
import pickle
import platform
import sys
import zipfile
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from infoeval.errors import UserError
from infoeval.files import write_bytes
from infoeval.networks import Networks
from infoeval.trainer import Trainer

CHECKPOINT = "ckpt.pt"
"""Name of the checkpoint in the folder of a run."""
FORMAT = "infoeval checkpoint"
VERSION = 1


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
        """Write the file atomically: a reader sees either the old checkpoint or the new one."""
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
            raise UserError(f"{path} is not a usable checkpoint: {error}") from error
        checkpoint._check_types(path)
        return checkpoint

    def networks(self, device: torch.device | str = "cpu") -> Networks:
        """Return the networks with their weights, in evaluation mode."""
        try:
            with torch.device("meta"):
                networks = self.trainer.networks()
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise UserError(f"the layer tables make no networks: {_first_line(error)}") from error
        expected = {name: (t.shape, t.dtype) for name, t in networks.state_dict().items()}
        stored = {name: (t.shape, t.dtype) for name, t in self.weights.items()}
        if expected != stored:
            raise UserError("the checkpoint's weights do not fit its layer tables")
        networks.load_state_dict(self.weights, assign=True)
        return networks.to(device).to(memory_format=torch.channels_last).eval()

    def _check_types(self, path: str | Path) -> None:
        tensors = [*self.weights.values()] if isinstance(self.weights, dict) else [None]
        valid = (
            isinstance(self.step, int)
            and self.step >= 0
            and isinstance(self.seed, int)
            and isinstance(self.variant, str)
            and all(isinstance(value, Tensor) for value in [*tensors, self.random_state])
            and all(
                isinstance(part, dict)
                for part in (self.optimizers, self.history, self.data, self.run, self.versions)
            )
            and all(isinstance(column, list) for column in self.history.values())
            and len({len(column) for column in self.history.values()}) <= 1
            and all(_is_number(value) for column in self.history.values() for value in column)
            and all(map(_is_stored, tensors))
            and _is_plain([self.trainer.to_dict(), self.history, self.data, self.run])
            and _is_plain(self.versions)
        )
        if not valid:
            raise UserError(f"{path} is not a usable checkpoint: a field is of the wrong kind")


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


def _read(path: Path) -> dict[str, Any]:
    if not os.path.isfile(path):
        raise UserError(f"no checkpoint at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = _first_damaged(archive)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} is not a checkpoint, or it is cut short: {error}") from error
    if damaged is not None:
        raise UserError(f"{path} is damaged: the checksum of {damaged!r} does not match")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} holds more than plain data and tensors; it was not opened, "
            "and nothing in it was run"
        ) from error
    except (
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        EOFError,
        OSError,
    ) as error:
        raise UserError(f"{path} is not a checkpoint: {_first_line(error)}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path} was not written by infoeval")
    if content.get("version") != VERSION:
        raise UserError(
            f"{path} has format version {content.get('version')!r}; "
            f"this infoeval reads version {VERSION}"
        )
    return content


def _first_damaged(archive: zipfile.ZipFile) -> str | None:
    """Return the name of the first entry that is not as torch wrote it, or None.

    Torch's zip reader follows an entry's attributes, which no checksum covers: from an entry marked
    as a folder it reads nothing, and the tensor keeps the former content of its memory.
    """
    for entry in archive.infolist():
        if entry.compress_type or entry.external_attr or entry.file_size != entry.compress_size:
            return entry.filename
    return archive.testzip()


def _is_stored(tensor: Tensor) -> bool:
    """Return whether the file holds every number of a tensor; a stride of 0 can mean terabytes."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        return False
    return tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 2**63


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Return whether JSON can hold the value."""
    if depth > 20:
        return False
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and _is_plain(item, depth + 1) for key, item in value.items()
        )
    if isinstance(value, list):
        return all(_is_plain(item, depth + 1) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool | int)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
