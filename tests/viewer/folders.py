"""Folders as runs, sweeps and reports leave them, written by hand: nothing is trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from infoeval.results import Bound, Pick, Row, Summary
from tests.reporting import made_up
from tests.reporting.sample import sample

LOG_TEN = float(np.log(10))
CODES = [
    {"name": "digit", "kind": "categorical", "size": 10},
    {"name": "slant", "kind": "continuous", "low": -1, "high": 1, "sigma": None},
]
DATA = {"name": "mnist", "split": "train", "n": 60_000, "fingerprint": "ab" * 32}
Plain = dict[str, Any]


def config(seed: int = 0, weight: float = 1.0, **trainer: Any) -> Plain:
    """What config.json holds."""
    settings = {"name": "mnist", "steps": 3000, "information_weight": weight}
    settings |= {"image_shape": [1, 4, 4], "codes": {"noise": 8, "codes": CODES}}
    versions = {"infoeval": "0.1.0"}
    return {
        "trainer": settings | trainer,
        "variant": "default",
        "seed": seed,
        "device": "cpu",
        "threads": 1,
        "data": DATA,
        "versions": versions,
    }


def run(folder: Path, seed: int = 0, weight: float = 1.0, step: int = 3000) -> Path:
    """Write a run: its checkpoint is no checkpoint, and nobody minds."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config(seed, weight)))
    (folder / "ckpt.pt").write_bytes(f"weights of {folder.name}".encode())
    head = "step,seconds,generator_loss,information_digit,information_slant\n"
    lines = [f"{at},{at / 10},1.5,{weight * at / 1500},0.25\n" for at in range(500, step + 1, 500)]
    (folder / "history.csv").write_text(head + "".join(lines))
    for name, at in (("digit", 0), ("slant", step), ("digit", step)):
        samples(folder / "samples" / f"step-{at:06d}-{name}.png", seed)
    return folder


def samples(path: Path, seed: int = 0, rows: int = 5, columns: int = 10, side: int = 4) -> None:
    """Write a grid of tiles, a pixel apart, each of one grey: 10 × column + row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1), 128, np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = row * (side + 1), column * (side + 1)
            grid[top : top + side, left : left + side] = (10 * column + row + seed) % 256
    Image.fromarray(grid).save(path)


def sweep(folder: Path) -> Path:
    """Write two complete runs of λ = 1, of which the second is chosen, and one that failed."""
    rows = []
    for seed in (0, 1):
        run(folder / f"seed-{seed}", seed)
        bounds = {"digit": Bound(2.2 + seed / 20, 2.1, 2.3, 0.95, LOG_TEN)}
        rows.append(
            Row(
                f"seed-{seed}",
                1.0,
                seed,
                "complete",
                step=3000,
                steps=3000,
                bounds=bounds,
                agreement=0.8 + seed / 10,
                picked=seed == 1,
            )
        )
    rows.append(Row("seed-2", 1.0, 2, "failed", "training diverged"))
    pick = Pick(1.0, "seed-1", "highest mean agreement with the others")
    whole = Summary("mnist", "default", DATA, "share of rows", 1000, tuple(rows), (pick,))
    whole.write(folder)
    return folder


def subject(run: Path, **more: Any) -> Plain:
    """What results say of a run's checkpoint."""
    plain = json.loads((run / "config.json").read_text())
    content = (run / "ckpt.pt").read_bytes()
    return {
        "checkpoint": str(run / "ckpt.pt"),
        "sha256": hashlib.sha256(content).hexdigest(),
        "trainer": "mnist",
        "variant": "default",
        "seed": plain["seed"],
        "step": 3000,
        "information_weight": plain["trainer"]["information_weight"],
        **more,
    }


def scores(path: Path, run: Path, **more: Any) -> Path:
    """Write results as `infoeval score` does: an accuracy, and a code that follows a factor."""
    follows = made_up.pair("slant", "angle", 0.9, (0.88, 0.92), chance=0.02, p=0.001, paired=True)
    counts = np.full((10, 10), 2) + np.diag([80] * 10)
    matched = made_up.matching(
        counts.tolist(), list(range(10)), (0.79, 0.85), matching_fitted_on="separate rows"
    )
    document = made_up.document(follows, matched | {"target": "digit"})
    document |= {"subject": subject(run, **more), "data": {"name": "mnist", "split": "test"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def report(page: Path, run: Path, baseline: Path) -> Path:
    """Write a page that says nothing, and beside it the metrics.json of a whole report."""
    files = page.parent / f"{page.stem}_files"
    files.mkdir(parents=True)
    document = sample(files)
    document["subject"] = subject(run)
    document["models"][0]["subject"] = subject(baseline)
    (files / "metrics.json").write_text(json.dumps(document))
    page.write_text("<!DOCTYPE html><title>page</title>")
    return page


def whole(folder: Path) -> Path:
    """Write a folder with everything in it: a sweep, runs, a report, scores, a table."""
    sweep(folder / "mnist")
    run(folder / "lambda-0", weight=0.0)
    run(folder / "begun", seed=7, step=1000)
    report(folder / "report.html", folder / "mnist" / "seed-0", folder / "lambda-0")
    scores(folder / "scores.json", folder / "mnist" / "seed-1")
    table = made_up.document(made_up.pair("c_1", "size", 0.8, chance=0.01, p=0.001, paired=True))
    (folder / "table.json").write_text(json.dumps(table))
    return folder
