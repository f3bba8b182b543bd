"""Train a system of the paper with several seeds, and tell which factor each code found.

    python benchmarks/systems.py faces --seeds 0-4 --steps 2000 --jobs 3
    python benchmarks/systems.py chairs --seeds 0-4 --steps 1000 --batch 32 --jobs 3
    python benchmarks/systems.py svhn --data street_numbers --name street_numbers --seeds 0-2
    python benchmarks/systems.py celeba --seeds 0
    python benchmarks/systems.py svhn --variant small --images --no-figure
    python benchmarks/systems.py small_chairs --variant circle --name chairs-circle

Runs lie in --runs/NAME and are taken up again where they stopped; what is scored is not scored
again. Three files are written for every system: docs/results/system-NAME.csv, each code against
each factor in every seed, on real images and, of factors that can be measured, on generated ones;
docs/results/system-NAME-runs.csv, a row for each seed; and docs/images/NAME-traversals.png, of the
seed that was chosen without labels, or the first. Of codes that are angles, and a factor that is
one, docs/results/system-NAME-turns.csv tells how often the factor goes once round with the code
while noise and other codes stay. With --images there is also docs/results/system-NAME-scores.csv:
the quality of the images, what each code changes at the sides and in the middle of them, and L_I;
and among the factors are simple statistics of any images.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from infoeval import Categorical, Uniform
from infoeval.cli.parameter_types import seed_list
from infoeval.cli.terminal.sweep_table import print_runs
from infoeval.data import load
from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import requests_of, score_subject
from infoeval.evaluation.generated_factors import all_factors, tested_regressor
from infoeval.evaluation.options import Options
from infoeval.evaluation.traversal_figures import draw_traversals
from infoeval.files import atomic_path, sha256
from infoeval.metrics.stats.turns import JUMP, turns
from infoeval.results import Document
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.sweep import Summary, train_many
from infoeval.training.choosing import choose_trainer
from infoeval.training.run_options import RunOptions

ROOT = Path(__file__).resolve().parent.parent
METRICS = ("mi-own", "code-factors", "code-factors:images=generated")
OF_IMAGES = (
    "mi-own",
    "code-factors",
    "code-factors:factors=statistics",
    "code-factors:images=generated,factors=statistics",
    "quality",
    "region-changes",
)
ROWS = 2_000
"""Images that --images scores: so many are test images of SVHN here."""
GIVEN = ("data", "steps", "batch", "information_weight")
"""Settings of the trainer that the command line may replace."""
PANELS = 6
TURNS, VALUES = 100, 36
"""Draws of noise and other codes; values of the angle at each, 10 degrees apart."""


def train(arguments: argparse.Namespace) -> Summary:
    """All seeds of a system, each in its own folder."""
    choice = choose_trainer(
        arguments.system, variant=arguments.variant, codes=arguments.codes, size=arguments.size
    )
    given = {name: getattr(arguments, name) for name in GIVEN}
    trainer = replace(
        choice.trainer, **{name: value for name, value in given.items() if value is not None}
    )
    return train_many(
        trainer,
        load(trainer.data, shape=choice.shape),
        arguments.runs / arguments.name,
        RunOptions(device=arguments.device, variant=arguments.variant, resume=True),
        seeds=arguments.seeds,
        jobs=arguments.jobs,
    )


def score_run(folder: Path, metrics: Sequence[str], context: Context) -> Document:
    """The scores of a run; those that were made of this checkpoint before are kept.

    What is learned from real images is learned once for all runs of the context.
    """
    kept = folder / "scores.json"
    if kept.exists():
        document = Document.read(kept)
        if document.subject["sha256"] == sha256(folder / "ckpt.pt"):
            return document
    requests = requests_of(metrics, context.options)
    document = score_subject(context.open(folder / "ckpt.pt"), requests, context)
    document.save(kept)
    return document


def whole_turns(folder: Path, context: Context) -> list[dict[str, Any]]:
    """A row for each angle among the codes and the factors of generated images."""
    subject = context.open(folder / "ckpt.pt")
    space, checkpoint, generator = subject.codes, subject.checkpoint, subject.generator
    assert space is not None
    assert checkpoint is not None
    assert generator is not None
    circular = [name for name, code in space.items() if code.is_circular]
    if not circular:
        return []
    splits = context.splits(subject)
    factors = all_factors(splits, context)
    shape = checkpoint.trainer.image_shape
    regressor, accuracies = tested_regressor(factors, splits, shape, context)
    rows = []
    for name in circular:
        random = torch.Generator().manual_seed(context.options.seed)
        codes = space.sample(TURNS, random)
        codes = {each: values.repeat_interleave(VALUES) for each, values in codes.items()}
        codes[name] = space[name].traversal(VALUES).repeat(TURNS)
        noise = space.sample_noise(TURNS, random).repeat_interleave(VALUES, 0)
        measured = regressor.predict(generator.generate(codes, noise).numpy())
        for place, factor in enumerate(factors):
            if factor.type == "periodic" and accuracies[place].is_enough:
                series = np.degrees(measured[:, place]).reshape(TURNS, VALUES)
                rows.append(_turned(checkpoint.seed, name, factor.name, series))
    return rows


def _turned(seed: int, code: str, factor: str, series: Any) -> dict[str, Any]:
    found = turns(series)
    share, low, high = found.share()
    return {
        "seed": seed,
        "code": code,
        "factor": factor,
        "once_round": round(float((abs(found.winding) == 1).mean()), 4),
        "median_largest_step": round(float(np.median(found.largest_step)), 1),
        "jump_above": JUMP,
        "whole_turns": round(share, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "n": len(series),
    }


def associations(document: Document, chosen: bool) -> list[dict[str, Any]]:
    """A row for each code and factor, on real and on generated images."""
    return [
        {
            "seed": document.subject["seed"],
            "chosen": chosen,
            "images": result.settings.get("own", {}).get("images", "real"),
            "settings": _told(result.settings.get("own", {})),
            "code": result.details["code"],
            "factor": result.details["factor"],
            "measure": result.details["measure"],
            "paired": result.details["paired"],
            "value": round(result.value, 4),
            "low": None if result.low is None else round(result.low, 4),
            "high": None if result.high is None else round(result.high, 4),
            "n": result.n,
        }
        for result in document.results
        if result.metric == "code-factors" and "code" in result.details
    ]


def scores(document: Document, chosen: bool) -> list[dict[str, Any]]:
    """A row for each number that is not about a code and a factor."""
    return [
        {
            "seed": document.subject["seed"],
            "chosen": chosen,
            "metric": result.metric,
            "code": result.target,
            "value": round(result.value, 4),
            "low": None if result.low is None else round(result.low, 4),
            "high": None if result.high is None else round(result.high, 4),
            "n": result.n,
            "real": None if result.quality is None else result.quality.real,
        }
        for result in document.results
        if result.metric != "code-factors"
    ]


def _told(settings: dict[str, Any]) -> str:
    """Settings of the metric's own but which images, as the command line takes them."""
    return ",".join(f"{name}={value}" for name, value in settings.items() if name != "images")


