"""Scores of a model while it is trained: every few epochs, by a function or under Lightning."""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.integrations.experiment_loggers import Logger, numbers
from infoeval.results import Document
from infoeval.subjects.opening import Given

_LIGHTNING = ("lightning.pytorch", "pytorch_lightning")
"""The two names of the package; a trainer takes callbacks of its own alone."""


class PeriodicScores:
    """Scores a model at every `every`-th call, and remembers and logs them.

    Its networks are in evaluation mode meanwhile. Afterwards their modes and the random state of
    torch are what they were, so that a training goes on as without scores.

    Args:
        every: calls, such as epochs, from one scoring to the next; the last of them is scored.
        metrics: see `infoeval.score`.
        log: called with the epoch and `numbers` of each document; see `experiment_loggers`.
        options: of `infoeval.score`: `data`, `rows`, …

    Attributes:
        documents: the results so far, by epoch.

    >>> import numpy as np
    >>> factors = np.arange(60)[:, None] % 3
    >>> scores = PeriodicScores(every=2, metrics=["mig"], replicates=0, null=0)
    >>> for epoch in range(5):
    ...     _ = scores(epoch, (factors + 0.1 * epoch, factors))
    >>> {epoch: document.results[0].value for epoch, document in scores.documents.items()}
    {1: 1.0, 3: 1.0}
    """

    def __init__(
        self,
        every: int = 1,
        metrics: Sequence[str] | None = None,
        log: Logger | None = None,
        **options: Any,
    ) -> None:
        if every < 1:
            raise UserError(f"every must be at least 1, not {every}")
        self.every, self.metrics, self.log, self.options = every, metrics, log, options
        self.documents: dict[int, Document] = {}

    def __call__(self, epoch: int, model: "Given | Callable[[], Given]") -> Document | None:
        """Return the results after an epoch, counted from 0; None where none are due.

        `model` is a model or table as in `infoeval.score`, or a function without arguments that
        returns one, called only where scores are due.
        """
        if (epoch + 1) % self.every:
            return None
        import torch

        with torch.random.fork_rng(), torch.no_grad(), _evaluation_mode(model):
            document = score(_made(model), metrics=self.metrics, **self.options)
        self.documents[epoch] = document
        if self.log is not None:
            self.log(epoch, numbers(document))
        return document


@contextmanager
def _evaluation_mode(model: Any) -> Iterator[None]:
    """Context in which the networks of a model are in evaluation mode; each part is put back."""
    from infoeval.subjects.found_networks import networks_in

    networks = networks_in(model)
    modes = [(part, part.training) for network in networks for part in network.modules()]
    try:
        for network in networks:
            network.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _made(model: Any) -> Any:
    """Return what a function without arguments returns; anything else as it is."""
    is_function = inspect.isroutine(model) or isinstance(model, functools.partial)
    return model() if is_function and not inspect.signature(model).parameters else model


def lightning_callback(model: Callable[[Any], "Given"], scores: PeriodicScores) -> Any:
    """Return a callback of Lightning that scores the module after training epochs.

    Args:
        model: of the module, what `infoeval.score` takes: an encoder, `infoeval.adapt(...)`,
            or a table (codes, factors) of its validation data.
        scores: when and how; where it has no `log`, the numbers go to the module's own logger.

    Raises UserError where Lightning is not installed.
    """

    class ScoreCallback(_lightning().Callback):  # type: ignore[misc]
        """Scores after training epochs."""

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            document = scores(trainer.current_epoch, lambda: model(module))
            if document is not None and scores.log is None and trainer.logger is not None:
                trainer.logger.log_metrics(numbers(document), step=trainer.global_step)

    return ScoreCallback()


def _lightning() -> Any:
    """Return the Lightning that is in use, or that is installed."""
    for name in (*(name for name in _LIGHTNING if name in sys.modules), *_LIGHTNING):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise UserError("lightning is not installed: pip install lightning")
