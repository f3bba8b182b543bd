"""What perfect, rotated, noisy and random codes score by every metric.

    python benchmarks/metric_scores.py --out docs/results/metric-scores.csv [--only mig sap]
    python benchmarks/metric_scores.py --table [--write docs/metrics.md]

The tables are drawn here: 10,000 rows, and 5,000 more for metrics that score other rows than they
fit on, of 5 independent factors of 3, 4, 6, 8 and 10 equally probable classes. The perfect codes
are the factors with mean 0 and deviation 1, the others are made of them: see `codes_of`. A
categorical code is one of the ten classes of the last factor: see `category_of`. UDR and the
consistency are given four models whose codes are of one kind, of the same rows, and TAD binary
factors: the upper half of the classes of each. The rows of the CSV are the mean of the seeds
with the smallest and the largest score; metrics that are not asked for keep the rows that they
have. Takes minutes.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from metrics import hardware, markdown, write_between
from numpy.typing import NDArray

from infoeval.evaluation.requests import parse
from infoeval.files import write_text
from infoeval.metrics import Score, all_metrics, find

ROWS = Path(__file__).resolve().parent.parent / "docs" / "results" / "metric-scores.csv"
N, SCORED = 10_000, 5_000
CLASSES = np.array([3, 4, 6, 8, 10])
MODELS = 4
SHOWN = "perfect", "rotated", "noisy", "random"
KINDS = *SHOWN, "dead", "outlier"
PRUNED = ", pruned"

VARIANTS = (
    "code-factors:estimator=adjusted",
    "code-factors:normalization=min",
    "mcc:correlation=spearman",
    "mig:estimator=corrected",
    "mig:estimator=ksg",
    "mig:preset=laforge",
    "mig-sup:estimator=corrected",
    "mig-sup" + PRUNED,
    "jemmig:estimator=corrected",
    "dcimig:estimator=corrected",
    "modularity:estimator=corrected",
    "modularity:preset=laforge",
    "modularity" + PRUNED,
    "sap:preset=scale-free",
    "dci:predictor=lasso",
    "dci:preset=laforge",
    "med:estimator=corrected",
    "med:top=1",
    "explicitness:preset=laforge",
    "irs:preset=laforge",
    "irs" + PRUNED,
    "omes:preset=signed",
    "beta-vae:preset=laforge",
    "factor-vae:preset=laforge",
    "udr:preset=spearman",
    "consistency:maps=affine",
)

METRICS = all_metrics("labels", "table", "interventions", "codes", "models")
NAMES = tuple(item.name for item in METRICS)

Array = NDArray[np.float64]
Found = dict[tuple[str, str, str], list[float]]
"""A score for each seed, by metric, number and kind of codes."""


def main() -> None:
    """Score and write the rows, or make tables of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROWS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="metrics, as in the registry")
    parser.add_argument("--table", action="store_true", help="make Markdown of the rows in --out")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    asked = parser.parse_args()
    if asked.table:
        show(pd.read_csv(asked.out, keep_default_na=False), asked.write)
        return
    print(hardware())
    texts = [text for text in (*NAMES, *VARIANTS) if _name(text) in (asked.only or NAMES)]
    found: Found = {}
    for seed in range(asked.seeds):
        for kind in KINDS:
            for metric, number, value in scores(kind, seed, texts):
                found.setdefault((metric, number, kind), []).append(value)
            print(f"seed {seed}, {kind} codes", flush=True)
    rows = rows_of(found)
    if asked.only and asked.out.exists():
        before = pd.read_csv(asked.out, keep_default_na=False)
        rows = pd.concat([before[~before["metric"].isin(texts)], rows])
    write_text(asked.out, _sorted(rows).to_csv(index=False, lineterminator="\n"))


def rows_of(found: Found) -> pd.DataFrame:
    """Mean and range over the seeds of each score."""
    rows = [
        (*key, np.mean(values), min(values), max(values), len(values))
        for key, values in found.items()
    ]
    columns = ["metric", "number", "code", "mean", "lowest", "highest", "seeds"]
    return pd.DataFrame(rows, columns=columns).round(6)


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    """Metric by metric."""
    order = {text: number for number, text in enumerate((*NAMES, *VARIANTS))}
    return rows.sort_values("metric", key=lambda texts: texts.map(order), kind="stable")


def _name(text: str) -> str:
    return text.removesuffix(PRUNED).partition(":")[0]


