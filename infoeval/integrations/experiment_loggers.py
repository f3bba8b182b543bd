"""Loggers: functions of a step and its numbers, for TensorBoard, Weights & Biases and MLflow.

Each can be the `progress` of `infoeval.train`, and the `log` of `PeriodicScores`. None is imported
before it is asked for; `pip install infoeval[loggers]` installs all three.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infoeval.errors import UserError
from infoeval.results import Document

Logger = Callable[[int, Mapping[str, float]], None]
"""Called with the step reached, and numbers by name."""

_PLAIN = re.compile(r"[^\w .\-/]")
"""Characters that a name of MLflow may not have."""


def numbers(document: Document) -> dict[str, float]:
    """Return the values of results and the ends of their intervals, by names for a logger.

    >>> from infoeval.metrics import mig
    >>> from infoeval.results import Result
    >>> codes, factors = [[0.1], [0.2], [0.9], [0.8]] * 9, [[0], [0], [1], [1]] * 9
    >>> result = Result.of(mig(codes, factors, replicates=0, null=0), metric="mig")
    >>> numbers(Document(subject={}, data={}, environment={}, results=(result,)))
    {'mig': 1.0}
    """
    found: dict[str, float] = {}
    for result in document.results:
        name = result.name if result.target is None else f"{result.name}/{result.target}"
        ends = {"": result.value, " low": result.low, " high": result.high}
        found |= {name + end: float(value) for end, value in ends.items() if value is not None}
    return found


def tensorboard(folder: str | Path | Any) -> Logger:
    """Return a logger that writes events of TensorBoard to a folder, or by a `SummaryWriter`.

    Raises UserError where tensorboard is not installed.
    """
    writer: Any = folder
    if isinstance(folder, str | Path):
        _needs("tensorboard")
        writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder))

    def log(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    return log


def wandb(run: Any = None, **settings: Any) -> Logger:
    """Return a logger to a run of Weights & Biases; None: a new one, of `wandb.init(**settings)`.

    `mode="offline"` keeps it on this machine. Raises UserError where wandb is not installed.
    """
    if run is None:
        run = _needs("wandb").init(**settings)

    def log(step: int, values: Mapping[str, float]) -> None:
        run.log(dict(values), step=step)

    return log


def mlflow(run_id: str | None = None) -> Logger:
    """Return a logger to a run of MLflow, by default the active one, or else a new one.

    Where runs are kept is MLflow's own setting. Characters that it does not allow in a name become
    underscores. Raises UserError where mlflow is not installed.
    """
    client = _needs("mlflow")
    if run_id is None:
        run_id = (client.active_run() or client.start_run()).info.run_id

    def log(step: int, values: Mapping[str, float]) -> None:
        plain = {_PLAIN.sub("_", name): value for name, value in values.items()}
        client.log_metrics(plain, step=step, run_id=run_id)

    return log


def _needs(package: str) -> Any:
    """Return a package. Raises UserError, which says how to install it, where it is not there."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UserError(
            f"{package} is not installed ({error.name}): pip install 'infoeval[loggers]'"
        ) from error
