"""Where the time of a training step on a CPU goes, and what other ways of running it take.

    OMP_NUM_THREADS=1 python benchmarks/step_parts.py --json docs/results/step-parts-cpu.json

The first table has the share of each kind of operation in the CPU time of a few steps, by torch's
profiler, which counts each moment once, for the innermost operation. The second compares the step
as `infoeval train` runs it with other ways, in turn, a step each: weights in torch's default layout
instead of channels last, Adam that is not fused, networks compiled by torch.compile, and float32.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from machine import add_json_option, machine, machine_line, write_json
from torch.profiler import ProfilerActivity, profile

from infoeval.trainer import Precision
from infoeval.training.choosing import load_trainer
from infoeval.training.step import Step

WARM_UP = 3
IMAGES = 10_000
KINDS = {
    "convolutions and products": ("conv", "mkldnn", "mm", "linear"),
    "batch norm": ("batch_norm",),
    "Adam": ("adam",),
    "augmentation": ("grid_sampler", "affine_grid"),
    "copies, casts and layouts": ("copy_", "cat", "contiguous", "clone", "zero_", "fill_"),
    "activations, losses, sums": ("relu", "tanh", "sigmoid", "softplus", "add", "mul", "sum"),
}
"""Parts of the names of torch's operations; the first that fits counts."""


def step(precision: Precision = "bfloat16", layout: Any = torch.channels_last) -> Step:
    """The step of `mnist` on random images, with weights in a layout."""
    trainer = replace(load_trainer("mnist"), precision=precision)
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    images = torch.randint(256, (IMAGES, 1, 28, 28), dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    return Step(trainer, networks.to(memory_format=layout), images, generator)


def not_fused() -> Step:
    """The step with Adam by a loop over tensors."""
    made = step()
    for optimizer in made.optimizers.values():
        for group in optimizer.param_groups:
            group["fused"] = group["foreach"] = False
    return made


def compiled() -> Step:
    """The step with its networks compiled."""
    made = step()
    for name in ("generator", "shared", "discriminator", "recognition"):
        getattr(made.networks, name).compile()
    return made


WAYS: dict[str, Callable[[], Step]] = {
    "as it is": step,
    "default layout": lambda: step(layout=torch.contiguous_format),
    "Adam not fused": not_fused,
    "networks compiled": compiled,
    "float32": lambda: step("float32"),
}


def kind_of(operation: str) -> str:
    """Return the kind of an operation by its name.

    >>> kind_of("aten::mkldnn_convolution"), kind_of("aten::_fused_adam_"), kind_of("aten::randn")
    ('convolutions and products', 'Adam', 'other')
    """
    found = (kind for kind, words in KINDS.items() if any(word in operation for word in words))
    return next(found, "other")


def shares(steps: int) -> dict[str, float]:
    """Return the share of each kind in the CPU time of so many steps."""
    made = step()
    for _ in range(WARM_UP):
        made()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(steps):
            made()
    spent: dict[str, float] = dict.fromkeys([*KINDS, "other"], 0.0)
    for event in profiled.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total
    total = sum(spent.values())
    return {kind: value / total for kind, value in spent.items()}


def compared(rounds: int) -> dict[str, dict[str, float]]:
    """Return the CPU-seconds of each way, and the median ratio to the first of the same round."""
    made = {name: make() for name, make in WAYS.items()}
    for each in made.values():
        for _ in range(WARM_UP):
            each()
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, each in made.items():
            started = time.process_time()
            each()
            seconds[name].append(time.process_time() - started)
    first = seconds["as it is"]
    return {
        name: {
            "CPU seconds": statistics.median(taken),
            "times as long": statistics.median(a / b for a, b in zip(taken, first, strict=True)),
        }
        for name, taken in seconds.items()
    }


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=5, help="steps that are profiled")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    add_json_option(parser)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    described = machine()
    print(machine_line(described), flush=True)
    parts = shares(asked.steps)
    for kind, share in parts.items():
        print(f"{kind:28} {100 * share:5.1f} %")
    ways = compared(asked.rounds)
    for name, found in ways.items():
        print(f"{name:20} {found['CPU seconds']:.3f} s  {found['times as long']:.2f}×")
    write_json(asked.json, {"machine": described, "shares": parts, "ways": ways})


if __name__ == "__main__":
    main()
