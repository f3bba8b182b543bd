"""Cluster error by where Q's batch-norm statistics come from, for every run of `seeds.py`.

    python benchmarks/batch_norm.py runs/seeds/mnist-default-*

Q meets only generated images while it trains. On real images its batch-norm statistics can be those
the training left behind (running), estimated on generated images, or on real training images.
"""

import argparse
from pathlib import Path
from typing import Literal

import pandas as pd

from infoeval.evaluation import score

CHOICES: tuple[Literal["running", "generated", "real"], ...] = ("running", "generated", "real")


def main() -> None:
    """Print one row for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    rows = []
    for run in parser.parse_args().runs:
        row: dict[str, object] = {"run": run.name}
        for choice in CHOICES:
            document = score(
                run / "ckpt.pt", metrics=["cluster-acc"], fit_images=10_000, batch_norm=choice
            )
            row[choice] = f"{100 * document.results[0].details['error']:.2f} %"
        rows.append(row)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
