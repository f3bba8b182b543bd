"""The one file format: everything a run needs to go on, and to be judged, as plain data.

A checkpoint is what `torch.save` writes of dictionaries, lists, strings, numbers and tensors. It is
opened with `weights_only=True`, which builds those and nothing else: opening a stranger's
checkpoint runs none of their code. Every byte is checked against the archive's own checksums.
"""

import io
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
from infoeval.training.trainer import Trainer

__all__ = ["Checkpoint"]

FORMAT = "infoeval checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `step` steps.

    Args:
        trainer: its settings.
        variant: which of the trainer's variants they are.
        seed: of the weights and of the random stream.
        step: steps done.
        weights: state of the networks.
        optimizers: state of each optimiser, by name.
        random_state: of the run's random stream.
        history: the training curves, a list for each column.
        data: name, split, size and fingerprint of the training images.
        run: precision, device, threads and where the trainer came from.
        versions: of Python and the packages that made it.

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
        """Write the file atomically: a reader sees the old checkpoint or the new one."""
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content |= {"format": FORMAT, "version": VERSION, "trainer": self.trainer.to_dict()}
        buffer = io.BytesIO()  # torch reports a full disk as a RuntimeError; files.py explains it
        torch.save(content, buffer)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def open(cls, path: str | Path) -> "Checkpoint":
        """Read a checkpoint; nothing in it is executed.

        Raises:
            UserError: one line, when the file is missing, truncated, damaged, not a checkpoint of
                ours, or from a later version.

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
        """Rebuild the networks, in evaluation mode."""
        with torch.device("meta"):
            networks = self.trainer.networks()
        expected = {name: tensor.shape for name, tensor in networks.state_dict().items()}
        found = {name: tensor.shape for name, tensor in self.weights.items()}
        if expected != found:
            raise UserError("the checkpoint's weights do not fit its layer tables")
        networks.load_state_dict(self.weights, assign=True)
        return networks.to(device).to(memory_format=torch.channels_last).eval()

    def _check_types(self, path: str | Path) -> None:
        tensors = [*self.weights.values()] if isinstance(self.weights, dict) else [None]
        sound = (
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
        )
        if not sound:
            raise UserError(f"{path} is not a usable checkpoint: a field is of the wrong kind")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages whose numbers a run depends on."""
    packages = ("infoeval", "torch", "torchvision", "numpy", "scikit-learn")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            module = sys.modules.get(package)
            found[package] = str(getattr(module, "__version__", "unknown"))
    return found


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"no checkpoint at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
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


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
