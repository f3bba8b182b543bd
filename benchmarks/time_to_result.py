"""Seconds of training until Q reads the digit code from images, and until it finds the digits.

    python benchmarks/time_to_result.py
    python benchmarks/time_to_result.py --device cuda --steps 5000 --json time-to-result.json

Two marks on MNIST: L_I of the digit code reaches 2.29 of 2.303 nats, and the cluster error on test
images falls to 5 %. The training keeps its checkpoints (`--checkpoint-every`); they are scored in
order when the training is over, and only then are labels read. L_I is that of 10,000 fresh images;
the step at which the history's running mean reaches 2.29 is printed too, but that is of images
augmented by the trainer's view, from which Q reads less. Seconds are those of training: writing the
checkpoints is counted apart from them, and so is what comes before (data and networks; for imports
see start_up.py).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from machine import add_json_option, machine, machine_line, write_json

from infoeval.checkpoint import CHECKPOINT
from infoeval.data import load
from infoeval.devices import find_device
from infoeval.evaluation import score
from infoeval.training.choosing import load_trainer
from infoeval.training.run import Run
from infoeval.training.run_options import RunOptions

CODE, INFORMATION, ERROR = "digit", 2.29, 0.05


@dataclass
class StagedRun(Run):
    """A run that keeps every checkpoint, and the seconds that writing them took."""

    kept: dict[int, Path] = field(default_factory=dict)
    writing: dict[int, float] = field(default_factory=dict)

    def save(self) -> None:
        """Write the checkpoint, and link the file to a name that the next one does not replace."""
        started = time.monotonic()
        super().save()
        stage = self.folder / f"step-{self.done:06d}.pt"
        os.link(self.folder / CHECKPOINT, stage)
        self.kept[self.done] = stage
        self.writing[self.done] = time.monotonic() - started

    def seconds(self, step: int) -> float:
        """Seconds of training up to a step that the history has, without writing checkpoints."""
        elapsed = dict(zip(self.history["step"], self.history["seconds"], strict=True))[step]
        return elapsed - sum(spent for saved, spent in self.writing.items() if 0 < saved < step)


def first_informed(history: Mapping[str, list[float]]) -> int | None:
    """The first step of a history at which L_I of the digit code is large enough."""
    rows = zip(history["step"], history[f"information_{CODE}"], strict=True)
    return next((int(step) for step, information in rows if information >= INFORMATION), None)


def scores(
    stages: Mapping[int, Path], arguments: argparse.Namespace
) -> Iterator[tuple[int, float, float]]:
    """Step, L_I and cluster error of each checkpoint, down to the first that reaches both marks."""
    reached: set[str] = set()
    for step, path in sorted(stages.items()):
        if step == 0:
            continue
        document = score(
            path,
            metrics=["mi-own", "cluster-acc"],
            samples=10_000,
            fit_images=arguments.fit_images,
            device=arguments.device,
        )
        results = {(result.metric, result.target): result for result in document.results}
        information = results["mi-own", CODE].value
        error = float(results["cluster-acc", CODE].details["error"])
        print(
            f"step {step:5d}: L_I {information:.4f}, cluster error {100 * error:.2f} %", flush=True
        )
        yield step, information, error
        reached |= {"information"} if information >= INFORMATION else set()
        reached |= {"error"} if error <= ERROR else set()
        if len(reached) == 2:
            return


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train once, then score."""
    started = time.monotonic()
    trainer = load_trainer("mnist").variant(arguments.variant)
    trainer = replace(trainer, steps=arguments.steps or trainer.steps)
    run = StagedRun.start(
        trainer,
        load(trainer.data),
        folder,
        RunOptions(
            arguments.device,
            arguments.variant,
            checkpoint_every=arguments.checkpoint_every,
            log_every=arguments.log_every,
        ),
        seed=arguments.seed,
    )
    assert isinstance(run, StagedRun)
    preparing = time.monotonic() - started
    processed = time.process_time()
    run.train(log=print)
    processed = time.process_time() - processed
    informed = first_informed(run.history)
    scored = list(scores(run.kept, arguments))
    reads = next((step for step, information, _ in scored if information >= INFORMATION), None)
    finds = next((step for step, _, error in scored if error <= ERROR), None)
    return {
        "seed": arguments.seed,
        "variant": arguments.variant,
        "precision": run.trainer.precision,
        "steps": run.done,
        "seconds": run.seconds(run.done),
        "CPU seconds, with writing": processed,
        "seconds before training": preparing,
        "seconds of writing checkpoints": sum(run.writing.values()),
        f"L_I >= {INFORMATION}, of fresh images": _mark(run, reads),
        f"L_I >= {INFORMATION}, in the history": _mark(run, informed),
        f"cluster error <= {ERROR}": _mark(run, finds),
        "scores": [
            {"step": step, "L_I": information, "cluster error": error}
            for step, information, error in scored
        ],
        "last L_I in the history": run.history[f"information_{CODE}"][-1],
    }


def _mark(run: StagedRun, step: int | None) -> dict[str, float] | None:
    return None if step is None else {"step": step, "seconds": run.seconds(step)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--variant", default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="the trainer's own number by default")
    parser.add_argument("--log-every", type=int, default=50, help="steps an average of L_I is over")
    parser.add_argument("--checkpoint-every", type=int, default=250)
    parser.add_argument("--fit-images", type=int, default=10_000, help="to fit the matching on")
    parser.add_argument("--threads", type=int, default=1)
    add_json_option(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    described = machine(find_device(arguments.device))
    print(machine_line(described), flush=True)
    with tempfile.TemporaryDirectory(prefix="infoeval-") as folder:
        measured = measure(arguments, Path(folder))
    described["load afterwards"] = round(os.getloadavg()[0], 1)
    for name, value in measured.items():
        print(f"{name}: {value}")
    write_json(arguments.json, {"machine": described, "measured": measured})


if __name__ == "__main__":
    main()
