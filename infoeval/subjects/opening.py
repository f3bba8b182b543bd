"""From what the user gives to a subject: the only place that looks at suffixes and types."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from infoeval.checkpoint import CHECKPOINT
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.subjects.code_file import CodeFile
from infoeval.subjects.protocols import Encoder, Generator
from infoeval.subjects.subject import Progress, Subject
from infoeval.subjects.trained_model import BatchNorm, TrainedModel
from infoeval.subjects.user_model import UserModel, load_model, names_function

Given = str | Path | Subject | Encoder | Generator | Callable[[Tensor], Any] | tuple[Any, Any]
"""A checkpoint, a `.npz` file of codes, `FILE.py:FUNCTION`, a folder of runs, a model in memory."""
_TABLES = (".csv", ".tsv", ".txt", ".npy", ".parquet", ".feather", ".xlsx", ".xls", ".mat", ".h5")
"""Suffixes of tables that are not read."""


def open_subject(
    model: Given,
    *,
    device: torch.device | str = "cpu",
    seed: int = 0,
    batch_norm: BatchNorm = "real",
    progress: Progress | None = None,
) -> Subject:
    """Return the subject of a model.

    Args:
        model: a checkpoint, of which nothing is executed; a `.npz` file of codes and factors (see
            `CodeFile`); `FILE.py:FUNCTION`, which is run; a model in memory (see `UserModel`); or
            a subject, which is returned unchanged.
        device: of a checkpoint's networks: "auto", "cpu", "cuda" or "cuda:N".
        seed: of random draws in encoding images.
        batch_norm: see `TrainedModel`.
        progress: called while images are encoded.

    Raises:
        UserError: a file that cannot be used, or an object that is no model.

    """
    if isinstance(model, Subject):
        return model
    if not isinstance(model, str | Path):
        parts = model if isinstance(model, tuple) else (model,)
        first = next((part for part in parts if part is not None), None)
        return UserModel(model, getattr(first, "__name__", type(first).__name__), seed=seed)
    if str(model).lower().endswith(".npz"):
        return CodeFile(model)
    if names_function(str(model)):
        return load_model(str(model), seed=seed)
    _check_is_checkpoint(Path(model))
    return TrainedModel(
        model,
        device=find_device(device) if isinstance(device, str) else device,
        seed=seed,
        batch_norm=batch_norm,
        progress=progress or (lambda text, share: None),
    )


def _check_is_checkpoint(path: Path) -> None:
    """Raise UserError, which says what to give, for a file that is no checkpoint by its name."""
    suffix = path.suffix.lower()
    if not path.exists():
        raise UserError(
            f"no checkpoint at {path}; a model is a checkpoint, a .npz file of codes and factors, "
            "or FILE.py:FUNCTION"
        )
    if suffix in _TABLES:
        raise UserError(
            f"{path}: a table is read from a .npz file; write one with "
            f'numpy.savez("{path.stem}.npz", codes=codes, factors=factors)'
        )
    if suffix == ".json":
        raise UserError(f"{path} is no model; infoeval report shows a metrics.json again")


def as_list(models: Given | Sequence[Given]) -> list[Given]:
    """Return the models of a list, or of a tuple of paths and subjects.

    Another tuple is one model, an encoder and a generator.
    """
    several = isinstance(models, tuple) and all(
        isinstance(model, str | Path | Subject) for model in models
    )
    if isinstance(models, list) or several:
        return list(cast(Sequence[Given], models))
    return [cast(Given, models)]


def find_models(model: Given) -> list[Given]:
    """Return the model; of a folder its checkpoint, or the checkpoints of the runs in it.

    Raises UserError for a folder without checkpoints, and for an empty name.
    """
    if isinstance(model, str) and not model:  # as a path it would be the current folder
        raise UserError("no model: its name is empty")
    if not (isinstance(model, str | Path) and Path(model).is_dir()):
        return [model]
    folder = Path(model)
    if (folder / CHECKPOINT).exists():
        return [folder / CHECKPOINT]
    checkpoints = sorted(folder.glob(f"*/{CHECKPOINT}"), key=_natural_order)
    if not checkpoints:
        raise UserError(f"{folder} holds no {CHECKPOINT}, and no folders of runs that do")
    return list(checkpoints)


def _natural_order(path: Path) -> list[Any]:
    """Return a key that sorts seed-10 after seed-9."""
    parts = re.split(r"(\d+)", path.parent.name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
