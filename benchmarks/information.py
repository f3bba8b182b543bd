"""Test the estimate of information where the truth is known, and apply it to real checkpoints.

    python benchmarks/information.py channels --seeds 0-4 --jobs 4
    python benchmarks/information.py coverage --runs 60 --jobs 4
    python benchmarks/information.py models CKPT BASELINE --budget standard
    python benchmarks/information.py cost CKPT --budget quick --threads 2
    python benchmarks/information.py many --codes 100 --budget quick --threads 2

`channels` runs every channel of known truth, `coverage` counts how often the intervals of cheap
ones contain the truth, `models` compares a λ = 1 checkpoint with its λ = 0 twin and an untrained
generator, `cost` prints the time by activity, and `many` what a hundred codes take. Every finished
run is written at once, and an interrupted command resumes; information_tables.py makes tables and
figures of the results.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import known_channels
import pandas as pd
import torch
from joblib import Parallel, delayed

from infoeval import Categorical, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.files import atomic_path, write_text
from infoeval.information import channels
from infoeval.information.checkpoint_information import CheckpointInformation, estimate_checkpoint
from infoeval.information.post_hoc import Estimate, Information, estimate
from infoeval.information.streams import JOINT
from infoeval.networks import Networks
from infoeval.subjects.checkpoint_model import CheckpointModel

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
MODELS = ("λ = 1", "λ = 0", "untrained")


def mixed(size: int) -> channels.Channel:
    """Return a category and a position in one image, like a real code space."""
    return channels.side_by_side(
        channels.symmetric_noise(0.1, size=size), channels.blob_with_gaussian_noise(0.1, size=size)
    )


CHANNELS: dict[str, Callable[[int], channels.Channel]] = {
    "symmetric noise 0": lambda size: channels.symmetric_noise(0.0, size=size),
    "symmetric noise 0.1": lambda size: channels.symmetric_noise(0.1, size=size),
    "symmetric noise 0.3": lambda size: channels.symmetric_noise(0.3, size=size),
    "symmetric noise 0.9": lambda size: channels.symmetric_noise(0.9, size=size),
    "erasure 0.2": lambda size: known_channels.erasure(0.2, size=size),
    "merged to 9": lambda size: known_channels.merged(9, size=size),
    "merged to 5": lambda size: known_channels.merged(5, size=size),
    "uniform noise 0.02": lambda size: known_channels.blob_with_uniform_noise(0.02, size=size),
    "uniform noise 0.1": lambda size: known_channels.blob_with_uniform_noise(0.1, size=size),
    "uniform noise 0.75": lambda size: known_channels.blob_with_uniform_noise(0.75, size=size),
    "gaussian noise 0.05": lambda size: channels.blob_with_gaussian_noise(0.05, size=size),
    "gaussian noise 0.1": lambda size: channels.blob_with_gaussian_noise(0.1, size=size),
    "gaussian noise 0.5": lambda size: channels.blob_with_gaussian_noise(0.5, size=size),
    "correlated gaussians 0.75": lambda size: known_channels.correlated_gaussians(0.75, size=size),
    "independent, category": lambda size: known_channels.independent(Categorical(10), size=size),
    "independent, position": lambda size: known_channels.independent(Uniform(-1, 1), size=size),
    "flipped pixels 0.45": lambda size: known_channels.flipped_pixels(0.45, size=size),
    "folded blob 0.1": lambda size: known_channels.folded(0.1, size=size),
    "sum of two": lambda size: known_channels.sum_of_two(size=size),
    "wrapped sum 0.1": lambda size: known_channels.wrapped_sum(0.1, size=size),
    "side by side": mixed,
    "unequal categories 0.1": lambda size: known_channels.unequal_categories(0.1, size=size),
    "unequal erasure 0.2": lambda size: known_channels.unequal_erasure(0.2, size=size),
    "normal, noise 0.5": lambda size: known_channels.normal_with_gaussian_noise(0.5, size=size),
    "normal, noise 0.2": lambda size: known_channels.normal_with_gaussian_noise(0.2, size=size),
    "angle, uniform noise 1": lambda size: known_channels.angle_with_uniform_noise(1.0, size=size),
    "angle, uniform noise 2": lambda size: known_channels.angle_with_uniform_noise(2.0, size=size),
    "angle, normal noise 0.3": lambda size: known_channels.angle_with_normal_noise(0.3, size=size),
    "angle, normal noise 1": lambda size: known_channels.angle_with_normal_noise(1.0, size=size),
}
"""The channels of the protocol, then others: noise in the pixels, ambiguous and joint codes."""

CHEAP = (
    "symmetric noise 0.1",
    "symmetric noise 0.3",
    "erasure 0.2",
    "merged to 5",
    "gaussian noise 0.5",
    "uniform noise 0.75",
)


def run_channel(name: str, seed: int, size: int, budget: str, threads: int) -> list[dict[str, Any]]:
    """Return the rows of one run of a channel: one for each code, and one for all together."""
    torch.set_num_threads(threads)
    channel = CHANNELS[name](size)
    started = time.perf_counter()
    result = estimate(channel.space, channel.render, budget=budget, seed=seed)
    seconds = round(time.perf_counter() - started, 1)
    rows = []
    for code, information in targets(result):
        truth = channel.joint if code == JOINT else channel.truth[code]
        tolerance = 0.0 if truth == 0 else 1e-9
        rows.append(
            {
                "channel": name,
                "code": code,
                "seed": seed,
                "budget": budget,
                "truth": round(truth, 6),
                "value": round(information.value, 5),
                "error": round(information.value - truth, 5),
                "low": round(information.low, 5),
                "high": round(information.high, 5),
                "covers": information.low - tolerance <= truth <= information.high + tolerance,
                "certified": round(information.certified, 5),
                "certified above": information.certified > truth + 1e-9,
                "converged": information.converged,
                "family": information.family,
                "n": information.samples,
                "null": round(max(c.value for c in result.self_test.null), 5),
                "known error": round(max(abs(c.error) for c in result.self_test.known), 4),
                "missed": round(information.missed, 5),
                "seconds": seconds,
            }
        )
    return rows


def targets(result: Estimate) -> Iterator[tuple[str, Information]]:
    """Yield every code, and all together if there are several."""
    yield from result.items()
    if len(result) > 1:
        yield JOINT, result.joint


def run_channels(arguments: argparse.Namespace) -> None:
    names = arguments.only or list(CHANNELS)
    jobs = [(name, seed) for seed in arguments.seeds for name in names]
    run_all(jobs, arguments, arguments.table or RESULTS / "information-channels.csv")


def run_coverage(arguments: argparse.Namespace) -> None:
    repeats = math.ceil(arguments.runs / len(CHEAP))
    # Every run has another seed: with equal ones, channels of equal codes share their draws.
    jobs = [(name, 100 + run) for run, name in enumerate(CHEAP * repeats)]
    run_all(jobs, arguments, arguments.table or RESULTS / "information-coverage.csv")


def run_all(jobs: list[tuple[str, int]], arguments: argparse.Namespace, path: Path) -> None:
    """Run the jobs that the table at `path` lacks, and write each row as soon as it is known."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame()
    known = set(zip(table["channel"], table["seed"], strict=True)) if len(table) else set()
    results = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        delayed(run_channel)(name, seed, arguments.size, arguments.budget, arguments.threads)
        for name, seed in jobs
        if (name, seed) not in known
    )
    for rows in results:
        table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
        save(table, path)
        print(rows[0]["channel"], rows[0]["seed"], rows[0]["seconds"], "s", flush=True)
    order = {name: place for place, name in enumerate(CHANNELS)}
    keys = table["channel"].map(order)
    table = table.assign(order=keys).sort_values(["order", "seed"], kind="stable")
    save(table.drop(columns="order"), path)


