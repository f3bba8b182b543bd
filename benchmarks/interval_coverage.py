"""How often the intervals of `cluster-nmi` and `cluster-ari` hold the truth.

    python benchmarks/interval_coverage.py

Codes and labels are drawn from joint laws whose NMI and ARI are known; for each law and size the
table shows the share of 95 % intervals that hold the true value. Takes minutes.
"""

import argparse

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from infoeval.metrics import cluster_ari, cluster_nmi

SIZES = (100, 1_000, 10_000)


def channel(categories: int, noise: float) -> NDArray[np.float64]:
    """Joint law of a code that equals the label, or, with probability `noise`, anything."""
    right = np.eye(categories) / categories
    anything = np.full((categories, categories), 1 / categories**2)
    return (1 - noise) * right + noise * anything


LAWS = {
    "independent": channel(10, 1.0),
    "90 % noise": channel(10, 0.9),
    "50 % noise": channel(10, 0.5),
    "10 % noise": channel(10, 0.1),
    "1 % noise": channel(10, 0.01),
    "0.1 % noise": channel(10, 0.001),
    "3 categories, 30 % noise": channel(3, 0.3),
}


def true_nmi(law: NDArray[np.float64]) -> float:
    """NMI of the law itself, from rows repeated in its shares."""
    rows, columns = np.indices(law.shape)
    counts = np.rint(law * 100_000).astype(int).ravel()
    codes, labels = np.repeat(rows.ravel(), counts), np.repeat(columns.ravel(), counts)
    return float(normalized_mutual_info_score(labels, codes))


def true_ari(law: NDArray[np.float64]) -> float:
    """ARI of the law itself: pairs of independent draws, adjusted for chance."""
    together = float((law**2).sum())
    codes, labels = float((law.sum(1) ** 2).sum()), float((law.sum(0) ** 2).sum())
    chance = codes * labels
    return (together - chance) / ((codes + labels) / 2 - chance)


def main() -> None:
    """Print the coverage of every law and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    repeats = parser.parse_args().repeats
    random = np.random.default_rng(0)
    rows = []
    for name, law in LAWS.items():
        truths = {"nmi": true_nmi(law), "ari": true_ari(law)}
        for size in SIZES:
            held = dict.fromkeys(truths, 0)
            for repeat in range(repeats):
                cells = random.choice(law.size, size=size, p=law.ravel())
                codes, labels = np.divmod(cells, len(law))
                for which, metric in (("nmi", cluster_nmi), ("ari", cluster_ari)):
                    score = metric(codes, labels, seed=repeat, replicates=400)
                    low = -1.0 if score.low is None else score.low
                    high = 1.0 if score.high is None else score.high
                    held[which] += low - 1e-9 <= truths[which] <= high + 1e-9
            shares = {which: round(count / repeats, 3) for which, count in held.items()}
            rows.append({"law": name, "n": size, **shares})
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
