"""What a run left in its folder: config.json, the last line of history.csv, the newest samples."""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from infoeval.errors import UserError, one_line
from infoeval.reporting.tables import EstimateCell
from infoeval.results.contract import Count, Name, Number, Open, Text, Whole, clean, explain
from infoeval.results.model_results import DataSet
from infoeval.viewer.entries import WHILE_TRAINING, CodeFacts, Reading
from infoeval.viewer.folder_walk import read_ends

CONFIG, HISTORY, CHECKPOINT, SAMPLES = "config.json", "history.csv", "ckpt.pt", "samples"
ENDS = 2**16
"""Bytes of the first and the last line of a history."""
_SAMPLE = re.compile(r"step-(\d{1,15})-(.+)\.png", re.DOTALL)
_IN_A_FILE_NAME = str.maketrans({"/": "%2F", "\\": "%5C"})


class RunCode(Open):
    """A code as config.json has it."""

    name: Name
    kind: Name
    size: Annotated[Whole, Field(ge=2, le=10_000)] | None = None
    probabilities: tuple[Annotated[Number, Field(gt=0)], ...] | None = None

    @property
    def entropy(self) -> float | None:
        """H(c) of a categorical code, nats; None for others, which it does not limit."""
        if self.kind != "categorical" or self.size is None:
            return None
        if self.probabilities:
            return -math.fsum(p * math.log(p) for p in self.probabilities)
        return math.log(self.size)


class RunCodes(Open):
    """The codes of a run."""

    codes: Annotated[tuple[RunCode, ...], Field(max_length=4096)] = ()


class RunTrainer(Open):
    """The trainer of a run."""

    name: Name
    steps: Count | None = None
    information_weight: Number | None = None
    image_shape: tuple[Count, Count, Count] | None = None
    codes: RunCodes = RunCodes()


class RunConfig(Open):
    """The content of config.json, as much as an index shows."""

    trainer: RunTrainer
    variant: Name | None = None
    seed: Whole | None = None
    device: Text | None = None
    data: DataSet = DataSet()


@dataclass(frozen=True)
class Progress:
    """How far a run got by its history: its last step, seconds, and the means up to there."""

    step: int | None = None
    seconds: float | None = None
    means: dict[str, float] = field(default_factory=dict)


def is_config(plain: dict[str, Any]) -> bool:
    """Return whether a JSON object looks like the settings of a run."""
    return isinstance(plain.get("trainer"), dict) and "seed" in plain


def read_config(plain: dict[str, Any]) -> RunConfig:
    """Return the settings of a run. Raises UserError, in one line, for damaged ones."""
    try:
        return RunConfig.model_validate(clean(plain))
    except ValidationError as error:
        raise UserError(explain(error)) from None


def read_history(path: Path) -> Progress:
    """Return how far the run of a history.csv got. Raises UserError where it cannot be read."""
    first, last = read_ends(path, ENDS)
    lines = (first + last).decode("utf-8", "replace").splitlines()
    rows = [line for line in lines if line.strip('" \t')]
    if len(rows) < 2:
        return Progress(step=0)
    try:
        names, values = next(csv.reader(rows[:1])), next(csv.reader(rows[-1:]))
    except csv.Error as error:
        raise UserError(one_line(error)) from error
    if len(names) != len(values) or "step" not in names:
        raise UserError("its last line does not fit its first")
    given = {name: _number(value) for name, value in zip(names, values, strict=True)}
    numbers = {name: value for name, value in given.items() if math.isfinite(value)}
    step = numbers.get("step")
    if step is None or not 0 <= step < 2**53:
        raise UserError("its last line has no step")
    return Progress(int(step), numbers.get("seconds"), numbers)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def codes_in_training(config: RunConfig, progress: Progress) -> tuple[CodeFacts, ...]:
    """Return the codes of a run, with what its own Q read in the last steps of the history."""
    means = {name: EstimateCell(value) for name, value in progress.means.items()}
    readings = {
        name.removeprefix("information_"): (Reading(mean, WHILE_TRAINING, step=progress.step),)
        for name, mean in means.items()
        if name.startswith("information_")
    }
    return tuple(
        CodeFacts(code.name, code.entropy, readings.get(code.name, ()))
        for code in config.trainer.codes.codes
    )


def newest_sample(names: Sequence[str], config: RunConfig | None) -> tuple[str, int, str] | None:
    """Return file, step and code of the newest picture of samples; None where there is none.

    It is of the first categorical code where there is one, else of any.
    """
    found = [
        (int(match[1]), match[2], match[0]) for match in map(_SAMPLE.fullmatch, names) if match
    ]
    if not found:
        return None
    newest = max(step for step, _, _ in found)
    by_code = {code: file for step, code, file in found if step == newest}
    codes = config.trainer.codes.codes if config else ()
    order = sorted(codes, key=lambda code: code.kind != "categorical")
    known = {code.name.translate(_IN_A_FILE_NAME): code.name for code in order}
    name = next((name for name in known if name in by_code), next(iter(by_code)))
    return by_code[name], newest, known.get(name, name)