def scores(kind: str, seed: int, texts: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """Metric, number and value of metrics for one kind of codes."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, CLASSES, size=(N + SCORED, len(CLASSES)))
    perfect = (factors - (CLASSES - 1) / 2) / np.sqrt((CLASSES**2 - 1) / 12)
    codes = codes_of(kind, perfect, random)
    category = category_of(kind, factors[:, -1], random)
    models = [codes_of(kind, perfect, random)[:N] for _ in range(MODELS)]
    for text in texts:
        if find(_name(text)).kind == "labels":
            score = _of_labels(text, category, factors[:, -1]) if kind in SHOWN else None
        else:
            score = _of_arrays(text, codes, factors, models)
        if score is None:
            continue
        parts = score.details.get("parts") or {"": {"value": float(score)}}
        for number, part in parts.items():
            if not number.startswith("model "):
                yield text, number, part["value"]


def codes_of(kind: str, perfect: Array, random: np.random.Generator) -> Array:
    """Codes made of perfect ones ``(n, 5)``.

    "rotated": by an orthogonal matrix that is drawn. "noisy": with normal noise whose deviation is
    half of the step from class to class, and five codes of noise beside them. "random": ten normal
    codes that know nothing. "dead": perfect ones and five of deviation 0.01 that know nothing.
    "outlier": perfect ones, but for the first row, which is 50 in all.
    """
    n, count = perfect.shape
    if kind == "rotated":
        return np.asarray(perfect @ np.linalg.qr(random.normal(size=(count, count)))[0])
    if kind == "noisy":
        steps = 1 / np.sqrt((CLASSES**2 - 1) / 12)
        noise = random.normal(size=(n, 2 * count))
        return np.hstack([perfect + 0.5 * steps * noise[:, :count], noise[:, count:]])
    if kind == "random":
        return random.normal(size=(n, 2 * count))
    if kind == "dead":
        return np.hstack([perfect, 0.01 * random.normal(size=(n, count))])
    if kind == "outlier":
        return np.vstack([np.full((1, count), 50.0), perfect[1:]])
    return perfect


def category_of(kind: str, labels: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """A categorical code of ten classes.

    "perfect": the classes renamed. "rotated" stands for a mixture: two classes share a category.
    "noisy": half of the rows have any category. "random": all have.
    """
    classes = int(CLASSES[-1])
    renamed = random.permutation(classes)[labels]
    anything = random.integers(0, classes, size=len(labels))
    if kind == "rotated":
        return np.where(renamed == classes - 1, 0, renamed)
    if kind == "noisy":
        return np.where(random.random(len(labels)) < 0.5, anything, renamed)
    return anything if kind == "random" else renamed


def _of_labels(text: str, category: NDArray[Any], labels: NDArray[Any]) -> Score:
    metric = find(text)
    function: Callable[..., Score] = metric.function
    others: dict[str, Any] = {}
    if "fit_codes" in metric.arguments:
        others = {"fit_codes": category[N:], "fit_labels": labels[N:]}
    return function(category[:N], labels[:N], **others)


def _of_arrays(text: str, codes: Array, factors: NDArray[Any], models: list[Array]) -> Score:
    (asked,) = parse([text.removesuffix(PRUNED)])
    metric = find(asked.name)
    function: Callable[..., Score] = metric.function
    settings: dict[str, Any] = {
        **asked.settings,
        "replicates": 0,
        "null": 0,
        "prune": text.endswith(PRUNED),
    }
    if metric.kind == "models":
        return function(models, **settings)
    if metric.kind == "codes":
        return function(codes[:N], **settings)
    if asked.name == "tad":
        factors = (factors > (CLASSES - 1) / 2).astype(int)
    if "test" in metric.arguments and asked.settings.get("preset") != "laforge":
        settings["test"] = codes[N:], factors[N:]
    return function(codes[:N], factors[:N], **settings)


def show(rows: pd.DataFrame, page: Path | None) -> None:
    """Print both tables, or put them into a page."""
    tables = {"scores": metrics_table(rows), "variants": variants_table(rows)}
    for name, lines in tables.items():
        if page:
            write_between(page, name, lines)
        else:
            print(*lines, "", sep="\n")


def metrics_table(rows: pd.DataFrame) -> list[str]:
    """Return Markdown of every metric with its default settings."""
    lines = [
        (f"`{text}` {number}".strip(), *cells) for text, number, cells in _cells(rows, NAMES, SHOWN)
    ]
    return markdown(("metric", *SHOWN), lines)


def variants_table(rows: pd.DataFrame) -> list[str]:
    """Markdown: the numbers of all settings, with those of dead codes and of an outlier."""
    table = tuple(item.name for item in METRICS if item.kind != "labels")
    texts = sorted((*table, *VARIANTS), key=_place)
    lines: list[tuple[Any, ...]] = []
    for text, number, cells in _cells(rows, tuple(texts), KINDS):
        asked = text.removesuffix(PRUNED)
        lines.append((f"`{asked}`{text[len(asked) :]} {number}".strip(), *cells))
    return markdown(("metric", *KINDS), lines)


def _place(text: str) -> int:
    return NAMES.index(_name(text))


def _cells(
    rows: pd.DataFrame, texts: tuple[str, ...], kinds: tuple[str, ...]
) -> Iterator[tuple[str, str, list[str]]]:
    """Each number of each metric, with a cell for each kind of codes."""
    for text in texts:
        own = rows[rows["metric"] == text]
        for number in dict.fromkeys(own["number"]):
            of_number = own[own["number"] == number].set_index("code")
            yield text, number, [_cell(of_number.loc[kind]) for kind in kinds]


def _cell(row: "pd.Series[Any]") -> str:
    """The mean, and the range over the seeds where it is wider than rounding."""
    mean, lowest, highest = (
        f"{row[name]:.2f}".replace("-0.00", "0.00") for name in ("mean", "lowest", "highest")
    )
    narrow = row["highest"] - row["lowest"] < 0.02
    return mean if narrow else f"{mean} ({lowest} to {highest})"


if __name__ == "__main__":
    main()
