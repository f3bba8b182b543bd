"""Train many seeds of a trainer and its variants, score each, and print a table of all of them.

    python benchmarks/seeds.py mnist --seeds 0-4 --jobs 4
    python benchmarks/seeds.py mnist --setting "fixed sigma" --steps 1000 --seeds 0-4 --jobs 4

Every run lies in its own folder below --runs and is taken up again where it stopped; what is
complete is not trained again. Every seed is shown, good and bad alike. Unlike
`infoeval train NAME --seeds 0-4` it varies settings, scores at several stages, and reads labels.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from joblib import Parallel, delayed

from infoeval import CodeSpace, Trainer, Uniform
from infoeval.cli.parameter_types import seed_list
from infoeval.data import load
from infoeval.evaluation import score
from infoeval.files import atomic_path
from infoeval.results import Document
from infoeval.training.choosing import load_trainer
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions

ROOT = Path(__file__).resolve().parent.parent
METRICS = ("mi-own", "cluster-acc", "cluster-nmi", "cluster-ari")


def fixed_sigma(trainer: Trainer) -> Trainer:
    """Give every continuous code a posterior of standard deviation 1, as common code does."""
    codes = {
        name: replace(code, sigma=1.0) if isinstance(code, Uniform) else code
        for name, code in trainer.codes.items()
    }
    return replace(trainer, codes=CodeSpace(noise=trainer.codes.noise, **codes))


SETTINGS: dict[str, Callable[[Trainer], Trainer]] = {
    "default": lambda trainer: trainer,
    "paper": lambda trainer: trainer.variant("paper"),
    "lambda 0": lambda trainer: replace(trainer, information_weight=0.0),
    "no view": lambda trainer: replace(trainer, recognition_view=None),
    "with discriminator": lambda trainer: replace(trainer, recognition_learns="with_discriminator"),
    "fixed sigma": fixed_sigma,
    "equal weights": lambda trainer: replace(trainer, code_weights={}),
    "invariant": lambda trainer: replace(trainer, invariance_weight=1.0),
    "invariant, no view": lambda trainer: replace(
        trainer, invariance_weight=1.0, recognition_view=None
    ),
}
"""What is varied, one thing at a time."""


def run_seed(
    name: str,
    variant: str,
    setting: str,
    seed: int,
    stages: list[int],
    runs: Path,
    threads: int,
    fit_images: int | None,
) -> list[dict[str, Any]]:
    """Train one seed of one setting from stage to stage, and score it at each."""
    torch.set_num_threads(threads)
    label = setting if variant == "default" else f"{variant}, {setting}"
    trainer = SETTINGS[setting](load_trainer(name).variant(variant))
    folder = runs / f"{name}-{label.replace(',', '').replace(' ', '-')}-{seed}"
    rows = []
    for steps in sorted(stages) or [trainer.steps]:
        kept = folder / f"scores-{steps}.json"
        if not kept.exists():
            staged = replace(trainer, steps=steps)
            images = load(trainer.data)
            path = train(staged, images, folder, RunOptions(variant=label, resume=True), seed=seed)
            score(path, metrics=METRICS, samples=10_000, fit_images=fit_images).save(kept)
        rows.append(summarise(Document.read(kept), folder))
    return rows


def summarise(document: Document, folder: Path) -> dict[str, Any]:
    """The numbers of one seed at one stage."""
    found = {(result.metric, result.target): result for result in document.results}
    history = pd.read_csv(folder / "history.csv")
    reached = history[history["step"] <= document.subject["step"]].iloc[-1]
    row: dict[str, Any] = {
        "trainer": document.subject["trainer"],
        "setting": document.subject["variant"],
        "seed": document.subject["seed"],
        "steps": document.subject["step"],
        "seconds": round(float(reached["seconds"])),
    }
    for (metric, target), result in found.items():
        row[f"{metric} {target}"] = round(result.value, 4)
        row[f"{metric} {target} low"], row[f"{metric} {target} high"] = result.low, result.high
        if metric == "cluster-acc":
            row["many-to-one"] = round(result.details["many_to_one"], 4)
        if metric == "mi-own":
            row[f"online L_I {target}"] = round(float(reached[f"information_{target}"]), 4)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trainer")
    parser.add_argument("--variant", default="default", help="what the settings start from")
    parser.add_argument("--setting", action="append", choices=SETTINGS)
    parser.add_argument("--seeds", type=seed_list, default=seed_list("0-4"))
    parser.add_argument("--steps", type=int, nargs="*", default=[], help="stages to score at")
    parser.add_argument("--fit-images", type=int, help="fit the matching on so many; all")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "seeds")
    parser.add_argument("--table", type=Path, help="also write the rows to this CSV file")
    arguments = parser.parse_args()
    settings = arguments.setting or ["default"]
    jobs = [(setting, seed) for setting in settings for seed in arguments.seeds]
    done = Parallel(n_jobs=arguments.jobs, verbose=10 if arguments.jobs > 1 else 0)(
        delayed(run_seed)(
            arguments.trainer,
            arguments.variant,
            setting,
            seed,
            arguments.steps,
            arguments.runs,
            arguments.threads,
            arguments.fit_images,
        )
        for setting, seed in jobs
    )
    table = pd.DataFrame([row for rows in done for row in rows])
    print(table.to_string(index=False))
    if arguments.table is not None:
        with atomic_path(arguments.table) as temporary:
            table.to_csv(temporary, index=False)


if __name__ == "__main__":
    main()
