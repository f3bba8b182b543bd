"""Losses and information of runs during training, as a table and a figure.

    python benchmarks/dynamics.py mnist runs/seeds/mnist-default-* runs/seeds/mnist-lambda-0-*
    python benchmarks/dynamics.py svhn runs/six/svhn/seed-* runs/six/svhn-lambda-0/seed-*

Writes docs/results/dynamics-NAME.csv, the history of every run at `ROWS` steps or fewer, and
docs/images/dynamics-NAME.png: both losses beside what they are at equilibrium, and the L_I of each
code as a share of H(c), a thin line for a run and a thick one for their mean; runs with λ = 0 are
dashed. What was logged is of the training batches, through augmentation where a trainer has one.
"""

import argparse
import math
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from infoeval import CodeSpace
from infoeval.checkpoint import Checkpoint
from infoeval.files import atomic_path

DOCS = Path(__file__).resolve().parent.parent / "docs"
ROWS = 60
LOSSES = {"discriminator_loss": "D", "generator_loss": "G"}
EQUILIBRIUM = {"D": 2 * math.log(2), "G": math.log(2)}
"""Losses in nats where D cannot tell: −V(D, G) and G's non-saturating half."""


def history(folder: Path) -> tuple[pd.DataFrame, CodeSpace]:
    """The logged rows of a run, thinned, with its seed and λ, and its codes."""
    checkpoint = Checkpoint.open(folder / "ckpt.pt")
    table = pd.read_csv(folder / "history.csv")
    every = math.ceil(len(table) / ROWS)
    table = table.iloc[every - 1 :: every] if every > 1 else table
    weight = checkpoint.trainer.information_weight
    for name, value in (("lambda", weight), ("seed", checkpoint.seed), ("run", folder.name)):
        table.insert(0, name, value)
    return table, checkpoint.trainer.codes


def draw_lines(axes: Axes, tables: pd.DataFrame, columns: dict[str, str], scale: pd.Series) -> None:
    """Draw a colour for each column, a thin line for each run and a thick one for their mean."""
    colours = sns.color_palette("colorblind", max(len(columns), 1))
    for (column, label), colour in zip(columns.items(), colours, strict=True):
        for without, part in tables.groupby(tables["lambda"] == 0):
            style = "--" if without else "-"
            for _, run in part.groupby("run"):
                shown = run[column] / scale[column]
                axes.plot(run["step"], shown, style, c=colour, lw=0.5, alpha=0.5)
            mean = part.groupby("step")[column].mean() / scale[column]
            axes.plot(mean.index, mean, style, c=colour, label=None if without else label)
    if (tables["lambda"] == 0).any():
        axes.plot([], [], "--", c="0.3", label="λ = 0")


def draw(name: str, tables: pd.DataFrame, codes: CodeSpace, path: Path) -> None:
    """Draw losses on the left and information on the right."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="whitegrid")
    figure, (losses, information) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    draw_lines(losses, tables, LOSSES, pd.Series(dict.fromkeys(LOSSES, 1.0)))
    for label, value in EQUILIBRIUM.items():
        losses.axhline(value, color="0.5", lw=0.8, ls=":")
        losses.annotate(f"{label} where D cannot tell", (0, value), fontsize=7, va="bottom")
    columns = {f"information_{code}": code for code in codes}
    entropies = pd.Series({f"information_{code}": codes[code].entropy for code in codes})
    continuous = entropies.index[[not codes[code].is_categorical for code in codes]]
    entropies[continuous] = 1.0
    draw_lines(information, tables, columns, entropies)
    counts = tables.groupby("lambda")["run"].nunique()
    runs = ", ".join(f"{count} of λ = {weight:g}" for weight, count in counts.items())
    losses.set(xlabel="training step", ylabel="loss, nats", title=f"{name}: {runs}", ylim=(0, None))
    information.set(
        xlabel="training step",
        ylabel="L_I / H(c) of categories,\nL_I in nats of continuous codes",
        ylim=(-0.25, None),
    )
    losses.legend(fontsize=7)
    information.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of the system, in file names and the title")
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--out", type=Path, default=DOCS)
    arguments = parser.parse_args()
    histories = [history(folder) for folder in arguments.runs]
    tables = pd.concat([table for table, _ in histories], ignore_index=True)
    with atomic_path(arguments.out / "results" / f"dynamics-{arguments.name}.csv") as path:
        tables.round(4).to_csv(path, index=False)
    picture = arguments.out / "images" / f"dynamics-{arguments.name}.png"
    draw(arguments.name, tables, histories[0][1], picture)


if __name__ == "__main__":
    main()