def save(table: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def untrained(checkpoint: Checkpoint, seed: int = 0) -> CheckpointModel:
    """Return the checkpoint's generator before training, with batch-norm statistics of its own."""
    trainer = checkpoint.trainer
    tables = (trainer.generator, trainer.shared, trainer.recognition)
    networks = Networks(trainer.codes, trainer.image_shape, *tables)
    generator = torch.Generator().manual_seed(seed)
    networks.initialise(generator).train()
    with torch.no_grad():
        for _ in range(50):
            codes = trainer.codes.sample(500, generator)
            networks.generator(
                trainer.codes.encode(codes, trainer.codes.sample_noise(500, generator))
            )
    model = CheckpointModel(checkpoint)
    model.networks.load_state_dict(networks.eval().state_dict())
    return model


def run_models(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    first = Checkpoint.open(arguments.checkpoint)
    models: dict[str, Callable[[], CheckpointModel]] = {
        "λ = 1": lambda: CheckpointModel(first),
        "λ = 0": lambda: CheckpointModel.open(arguments.baseline),
        "untrained": lambda: untrained(first),
    }
    path = arguments.table or RESULTS / f"information-models-{arguments.budget}.json"
    for name in arguments.only or models:
        started = time.perf_counter()
        result = plain(
            estimate_checkpoint(models[name](), budget=arguments.budget, progress=printer(name))
        )
        result["seconds"]["in all"] = time.perf_counter() - started
        result["threads"] = arguments.threads
        print(json.dumps(result["seconds"], indent=1), flush=True)
        # The file is read again each time, because several processes may share the models.
        results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        results[name] = result
        ordered = {model: results[model] for model in models if model in results}
        write_text(path, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def run_cost(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    model = CheckpointModel.open(arguments.checkpoint)
    started, worked = time.perf_counter(), time.process_time()
    result = estimate_checkpoint(model, budget=arguments.budget)
    print_cost(arguments, result.post_hoc, started, worked)


def run_many(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    channel = known_channels.bright_blocks(arguments.codes)
    started, worked = time.perf_counter(), time.process_time()
    result = estimate(channel.space, channel.render, budget=arguments.budget)
    print_cost(arguments, result, started, worked)
    read = sorted(code.value for code in result.values())
    truth = next(iter(channel.truth.values()))
    converged = sum(code.converged for code in result.values())
    print(
        f"{len(read)} codes of {truth:.3f} nats: {read[0]:.3f} to {read[-1]:.3f} read, "
        f"median {read[len(read) // 2]:.3f}; {converged} have converged"
    )


def print_cost(
    arguments: argparse.Namespace, result: Estimate, started: float, worked: float
) -> None:
    """Print the seconds by activity, those in all, and the processor's."""
    seconds = {**result.seconds, "in all": time.perf_counter() - started}
    seconds["processor"] = time.process_time() - worked
    print(f"{arguments.budget}, {arguments.threads} threads")
    print(json.dumps({name: round(value, 1) for name, value in seconds.items()}, indent=1))


def plain(result: CheckpointInformation) -> dict[str, Any]:
    """Return all that is drawn or put into a table, as plain data."""
    post_hoc = result.post_hoc
    return {
        "own": {name: bound.value for name, bound in result.own.items()},
        "refitted": {name: bound.value for name, bound in result.refitted.items()},
        "post hoc": {
            name: {
                "value": code.value,
                "low": code.low,
                "high": code.high if math.isfinite(code.high) else None,
                "certified": code.certified,
                "entropy": code.entropy,
                "converged": code.converged,
                "missed": code.missed if math.isfinite(code.missed) else None,
                "family": code.family,
                "gaussian": code.gaussian,
                "curve": [vars(point) for point in code.curve],
                "noise": [vars(point) for point in code.noise],
            }
            for name, code in targets(post_hoc)
        },
        "synergy": vars(post_hoc.synergy),
        "leakage": post_hoc.leakage.matrix,
        "null": [vars(check) for check in post_hoc.self_test.null],
        "known": [vars(check) for check in post_hoc.self_test.known],
        "seconds": dict(post_hoc.seconds),
    }


def printer(name: str) -> Callable[[str, float], None]:
    """Return a progress callback that prints an activity when it begins."""
    last = [""]

    def progress(text: str, share: float) -> None:
        del share
        if text != last[0]:
            last[0] = text
            print(f"{name}: {text}", flush=True)

    return progress


def seed_range(text: str) -> list[int]:
    """Parse "0-4" or "3"."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    for name, function in (("channels", run_channels), ("coverage", run_coverage)):
        command = commands.add_parser(name)
        command.set_defaults(run=function)
        command.add_argument("--size", type=int, default=16 if name == "channels" else 8)
        command.add_argument("--jobs", type=int, default=1)
        command.add_argument("--threads", type=int, default=1)
        if name == "channels":
            command.add_argument("--seeds", type=seed_range, default=seed_range("0-4"))
            command.add_argument("--only", action="append", choices=CHANNELS)
        else:
            command.add_argument("--runs", type=int, default=60)
    for name, function in (("models", run_models), ("cost", run_cost)):
        command = commands.add_parser(name)
        command.set_defaults(run=function)
        command.add_argument("checkpoint", type=Path)
        if name == "models":
            command.add_argument("baseline", type=Path)
            command.add_argument("--only", action="append", choices=MODELS)
        command.add_argument("--threads", type=int, default=4)
    command = commands.add_parser("many")
    command.set_defaults(run=run_many)
    command.add_argument("--codes", type=int, default=100)
    command.add_argument("--threads", type=int, default=2)
    for command in commands.choices.values():
        command.add_argument("--budget", default="standard")
        command.add_argument("--table", type=Path, help="the file of the results")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
