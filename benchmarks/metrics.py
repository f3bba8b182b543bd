"""Metrics of codes and factors beside the published programs: their values and what they cost.

    python benchmarks/metrics.py times [--only mig sap] [--exact]
    taskset -c 0,1 python benchmarks/metrics.py suite [--write docs/metrics.md]
    python benchmarks/metrics.py table [--write docs/metrics.md]

`times` computes every metric, without its interval, of the reference tables of 10,000 rows, on one
thread: CPU-seconds, the best of three runs, or one run where that takes more than 5 seconds. The
published programs' values and CPU-seconds are those that lie beside the tables in reference.json.
Metrics that are not measured this time keep the rows that they have; scikit-learn's own boosted
trees take minutes and are measured with --exact only. `suite` is what
`infoeval score codes.npz` does: all metrics of a table, with their intervals, by as many threads as
there are cores unless OMP_NUM_THREADS says otherwise. `table` makes the tables of docs/metrics.md
of the rows.
"""

import argparse
import datetime
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

from infoeval.evaluation import score
from infoeval.evaluation.requests import parse
from infoeval.files import write_text
from infoeval.metrics import Score, find

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT.parent / "shared" / "fixtures"
ROWS = ROOT / "docs" / "results" / "metric-times.csv"
NAMES = ("perfect", "perfect_dead", "rotated", "noisy", "categorical", "dsprites_factor")
N = 10_000
LONG = 5.0
"""Seconds that are measured once only."""
VALUES = "value", "reference", "half_range", "within"


@dataclass(frozen=True)
class Compared:
    """Metrics as they are asked for on the command line, and the published program beside them.

    ``counterpart`` is its name in reference.json, and ``numbers`` says what each of our numbers is
    called there; none where the definition is another one. ``known``: only tables that it was run
    on.
    """

    metrics: tuple[str, ...]
    counterpart: str = ""
    numbers: dict[str, str] = field(default_factory=lambda: {"": ""})
    options: dict[str, Any] = field(default_factory=dict)
    known: bool = False

    @property
    def name(self) -> str:
        """What the rows are called."""
        kind = ", ordinal factors" if self.options else ""
        return " + ".join(self.metrics) + kind


DCI = {"disentanglement": "D", "completeness": "C", "informativeness": "I_test"}
LAFORGE_DCI = {**DCI, "informativeness": "I"}
MED = {
    "disentanglement": "disentanglement",
    "completeness": "completeness",
    "informativeness": "informativeness_test",
}
INFOMEC = {"modularity": "infom", "compactness": "infoc", "explicitness": "infoe"}
UNSUPERVISED = {
    "total-correlation": "gaussian_tc",
    "wasserstein-correlation": "wasserstein_norm",
    "code-information": "mi_score",
}
EXACT = "dci:predictor=exact-boosting"

COMPARED = (
    Compared(("mig",), "dlib.mig"),
    Compared(("mig:estimator=ksg",), "sklearn.mig_ksg_k3", {"": "mig_ksg"}),
    Compared(("mig:preset=laforge",), "laforge.mig"),
    Compared(("mig-sup",), "laforge.mig_sup"),
    Compared(("jemmig",), "laforge.jemmig"),
    Compared(("dcimig",), "laforge.dcimig"),
    Compared(("modularity",), "dlib.modularity"),
    Compared(("modularity:preset=laforge",), "laforge.modularity"),
    Compared(("sap",), "dlib.sap_discrete"),
    Compared(("sap",), "dlib.sap_continuous", options={"factor_types": ["ordinal"] * 5}),
    Compared(("sap:preset=scale-free",), "laforge.sap_classification", {}),
    Compared(("dci",), "dlib.dci_gbt", DCI),
    Compared((EXACT,), "dlib.dci_gbt", DCI, known=True),
    Compared(("dci:preset=laforge",), "laforge.dci_lasso", LAFORGE_DCI),
    Compared(
        ("dci:preset=laforge,predictor=random-forest",), "laforge.dci_rf", LAFORGE_DCI, known=True
    ),
    Compared(("med",), "med", MED),
    Compared(("infomec",), "infomec", INFOMEC),
    Compared(("explicitness",), "dlib.explicitness", {"": "test"}),
    Compared(("explicitness:preset=laforge",), "laforge.explicitness"),
    Compared(("downstream-accuracy",), "", {}),
    Compared(("irs",), "dlib.irs", {"": "avg_score"}),
    Compared(("irs:preset=laforge",), "laforge.irs"),
    Compared(("beta-vae",), "dlib.beta_vae(table)"),
    Compared(("beta-vae:preset=laforge",), "laforge.z_diff"),
    Compared(("factor-vae",), "dlib.factor_vae(table)"),
    Compared(("factor-vae:preset=laforge",), "laforge.z_min_var"),
    Compared(("z-max-var",), "laforge.z_max_var"),
    Compared(tuple(UNSUPERVISED), "dlib.unsupervised", UNSUPERVISED),
    Compared(("code-factors",), "", {}),
    Compared(("udr",), "", {}),
    Compared(("cluster-acc",), "sklearn.hungarian_acc", known=True),
    Compared(("cluster-nmi",), "sklearn.nmi", known=True),
    Compared(("cluster-ari",), "sklearn.ari", known=True),
)


