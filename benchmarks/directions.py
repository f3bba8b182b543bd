"""Tell planted directions of a generator from random ones, and rank methods on other generators.

    python benchmarks/directions.py planted --seeds 0-19
    python benchmarks/directions.py models gan.py:one gan.py:two --count 8
    python benchmarks/directions.py picture

`planted` draws sprites from twelve normal variables behind a random rotation: of the rotated ones
four are x, y, scale and orientation, and eight do nothing. It evaluates those four directions, and
four that are drawn at random. The rule, fixed before any run: a run tells them apart if the lowest
95 % limit of a planted direction's nats lies above the highest limit of every random one's.
`models` evaluates the directions of each method of generators without designed codes. Both write
CSV, a row a direction, and print a table; seeds already in the file are not run again. `picture`
draws the directions of seed 0, for docs/directions.md.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from infoeval import CodeSpace
from infoeval.cli.parameter_types import seed_list
from infoeval.data.sprites import draw_sprites
from infoeval.evaluation import directions
from infoeval.evaluation.evaluate_directions import EvaluatedDirections
from infoeval.evaluation.traversal_figures import draw_traversals
from infoeval.files import write_text
from infoeval.latent.finding import find_directions
from infoeval.results import Result
from infoeval.subjects.directions_subject import DirectionsSubject
from infoeval.subjects.latent_space import latent_space
from infoeval.subjects.opening import open_subject

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results"
DIMENSIONS = 12
PLANTED = ("x", "y", "scale", "orientation")
SIDE = 32
ELLIPSE, TURN = 1.0, np.pi / 2
"""The shape, and the range of its orientation: a quarter of a turn."""
METHODS = ("first-layer", "activations", "random")
Z = 1.96


class RotatedSprites:
    """Ellipses whose place, scale and orientation are directions of twelve normal variables."""

    codes = CodeSpace(noise=DIMENSIONS)

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.rotation = np.linalg.qr(random.standard_normal((DIMENSIONS, DIMENSIONS)))[0]

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images (n, 1, 32, 32), floats in [0, 1]."""
        turned = noise.double() @ torch.from_numpy(self.rotation.T)
        level = torch.special.ndtr(turned[:, : len(PLANTED)]).numpy()
        x, y, scale, angle = level.T
        place = (0.25 + x / 2, 0.25 + y / 2)
        shape = np.full(len(x), ELLIPSE)
        factors = np.stack([shape, 0.5 + scale / 2, TURN * angle, *place], axis=1)
        drawn = torch.from_numpy(draw_sprites(factors)).float() / 255
        return functional.interpolate(drawn, (SIDE, SIDE), mode="area")


def rows_of(found: EvaluatedDirections, **more: Any) -> list[dict[str, Any]]:
    """Return a row for each direction, the most nats first."""
    rows, document = [], found.document
    for rank, (name, nats) in enumerate(found.nats().items(), 1):
        of_name = {result.metric: result for result in document.results if result.target == name}
        error = float(of_name["mi"].details["standard_error"])
        rows.append(
            {
                **more,
                "direction": name,
                "rank": rank,
                "nats": nats,
                "low": nats - Z * error,
                "high": nats + Z * error,
                "noise 0.25": of_name["mi"].details["noise"][3]["value"],
                **_changes(of_name["direction-change"], of_name["direction-reach"]),
            }
        )
    return rows


def _changes(change: Result, reach: Result) -> dict[str, Any]:
    details = change.details
    line = details["linearity"]
    return {
        "attribute": details["attribute"],
        "change": change.value,
        "change low": change.low,
        "change high": change.high,
        "side mean": details["dependency_mean"],
        "side largest": details["dependency_max"],
        "straight": None if line is None else line["value"],
        "reach": reach.value,
        "reach low": reach.low,
        "reach high": reach.high,
    }


