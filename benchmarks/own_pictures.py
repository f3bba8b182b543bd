"""What a folder of pictures costs on a CPU: a step of its networks, and the parts of its report.

    OMP_NUM_THREADS=1 python benchmarks/own_pictures.py --write coil20 coil
    OMP_NUM_THREADS=1 python benchmarks/own_pictures.py --steps 2 --to steps.csv
    OMP_NUM_THREADS=1 python benchmarks/own_pictures.py --report runs/ten/ckpt.pt

`--write` makes a folder of a named data set's images, one below it for each class. Of every network
for a user's own images the CPU-seconds of some steps are measured, after a first. Those of a
report are told apart by what `infoeval report` does in turn.
"""

import argparse
import csv
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from machine import machine, machine_line
from PIL import Image

import infoeval as ie
from infoeval.data import load
from infoeval.evaluation import evaluate, make_report, pages
from infoeval.training.choosing import SIDES, VARIANTS, trainer_for_images
from infoeval.training.dry_run import step_of_noise

PARTS = ((make_report, "draw"), (pages, "write_formats"), (make_report, "score_inputs"))


def write(name: str, folder: Path) -> None:
    """Write the images of both splits of a data set as PNG files, in a folder for each class."""
    for split in ("train", "test"):
        images = load(name, split)
        assert images.labels is not None
        prefix = f"{split}-" if images.places is None else ""  # one file holds both splits
        places = range(len(images)) if images.places is None else images.places.tolist()
        for place, pixels, label in zip(places, images.images, images.labels, strict=True):
            path = folder / f"class-{label:03d}" / f"{prefix}{place:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.squeeze(pixels.transpose(1, 2, 0))).save(path)


def steps(count: int) -> list[dict[str, Any]]:
    """Return the CPU-seconds of a step of each network but the largest, which takes the longest."""
    rows = []
    for side in SIDES:
        for variant in VARIANTS if side < max(SIDES) else list(VARIANTS)[1:]:
            for channels in (1, 3):
                trainer = trainer_for_images("x", channels, side, variant=variant)
                step = step_of_noise(trainer, torch.device("cpu"), trainer.batch)
                step()
                started = time.process_time()
                for _ in range(count):
                    step()
                seconds = (time.process_time() - started) / count
                row = {"side": side, "channels": channels, "variant": variant}
                rows.append(row | {"batch": trainer.batch, "seconds": round(seconds, 4)})
                print(*rows[-1].values(), flush=True)
    return rows


def report(checkpoint: str) -> dict[str, float]:
    """Return the CPU-seconds of a report's parts, and of `mi-own`, which is among the scores."""
    spent: Counter[str] = Counter()

    def timed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[name] += time.process_time() - started  # type: ignore[assignment]

        return run

    for module, name in PARTS:
        setattr(module, name, timed(getattr(module, name), name))
    found = evaluate._runner
    evaluate._runner = lambda kind: timed(found(kind), f"metrics of {kind}")
    with TemporaryDirectory() as folder:
        ie.report(checkpoint, Path(folder) / "page.html", device="cpu")
    return dict(spent) | {"all, with imports": time.process_time()}


def main() -> None:
    """Do what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", nargs=2, metavar=("NAME", "FOLDER"))
    parser.add_argument("--steps", type=int, default=0, help="steps to time of each network")
    parser.add_argument("--report", metavar="CHECKPOINT")
    parser.add_argument("--to", type=Path, help="a CSV file for the rows of --steps")
    asked = parser.parse_args()
    print(machine_line(machine()))
    if asked.write:
        write(asked.write[0], Path(asked.write[1]))
    if asked.steps:
        rows = steps(asked.steps)
        if asked.to:
            with asked.to.open("w", newline="") as file:
                writer = csv.DictWriter(file, rows[0], lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    if asked.report:
        for name, seconds in report(asked.report).items():
            if seconds >= 0.05:
                print(f"{name:24} {seconds:6.2f}")


if __name__ == "__main__":
    main()
