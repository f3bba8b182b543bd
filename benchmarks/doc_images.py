"""Draw images of the documentation, docs/images: the paper's figures, and the drawn data sets.

    python benchmarks/doc_images.py mnist runs/seeds/mnist-default-0 runs/seeds/mnist-lambda-0-0
    python benchmarks/doc_images.py data

`mnist` draws the paper's Figure 1 (mnist-information.png: L_I of the first code during training,
λ = 1 beside λ = 0), from two runs of `seeds.py`.
`data` draws the first images of the training split of each drawn data set, twelve a row
(data-NAME.png).
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from PIL import Image

from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.files import atomic_path
from infoeval.traversals import tile

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SETS = {"faces": 2, "chairs": 1, "street_numbers": 2}
"""Drawn data sets, and the factor by which their pixels are enlarged."""
ROWS, COLUMNS = 4, 12


def draw_mnist(arguments: argparse.Namespace) -> None:
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
    with atomic_path(arguments.out / "mnist-information.png") as path:
        figure.savefig(path, dpi=120)


def draw_data(arguments: argparse.Namespace) -> None:
    for name, scale in SETS.items():
        images = load(name).images[: ROWS * COLUMNS]
        grid = tile(images.reshape(ROWS, COLUMNS, *images.shape[1:]), ground=255)
        image = Image.fromarray(grid if grid.shape[2] == 3 else grid[:, :, 0])
        large = image.resize((image.width * scale, image.height * scale), Image.Resampling.BOX)
        with atomic_path(arguments.out / f"data-{name}.png") as path:
            large.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=IMAGES)
    commands = parser.add_subparsers(required=True)
    mnist = commands.add_parser("mnist")
    mnist.add_argument("run", type=Path)
    mnist.add_argument("baseline", type=Path)
    mnist.set_defaults(draw=draw_mnist)
    commands.add_parser("data").set_defaults(draw=draw_data)
    arguments = parser.parse_args()
    arguments.draw(arguments)


if __name__ == "__main__":
    main()
