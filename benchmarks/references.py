"""What codes of known meaning score on tables of factors, and which metrics are marked there.

    python benchmarks/references.py [--only mig sap] [--seeds 3]
    python benchmarks/references.py --times
    python benchmarks/references.py --table [--write docs/references.md]

Each table of `TABLES` has 3,000 rows, and as many codes as factors; a third of the rows are scored
by metrics that fit predictors. The rows of docs/results/references.csv are means over seeds of each
reference, and in how many of the seeds the metric is marked. `--times` prints the CPU-seconds
of every metric, without its interval, for 10,000 rows of ten codes and ten factors: normal ones,
and ones of 2 to 11 classes.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from metrics import hardware, markdown, write_between
from numpy.typing import NDArray
from scipy import stats

from infoeval.errors import UserError
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.known_codes import reference_scores, untrusted
from infoeval.evaluation.options import Options
from infoeval.evaluation.requests import Request
from infoeval.files import write_text
from infoeval.metrics import all_metrics, find
from infoeval.subjects.subject import Rows

ROWS = Path(__file__).resolve().parent.parent / "docs" / "results" / "references.csv"
N = 3_000
SHOWN = "noise", "common cause", "rotated", "twice", "exact as here", "exact"
IN_FULL = "5 normal, correlation 0", "5 normal, correlation 0.8"
NAMES = tuple(item.name for item in all_metrics("table", "interventions"))

Array = NDArray[np.float64]
Factors = tuple[Array, str]
"""Factors ``(n, K)``, and the type of all."""


def normal(correlation: float, random: np.random.Generator, count: int = 5) -> Array:
    """Normal factors, every pair with this correlation."""
    cause = random.normal(size=(N, 1))
    own = random.normal(size=(N, count))
    return np.asarray(np.sqrt(correlation) * cause + np.sqrt(1 - correlation) * own)


def classes(sizes: Sequence[int], correlation: float, random: np.random.Generator) -> Array:
    """Equally probable classes: normal factors, cut at their quantiles."""
    ranks = stats.norm.cdf(normal(correlation, random, len(sizes)))
    return np.asarray(np.floor(ranks * np.array(sizes)))


TABLES: dict[str, Callable[[np.random.Generator], Factors]] = {
    "5 normal, correlation 0": lambda random: (normal(0.0, random), "continuous"),
    "5 normal, correlation 0.4": lambda random: (normal(0.4, random), "continuous"),
    "5 normal, correlation 0.8": lambda random: (normal(0.8, random), "continuous"),
    "2 normal, correlation 0": lambda random: (normal(0.0, random, 2), "continuous"),
    "3, 5, 8 classes": lambda random: (classes((3, 5, 8), 0.0, random), "discrete"),
    "3, 5, 8 classes, correlation 0.8": lambda random: (
        classes((3, 5, 8), 0.8, random),
        "discrete",
    ),
    "2 to 10 classes": lambda random: (classes(range(2, 11), 0.0, random), "discrete"),
    "40 attributes, correlation 0.4": lambda random: (classes((2,) * 40, 0.4, random), "discrete"),
    "3 angles": lambda random: (random.uniform(0, 2 * np.pi, (N, 3)), "periodic"),
}


def main() -> None:
    """Score and write the rows, print times, or make a table of the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROWS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=NAMES)
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--table", action="store_true", help="make Markdown of the rows in --out")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    asked = parser.parse_args()
    if asked.table:
        lines = tables(pd.read_csv(asked.out, keep_default_na=False))
        if asked.write is None:
            print("\n".join(lines))
        else:
            write_between(asked.write, "references", lines)
        return
    print(hardware())
    if asked.times:
        print("\n".join(markdown(("metric", "normal", "classes"), list(times(asked.only)))))
        return
    found = [row for name in TABLES for row in rows_of(name, asked.only, asked.seeds)]
    columns = ["table", "metric", *SHOWN, "marked", "seeds", "why"]
    rows = pd.DataFrame(found, columns=columns).round(4)
    if asked.out.exists():
        before = pd.read_csv(asked.out, keep_default_na=False)
        kept = [not _is_of(metric, asked.only) for metric in before["metric"]]
        rows = pd.concat([before[kept], rows])
    write_text(asked.out, _in_order(rows).to_csv(index=False, lineterminator="\n"))


