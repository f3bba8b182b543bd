"""How good the images of trained models are, beside how much their codes mean.

    python benchmarks/quality_meaning.py score mnist runs/seeds/mnist-default-*
    python benchmarks/quality_meaning.py score chairs runs/six/chairs/seed-*
    python benchmarks/quality_meaning.py draw
    python benchmarks/quality_meaning.py score digits-sweep runs/six/digits-lambda-*/seed-*
    python benchmarks/quality_meaning.py sweep digits-sweep

`score` writes docs/results/quality-meaning-NAME.csv, a row for each run and number: those of
`quality`, each beside what real images score; *followed*, the mean over the factors of the largest
chance-adjusted association that any code has with each on real test images (`code-factors`), which
has no interval; *read*, the share of H(c) of the categories that the model's own Q reads; and, of
data with classes, *classes*, the largest accuracy of a category that is matched to them one to one.
Numbers of quality of different data sets come from different feature networks, so they can be
compared only with those of their own real images. `draw` writes docs/images/quality-meaning.png
from all these files.
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import requests_of, score_subject
from infoeval.evaluation.options import Options
from infoeval.files import atomic_path
from infoeval.results import Document

DOCS = Path(__file__).resolve().parent.parent / "docs"
SWEPT = {
    "precision": "precision",
    "recall": "recall",
    "fd": "FD",
    "variety": "variety, codes fixed",
    "classes": "accuracy, matched to classes",
    "read": "L_I / H(c), categories",
}
SHOWN = ("quality-precision", "quality-recall", "quality-coverage")


def quality_rows(document: Document) -> list[dict[str, Any]]:
    """A row for each number of `quality`, with what real images score."""
    return [
        {
            "number": result.metric.removeprefix("quality-"),
            "value": result.value,
            "low": result.low,
            "high": result.high,
            "real": result.details.get("real"),
            "n": result.n,
        }
        for result in document.results
        if result.metric.startswith("quality-")
    ]


def meaning_rows(document: Document) -> list[dict[str, Any]]:
    """The rows *followed* and *read*; a factor that no code could be compared with is left out."""
    best: dict[str, float] = {}
    for result in document.results:
        details = result.details
        if result.metric == "code-factors" and details.get("factor") and details.get("adjusted"):
            adjusted, factor = details["adjusted"]["value"], details["factor"]
            best[factor] = max(best.get(factor, -1.0), adjusted)
    own = [
        (result.value, result.details["entropy"])
        for result in document.results
        if result.metric == "mi-own" and result.details["kind"] == "categorical"
    ]
    rows: list[dict[str, Any]] = [
        {"number": "followed", "value": float(np.mean(list(best.values()))), "n": len(best)}
    ]
    if own:
        total = sum(value for value, _ in own) / sum(entropy for _, entropy in own)
        rows.append({"number": "read", "value": total, "n": len(own)})
    matched = [result for result in document.results if result.metric == "cluster-acc"]
    if matched:
        best_of = max(matched, key=lambda result: result.value)
        numbers = {name: getattr(best_of, name) for name in ("value", "low", "high", "n")}
        rows.append({"number": "classes", **numbers})
    return rows


def score_runs(arguments: argparse.Namespace) -> None:
    """Score all runs of a system with the same feature network."""
    context = Context(Options(data=arguments.data))
    names = [f"quality:images={arguments.images}", "code-factors", "mi-own"]
    rows = []
    for folder in arguments.runs:
        subject = context.open(str(folder / "ckpt.pt"))
        has_classes = context.splits(subject).test.labels is not None
        requests = requests_of([*names, *(["cluster-acc"] if has_classes else [])], context.options)
        document = score_subject(subject, requests, context)
        information = document.subject.get("information_weight")
        about = {"system": arguments.name, "run": folder.name, "lambda": information}
        found = [about | row for row in (*quality_rows(document), *meaning_rows(document))]
        print(pd.DataFrame(found).round(3).to_string(index=False), flush=True)
        rows += found
    with atomic_path(arguments.out / "results" / f"quality-meaning-{arguments.name}.csv") as path:
        pd.DataFrame(rows).round(4).to_csv(path, index=False)


def draw(arguments: argparse.Namespace) -> None:
    """Draw quality, as a share of what real images score, against meaning: a point for each run."""
    paths = sorted((arguments.out / "results").glob("quality-meaning-*.csv"))
    tables = [pd.read_csv(path) for path in paths]
    rows = pd.concat([each for each in tables if each["lambda"].nunique() == 1], ignore_index=True)
    wide = rows.pivot_table("value", ["system", "run"], "number").reset_index()
    real = rows.pivot_table("real", ["system", "run"], "number").reset_index()
    mpl.use("Agg")
    sns.set_theme(context="paper", style="whitegrid", palette="colorblind")
    figure, panels = plt.subplots(
        1, len(SHOWN), figsize=(10, 3.4), sharey=True, layout="constrained"
    )
    for axes, metric in zip(panels, SHOWN, strict=True):
        number = metric.removeprefix("quality-")
        wide["share"] = wide[number] / real[number]
        last = axes is panels[-1]
        sns.scatterplot(
            wide, x="share", y="followed", hue="system", style="system", s=45, ax=axes, legend=last
        )
        axes.axvline(1, color="0.5", lw=0.8, ls=":")
        axes.set(
            xlabel=f"{number}, real images = 1",
            ylabel="factors followed by a code, mean",
            xlim=(0, None),
            ylim=(0, 1),
        )
    sns.move_legend(panels[-1], "center left", bbox_to_anchor=(1.02, 0.5))
    with atomic_path(arguments.out / "images" / "quality-meaning.png") as path:
        figure.savefig(path, dpi=110)


def draw_sweep(arguments: argparse.Namespace) -> None:
    """Draw quality and meaning against λ: a point for each run, a line through the means."""
    rows = pd.read_csv(arguments.out / "results" / f"quality-meaning-{arguments.name}.csv")
    mpl.use("Agg")
    sns.set_theme(context="paper", style="whitegrid", palette="colorblind")
    figure, panels = plt.subplots(1, len(SWEPT), figsize=(11, 2.6), layout="constrained")
    order = sorted(rows["lambda"].unique())
    for axes, (number, label) in zip(panels, SWEPT.items(), strict=True):
        chosen = rows[rows["number"] == number]
        at = chosen["lambda"].map(order.index)
        sns.scatterplot(x=at, y=chosen["value"], ax=axes)
        means = chosen.groupby("lambda")["value"].mean()
        axes.plot(range(len(order)), means.loc[order], lw=1)
        if chosen["real"].notna().any():
            axes.axhline(chosen["real"].mean(), color="0.5", lw=0.8, ls=":")
        axes.set(xlabel="λ", ylabel=label, ylim=(0, None))
        axes.set_xticks(range(len(order)), [f"{weight:g}" for weight in order])
    with atomic_path(arguments.out / "images" / f"quality-meaning-{arguments.name}.png") as path:
        figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DOCS)
    commands = parser.add_subparsers(required=True)
    scoring = commands.add_parser("score")
    scoring.add_argument("name", help="of the system")
    scoring.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    scoring.add_argument("--data")
    scoring.add_argument("--images", type=int, default=2_000)
    scoring.set_defaults(act=score_runs)
    commands.add_parser("draw").set_defaults(act=draw)
    sweep = commands.add_parser("sweep")
    sweep.add_argument("name", help="of the runs scored")
    sweep.set_defaults(act=draw_sweep)
    arguments = parser.parse_args()
    arguments.act(arguments)


if __name__ == "__main__":
    main()
