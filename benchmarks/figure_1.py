"""The paper's Figure 1 and the first grid of Figure 2, from two runs of `seeds.py`.

    python benchmarks/figure_1.py runs/seeds/mnist-default-0 runs/seeds/mnist-lambda-0-0

Writes docs/images/mnist-information.png (L_I of the first code while training, λ = 1 beside λ = 0)
and docs/images/mnist-digit.png (its traversal, a column for each category).
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from PIL import Image

from infoeval.checkpoint import Checkpoint
from infoeval.files import atomic_path
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.traversals import tile, traverse

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("baseline", type=Path)
    arguments = parser.parse_args()
    checkpoint = Checkpoint.open(arguments.run / "ckpt.pt")
    name, code = next(iter(checkpoint.trainer.codes.items()))

    mpl.use("Agg")
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    for label, folder in (("InfoGAN, λ = 1", arguments.run), ("GAN, λ = 0", arguments.baseline)):
        history = pd.read_csv(folder / "history.csv")
        axes.plot(history["step"], history[f"information_{name}"], label=label)
    axes.axhline(code.entropy, color="0.3", linestyle="--", label="H(c)")
    axes.set(xlabel="training step", ylabel=f"L_I of {name}, nats", ylim=(-0.1, None))
    axes.legend(loc="center right")
    with atomic_path(IMAGES / "mnist-information.png") as path:
        figure.savefig(path, dpi=120)

    model = CheckpointModel(checkpoint)
    grid, _ = traverse(model.codes, model.generate, name)
    sheet = Image.fromarray(tile(grid)[:, :, 0])
    with atomic_path(IMAGES / "mnist-digit.png") as path:
        sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST).save(path)


if __name__ == "__main__":
    main()
