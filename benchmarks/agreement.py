"""Choose one of several seeds without labels: the medoid of their agreement on real images.

    python benchmarks/agreement.py runs/seeds/mnist-default-*

Each run gives every one of 10,000 unlabelled training images a category. Two runs agree on the
share of images that the best one-to-one renaming of categories makes equal; the chosen run is the
one with the highest mean agreement with the others. H(mean q) − mean H(q), in nats, and the share
of images that keep their category when slightly moved are printed beside it. No label is read.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.metrics import cluster_accuracy
from infoeval.model import CheckpointModel
from infoeval.training.views import Affine

IMAGES = 10_000


def main() -> None:
    """Print each run's criteria and the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    runs: list[Path] = parser.parse_args().runs
    rows, codes = [], []
    for run in runs:
        checkpoint = Checkpoint.open(run / "ckpt.pt")
        images = load(checkpoint.trainer.data, "train").images
        model = CheckpointModel(checkpoint, calibration=images)
        name = checkpoint.trainer.categorical_codes[0]
        real = torch.from_numpy(images[:IMAGES])
        q = model.encode(real)[name]
        moved = Affine()(real.float(), torch.Generator().manual_seed(0), background=0.0)
        kept = model.encode(moved.round().to(torch.uint8))[name].argmax(1) == q.argmax(1)
        entropy_of_mean = float(torch.special.entr(q.mean(0)).sum())
        mean_entropy = float(torch.special.entr(q).sum(1).mean())
        codes.append(q.argmax(1).numpy())
        rows.append(
            {
                "run": run.name,
                "step": checkpoint.step,
                "H(mean q) - mean H(q)": round(entropy_of_mean - mean_entropy, 4),
                "kept when moved": round(float(kept.float().mean()), 4),
            }
        )
    agreement = np.array([[float(cluster_accuracy(a, b)) for b in codes] for a in codes])
    others = (agreement.sum(1) - 1) / max(len(runs) - 1, 1)
    for row, mean in zip(rows, others, strict=True):
        row["mean agreement"] = round(float(mean), 4)
    print(pd.DataFrame(rows).to_string(index=False))
    print(f"chosen: {runs[int(others.argmax())].name}")


if __name__ == "__main__":
    main()