def main() -> None:
    """Measure, or make tables of what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    timing = commands.add_parser("times", help="every metric beside its published program")
    timing.add_argument("--out", type=Path, default=ROWS)
    timing.add_argument("--fixtures", type=Path, default=FIXTURES)
    timing.add_argument("--only", nargs="+", metavar="NAME", help="metrics, as in the registry")
    timing.add_argument("--exact", action="store_true", help="scikit-learn's boosting, too")
    timing.set_defaults(run=times)
    whole = commands.add_parser("suite", help="all metrics of a table, with intervals")
    whole.add_argument("--rows", type=int, default=N)
    whole.add_argument("--codes", type=int, default=10)
    whole.add_argument("--fixtures", type=Path, default=FIXTURES)
    whole.add_argument("--write", type=Path, help="page whose table is replaced")
    whole.set_defaults(run=suite)
    printing = commands.add_parser("table", help="Markdown of the rows")
    printing.add_argument("--rows", type=Path, default=ROWS)
    printing.add_argument("--write", type=Path, help="page whose tables are replaced")
    printing.set_defaults(run=table)
    asked = parser.parse_args()
    asked.run(asked)


def times(asked: argparse.Namespace) -> None:
    """Measure the metrics one after the other, and keep the rows of each."""
    print(hardware())
    published = _published(asked.fixtures)
    for compared in COMPARED:
        names = {metric.partition(":")[0] for metric in compared.metrics}
        if asked.only and not names & set(asked.only):
            continue
        if EXACT in compared.metrics and not asked.exact:
            continue
        with threadpool_limits(1):
            rows = [
                row
                for fixture in NAMES
                for row in _compare(compared, fixture, published[fixture], asked.fixtures)
            ]
        _keep(asked.out, rows)
        shown = pd.DataFrame(rows).drop(columns=["metric", "counterpart"])
        print(f"\n{compared.name}, {compared.counterpart or 'not published'}")
        print(shown.to_string(index=False, na_rep=""), flush=True)


def _keep(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows of a metric in the place of those that were there, in the order of all."""
    frame = pd.DataFrame(rows)
    if path.exists():
        before = pd.read_csv(path, keep_default_na=False, dtype=str)
        others = before[~before["metric"].isin(frame["metric"])]
        frame = pd.concat([others, frame.astype(object)], ignore_index=True)
    order = {compared.name: number for number, compared in enumerate(COMPARED)}
    frame = frame.sort_values("metric", key=lambda names: names.map(order), kind="stable")
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def _published(folder: Path) -> dict[str, Any]:
    """What published programs say of each table, by its name, its size and the program's name."""
    found: dict[str, Any] = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    clusters = json.loads((folder / "clustering.json").read_text(encoding="utf-8"))
    for number, values in clusters[f"categorical|{N}"].items():
        found["categorical"][f"N={N}"][f"sklearn.{number}"] = {"mean": values[0][0]}
    return found


def _compare(
    compared: Compared, fixture: str, published: dict[str, Any], folder: Path
) -> Iterator[dict[str, Any]]:
    """The rows of one table of 10,000 rows, and of 2,000 where only these were published."""
    known = [n for n in (N, 2_000) if compared.counterpart in published[f"N={n}"]][:1]
    for n in known if compared.known else dict.fromkeys([N, *known]):
        arrays = dict(np.load(folder / f"{fixture}_{n}.npz"))
        seconds, numbers = measured(compared, arrays)
        theirs = published[f"N={n}"].get(compared.counterpart, {})
        yield from _rows(compared, fixture, n, seconds, numbers, theirs)


