"""How often the 95 % intervals of metrics hold what they are about.

    python benchmarks/coverage.py [--metric NAME] [--law NAME] [--rows N] [--repeats 200]

An interval is about the metric's expectation over tables of as many rows of the same law. So for
each law and number of rows many tables are drawn, the mean of the values stands for the
expectation, and the table shows the share of intervals that hold it; the shares of values below
and above their interval's other side; how often a value stands on its own limit inside the
metric's range; and the mean half-width over 1.96 deviations of the values. Adjusted values and
their intervals likewise. Rows are appended to ``--to`` as they are done, and those that are in it
are not computed again. All of it takes hours; the default laws of slow metrics are fewer.
"""

import argparse
import csv
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import machine
from numpy.typing import NDArray
from scipy.special import ndtr

from infoeval.metrics import registry
from infoeval.metrics.score import Score

Array = NDArray[Any]
Generator = np.random.Generator
SIZES = (200, 1_000, 5_000)
CLASSES = (3, 5, 8)
COLUMNS: tuple[str, ...] = (
    "law",
    "metric",
    "part",
    "n",
    "repeats",
    "expected",
    "deviation",
    "held",
    "below",
)
COLUMNS += ("above", "on_limit", "width", "no_interval", "adjusted", "adjusted_held")


def factors(n: int, random: Generator, classes: tuple[int, ...] = CLASSES) -> Array:
    """Independent factors of equally frequent classes."""
    drawn: Array = np.stack([random.integers(count, size=n) for count in classes], axis=1)
    return drawn


def standard(numbers: Array, classes: tuple[int, ...] = CLASSES) -> tuple[Array, Array]:
    """Class numbers over their deviation, and the step between two classes."""
    deviation: Array = np.sqrt((np.square(classes) - 1) / 12)
    return numbers / deviation, 1 / deviation


def correlated(n: int, random: Generator) -> Array:
    """Factors that share a common cause, of correlation 0.8 before they are cut into classes."""
    normal = np.sqrt(0.8) * random.normal(size=(n, 1)) + np.sqrt(0.2) * random.normal(size=(n, 3))
    whole: Array = (ndtr(normal) * CLASSES).astype(int)
    numbers: Array = np.minimum(whole, np.array(CLASSES) - 1)
    return numbers


def unbalanced(n: int, random: Generator) -> Array:
    """Factors of rare classes."""
    shares = ([0.9, 0.07, 0.03], [0.6, 0.2, 0.1, 0.07, 0.03], [0.5, *[0.5 / 7] * 7])
    drawn: Array = np.stack([random.choice(len(s), size=n, p=s) for s in shares], axis=1)
    return drawn


def noisy(z: Array, step: Array, noise: Array, extra: Array) -> Array:
    """Codes of the factors with noise of half a step, and two codes of noise."""
    codes: Array = np.concatenate([z + 0.5 * step * noise, extra], axis=1)
    return codes


def _noisy(n: int, random: Generator) -> tuple[Array, Array]:
    f = factors(n, random)
    return noisy(*standard(f), random.normal(size=f.shape), random.normal(size=(n, 2))), f


def _noise(n: int, random: Generator) -> tuple[Array, Array]:
    return random.normal(size=(n, 5)), factors(n, random)


def _bounded(n: int, random: Generator) -> tuple[Array, Array]:
    f = factors(n, random)
    z, step = standard(f)
    return np.concatenate(
        [z + 1.2 * step * (random.random(z.shape) - 0.5), random.random((n, 2))], 1
    ), f


def _rotated(n: int, random: Generator) -> tuple[Array, Array]:
    f = factors(n, random)
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    return standard(f)[0] @ turn + 0.1 * random.normal(size=f.shape), f


def _exact(n: int, random: Generator) -> tuple[Array, Array]:
    f = factors(n, random)
    return standard(f)[0], f


def _rare(n: int, random: Generator) -> tuple[Array, Array]:
    """Exact codes but for one row in a hundred, which has those of another row."""
    f = factors(n, random)
    codes, wrong = standard(f)[0].copy(), random.random(n) < 0.01
    codes[wrong] = codes[random.permutation(n)][wrong]
    return codes, f


