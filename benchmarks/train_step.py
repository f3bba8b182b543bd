"""The time of one MNIST training step, beside the loop one would write, and beside its floor.

    python benchmarks/train_step.py
    python benchmarks/train_step.py --device cuda --precision bfloat16 float32 --seeds 10
    python benchmarks/train_step.py --seeds 4 --threads 2 --json step.json

Measured in turn, a few steps each, in one process: `plain`, the loop of plain_step.py (DataLoader,
eager, float32); `eager`, our step; `captured`, our step as one CUDA graph (on a GPU, unless
--no-capture); `streamed`, the same with images that the device has no room for, which a thread
reads ahead; `stacked S`, S seeds at once, captured likewise. All train the networks of Table 1 on
the same objective. Medians over the rounds are printed, and ratios of the turns of one round: on a
busy machine both suffer alike. On a CPU, CPU-seconds are what to compare; on a GPU, seconds until
the device is done. Beside them stands what the step has to compute and to move (step_floor.py), at
the rates that a large product of matrices and a large copy reach here, by the same clock.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any, Protocol

import numpy as np
import torch
from machine import add_json_option, machine, machine_line, write_json
from numpy.typing import NDArray
from plain_step import PlainStep
from step_floor import Floor, floor_of
from torch import Tensor

from infoeval import Trainer
from infoeval.devices import find_device
from infoeval.training.choosing import load_trainer
from infoeval.training.cuda_graph import CapturedStep, captured
from infoeval.training.image_source import StreamedImages
from infoeval.training.stacked_step import StackedStep
from infoeval.training.step import Step, resolve_precision

WARM_UP = 3
IMAGES = 10_000


class Steps(Protocol):
    """Whatever performs steps."""

    def advance(self, count: int) -> Tensor:
        """Perform them and return their statistics, on the device."""
        ...


def our_step(trainer: Trainer, images: Tensor, seed: int = 0) -> Step:
    """The step as `infoeval train` runs it, before it is captured."""
    networks = trainer.networks().initialise(torch.Generator().manual_seed(seed)).train()
    networks = networks.to(images.device).to(memory_format=torch.channels_last)
    return Step(trainer, networks, images, torch.Generator(images.device).manual_seed(seed))


def contenders(
    trainer: Trainer, pixels: NDArray[np.uint8], arguments: argparse.Namespace
) -> Iterator[tuple[str, int, Steps]]:
    """Name, number of runs at once, and steps of all that take turns."""
    device = find_device(arguments.device)
    images = torch.from_numpy(pixels).to(device)
    yield "plain", 1, PlainStep(trainer, pixels, device, arguments.workers)
    yield "eager", 1, our_step(trainer, images)
    capture = arguments.capture and device.type == "cuda"
    if capture:
        yield "captured", 1, captured(our_step(trainer, images), print)
    streamed = our_step(trainer, images)
    streamed.images = StreamedImages(torch.from_numpy(pixels), device, trainer)
    yield "streamed", 1, captured(streamed, print) if capture else streamed
    for seeds in arguments.seeds:
        if seeds > 1:
            runs = [our_step(trainer, images, seed) for seed in range(seeds)]
            stack = StackedStep(runs)
            stacked = captured(stack, print) if capture else stack
            yield f"stacked {seeds}", seeds, stacked


def timed(steps: Steps, count: int, device: torch.device) -> tuple[float, float]:
    """Wall seconds and CPU-seconds of one step, over `count` steps whose statistics are read."""
    started, processed = time.perf_counter(), time.process_time()
    steps.advance(count).tolist()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - started) / count, (time.process_time() - processed) / count


def rates(precision: str, device: torch.device) -> dict[str, float]:
    """What the device reaches: operations a second in a product, bytes a second in a copy."""
    side, numbers = (8192, 2**28) if device.type == "cuda" else (2048, 2**26)
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    matrix = torch.randn(side, side, device=device, dtype=kind)
    result = torch.empty_like(matrix)
    source = torch.ones(numbers, device=device)
    copy = torch.empty_like(source)
    return {
        "flop a second": 2 * side**3 / _best(lambda: torch.mm(matrix, matrix, out=result), device),
        "bytes a second": 8 * numbers / _best(lambda: copy.copy_(source), device),
    }


def _best(function: Callable[[], object], device: torch.device) -> float:
    """Seconds of the fastest of some calls; CPU-seconds where that is the device."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    seconds = []
    for _ in range(8):
        started = clock()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(clock() - started)
    return min(seconds)