def planted(arguments: argparse.Namespace) -> None:
    """Evaluate planted and random directions for every seed."""
    path = arguments.output or RESULTS / "directions-planted.csv"
    rows = _earlier(path)
    for seed in seed_list(arguments.seeds):
        if any(row["seed"] == seed for row in rows):
            continue
        started, generator = time.perf_counter(), RotatedSprites(seed)
        options: dict[str, Any] = {"seed": seed, "device": arguments.device}
        truth = generator.rotation[: len(PLANTED)]
        for kind, method in (("planted", truth), ("random", "random")):
            count = len(PLANTED)
            found = directions(generator, method=method, count=count, **options)
            rows += rows_of(found, seed=seed, kind=kind)
        write_text(path, pd.DataFrame(rows).to_csv(index=False))
        print(f"seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    print_planted(pd.DataFrame(rows))


def is_told(run: pd.DataFrame) -> bool:
    """Return whether every planted direction of a run lies above every random one."""
    return bool(run.low[run.kind == "planted"].min() > run.high[run.kind == "random"].max())


def print_planted(frame: pd.DataFrame) -> None:
    """Print in how many runs the rule told planted from random, and each direction's numbers."""
    told = [is_told(run) for _, run in frame.groupby("seed")]
    print(f"\ntold in {sum(told)} of {len(told)} runs")
    names = {f"direction_{place}": name for place, name in enumerate(PLANTED, 1)}
    frame = frame.assign(what=frame.direction.map(names).where(frame.kind == "planted", "random"))
    print("| direction | nats, lowest | median | highest | changes most | by | reaches |")
    print("|---|---|---|---|---|---|---|")
    for what, part in frame.groupby("what", sort=False):
        most = part.attribute.value_counts()
        print(
            f"| {what} | {part.nats.min():.2f} | {part.nats.median():.2f} | {part.nats.max():.2f} "
            f"| {most.index[0]} ({most.iloc[0]} of {len(part)}) | "
            f"{part.change.abs().median():.2f} | {part.reach.median():g} |"
        )


def models(arguments: argparse.Namespace) -> None:
    """Evaluate the directions of every method of each model."""
    path = arguments.output or RESULTS / "directions-models.csv"
    rows = _earlier(path)
    for model in arguments.models:
        for method in METHODS:
            if any((row["model"], row["method"]) == (model, method) for row in rows):
                continue
            found = directions(
                model, method=method, count=arguments.count, budget=arguments.budget,
                device=arguments.device,
            )  # fmt: skip
            joint = found.document.find("mi", "all codes")
            together = None if joint is None else joint.value
            rows += rows_of(found, model=model, method=method, together=together)
            write_text(path, pd.DataFrame(rows).to_csv(index=False))
    frame = pd.DataFrame(rows)
    print("| model | method | together, nats | best three | last three | largest change |")
    print("|---|---|---|---|---|---|")
    for name, part in frame.groupby(["model", "method"], sort=False):
        nats = [f"{value:.2f}" for value in part.nats]
        largest = part.iloc[int(part.change.abs().to_numpy().argmax())]
        of, together = " | ".join(map(str, name)), part.together.iloc[0]
        print(
            f"| {of} | {together:.2f} | {', '.join(nats[:3])} | "
            f"{', '.join(nats[-3:])} | {largest.attribute} {abs(largest.change):.2f} |"
        )


def picture(arguments: argparse.Namespace) -> None:
    """Draw the planted and the random directions of seed 0, with their nats."""
    frame = pd.read_csv(arguments.output or RESULTS / "directions-planted.csv")
    base = open_subject(RotatedSprites(0))
    assert base.generator is not None
    latent = latent_space(base.generator)
    truth = RotatedSprites(0).rotation[: len(PLANTED)]
    for kind, method in (("planted", truth), ("random", "random")):
        found = find_directions(latent, method, count=len(PLANTED), seed=0)
        run = frame[(frame.seed == 0) & (frame.kind == kind)].set_index("direction")
        titles = {name: f"{run.nats[name]:.2f} nats, {run.attribute[name]}" for name in found.names}
        subject = DirectionsSubject(base, latent, torch.from_numpy(found.vectors), found.names)
        path = RESULTS.parent / "images" / f"directions-{kind}.png"
        draw_traversals(subject.generator, path, rows=2, columns=10, titles=titles)


def _earlier(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = pd.read_csv(path).to_dict("records")  # type: ignore[assignment]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("planted")
    command.add_argument("--seeds", default="0-19")
    command.set_defaults(run=planted)
    command = commands.add_parser("models")
    command.add_argument("models", nargs="+", metavar="FILE.py:FUNCTION")
    command.add_argument("--count", type=int, default=8)
    command.add_argument("--budget", default="quick")
    command.set_defaults(run=models)
    commands.add_parser("picture").set_defaults(run=picture)
    for command in commands.choices.values():
        command.add_argument("--device", default="auto")
        command.add_argument("--output", type=Path, metavar="CSV")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
