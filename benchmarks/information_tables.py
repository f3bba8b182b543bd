"""Make tables and figures of the results of benchmarks/information.py.

    python benchmarks/information_tables.py

Prints Markdown tables of the rows in docs/results, and draws the models' learning and noise curves.
"""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from infoeval.files import atomic_path
from infoeval.information.budgets import BUDGETS

ROOT = Path(__file__).resolve().parent.parent
RESULTS, IMAGES = ROOT / "docs" / "results", ROOT / "docs" / "images"
NOISE = {f"σ = {deviation}/255": deviation for deviation in (2, 8, 32, 64, 128)}
"""Columns of pixel noise; the last two are a quarter and a half of the range."""
STYLES = ("o-", "s--", "^:")


def main() -> None:
    """Print and draw all results that exist."""
    rows = RESULTS / "information-channels.csv"
    if rows.exists():
        print("\n".join(["", *channel_table(pd.read_csv(rows))]))
    rows = RESULTS / "information-coverage.csv"
    if rows.exists():
        print("\n".join(["", *coverage_table(pd.read_csv(rows))]))
    for budget in BUDGETS:
        rows = RESULTS / f"information-models-{budget}.json"
        if rows.exists():
            results = json.loads(rows.read_text(encoding="utf-8"))
            tables = (model_table(results), noise_table(results), cost_table(results))
            print("\n".join(["", budget, *(line for each in tables for line in ("", *each))]))
            draw(results, IMAGES / f"information-{budget}.png")


def channel_table(table: pd.DataFrame) -> list[str]:
    """Return Markdown with a row for every channel and code, and the error of every seed."""
    columns = "channel", "code", "truth", "error of each seed", "inside", "converged", "seconds"
    rows = []
    for (channel, code), runs in table.groupby(["channel", "code"], sort=False):
        rows.append(
            (
                channel,
                code,
                f"{runs['truth'].iloc[0]:.4f}",
                ", ".join(f"{error:+.4f}" for error in runs["error"]),
                f"{runs['covers'].sum()} of {len(runs)}",
                f"{runs['converged'].sum()} of {len(runs)}",
                f"{runs['seconds'].median():.0f}",
            )
        )
    above = f"Certified bounds above the truth: {table['certified above'].sum()} of {len(table)}."
    return [*markdown(columns, rows), "", above]


def coverage_table(table: pd.DataFrame) -> list[str]:
    """Return Markdown that counts how often the intervals of each channel contain the truth."""
    columns = "channel", "runs", "inside", "converged", "certified above", "largest error"
    names = ["all", *dict.fromkeys(table["channel"])]
    rows = []
    for name in names:
        runs = table if name == "all" else table[table["channel"] == name]
        worst = max(runs["error"], key=abs)
        counts = (runs[column].sum() for column in ("covers", "converged", "certified above"))
        rows.append((name, len(runs), *counts, f"{worst:+.4f}"))
    return markdown(columns, rows)


def model_table(results: dict[str, Any]) -> list[str]:
    """Return Markdown with the three bounds on every code of every model."""
    columns = "model", "code", "own Q", "refitted", "post hoc", "low to high", "converged"
    rows = []
    for model, result in results.items():
        for code, value in result["post hoc"].items():
            high = "∞" if value["high"] is None else f"{value['high']:.3f}"
            others = result["own"].get(code), result["refitted"].get(code)
            rows.append(
                (
                    model,
                    code,
                    *("" if bound is None else f"{bound:.3f}" for bound in others),
                    f"{value['value']:.4f}",
                    f"{value['low']:.3f} to {high}",
                    "yes" if value["converged"] else "no",
                )
            )
    return markdown(columns, rows)


def noise_table(results: dict[str, Any]) -> list[str]:
    """Return Markdown with the noise curve of every code of every model, and its intervals."""
    rows = []
    for model, result in results.items():
        for code, value in result["post hoc"].items():
            noise = {round(point["deviation"] * 255): point for point in value["noise"]}
            points = (noise[deviation] for deviation in NOISE.values())
            cells = (f"{p['value']:.3f} ({p['low']:.3f} to {p['high']:.3f})" for p in points)
            rows.append((model, code, *cells))
    return markdown(("model", "code", *NOISE), rows)


def cost_table(results: dict[str, Any]) -> list[str]:
    """Return Markdown with the seconds by activity."""
    activities = list(next(iter(results.values()))["seconds"])
    rows = [
        (model, result["threads"], *(f"{result['seconds'][name]:.0f}" for name in activities))
        for model, result in results.items()
    ]
    return markdown(("model", "threads", *activities), rows)


def markdown(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    lines = [columns, ("---",) * len(columns), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw learning curves and noise curves of the models, a column for each code."""
    first = next(iter(results.values()))["post hoc"]
    codes = list(first)
    figure, axes = plt.subplots(2, len(codes), figsize=(3.2 * len(codes), 5.6), squeeze=False)
    for column, code in enumerate(codes):
        for name, style in zip(results, STYLES, strict=False):
            bound = results[name]["post hoc"][code]
            last = bound["curve"][-1]
            # Files of before the further inputs have none.
            kept = ("width", "rate", "input")
            points = [p for p in bound["curve"] if all(p.get(key) == last.get(key) for key in kept)]
            axes[0, column].plot(
                [p["steps"] for p in points], [p["value"] for p in points], style, label=name
            )
            noise = [
                (0.0, bound["value"]),
                *((p["deviation"], p["value"]) for p in bound["noise"]),
            ]
            axes[1, column].plot(*zip(*noise, strict=True), style, label=name)
        entropy = first[code]["entropy"]
        axes[0, column].set_title(code)
        axes[0, column].set_xlabel("training steps of the post hoc Q")
        axes[1, column].set_xlabel("σ of the pixel noise")
        for row in range(2):
            axes[row, column].set_ylim(bottom=min(0.0, axes[row, column].get_ylim()[0]))
            if code == codes[0]:
                axes[row, column].axhline(entropy, color="grey", linewidth=0.8)
                axes[row, column].set_ylabel("L_I, nats")
    axes[0, 0].legend()
    figure.tight_layout()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=80, format="png")


if __name__ == "__main__":
    main()
