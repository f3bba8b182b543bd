"""How often a page says of codes of noise that one follows a factor.

    python benchmarks/false_sentences.py [--tables 1000]

Codes that are independent of the factors, of several kinds and numbers of rows; for each the
number of tables of which the verdict says that any code follows anything, "weakly" included, and
of those with a pair of p ≤ 0.01. It takes minutes.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from machine import machine
from numpy.typing import NDArray

from infoeval.evaluation import score
from infoeval.reporting.followed_factors import SURE
from infoeval.reporting.verdict import sentences

Array = NDArray[np.float64]
KINDS = ("5 normal × 5 normal", "5 normal × 3 classes", "normal × 200 people", "10 × 2 classes")
SIZES = (20, 200)


def table(kind: str, n: int, random: np.random.Generator) -> dict[str, Array]:
    """Codes and factors that have nothing in common."""
    if kind == "5 normal × 5 normal":
        return {"codes": random.normal(size=(n, 5)), "factors": random.normal(size=(n, 5))}
    if kind == "5 normal × 3 classes":
        factors = random.integers((3, 5, 8), size=(n, 3)).astype(float)
        return {"codes": random.normal(size=(n, 5)), "factors": factors}
    if kind == "normal × 200 people":
        people = random.integers(200, size=(n, 1)).astype(float)
        return {"codes": random.normal(size=(n, 1)), "factors": people}
    rare = (random.random((n, 2)) < (0.5, 0.1)).astype(float)
    rare[:2] = [[0, 0], [1, 1]]
    return {"codes": random.normal(size=(n, 10)), "factors": rare}


def main() -> None:
    """Print the counts of every kind and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1_000)
    tables = parser.parse_args().tables
    print(machine())
    rows = []
    path = Path(tempfile.mkdtemp()) / "codes.npz"
    for kind in KINDS:
        for n in SIZES:
            said = likely = 0
            for number in range(tables):
                arrays = table(kind, n, np.random.default_rng([number, n]))
                np.savez(path, **arrays)  # type: ignore[arg-type]
                document = score(str(path), metrics=["code-factors"], replicates=0, seed=number)
                texts = [finding.whole for finding in sentences(document)]
                said += any("follows" in t and "follows no factor" not in t for t in texts)
                pairs = [result.pair for result in document.results if result.pair]
                likely += any(pair.p is not None and pair.p <= SURE for pair in pairs)
            rows.append({"codes × factors": kind, "n": n, "tables": tables})
            rows[-1] |= {"said to follow": said, "p ≤ 0.01": likely}
            print(rows[-1], flush=True)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
