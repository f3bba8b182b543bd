"""Train seeds of `digits` under several roundings, score each run, and print a row for each.

    python benchmarks/rounding.py --seeds 0-9 --jobs 2 --table docs/results/demo.csv
    python benchmarks/rounding.py --summary docs/results/demo.csv
    python benchmarks/rounding.py --choose docs/results/demo-choices.csv

Another processor, library or number of threads rounds sums in another way, and after a few hundred
steps the same seed is another run. A rounding stands in for another machine: other instructions,
another number of threads, or bfloat16. It is set in the environment of a process of its own. Every
run has its folder below --runs and is taken up again where it stopped.

`--choose` takes the complete runs of each rounding so many at a time, as `make demo` does, and
chooses the one with the largest sum of invariance term and mean agreement with the others, on the
training images without labels. All groups of so many runs are tried, which overlap, and those of
runs in a row, which do not.

The codes of style are followed through generated images whose noise and other codes stay fixed:
the rank correlation of a code with slant, width and ink as `digits_16` measures them, its mean over
`GROUPS` such series and a normal 95 % interval of that mean.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import rankdata

from infoeval.cli.parameter_types import seed_list
from infoeval.data import load
from infoeval.data.digits_16 import FACTORS, measure_writing
from infoeval.evaluation import score
from infoeval.evaluation.invariance_of_images import most_stable
from infoeval.files import atomic_path, write_text
from infoeval.metrics.seed_agreement import seed_agreement
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.opening import open_subject
from infoeval.sweep.unlabelled import score_unlabelled
from infoeval.trainer import Precision
from infoeval.training.choosing import load_trainer
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions

ROOT = Path(__file__).resolve().parent.parent
GROUPS, VALUES = 200, 9
LEAST_INFORMATION, LEAST_CORRELATION = 0.1, 0.5
"""A code of style is informative from so many nats, and nameable from such a correlation, both at
the lower end of their intervals."""
HIGHEST_ERROR = 0.05
ROW = "row.json"


@dataclass(frozen=True)
class Rounding:
    """What a process computes with."""

    environment: Mapping[str, str] = field(default_factory=dict)
    precision: Precision = "float32"


ROUNDINGS = {
    "one thread": Rounding(),
    "avx2": Rounding({"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}),
    "bfloat16": Rounding(precision="bfloat16"),
    "two threads": Rounding({"OMP_NUM_THREADS": "2"}),
}


def folder_of(rounding: str, seed: int, runs: Path) -> Path:
    """Return the folder of a run."""
    return runs / f"{rounding.replace(' ', '-')}-{seed}"


def run_apart(rounding: str, seed: int, runs: Path) -> dict[str, Any]:
    """Return the row of one run, made by this script in a process of its own environment."""
    folder = folder_of(rounding, seed, runs)
    kept = folder / ROW
    if not kept.exists():
        environment = {"OMP_NUM_THREADS": "1", **ROUNDINGS[rounding].environment}
        command = [sys.executable, __file__, "--one", rounding, "--seeds", str(seed)]
        command += ["--runs", str(folder)]
        subprocess.run(command, env=os.environ | environment, check=True)
    row: dict[str, Any] = json.loads(kept.read_text())
    return row


def run_here(rounding: str, seed: int, folder: Path) -> None:
    """Train and score one run in this process, and write its row."""
    trainer = replace(load_trainer("digits"), precision=ROUNDINGS[rounding].precision)
    options = RunOptions(resume=True, device="cpu")
    path = train(trainer, load(trainer.data), folder, options, seed=seed)
    processor = time.process_time()
    document = score(path, metrics=["mi-own", "cluster-acc"], device="cpu")
    history = pd.read_csv(folder / "history.csv")
    row: dict[str, Any] = {
        "rounding": rounding,
        "seed": seed,
        "steps": trainer.steps,
        "seconds": round(float(history["seconds"].iloc[-1]), 1),
        "processor seconds": round(processor, 1),
    }
    for result in document.results:
        value, low, high = result.value, result.low, result.high
        name = f"L_I {result.target}"
        if result.metric == "cluster-acc":
            name, value = "error", 1 - value
            low, high = (None if end is None else 1 - end for end in (high, low))
        row |= {name: value, f"{name} low": low, f"{name} high": high}
    row |= follow_styles(CheckpointModel.open(path))
    write_text(folder / ROW, json.dumps(row))


def follow_styles(model: CheckpointModel) -> dict[str, float]:
    """Return the rank correlations of each continuous code with each factor, and their ends."""
    space, random = model.codes, torch.Generator().manual_seed(0)
    found: dict[str, float] = {}
    for name in (name for name, code in space.items() if not code.is_categorical):
        codes = {
            each: values.repeat_interleave(VALUES)
            for each, values in space.sample(GROUPS, random).items()
        }
        codes[name] = space[name].traversal(VALUES).repeat(GROUPS)
        noise = space.sample_noise(GROUPS, random).repeat_interleave(VALUES, 0)
        measured = measure_writing(model.generate(codes, noise).numpy())
        ranks = rankdata(measured.reshape(GROUPS, VALUES, -1), axis=1) - (VALUES + 1) / 2
        steps = torch.arange(VALUES).numpy() - (VALUES - 1) / 2
        lengths = ((ranks**2).sum(1) * (steps**2).sum()) ** 0.5
        # Where nothing changes there is no correlation: 0.
        each_group = (ranks * steps[:, None]).sum(1) / lengths.clip(1e-9)
        means = each_group.mean(0)
        margins = 1.96 * each_group.std(0, ddof=1) / GROUPS**0.5
        for factor, mean, margin in zip(FACTORS, means, margins, strict=True):
            key = f"{name} × {factor}"
            found |= {key: mean, f"{key} low": mean - margin, f"{key} high": mean + margin}
    return {key: round(float(value), 4) for key, value in found.items()}


def name_styles(row: Mapping[str, Any]) -> str:
    """Return what the informative codes of style of a row change, with the correlation."""
    named = []
    for name in sorted(key[4:-4] for key in row if key.startswith("L_I style") and "low" in key):
        best = max(FACTORS, key=lambda factor: abs(row[f"{name} × {factor}"]))
        value = row[f"{name} × {best}"]
        nearest = min(abs(row[f"{name} × {best} {end}"]) for end in ("low", "high"))
        if row[f"L_I {name} low"] >= LEAST_INFORMATION and nearest >= LEAST_CORRELATION:
            named.append(f"{name} {best} {value:+.2f}")
    return ", ".join(named)


def print_summary(table: pd.DataFrame) -> None:
    """Print a row for each run, and how many of each rounding reach what is asked."""
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    table = table.assign(named=[name_styles(row) for row in rows])
    columns = ["rounding", "seed", "processor seconds", "error", "error low", "error high"]
    columns += [
        name
        for name in map(str, table)
        if name.startswith("L_I") and name[-3:] not in ("low", "igh")
    ]
    print(table[[*columns, "named"]].round(4).to_string(index=False))
    for rounding, part in table.groupby("rounding", sort=False):
        errors = 100 * part["error"]
        good = (part["error"] <= HIGHEST_ERROR).sum()
        print(
            f"{rounding}: error {errors.min():.2f} to {errors.max():.2f} %, median "
            f"{errors.median():.2f} %; at most {HIGHEST_ERROR:.0%} in {good} of {len(part)}; "
            f"a code of style has a name in {(part['named'] != '').sum()}"
        )


@dataclass(frozen=True)
class Unlabelled:
    """What runs make of the training images, whose labels are not used.

    Args:
        runs: rounding, seed, invariance term and error of each; the error is that of test images.
        agreement: of each two of the runs, ``(n, n)``.

    """

    runs: pd.DataFrame
    agreement: NDArray[np.float64]

    def choose(self, group: Sequence[int]) -> int:
        """The run of a group that `make demo` would show."""
        rows = list(group)
        means = (self.agreement[np.ix_(rows, rows)].sum(axis=1) - 1) / (len(rows) - 1)
        place = most_stable(self.runs["invariance"].iloc[rows].tolist(), means)
        assert place is not None
        return rows[place]


def read_unlabelled(rounding: str, seeds: Sequence[int], runs: Path) -> Unlabelled:
    """Return what the complete runs of a rounding make of the training images."""
    images = load("digits_16")
    every = np.arange(len(images))
    rows, codes = [], []
    for seed in seeds:
        folder = folder_of(rounding, seed, runs)
        if (folder / ROW).exists():
            subject = open_subject(folder / "ckpt.pt")
            assert subject.checkpoint is not None
            scores = score_unlabelled(
                subject.reader(images), images, every, subject.checkpoint.trainer
            )
            codes.append(list(scores.codes.values()))
            error = json.loads((folder / ROW).read_text())["error"]
            rows.append(
                {
                    "rounding": rounding,
                    "seed": seed,
                    "invariance": scores.invariance,
                    "error": error,
                }
            )
    agreement = np.eye(len(rows))
    for one, two in combinations(range(len(rows)), 2):
        found = seed_agreement([codes[one], codes[two]]).means[0]
        agreement[one, two] = agreement[two, one] = found
    return Unlabelled(pd.DataFrame(rows), agreement)


def print_choices(unlabelled: Unlabelled, of: int) -> None:
    """Print how often the chosen one of so many runs reaches the error that is asked for."""
    errors = unlabelled.runs["error"].to_numpy()
    places = range(len(errors))
    chosen = np.array([errors[unlabelled.choose(group)] for group in combinations(places, of)])
    good = chosen <= HIGHEST_ERROR
    in_a_row = [
        100 * errors[unlabelled.choose(places[start : start + of])]
        for start in range(0, len(errors) - of + 1, of)
    ]
    print(
        f"{unlabelled.runs['rounding'].iloc[0]}: chosen of {of}, error at most "
        f"{HIGHEST_ERROR:.0%} in {good.sum():,} of {len(good):,} ({good.mean():.1%}), "
        f"{100 * chosen.max():.2f} % at most; of {of} runs in a row: "
        f"{', '.join(f'{error:.2f}' for error in in_a_row)} %"
    )


def choose_all(arguments: argparse.Namespace) -> None:
    """Write what decides, and print how many choices reach the error."""
    tables = []
    for rounding in arguments.rounding or ROUNDINGS:
        unlabelled = read_unlabelled(rounding, arguments.seeds, arguments.runs)
        print_choices(unlabelled, arguments.of)
        mean = (unlabelled.agreement.sum(axis=1) - 1) / (len(unlabelled.runs) - 1)
        tables.append(unlabelled.runs.assign(agreement=mean.round(4)))
    with atomic_path(arguments.choose) as temporary:
        pd.concat(tables).to_csv(temporary, index=False, float_format="%.5g")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=seed_list, default=seed_list("0-9"))
    parser.add_argument("--rounding", action="append", choices=ROUNDINGS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "rounding")
    parser.add_argument("--table", type=Path, help="also write the rows to this CSV file")
    parser.add_argument("--summary", type=Path, help="print the rows of such a file instead")
    parser.add_argument("--choose", type=Path, help="choose among the runs; writes this CSV file")
    parser.add_argument("--of", type=int, default=4, help="so many runs at a time")
    parser.add_argument("--one", choices=ROUNDINGS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        (seed,) = arguments.seeds
        run_here(arguments.one, seed, arguments.runs)
    elif arguments.choose:
        choose_all(arguments)
    elif arguments.summary:
        print_summary(pd.read_csv(arguments.summary))
    else:
        run_all(arguments)


def run_all(arguments: argparse.Namespace) -> None:
    """Make every row, print them, and write them where that is asked for."""
    chosen = arguments.rounding or list(ROUNDINGS)[:3]
    jobs = [(rounding, seed) for rounding in chosen for seed in arguments.seeds]
    rows = Parallel(n_jobs=arguments.jobs)(
        delayed(run_apart)(rounding, seed, arguments.runs) for rounding, seed in jobs
    )
    table = pd.DataFrame(rows)
    print_summary(table)
    if arguments.table:
        with atomic_path(arguments.table) as temporary:
            table.to_csv(temporary, index=False)


if __name__ == "__main__":
    main()
