"""The table of many runs of one trainer: the shape of ``summary.json``."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic.dataclasses import dataclass

from infoeval.files import atomic_path, write_text
from infoeval.results.contract import (
    RECORD,
    SCHEMA_VERSION,
    Count,
    Flag,
    Name,
    Number,
    Text,
    Whole,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, config=RECORD)
class Bound:
    """L_I of one code by the checkpoint's own Q (`mi-own`), nats, with its interval, and H(c)."""

    value: Number
    low: Number
    high: Number
    level: Number
    entropy: Number


@dataclass(frozen=True, config=RECORD)
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
        information_on_images: H(mean q) - mean H(q) of each code on training images, nats.
        augmentation_consistency: how much of each code's reading survives augmentation.
        invariance: the trainer's invariance term on training images, nats, where it has one.
        agreement: mean agreement with the other complete runs of this λ.
        picked: whether it is the choice among those.

    """

    folder: Text
    information_weight: Number
    seed: Whole
    status: Literal["complete", "failed"]
    reason: Text = ""
    step: Count = 0
    steps: Count = 0
    seconds: Number | None = None
    device: Text | None = None
    threads: Whole | None = None
    losses: Mapping[str, Number] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    information_on_images: Mapping[str, Number] = field(default_factory=dict)
    augmentation_consistency: Mapping[str, Number] = field(default_factory=dict)
    invariance: Number | None = None
    agreement: Number | None = None
    picked: Flag = False


@dataclass(frozen=True, config=RECORD)
class Pick:
    """The choice among the runs of one λ: the folder, or None, and then `reason` says why."""

    information_weight: Number
    folder: Text | None
    reason: Text


@dataclass(frozen=True, config=RECORD)
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

    trainer: Name
    variant: Name
    data: Mapping[str, Any]
    measure: str | None
    images: Count
    rows: tuple[Row, ...]
    picks: tuple[Pick, ...]

    @property
    def complete(self) -> bool:
        """Whether all runs are."""
        return all(row.status == "complete" for row in self.rows)

    def to_json(self) -> str:
        """Return JSON: keys sorted, indented by 2, ending with a line end."""
        plain = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return text + "\n"

    def table(self) -> "pd.DataFrame":
        """Return a row for each run; a code's numbers are in columns named after it."""
        import pandas as pd

        return pd.DataFrame([_flat(row) for row in self.rows])

    def write(self, folder: Path) -> None:
        """Write `summary.csv` and `summary.json`, each atomically."""
        with atomic_path(folder / "summary.csv") as temporary:
            self.table().to_csv(temporary, index=False)
        write_text(folder / "summary.json", self.to_json())


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
        "invariance": row.invariance,
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