def _long_tails(n: int, random: Generator) -> tuple[Array, Array]:
    f = factors(n, random)
    noise, extra = random.standard_t(2, size=f.shape), random.standard_t(2, size=(n, 2))
    return noisy(*standard(f), noise, extra), f


def _correlated(n: int, random: Generator) -> tuple[Array, Array]:
    f = correlated(n, random)
    return noisy(*standard(f), random.normal(size=f.shape), random.normal(size=(n, 2))), f


def _unbalanced(n: int, random: Generator) -> tuple[Array, Array]:
    f = unbalanced(n, random)
    return noisy(*standard(f), random.normal(size=f.shape), random.normal(size=(n, 2))), f


def _many_classes(n: int, random: Generator) -> tuple[Array, Array]:
    classes = (200, 20, 2)
    f = factors(n, random, classes)
    z, step = standard(f, classes)
    return noisy(z, step, random.normal(size=f.shape), random.normal(size=(n, 2))), f


def _many_noise(n: int, random: Generator) -> tuple[Array, Array]:
    return random.normal(size=(n, 3)), factors(n, random, (200, 20, 2))


def _categories(n: int, random: Generator) -> tuple[Array, Array]:
    """Categorical codes of other numbers of categories than the factors have classes."""
    f = factors(n, random)
    first = np.where(random.random(n) < 0.2, random.integers(6, size=n), f[:, 0])
    second = np.where(random.random(n) < 0.3, random.integers(4, size=n), f[:, 2] // 2)
    return np.stack([first, second, random.integers(7, size=n)], axis=1), f


def _two_classes(n: int, random: Generator) -> tuple[Array, Array]:
    """Attributes of which half, a third and a twentieth of the rows have each, and noisy codes."""
    f = (random.random((n, 3)) < (0.5, 0.3, 0.05)).astype(int)
    f[:2] = [[0, 0, 0], [1, 1, 1]]
    codes = np.concatenate([f + 0.7 * random.normal(size=f.shape), random.normal(size=(n, 2))], 1)
    return codes, f


def _normal(n: int, random: Generator) -> tuple[Array, Array]:
    """Continuous factors, and codes that correlate with them at 0.9, 0.5 and 0."""
    f = random.normal(size=(n, 3))
    strength = np.array([0.9, 0.5, 0.0])
    return strength * f + np.sqrt(1 - strength**2) * random.normal(size=(n, 3)), f


def _periodic(n: int, random: Generator) -> tuple[Array, Array]:
    """An angle and a number; a code of the angle with noise, and one of noise."""
    f = np.stack([random.uniform(0, 2 * np.pi, size=n), random.normal(size=n)], axis=1)
    codes = np.stack([(f[:, 0] + 0.5 * random.normal(size=n)) % (2 * np.pi), f[:, 1]], axis=1)
    codes[:, 1] += random.normal(size=n)
    return codes, f


TYPES: dict[str, Any] = {
    "normal": ["continuous"] * 3,
    "periodic": ["periodic", "continuous"],
}
LAWS: dict[str, Callable[[int, Generator], tuple[Array, Array]]] = {
    "noisy": _noisy,
    "noise": _noise,
    "bounded": _bounded,
    "rotated": _rotated,
    "exact": _exact,
    "rare mistakes": _rare,
    "long tails": _long_tails,
    "correlated": _correlated,
    "unbalanced": _unbalanced,
    "200 classes": _many_classes,
    "200 classes, noise": _many_noise,
    "categories": _categories,
    "two classes": _two_classes,
    "normal": _normal,
    "periodic": _periodic,
}
FEW = ("noisy", "noise", "correlated", "rare mistakes")
"""Laws of metrics that take seconds."""
SLOW = (
    "mcc",
    "dci-es",
    "omes",
    "sap",
    "explicitness",
    "downstream-accuracy",
    "med",
    "infomec",
    "beta-vae",
    "factor-vae",
)
SLOWEST = ("dci", "z-max-var")
CODES_ALONE = ("total-correlation", "wasserstein-correlation", "code-information")
SETTINGS: dict[str, dict[str, Any]] = {
    "beta-vae": {"train_points": 500, "test_points": 500},
    "factor-vae": {"train_points": 500, "test_points": 500},
    "z-max-var": {"train_points": 500, "test_points": 500},
    "downstream-accuracy": {"sizes": [50]},
}


def cells(shares: Array) -> Callable[[int, Generator], tuple[Array, Array]]:
    """Return the law of a categorical code and a label with these shares of rows."""

    def law(n: int, random: Generator) -> tuple[Array, Array]:
        drawn = random.choice(shares.size, size=n, p=shares.ravel() / shares.sum())
        return np.divmod(drawn, shares.shape[1])

    return law


def channel(categories: int, wrong: float) -> Array:
    """Shares of a code that equals the label but for a share of ``wrong`` rows."""
    return (1 - wrong) * np.eye(categories) / categories + wrong / categories**2


LABEL_LAWS: dict[str, Callable[[int, Generator], tuple[Array, Array]]] = {
    "independent, 10 × 10": cells(np.full((10, 10), 0.01)),
    "independent, 20 × 200": cells(np.full((20, 200), 1 / 4000)),
    "independent, 10 × 2, 92 % of one class": cells(np.outer(np.full(10, 0.1), [0.92, 0.08])),
    "half wrong, 10 × 10": cells(channel(10, 0.5)),
    "5 % wrong, 10 × 10": cells(channel(10, 0.05)),
    "1 % wrong, 10 × 10": cells(channel(10, 0.01)),
    "exact, 10 × 10": cells(channel(10, 0.0)),
    "two classes merged, 10 × 10": cells(
        np.where(np.eye(10)[:, [0, 0, *range(2, 10)]] > 0, 0.1, 0.0).T
    ),
    "4 categories of 8 classes, 20 % wrong": cells(
        0.8 * np.repeat(np.eye(4), 2, axis=1) / 8 + 0.2 / 32
    ),
}


def laws_of(name: str) -> dict[str, Callable[[int, Generator], tuple[Array, Array]]]:
    """Return the laws that a metric is tried on."""
    if name.startswith("cluster"):
        return LABEL_LAWS
    if name in CODES_ALONE:
        return {law: LAWS[law] for law in ("noisy", "noise", "rotated", "long tails", "normal")}
    if name == "tad":
        return {"two classes": _two_classes}
    few = name in SLOW or name in SLOWEST
    return {law: draw for law, draw in LAWS.items() if not few or law in FEW}


def applies(name: str, law: str) -> bool:
    """Return whether a metric is defined for the columns of a law."""
    if name == "omes" and law == "200 classes":
        return False
    return not (name in ("irs", *CODES_ALONE) and law == "categories")


def score(name: str, law: str, codes: Array, other: Array, tables: int | None) -> Score:
    """Return the score of one table, with ``tables`` of shuffled factors."""
    function = registry.find(name).function
    if name.startswith("cluster"):
        return function(codes, other)  # type: ignore[no-any-return]
    settings: dict[str, Any] = dict(SETTINGS.get(name, {}))
    if tables is not None:
        settings["null"] = tables
    if name in CODES_ALONE:
        return function(codes, **settings)  # type: ignore[no-any-return]
    return function(codes, other, factor_types=TYPES.get(law), **settings)  # type: ignore[no-any-return]


def numbers_of(result: Score) -> dict[str, dict[str, Any]]:
    """Return the numbers of a score by name; of pairs of code and factor the first and the last."""
    details = result.details
    whole = {"value": result.value, "low": result.low, "high": result.high}
    whole["adjusted"] = details.get("adjusted")
    if "associations" in details:
        pairs = details["associations"]
        return {"": whole, "first pair": pairs[0], "last pair": pairs[-1]}
    return dict(details.get("parts") or {"": whole})


def coverage(
    name: str, law: str, n: int, repeats: int, tables: int | None
) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of a metric."""
    draw = laws_of(name)[law]
    drawn: dict[str, list[dict[str, Any]]] = {}
    for repeat in range(repeats):
        codes, other = draw(n, np.random.default_rng([repeat, n]))
        for part, entry in numbers_of(score(name, law, codes, other, tables)).items():
            drawn.setdefault(part, []).append(entry)
    for part, entries in drawn.items():
        row = {"law": law, "metric": name, "part": part, "n": n, "repeats": repeats}
        yield {**row, **_shares(entries)}


def _shares(entries: list[dict[str, Any]]) -> dict[str, Any]:
    values = np.array([entry["value"] for entry in entries])
    mean, deviation = values.mean(), values.std(ddof=1)
    known = [entry for entry in entries if entry["low"] is not None]
    shares: dict[str, Any] = {
        "expected": round(float(mean), 5),
        "deviation": round(float(deviation), 5),
        "no_interval": 1 - len(known) / len(entries),
    }
    if known:
        value, low, high = (np.array([entry[key] for entry in known]) for key in _ENDS)
        held = (low - 1e-9 <= mean) & (mean <= high + 1e-9)
        on_limit = ((value - low <= 0) | (high - value <= 0)) & (value > 1e-9) & (value < 1 - 1e-9)
        shares["held"] = round(float(held.mean()), 3)
        shares["below"] = round(float((high < mean - 1e-9).mean()), 3)
        shares["above"] = round(float((low > mean + 1e-9).mean()), 3)
        shares["on_limit"] = round(float(on_limit.mean()), 3)
        shares["width"] = round(float((high - low).mean() / 2 / max(1.96 * deviation, 1e-12)), 2)
    adjusted = [entry["adjusted"] for entry in entries if entry.get("adjusted")]
    if adjusted:
        value, low, high = (np.array([entry[key] for entry in adjusted]) for key in _ENDS)
        mean = value.mean()
        shares["adjusted"] = round(float(mean), 5)
        if None not in low:
            shares["adjusted_held"] = round(
                float(((low - 1e-9 <= mean) & (mean <= high + 1e-9)).mean()), 3
            )
    return shares


_ENDS = ("value", "low", "high")


def summary(path: Path) -> str:
    """Return the Markdown table of the least coverage of each metric, and its law."""
    rows = pd.read_csv(path, keep_default_na=False, na_values={"held": [""], "width": [""]})
    rows["name"] = (rows.metric + " " + rows.part).str.strip()
    sizes = sorted(rows.n.unique())
    head = " | ".join(f"n = {n:,}" for n in sizes)
    lines = [f"| metric | distributions | {head} | on a limit |"]
    lines.append("|---|--:" + "|---" * len(sizes) + "|--:|")
    for name, part in rows.groupby("name", sort=False):
        part = part[part.held.notna()]
        if part.empty:
            continue
        cells = [_least(part[part.n == n]) for n in sizes]
        worst = pd.to_numeric(part.on_limit, errors="coerce").max()
        lines.append(f"| {name} | {part.law.nunique()} | {' | '.join(cells)} | {worst:.0%} |")
    return "\n".join(lines)


def _least(rows: pd.DataFrame) -> str:
    """Return the least coverage, its law, and the median width."""
    if rows.empty:
        return "–"
    least = rows.sort_values("held").iloc[0]
    # Where values do not vary there is no width to compare with.
    widths = rows.width[rows.deviation.astype(float) > 1e-9]
    return f"{least.held:.2f} ({least.law}), width {widths.median():.1f}"


def main() -> None:
    """Append the rows that are missing, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metric", action="append")
    parser.add_argument("--law", action="append")
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--null", type=int, help="shuffled tables; each metric's own by default")
    parser.add_argument("--to", type=Path, default=Path("docs/results/coverage.csv"))
    parser.add_argument("--table", action="store_true", help="print the table of docs/metrics.md")
    options = parser.parse_args()
    if options.table:
        print(summary(options.to))
        return
    warnings.filterwarnings("ignore")
    done = set()
    if options.to.exists():
        with options.to.open() as file:
            done = {(r["law"], r["metric"], int(r["n"])) for r in csv.DictReader(file)}
    else:
        options.to.write_text(",".join(COLUMNS) + "\n")
    print(machine())
    every = registry.all_metrics("labels", "table", "interventions", "codes")
    for name in options.metric or [metric.name for metric in every]:
        for law in laws_of(name):
            wanted = not options.law or law in options.law
            for n in options.rows or SIZES:
                if not wanted or not applies(name, law) or (law, name, n) in done:
                    continue
                rows = list(coverage(name, law, n, options.repeats, options.null))
                with options.to.open("a", newline="") as file:
                    csv.DictWriter(file, COLUMNS).writerows(rows)
                for row in rows:
                    print(*(row.get(column, "") for column in COLUMNS), sep="  ", flush=True)


if __name__ == "__main__":
    main()
