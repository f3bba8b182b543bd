"""From what the user gives to the models of a report: folders of runs, seeds, λ = 0 twins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.evaluation.evaluate import Model
from infoeval.evaluation.report_models import Opened, open_model
from infoeval.training.run import CHECKPOINT

__all__ = ["Inputs", "open_inputs"]

INSTEAD = "for models side by side, infoeval compare A B -o page.html"


@dataclass(frozen=True)
class Inputs:
    """The models of a report, in the order given: seeds of one experiment, or a single one."""

    models: tuple[Opened, ...]
    baselines: tuple[Opened, ...]


def open_inputs(models: Sequence[Model], baselines: Sequence[str | Path]) -> Inputs:
    """Open what a report is about.

    A folder stands for its `ckpt.pt`, or for all runs in it; of these, runs of λ = 0 become
    baselines where there are others.

    Raises UserError for models that do not belong together, and baselines that are no twins.
    """
    opened: list[Opened] = []
    twins = [twin for each in baselines for twin in _opened(each)]
    for model in models:
        found = _opened(model)
        informed = [each for each in found if each.information_weight != 0]
        several = len(found) > 1
        opened += informed if several and informed else found
        twins += [each for each in found if several and informed and each not in informed]
    if not opened:
        raise UserError("no model; give a checkpoint, a folder of runs, or a metrics.json")
    _check_seeds(opened)
    for twin in twins:
        _check_twin(twin, opened[0])
    return Inputs(tuple(opened), tuple(twins))


def _opened(model: Model) -> list[Opened]:
    """The model that is given, or the checkpoints of a folder that is given."""
    if not (isinstance(model, str | Path) and Path(model).is_dir()):
        return [open_model(model)]
    folder = Path(model)
    if (folder / CHECKPOINT).exists():
        return [open_model(folder / CHECKPOINT)]
    runs = sorted((path.parent for path in folder.glob(f"*/{CHECKPOINT}")), key=_natural)
    if not runs:
        raise UserError(f"{folder} holds no {CHECKPOINT}, and no folders of runs that do")
    return [open_model(run / CHECKPOINT) for run in runs]


def _natural(path: Path) -> list[Any]:
    """Sorts seed-10 after seed-9."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _check_seeds(opened: Sequence[Opened]) -> None:
    """Several models have to be seeds of one experiment."""
    first = opened[0]
    for other in opened[1:]:
        differ = _what_differs(first.what, other.what)
        if differ:
            raise UserError(
                f"{first} and {other} {differ}: a report shows the seeds of one trainer; {INSTEAD}"
            )
    seeds = [each.seed for each in opened]
    for place, each in enumerate(opened):
        if place and each.seed in seeds[:place]:
            before = opened[seeds.index(each.seed)]
            raise UserError(f"{before} and {each} are both of seed {each.seed}; {INSTEAD}")


def _what_differs(one: Any, other: Any) -> str:
    if not (isinstance(one, Checkpoint) and isinstance(other, Checkpoint)):
        return "are not both checkpoints"
    ours, theirs = one.trainer, other.trainer
    if (ours.name, one.variant) != (theirs.name, other.variant):
        return "are of different trainers or variants"
    if ours.codes != theirs.codes:
        return "have different codes"
    if ours.information_weight != theirs.information_weight:
        return f"have different λ, {ours.information_weight:g} and {theirs.information_weight:g}"
    return ""


def _check_twin(twin: Opened, model: Opened) -> None:
    if twin.information_weight is None or model.information_weight is None:
        raise UserError(f"{twin} cannot be a baseline of {model}: only checkpoints have one")
    if twin.codes != model.codes:
        raise UserError(f"{twin} has other codes than {model}: they cannot be compared")
    if twin.information_weight != 0:
        raise UserError(
            f"{twin} is no baseline: its λ is {twin.information_weight:g}, not 0; {INSTEAD}"
        )
