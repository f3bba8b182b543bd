"""The table of all runs, and which of them is chosen without labels."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from infoeval.files import atomic_path, write_text
from infoeval.metrics.seed_agreement import LEAST_MODELS, seed_agreement
from infoeval.sweep.unlabelled import Reading

__all__ = ["Bound", "Pick", "Row", "Summary", "summarise"]

SCHEMA_VERSION = 1

LEAST_SHARE = 0.05
"""Of H(c) that a code's L_I has to reach in one run at least, for the code to be compared."""


@dataclass(frozen=True)
class Bound:
    """L_I of one code by the checkpoint's own Q (`mi-own`), nats, with its interval, and H(c)."""

    value: float
    low: float
    high: float
    level: float
    entropy: float


@dataclass(frozen=True)
class Row:
    """One run.

    Args:
        folder: its name in the folder of all runs.
        information_weight: λ.
        seed: of weights and all draws.
        status: "complete", or "failed", and then `reason` says why.
        reason: one line.
        step: of its checkpoint, out of `steps`.
        steps: how many were asked for.
        seconds: of training.
        device: where it was trained.
        threads: of the CPU while it trained: it repeats bit for bit with the same number only.
        losses: D's and G's, means over the last steps in the history.
        bounds: L_I of each code.
        information_on_images: see `Reading.information`.
        augmentation_consistency: see `Reading`.
        agreement: mean agreement with the other complete runs of this λ.
        picked: whether it is the choice among those.

    """

    folder: str
    information_weight: float
    seed: int
    status: Literal["complete", "failed"]
    reason: str = ""
    step: int = 0
    steps: int = 0
    seconds: float | None = None
    device: str | None = None
    threads: int | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    information_on_images: Mapping[str, float] = field(default_factory=dict)
    augmentation_consistency: Mapping[str, float] = field(default_factory=dict)
    agreement: float | None = None
    picked: bool = False


@dataclass(frozen=True)
class Pick:
    """The choice among the runs of one λ: the folder, or None, and then `reason` says why."""

    information_weight: float
    folder: str | None
    reason: str


@dataclass(frozen=True)
class Summary:
    """All runs that were asked for.

    Args:
        trainer: its name.
        variant: which variant of it.
        data: name, split, size and fingerprint of the training images.
        measure: what `Row.agreement` is, in words; None where no two runs were compared.
        images: how many unlabelled training images they were compared on.
        rows: the runs, in the order asked for.
        picks: one for each λ.

    """

    trainer: str
    variant: str
    data: Mapping[str, Any]
    measure: str | None
    images: int
    rows: tuple[Row, ...]
    picks: tuple[Pick, ...]

    @property
    def complete(self) -> bool:
        """Whether all runs are."""
        return all(row.status == "complete" for row in self.rows)

    def to_json(self) -> str:
        """As JSON: keys sorted, indented by 2, ending with a line end."""
        plain = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return text + "\n"

    def table(self) -> pd.DataFrame:
        """A row for each run; a code's numbers are in columns named after it."""
        return pd.DataFrame([_flat(row) for row in self.rows])

    def write(self, folder: Path) -> None:
        """Write `summary.csv` and `summary.json`, each atomically."""
        with atomic_path(folder / "summary.csv") as temporary:
            self.table().to_csv(temporary, index=False)
        write_text(folder / "summary.json", self.to_json())


def summarise(
    rows: Sequence[Row],
    readings: Sequence[Reading | None],
    *,
    trainer: str,
    variant: str,
    data: Mapping[str, Any],
    images: int,
) -> Summary:
    """Compare the runs of each λ on the same images, and mark the choice.

    `readings` are those of complete runs, else None. A code that is inactive in every run does
    not count, as long as another is active. No run of λ = 0 is chosen: there codes and images
    agree by accident only.
    """
    rows = list(rows)
    picks, measures = [], dict[float, str]()
    for weight in dict.fromkeys(row.information_weight for row in rows):
        numbers = [
            number
            for number, row in enumerate(rows)
            if row.information_weight == weight and readings[number] is not None
        ]
        inactive = _inactive([rows[number] for number in numbers])
        codes = [
            [code for name, code in reading.codes.items() if name not in inactive]
            for number in numbers
            if (reading := readings[number]) is not None
        ]
        medoid = None
        if len(codes) > 1:
            agreement = seed_agreement(codes)
            measures[weight], medoid = agreement.measure, agreement.medoid
            for number, mean in zip(numbers, agreement.means, strict=True):
                rows[number] = replace(rows[number], agreement=float(mean))
        chosen = numbers[medoid] if weight and medoid is not None else None
        if chosen is not None:
            rows[chosen] = replace(rows[chosen], picked=True)
        folder = None if chosen is None else rows[chosen].folder
        picks.append(
            Pick(weight, folder, _reason(weight, len(codes), chosen is not None, inactive))
        )
    measure = _measure(measures)
    return Summary(trainer, variant, data, measure, images, tuple(rows), tuple(picks))


def _measure(measures: Mapping[float, str]) -> str | None:
    """The measure of agreement, by λ where runs were compared by different codes."""
    different = set(measures.values())
    if len(different) > 1:
        return "; ".join(f"for λ = {weight:g} {words}" for weight, words in measures.items())
    return different.pop() if different else None


def _inactive(rows: Sequence[Row]) -> list[str]:
    """Codes that carry nothing in any of the runs; none where that holds for all codes."""

    def is_inactive(row: Row, name: str) -> bool:
        bound = row.bounds.get(name)
        return bound is not None and bound.high < LEAST_SHARE * bound.entropy

    names = sorted(set[str]().union(*(row.bounds for row in rows)))
    inactive = [name for name in names if all(is_inactive(row, name) for row in rows)]
    return inactive if len(inactive) < len(names) else []


def _reason(weight: float, complete: int, chosen: bool, inactive: Sequence[str]) -> str:
    if weight == 0:
        return "runs without the information term are not chosen from"
    if complete < LEAST_MODELS:
        return f"a medoid needs {LEAST_MODELS} complete runs, not {complete}"
    if not chosen:
        return "no two runs agree on anything"
    left_out = f"; what carries nothing does not count: {', '.join(inactive)}" if inactive else ""
    return f"highest mean agreement with the others{left_out}"


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "run": row.folder,
        "lambda": row.information_weight,
        "seed": row.seed,
        "status": row.status,
        "reason": row.reason,
        "step": row.step,
        "steps": row.steps,
        "seconds": math.nan if row.seconds is None else round(row.seconds, 1),
        "picked": row.picked,
        "agreement": row.agreement,
        "device": row.device,
        "threads": row.threads,
    }
    for name, bound in row.bounds.items():
        flat |= {f"L_I {name}": bound.value, f"L_I {name} low": bound.low}
        flat |= {f"L_I {name} high": bound.high, f"H(c) {name}": bound.entropy}
    flat |= row.losses
    flat |= {f"H(mean q) - mean H(q) {name}": v for name, v in row.information_on_images.items()}
    flat |= {
        f"augmentation consistency {name}": value
        for name, value in row.augmentation_consistency.items()
    }
    return flat
