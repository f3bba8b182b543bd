"""What a report is about: a checkpoint, a user's model, or codes in a file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from infoeval.checkpoint import Checkpoint
from infoeval.codes import Categorical, CodeSpace
from infoeval.evaluation.drawn_images import Drawing
from infoeval.evaluation.evaluate import Model, is_checkpoint
from infoeval.results import Document
from infoeval.subjects.model import CheckpointModel
from infoeval.subjects.user_model import UserModel, find_model

__all__ = ["Opened", "Scored", "about_codes", "open_model"]


@dataclass(frozen=True)
class Opened:
    """A model as it was given, and what it is: None stands for codes in a file."""

    given: Model
    what: Checkpoint | UserModel | None

    @property
    def scored(self) -> Model:
        """What `infoeval.evaluation.score` takes: a user's file is run once."""
        return self.what if isinstance(self.what, UserModel) else self.given

    @property
    def codes(self) -> CodeSpace | None:
        """The latent codes; None where there is no generator."""
        if isinstance(self.what, Checkpoint):
            return self.what.trainer.codes
        generator = self.what.generator if self.what is not None else None
        return None if generator is None else generator.codes

    def drawing(self, device: torch.device) -> Drawing | None:
        """Its generator, as pictures need it."""
        if isinstance(self.what, Checkpoint):
            return Drawing(CheckpointModel(self.what, device))
        generator = self.what.generator if self.what is not None else None
        return None if generator is None else Drawing(generator)

    @property
    def seed(self) -> int | None:
        """The seed of a checkpoint."""
        return self.what.seed if isinstance(self.what, Checkpoint) else None

    @property
    def information_weight(self) -> float | None:
        """λ of a checkpoint."""
        return self.what.trainer.information_weight if isinstance(self.what, Checkpoint) else None

    def __str__(self) -> str:
        """As it was given, or what a model in memory is called."""
        return self.what.name if isinstance(self.what, UserModel) else str(self.given)


@dataclass(frozen=True)
class Scored:
    """A model with its results, and how it stands in the report."""

    opened: Opened
    role: str
    document: Document
    name: str | None = None

    def entry(self) -> dict[str, Any]:
        """What `models` of metrics.json says of it."""
        plain = {
            "role": self.role,
            "subject": self.document.subject,
            "data": self.document.data,
            "results": [asdict(result) for result in self.document.results],
            "skipped": [asdict(skipped) for skipped in self.document.skipped],
            **self.about(),
        }
        return plain | ({"name": self.name} if self.name else {})

    def about(self) -> dict[str, Any]:
        """How a checkpoint was trained."""
        checkpoint = self.opened.what
        if not isinstance(checkpoint, Checkpoint):
            return {}
        history, trainer = checkpoint.history, checkpoint.trainer
        steps, seconds = history.get("step", []), history.get("seconds", [])
        speed = steps[-1] * trainer.batch / seconds[-1] if seconds and seconds[-1] else None
        return {
            "history": history or None,
            "training": {
                "steps": checkpoint.step,
                "batch": trainer.batch,
                "images_per_second": speed,
                "seconds": seconds[-1] if seconds else None,
                "data": checkpoint.data,
                "run": checkpoint.run,
                "versions": checkpoint.versions,
                "config": trainer.to_dict(),
            },
        }


def open_model(model: Model) -> Opened:
    """Open a model; of a checkpoint nothing is run, a user's Python file is.

    Raises UserError where it cannot be used.
    """
    if is_checkpoint(model):
        return Opened(model, Checkpoint.open(model))
    if isinstance(model, str | Path) and str(model).lower().endswith(".npz"):
        return Opened(model, None)
    return Opened(model, find_model(model))


def about_codes(space: CodeSpace) -> list[dict[str, Any]]:
    """What metrics.json says of the codes."""
    entries: list[dict[str, Any]] = []
    for name, code in space.items():
        entry: dict[str, Any] = {"name": name, "kind": code.kind, "entropy": code.entropy}
        if isinstance(code, Categorical):
            told = {"description": f"{code.size} equally likely categories", "size": code.size}
        else:
            told = {
                "description": f"uniform on [{code.low:g}, {code.high:g}]",
                "low": code.low,
                "high": code.high,
            }
        entries.append(entry | told)
    return entries