def found(document: Document) -> list[dict[str, Any]]:
    """The factor of each code, on all real images; of statistics, on images that the code changes.

    On real images Q's value of a code that changes nothing can go with a statistic, too.
    """
    rows = [row for row in associations(document, False) if row["paired"]]
    simple = [
        row
        for row in rows
        if (row["images"], row["settings"]) == ("generated", "factors=statistics")
    ]
    return simple or [
        row for row in rows if row["images"] == "real" and "within" not in row["settings"]
    ]


def draw(folder: Path, document: Document, path: Path) -> None:
    """The panels of the codes that found most, as the paper shows some of them."""
    pairs = found(document)
    best = {row["code"]: row["value"] for row in pairs}
    model = CheckpointModel.open(folder / "ckpt.pt")
    shown = sorted(best, key=lambda name: -best[name])[:PANELS] or list(model.codes)[:PANELS]
    largest = max(
        (code.size for code in model.codes.values() if isinstance(code, Categorical)), default=10
    )
    columns = largest if any(isinstance(model.codes[name], Uniform) for name in shown) else 10
    titles = {
        row["code"]: f"{row['code']}: {row['factor']}, {row['measure']} {row['value']:.2f}"
        for row in pairs
    }
    draw_traversals(model, path, codes=shown, columns=columns, titles=titles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", help="a trainer, or images as `infoeval train` takes them")
    parser.add_argument("--name", help="of the results; the system's own")
    parser.add_argument("--data")
    parser.add_argument("--codes")
    parser.add_argument("--size", type=int)
    parser.add_argument("--variant", default="default")
    parser.add_argument("--seeds", type=seed_list, default=seed_list("0-4"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--information-weight", type=float)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--metric", action="append", dest="metrics", help="instead of the usual")
    parser.add_argument("--images", action="store_true", help="score the images themselves, too")
    parser.add_argument("--no-figure", action="store_true", help="where pictures may not be shown")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "six")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    arguments = parser.parse_args()
    arguments.name = arguments.name or arguments.system
    summary = train(arguments)
    print_runs(summary)
    metrics = arguments.metrics or (OF_IMAGES if arguments.images else METRICS)
    most = ROWS if arguments.images else Options.rows
    context = Context(Options(device=arguments.device, null=20, rows=most))
    rows: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    turned: list[dict[str, Any]] = []
    documents = {}
    for run in summary.rows:
        if run.status == "complete":
            folder = arguments.runs / arguments.name / run.folder
            documents[run.folder] = score_run(folder, metrics, context)
            rows += associations(documents[run.folder], run.picked)
            others += scores(documents[run.folder], run.picked)
            turned += whole_turns(folder, context)
    results = arguments.out / "results"
    tables = {"": pd.DataFrame(rows), "-runs": summary.table()}
    if turned:
        tables["-turns"] = pd.DataFrame(turned)
    if arguments.images:
        tables["-scores"] = pd.DataFrame(others)
    for suffix, table in tables.items():
        with atomic_path(results / f"system-{arguments.name}{suffix}.csv") as temporary:
            table.to_csv(temporary, index=False)
    shown = next((run.folder for run in summary.rows if run.picked), next(iter(documents), None))
    if shown is not None and not arguments.no_figure:
        folder = arguments.runs / arguments.name / shown
        draw(
            folder, documents[shown], arguments.out / "images" / f"{arguments.name}-traversals.png"
        )


if __name__ == "__main__":
    main()
