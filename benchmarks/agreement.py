"""Choose one of several seeds without labels: the medoid of their agreement on real images.

    python benchmarks/agreement.py runs/seeds/mnist-default-*

Each run reads the codes of the first 10,000 unlabelled training images; two runs agree on the share
of images that the best one-to-one renaming of categories makes equal (of several codes: see
infoeval.metrics.seed_agreement), and the chosen run is the one with the highest mean agreement
with the others. H(mean q) − mean H(q), in nats, and the share of images that keep their category
when slightly moved are printed beside it. No label is read. `infoeval train NAME --seeds 0-4`
chooses in the same way, on images evenly spaced over the training set.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infoeval.data import load
from infoeval.metrics.seed_agreement import seed_agreement
from infoeval.subjects.opening import open_subject
from infoeval.sweep.unlabelled import score_unlabelled

IMAGES = 10_000


def main() -> None:
    """Print each run's criteria and the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    runs: list[Path] = parser.parse_args().runs
    rows: list[dict[str, Any]] = []
    codes = []
    for run in runs:
        subject = open_subject(run / "ckpt.pt")
        checkpoint = subject.checkpoint
        assert checkpoint is not None
        images = load(checkpoint.trainer.data, "train")
        first = np.arange(min(IMAGES, len(images)))
        scores = score_unlabelled(subject.reader(images), images, first)
        row: dict[str, Any] = {"run": run.name, "step": checkpoint.step}
        for name, information in scores.information.items():
            row[f"H(mean q) - mean H(q) {name}"] = round(information, 4)
            row[f"augmentation consistency {name}"] = round(
                scores.augmentation_consistency[name], 4
            )
        rows.append(row)
        codes.append(list(scores.codes.values()))
    agreement = seed_agreement(codes)
    for row, mean in zip(rows, agreement.means, strict=True):
        row["mean agreement"] = round(float(mean), 4)
    print(pd.DataFrame(rows).to_string(index=False))
    chosen = agreement.medoid
    print(f"chosen: {'none; give three runs or more' if chosen is None else runs[chosen].name}")


if __name__ == "__main__":
    main()