def _is_of(metric: str, names: Sequence[str]) -> bool:
    """Whether a number is one of a metric's: "dci-completeness" is of "dci"."""
    return any(metric == name or metric.startswith(f"{name}-") for name in names)


def rows_of(table: str, names: Sequence[str], seeds: int) -> Iterator[tuple[Any, ...]]:
    """A row for each number of each metric on a table."""
    for name in names:
        scores: dict[str, list[dict[str, float]]] = {}
        for seed in range(seeds):
            for metric, known in scores_of(table, name, seed).items():
                scores.setdefault(metric, []).append(known)
        for metric, found in scores.items():
            doubts = [doubt for known in found if (doubt := untrusted(known))]
            means = [
                np.mean([known[codes] for known in found]) if codes in found[0] else ""
                for codes in SHOWN
            ]
            yield table, metric, *means, len(doubts), seeds, doubts[0] if doubts else ""
        print(f"{table}: {name}", flush=True)


def scores_of(table: str, name: str, seed: int) -> dict[str, dict[str, float]]:
    """What known codes score on one draw of a table."""
    factors, type_ = TABLES[table](np.random.default_rng(seed))
    frame = pd.DataFrame(factors, columns=[f"factor {k}" for k in range(factors.shape[1])])
    rows = Rows(pd.DataFrame(factors), frame)
    whole = CodeTable.of(rows, ["continuous"] * factors.shape[1], [type_] * factors.shape[1])
    return reference_scores(whole, Options(seed=seed), Request(name))


def times(names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """CPU-seconds of each metric on ten normal factors, and on ten factors of classes."""
    random = np.random.default_rng(0)
    factors = random.normal(size=(10_000, 10))
    turned = np.linalg.qr(random.normal(size=(10, 10)))[0]
    sets = {
        "continuous": (factors @ turned + 0.3 * random.normal(size=factors.shape), factors),
        "discrete": (
            (drawn := random.integers(0, np.arange(2, 12), size=(10_000, 10)))
            + 0.3 * random.normal(size=(10_000, 10)),
            drawn,
        ),
    }
    for name in names:
        seconds = []
        for type_, (codes, values) in sets.items():
            started = time.process_time()
            try:
                find(name).function(codes, values, factor_types=[type_] * 10, replicates=0, null=0)
            except UserError:  # as of tad, which is for binary attributes
                seconds.append("–")
            else:
                seconds.append(f"{time.process_time() - started:.2f}")
        yield name, seconds[0], seconds[1]


def tables(rows: pd.DataFrame) -> list[str]:
    """Lines of a table of all numbers for each of `IN_FULL`, of the marked ones for others."""
    lines: list[str] = []
    for name in TABLES:
        mine = rows[rows["table"] == name]
        marked = mine[mine["marked"] > 0]
        shown, cells = mine if name in IN_FULL else marked, []
        for _, row in shown.iterrows():
            sign = f"{row['marked']} of {row['seeds']}" if row["marked"] else ""
            scores = ("–" if row[codes] == "" else f"{float(row[codes]):.2f}" for codes in SHOWN)
            cells.append((f"`{row['metric']}`", *scores, sign))
        lines += ["", f"*{name}*: {len(marked)} of {len(mine)} numbers are marked.", ""]
        lines += markdown(("", *SHOWN, "marked"), cells) if cells else []
    return lines[1:]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows table by table, and metric by metric, however many runs they are of."""

    def place(row: tuple[str, str]) -> tuple[int, int]:
        table, metric = row
        names = (number for number, name in enumerate(NAMES) if _is_of(metric, [name]))
        return list(TABLES).index(table), next(names)

    keys = [place(row) for row in zip(rows["table"], rows["metric"], strict=True)]
    return rows.iloc[sorted(range(len(keys)), key=keys.__getitem__)]


if __name__ == "__main__":
    main()
