"""From what the user gives to a subject: the only place that looks at suffixes and types."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from infoeval.errors import UserError
from infoeval.python_files import user_code
from infoeval.subjects.named_functions import made_by_function, names_function
from infoeval.subjects.onnx_choice import OnnxChoice, onnx_paths
from infoeval.subjects.subject import Progress, Subject
from infoeval.subjects.table_subject import TableSubject, has_other_factors, open_table
from infoeval.subjects.tables.column_choice import TableChoice
from infoeval.subjects.tables.memory_tables import in_memory, numbers_of
from infoeval.subjects.tables.table_files import READERS, is_table

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from numpy.typing import NDArray
    from torch import Tensor
    from torch.utils.data import Dataset

    from infoeval.subjects.batch_norm import BatchNorm
    from infoeval.subjects.protocols import Encoder, Generator

# What needs torch is imported where it is used: a table of codes is opened without it.

Given: TypeAlias = (
    "str | Path | Subject | Encoder | Generator | Callable[[Tensor], Any] | Mapping[str, Any] "
    "| pd.DataFrame | NDArray[Any] | Tensor | Dataset[Any] | tuple[Any, Any]"
)
"""A checkpoint or a table of codes, by its path; `FILE.py:FUNCTION`; a folder of runs; a model or a
table in memory; a subject."""
_OTHER_TABLES = (".txt", ".feather", ".xlsx", ".xls", ".mat", ".h5", ".ods", ".pkl", ".gz")
"""Suffixes of tables that are not read."""


def open_subject(
    model: Given,
    *,
    device: "torch.device | str | Callable[[], torch.device]" = "cpu",
    seed: int = 0,
    batch_norm: "BatchNorm" = "real",
    table: TableChoice | None = None,
    onnx: OnnxChoice | None = None,
    progress: Progress | None = None,
) -> Subject:
    """Return the subject of a model.

    Args:
        model: a checkpoint, a table of codes or an ONNX file, or two with a comma between (an
            encoder and a decoder), of which nothing is executed; `FILE.py:FUNCTION`,
            which is run; a model in memory (see `UserModel`); a table in memory: a data frame, a
            mapping of arrays, a pair (codes, factors), a torch data set of such pairs, or an array
            of codes; or a subject, which is returned unchanged.
        device: of a checkpoint's networks: "auto", "cpu", "cuda" or "cuda:N"; or a function that
            finds it, which only a checkpoint calls.
        seed: of random draws in encoding images.
        batch_norm: see `TrainedModel` and `UserModel`.
        table: which parts of a table are its codes and factors; by default as their names tell.
        onnx: what the files of ONNX models do not tell.
        progress: called while images are encoded.

    Raises:
        UserError: a file that cannot be used, or an object that is no model.

    """
    if isinstance(model, Subject):
        return model
    choice = table or TableChoice()
    if not isinstance(model, str | Path):
        return _of_object(model, None, None, choice, seed, batch_norm)
    if is_table(model):
        return open_table(model, choice)
    files = onnx_paths(model)
    if files:
        from infoeval.subjects.onnx_model import OnnxModel

        return OnnxModel(str(model), files, onnx or OnnxChoice(), seed)
    if names_function(str(model)):
        made, path = made_by_function(str(model))
        with user_code(f"{model} failed"):
            return _of_object(made, str(model), path, choice, seed, batch_norm)
    _check_is_checkpoint(Path(model))
    from infoeval.devices import find_device
    from infoeval.subjects.trained_model import TrainedModel

    found = device() if callable(device) else device
    return TrainedModel(
        model,
        device=find_device(found) if isinstance(found, str) else found,
        seed=seed,
        batch_norm=batch_norm,
        progress=progress or (lambda text, share: None),
    )


def _of_object(
    model: Any,
    name: str | None,
    path: Path | None,
    choice: TableChoice,
    seed: int,
    batch_norm: "BatchNorm",
) -> Subject:
    """Return the subject of a table or a model in memory, perhaps made by a function of a file."""
    source = in_memory(model, all_codes=choice.codes is None and has_other_factors(choice))
    if source is not None:
        return TableSubject(source, name or source.where, choice, path)
    from infoeval.subjects.user_model import UserModel

    parts = model if isinstance(model, tuple) else (model,)
    first = next((part for part in parts if part is not None), None)
    kind = getattr(first, "__name__", type(first).__name__)
    return UserModel(model, name or kind, path=path, seed=seed, batch_norm=batch_norm)


def _check_is_checkpoint(path: Path) -> None:
    """Raise UserError, which says what to give, for a file that is no checkpoint by its name."""
    suffix = path.suffix.lower()
    if not path.exists():
        raise UserError(
            f"no checkpoint at {path}; a model is a checkpoint, a table of codes and factors "
            f"({', '.join(READERS)}), an .onnx file, or FILE.py:FUNCTION"
        )
    if suffix in _OTHER_TABLES:
        raise UserError(f"{path}: a table of codes is read from {', '.join(READERS)}; save it so")
    if suffix == ".json":
        raise UserError(f"{path} is no model; infoeval report shows a metrics.json again")


def as_list(models: "Given | Sequence[Given]") -> list[Given]:
    """Return the models of a list, or of a tuple of paths and subjects.

    Another tuple is one model, an encoder and a generator; a list of rows of numbers is a table.
    """
    several = isinstance(models, tuple) and all(
        isinstance(model, str | Path | Subject) for model in models
    )
    models = numbers_of(models)
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
    from infoeval.checkpoint import CHECKPOINT

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