def measured(compared: Compared, arrays: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """CPU-seconds, the best of three runs or the only long one, and the numbers by name."""
    best = LONG
    for _ in range(3):
        started = time.process_time()
        scores = [_call(metric, arrays, compared.options) for metric in compared.metrics]
        seconds = time.process_time() - started
        best = min(best, seconds)
        if seconds > LONG:
            best = seconds
            break
    if len(scores) > 1:
        return best, dict(zip(compared.metrics, map(float, scores), strict=True))
    parts = scores[0].details.get("parts", {})
    wanted = {name: part["value"] for name, part in parts.items() if name in compared.numbers}
    return best, wanted or {"": float(scores[0])}


def _call(text: str, arrays: dict[str, Any], options: dict[str, Any]) -> Score:
    """One metric of a table, as asked for on the command line, without interval and chance."""
    (asked,) = parse([text])
    metric = find(asked.name)
    function: Callable[..., Score] = metric.function
    codes, factors = arrays["codes"], arrays["factors"]
    settings: dict[str, Any] = {**asked.settings, **options, "replicates": 0, "null": 0}
    if metric.kind == "labels":
        return function(codes[:, 0].astype(int), factors[:, 0], **settings)
    if metric.kind == "models":
        return function([codes, *_turned(codes)], **settings)
    if metric.kind == "codes":
        return function(codes, **settings)
    if "test" in metric.arguments and settings.get("preset") != "laforge":
        settings["test"] = arrays["codes_test"], arrays["factors_test"]
    return function(codes, factors, **settings)


def _turned(codes: Any) -> list[Any]:
    """Two rotations of the codes, for metrics of several models."""
    random = np.random.default_rng(0)
    count = codes.shape[1]
    return [codes @ np.linalg.qr(random.normal(size=(count, count)))[0] for _ in range(2)]


def _rows(
    compared: Compared,
    fixture: str,
    n: int,
    seconds: float,
    numbers: dict[str, float],
    theirs: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """A row for the time, which is that of the number, too, where there is one only."""
    same = {
        "metric": compared.name,
        "counterpart": compared.counterpart,
        "fixture": fixture,
        "n": n,
    }
    published = theirs.get("cpu_seconds")
    cost = {
        "seconds": round(seconds, 4),
        "reference_seconds": published,
        "times_faster": None if published is None else float(f"{published / seconds:.3g}"),
    }
    if len(numbers) > 1:
        yield {**same, "number": "", **cost, **dict.fromkeys(VALUES)}
        cost = dict.fromkeys(cost)
    for name, value in numbers.items():
        called = compared.numbers.get(name)
        known = theirs if called == "" else theirs.get("scores", {}).get(called, {})
        reference = known.get("mean") if called is not None else None
        apart = None if reference is None else round(abs(value - reference), 6)
        found = round(value, 6), reference, known.get("half_range", 0.0), apart
        values = dict(zip(VALUES, found, strict=True))
        if reference is None:
            values["half_range"] = None
        yield {**same, "number": name, **cost, **values}


def suite(asked: argparse.Namespace) -> None:
    """Score a file of codes and factors by every metric, and print what each of them cost."""
    print(hardware())
    arrays = np.load(asked.fixtures / f"noisy_{N}.npz")
    codes, factors = arrays["codes"], arrays["factors"]
    if asked.rows > len(codes) or asked.codes > codes.shape[1]:
        sys.exit(f"the table has {len(codes)} rows and {codes.shape[1]} codes")
    marks: list[tuple[str, float, float]] = []

    def say(text: str, share: float | None) -> None:
        del share
        marks.append((text.partition(",")[0], time.perf_counter(), time.process_time()))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes.npz"
        np.savez(path, codes=codes[: asked.rows, : asked.codes], factors=factors[: asked.rows])
        say("reading", None)
        document = score(path, progress=say)
        say("", None)
    costs = [
        (name, later - wall, more - cpu) for (name, wall, cpu), (_, later, more) in pairwise(marks)
    ]
    costs.append(("in all", sum(cost[1] for cost in costs), sum(cost[2] for cost in costs)))
    rows = [(name, f"{wall:.2f}", f"{cpu:.2f}") for name, wall, cpu in costs]
    threads = max((each["num_threads"] for each in threadpool_info()), default=1)
    summary = (
        f"{asked.rows:,} rows, {asked.codes} codes: {len(document.results)} numbers, "
        f"{len(document.skipped)} metrics skipped; {_cores()} cores for the process, at most "
        f"{threads} threads in its libraries."
    )
    lines = [*markdown(("metric", "wall seconds", "CPU-seconds"), rows), "", summary]
    print(*lines, sep="\n")
    if asked.write:
        write_between(asked.write, "suite", lines)


def table(asked: argparse.Namespace) -> None:
    """Print the tables of the rows, or put them into a page."""
    rows = read_rows(asked.rows)
    for name, lines in (("times", times_table(rows)), ("dci", dci_table(rows))):
        if asked.write:
            write_between(asked.write, name, lines)
        else:
            print(*lines, "", sep="\n")


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of `times`; text that is missing is empty, and numbers are not a number."""
    rows = pd.read_csv(path, keep_default_na=False)
    for name in ("seconds", "reference_seconds", "times_faster", *VALUES):
        rows[name] = pd.to_numeric(rows[name])
    return rows


def times_table(rows: pd.DataFrame) -> list[str]:
    """Markdown: a row for every metric and size."""
    columns = (
        "metric",
        "published program",
        "rows",
        "tables",
        "seconds",
        "theirs",
        "times as fast",
        "largest difference",
    )
    lines = []
    for (metric, counterpart, n), group in rows.groupby(["metric", "counterpart", "n"], sort=False):
        timed = group.dropna(subset="seconds")
        faster = timed["times_faster"].dropna()
        lines.append(
            (
                _code(metric),
                _code(counterpart),
                f"{n:,}",
                len(timed),
                _spread(timed["seconds"]),
                _spread(timed["reference_seconds"].dropna()),
                "" if faster.empty else f"{faster.min():.3g} to {faster.max():.3g}",
                _difference(group["within"].dropna()),
            )
        )
    return markdown(columns, lines)


def dci_table(rows: pd.DataFrame) -> list[str]:
    """Markdown: DCI by boosted trees, table by table."""
    columns = "table", "D", "C", "I", "theirs", "seconds", "theirs", "times as fast"
    lines = []
    for fixture, group in rows[rows["metric"] == "dci"].groupby("fixture", sort=False):
        numbers = group[group["number"] != ""]
        cost = group[group["number"] == ""].iloc[0]
        lines.append(
            (
                str(fixture),
                *(f"{value:.3f}" for value in numbers["value"]),
                ", ".join(f"{value:.3f}" for value in numbers["reference"]),
                f"{cost['seconds']:.2f}",
                f"{cost['reference_seconds']:.1f}",
                f"{cost['times_faster']:.3g}",
            )
        )
    return markdown(columns, lines)


def _code(text: object) -> str:
    return f"`{text}`" if text else ""


def _spread(seconds: "pd.Series[float]") -> str:
    """Median, and the largest in brackets."""
    if seconds.empty:
        return ""
    return f"{seconds.median():.3g} ({seconds.max():.3g})"


def _difference(apart: "pd.Series[float]") -> str:
    if apart.empty:
        return ""
    return "< 0.00001" if apart.max() < 1e-5 else f"{apart.max():.1g}"


def markdown(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """A table, line by line."""
    lines = [columns, ("---",) * len(columns), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]


def write_between(page: Path, name: str, lines: list[str]) -> None:
    """Put lines between the marks <!-- name --> and <!-- /name --> of a page."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(first) + ".*?" + re.escape(last), flags=re.DOTALL)
    if len(pattern.findall(text)) != 1:
        sys.exit(f"{page} has no marks for {name}, or several")
    filled = first + "\n" + "\n".join(lines) + "\n\n" + last
    write_text(page, pattern.sub(lambda _: filled, text))


def hardware() -> str:
    """The machine, the versions and the date."""
    lines = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", lines, flags=re.MULTILINE)
    return (
        f"{model[1] if model else platform.processor()}, {_cores()} of {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}; {datetime.date.today().isoformat()}"
    )


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