def measure(trainer: Trainer, arguments: argparse.Namespace) -> dict[str, Any]:
    """All that is measured in one precision and batch."""
    device = find_device(arguments.device)
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 1, 28, 28), dtype=np.uint8)
    taking_turns = list(contenders(trainer, pixels, arguments))
    window = arguments.window or (50 if device.type == "cuda" else 1)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in taking_turns}
    streamed = next(images for _, _, steps in taking_turns if (images := streamed_images(steps)))
    waited = 0.0
    for round_number in range(WARM_UP + arguments.rounds):
        if round_number == WARM_UP:
            waited = streamed.waited
        for name, _, steps in taking_turns:
            turn = timed(steps, window, device)
            if round_number >= WARM_UP:
                turns[name].append(turn)
    streamed.close()
    clock = 0 if device.type == "cuda" else 1
    reached = rates(trainer.precision, device)
    floor = floor_of(trainer, 2 if trainer.precision == "bfloat16" else 4)
    rows = []
    for name, runs, steps in taking_turns:
        walls, processed = zip(*turns[name], strict=True)
        row: dict[str, Any] = {"name": name, "runs": runs}
        row["captured"] = isinstance(steps, CapturedStep) and not steps.failed
        for unit, values in (("wall", walls), ("CPU", processed)):
            row[f"{unit} seconds"] = {
                "median": statistics.median(values),
                "least": min(values),
                "most": max(values),
            }
        for other in [other for other in ("plain", "eager", "captured") if other in turns]:
            pairs = zip(turns[other], turns[name], strict=True)
            ratios = [runs * theirs[clock] / ours[clock] for theirs, ours in pairs]
            row[f"times as fast as {other}"] = statistics.median(ratios)
        if name != "plain":  # whose float32 has another floor
            row |= shares(
                floor, runs, reached, statistics.median(turn[clock] for turn in turns[name])
            )
        rows.append(row)
    return {
        "precision": trainer.precision,
        "batch": trainer.batch,
        "rounds": arguments.rounds,
        "steps a turn": window,
        "floor": vars(floor) | {"bytes": floor.bytes},
        "rates": reached,
        "seconds that a streamed step waited": (streamed.waited - waited)
        / (arguments.rounds * window),
        "rows": rows,
    }


def streamed_images(steps: Steps) -> StreamedImages | None:
    """The images of a contender that streams them."""
    step = steps.step if isinstance(steps, CapturedStep) else steps
    images = step.images if isinstance(step, Step) else None
    return images if isinstance(images, StreamedImages) else None


def shares(floor: Floor, runs: int, reached: dict[str, float], seconds: float) -> dict[str, float]:
    """How much of a step's seconds its floors take up."""
    move = reached["bytes a second"]
    return {
        "share of the FLOP floor": runs * floor.flop / reached["flop a second"] / seconds,
        "share of Adam's byte floor": runs * floor.adam_bytes / move / seconds,
        "share of the byte floor": runs * floor.bytes / move / seconds,
    }


def show(measured: dict[str, Any]) -> None:
    """Print one precision and batch."""
    floor, reached = measured["floor"], measured["rates"]
    compute = 1e3 * floor["flop"] / reached["flop a second"]
    move = 1e3 * floor["bytes"] / reached["bytes a second"]
    adam = 1e3 * floor["adam_bytes"] / reached["bytes a second"]
    print(
        f"\n{measured['precision']}, batch {measured['batch']}, {measured['rounds']} rounds of "
        f"{measured['steps a turn']} step(s)\n"
        f"a step: {floor['flop'] / 1e9:.1f} GFLOP, {compute:.3g} ms at "
        f"{reached['flop a second'] / 1e12:.3g} TFLOP/s; {floor['bytes'] / 1e6:.0f} MB, {move:.3g} "
        f"ms at {reached['bytes a second'] / 1e9:.3g} GB/s (Adam's {floor['adam_bytes'] / 1e6:.0f} "
        f"MB: {adam:.3g} ms)\n"
        "name         ms, wall (least to most)   ms, CPU  × plain  × eager   FLOP   Adam  bytes"
    )
    for row in measured["rows"]:
        wall = {name: 1e3 * value for name, value in row["wall seconds"].items()}
        spread = f"{wall['median']:.2f} ({wall['least']:.2f} to {wall['most']:.2f})"
        name = row["name"] if row["captured"] or row["name"] != "captured" else "not captured"
        print(
            f"{name:12} {spread:26} {1e3 * row['CPU seconds']['median']:7.1f}"
            f" {row['times as fast as plain']:8.2f} {row['times as fast as eager']:8.2f}"
            + "".join(f" {100 * row[key]:5.1f}%" for key in row if key.startswith("share"))
        )
    print(f"a streamed step waited {1e3 * measured['seconds that a streamed step waited']:.3f} ms")


def main() -> None:
    """Measure every precision and batch asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", nargs="+", default=["auto"], help="auto, float32, bfloat16")
    parser.add_argument("--batch", type=int, nargs="+", default=[128])
    parser.add_argument("--capture", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="runs stacked in one")
    parser.add_argument("--variant", default="default")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--window", type=int, help="steps a turn; 1 on a CPU and 50 on a GPU")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--workers", type=int, default=0, help="processes of the plain loop's loader"
    )
    add_json_option(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = find_device(arguments.device)
    described = machine(device)
    print(machine_line(described), flush=True)
    everything = []
    for precision, batch in product(arguments.precision, arguments.batch):
        trainer = load_trainer("mnist").variant(arguments.variant)
        resolved = resolve_precision(precision, device)
        everything.append(measure(replace(trainer, precision=resolved, batch=batch), arguments))
        show(everything[-1])
    write_json(
        arguments.json,
        {"machine": described, "variant": arguments.variant, "measured": everything},
    )


if __name__ == "__main__":
    main()
