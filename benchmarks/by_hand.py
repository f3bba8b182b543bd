"""What is written by hand here although a library exists: why, and how much the library takes.

    python benchmarks/by_hand.py [--only trees probes] [--out docs/results/by-hand.csv]
    python benchmarks/by_hand.py --table [--write docs/by-hand.md]

Both are called in turn with the same inputs, in one thread, and their results must be equal within
the tolerance in the rows; otherwise the command fails. A factor is the median of the ratios of
neighbouring measurements. Packages that infoeval does not need (torchmetrics, itables and tomlkit)
are used where they are installed, and what needs others is left out.
"""

import argparse
import ast
import importlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from metrics import hardware, markdown, write_between
from threadpoolctl import threadpool_limits

from infoeval.files import write_text

if TYPE_CHECKING:
    from by_hand_pairs import Pair

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs" / "results" / "by-hand.csv"
COLUMNS = (
    *("name", "lines", "package", "measure", "what", "unit", "rounds", "ours", "theirs"),
    *("factor", "least", "most", "apart", "within"),
)
COSTS = ("CPU-ms", "CPU-s", "MB", "bytes")
"""Units of which less is better, so that there is a factor."""


@dataclass(frozen=True)
class Part:
    """Something of ours: its files, or functions in them, and the library's in its place.

    `measures` are names of pairs; without any, `unmeasured` says why.
    """

    name: str
    ours: tuple[str, ...]
    package: str
    theirs: str
    why: str
    measures: tuple[str, ...] = ()
    unmeasured: str = ""


SECTIONS: dict[str, tuple[Part, ...]] = {
    "Statistics": (
        Part(
            "boosted trees",
            ("infoeval/metrics/trees",),
            "scikit-learn",
            "`GradientBoostingClassifier`",
            "`dci` fits trees of every class of every factor: here all share one search for "
            "splits. `predictor=exact-boosting` takes scikit-learn's; `HistGradientBoosting…` "
            "has no importances",
            ("trees",),
        ),
        Part(
            "linear probes",
            ("infoeval/metrics/stats/probes.py",),
            "scikit-learn",
            "`LogisticRegression`, `OneVsRestClassifier`",
            "metrics fit hundreds of them for their intervals, each to the optimum",
            ("softmax", "one-against-rest"),
        ),
        Part(
            "mutual information",
            ("infoeval/metrics/stats/mutual_information.py",),
            "scikit-learn",
            "`mutual_info_classif`, `mutual_info_score`",
            "all codes and factors share their order, bins and entropies; angles have their "
            "neighbours on a circle, which scikit-learn does not know",
            ("information-by-neighbours", "information-by-counts"),
        ),
        Part(
            "agreement of partitions",
            (
                "infoeval/metrics/_cluster_ari.py",
                "infoeval/metrics/_cluster_nmi.py",
                "infoeval/metrics/stats/contingency.py",
                "infoeval/metrics/stats/partition_agreement.py",
            ),
            "scikit-learn",
            "`adjusted_rand_score`, `normalized_mutual_info_score`",
            "an interval and chance take the index of many parts of the same labels, numbered "
            "once; most of the lines are these and the messages",
            ("rand-index", "rand-index-of-labels"),
        ),
        Part(
            "linear classifiers of one number",
            ("infoeval/metrics/stats/line_classifiers.py",),
            "scikit-learn",
            "`LinearSVC`",
            "`sap` of more than 20,000 rows; fewer rows are fitted by `LinearSVC` itself, as "
            "published numbers are",
            ("line-classifiers",),
        ),
        Part(
            "intervals of metrics",
            ("infoeval/metrics/stats/row_intervals.py", "infoeval/intervals.py:Subsamples"),
            "scipy",
            "`scipy.stats.bootstrap`",
            "a resample has rows twice: that raises information, and equal rows are neighbours; "
            "halves without replacement have none",
            ("intervals", "intervals-by-neighbours"),
        ),
        Part(
            "binomial limits",
            ("infoeval/intervals.py:clopper_pearson",),
            "scipy",
            "`scipy.stats.binomtest`",
            "two calls of `scipy.special`; `scipy.stats` takes long to import",
            ("binomial-limits",),
        ),
        Part(
            "distances of samples",
            ("infoeval/metrics/stats/sample_distances.py",),
            "torchmetrics",
            "`FrechetInceptionDistance`, `KernelInceptionDistance`",
            "of arrays of any features, in memory that does not grow with the square of the "
            "images, and without a package that nothing else needs",
            ("frechet-distance", "kernel-distance"),
        ),
        Part(
            "priors",
            ("infoeval/priors",),
            "torch",
            "`torch.distributions`",
            "a step draws all from its run's own generator, which a resumed run takes up; "
            "`sample` there draws from the global one. A prior also has its traversal, and its "
            "columns of G's input",
            ("log-likelihood",),
        ),
    ),
    "Training": (
        Part(
            "augmentation",
            ("infoeval/augment.py",),
            "torchvision",
            "`RandomAffine`, `affine`",
            "`RandomAffine` moves a whole batch in the same way, and draws from the global "
            "generator; so the counterpart is called for each image",
            ("augmentation",),
        ),
        Part(
            "images for steps",
            ("infoeval/training/image_source.py",),
            "torch",
            "`DataLoader`",
            "rows come from the generator of the run, wherever the images lie: streamed, resident "
            "and resumed runs are the same, bit for bit; a thread reads ahead",
            ("image-batches",),
        ),
        Part(
            "stacked networks",
            ("infoeval/training/stacked_networks.py",),
            "torch",
            "`torch.func.vmap`",
            "the runs lie side by side in channels, and one fused Adam moves all",
            ("stacked-networks",),
        ),
        Part(
            "batch norm of a user's encoder",
            ("infoeval/subjects/batch_norm.py",),
            "torch",
            "`update_bn`",
            "it sets the whole network to training, dropout too, calls it with tensors alone, and "
            "leaves it changed",
            ("batch-statistics",),
        ),
        Part(
            "CUDA graphs",
            ("infoeval/training/cuda_graph.py",),
            "torch",
            "`torch.cuda.make_graphed_callables`",
            "that records forward and backward passes; here a graph is the whole step, with its "
            "draws, optimisers and statistics, and recording leaves no trace",
            unmeasured="no GPU was available",
        ),
        Part(
            "several processes",
            ("infoeval/training/distributed.py",),
            "torch",
            "`DistributedDataParallel`, `SyncBatchNorm`",
            "the former averages the gradients of one pass through one module, while a step has "
            "two, with shared layers; the latter works on GPUs alone, and normalises no parts",
            unmeasured="no GPU was available",
        ),
        Part(
            "control folder of a sweep",
            ("infoeval/sweep/control_folder.py",),
            "",
            "Dask, Ray",
            "joblib starts the processes, through Dask as well; progress and stopping need only a "
            "shared file system",
            unmeasured="another way of working",
        ),
        Part(
            "circular map",
            ("infoeval/training/ring.py",),
            "",
            "MiniSom",
            "it has no closed chain",
            unmeasured="no counterpart",
        ),
    ),
    "Files": (
        Part(
            "checkpoints",
            ("infoeval/tensor_archive.py",),
            "torch",
            "`torch.load(weights_only=True)`, safetensors",
            "a stranger's file must not keep a command busy for ever; safetensors holds tensors "
            "and texts, so that trainer and history would be a second format",
            ("checkpoint-without-end", "checkpoint"),
        ),
        Part(
            "idx files",
            ("infoeval/data/formats/idx.py",),
            "torchvision",
            "`torchvision.datasets.mnist`",
            "data sets are listed and read without torch; sizes are checked, and gzip is read",
            ("idx",),
        ),
        Part(
            ".npz files",
            ("infoeval/data/formats/npz_file.py", "infoeval/data/formats/npy_header.py"),
            "numpy",
            "`numpy.load`",
            "memory grows with what a file holds, not with what it declares; checking costs time",
            ("npz-bomb", "npz"),
        ),
        Part(
            "prepared data",
            ("infoeval/data/formats/cache.py",),
            "joblib",
            "`joblib.Memory`",
            "a damaged or half-written entry is made again, and nothing is unpickled; verifying "
            "costs time",
            ("damaged-arrays", "prepared-arrays"),
        ),
        Part(
            "folders of images",
            (
                "infoeval/data/folder.py",
                "infoeval/data/formats/decoding.py",
                "infoeval/data/formats/image_archives.py",
                "infoeval/data/formats/image_reading.py",
            ),
            "torchvision",
            "`ImageFolder`",
            "broken files, bombs and sizes that differ are named before any image is decoded; "
            "photographs are turned upright, and archives are read. That costs time",
            ("image-files",),
        ),
        Part(
            "the middle of an image",
            ("infoeval/data/resizing.py:fit",),
            "pillow",
            "`PIL.ImageOps.fit`",
            "**to be replaced** when prepared images change anyway: a middle that begins between "
            "two pixels is cut otherwise there, and runs would see other images",
            ("resizing",),
        ),
        Part(
            "ONNX files",
            ("infoeval/subjects/onnx_check.py",),
            "onnx",
            "`onnx.checker`",
            "it parses a file to check it; ours looks at the bytes, and refuses loops, foreign "
            "operators and other files, which `onnx.checker` is not for",
            ("onnx-file",),
        ),
        Part(
            ".h5ad files",
            ("infoeval/subjects/tables/h5ad_tables.py",),
            "",
            "anndata",
            "h5py reads the few places that are needed, and links to other files are refused",
            unmeasured="anndata is not installed",
        ),
        Part(
            "locks",
            ("infoeval/locks.py",),
            "filelock",
            "`FileLock`",
            "the temporary file or folder itself is locked, by which what a killed process left is "
            "known; filelock cannot lock folders",
            ("locks",),
        ),
        Part(
            "files that appear whole",
            ("infoeval/files.py",),
            "",
            "atomicwrites",
            "its repository is archived since 2022",
            unmeasured="no kept counterpart",
        ),
    ),
    "Terminal and pages": (
        Part(
            "tables in the terminal",
            ("infoeval/cli/terminal/screen.py",),
            "rich",
            "`rich.table`, tabulate",
            "rich prints them; columns that do not fit follow in a further table, as a number cut "
            "off is another number",
            ("cut-numbers",),
        ),
        Part(
            "progress",
            ("infoeval/cli/progress.py",),
            "rich",
            "tqdm",
            "rich draws the bars; ours are what is said beside them, and lines in logs",
            unmeasured="rich is used",
        ),
        Part(
            "options in files",
            ("infoeval/cli/option_files.py",),
            "click",
            "`default_map` of click",
            "a misspelt option is an error, and what was typed can be written",
            ("unknown-options",),
        ),
        Part(
            "writing TOML",
            ("infoeval/cli/option_files.py:_toml",),
            "tomlkit",
            "tomlkit, tomli-w",
            "nothing but a further package speaks against a library: **to be replaced** once "
            "Python's own can write",
            ("toml",),
        ),
        Part(
            "doctor",
            ("infoeval/cli/doctor_command.py", "infoeval/cli/doctor_probes.py"),
            "torch",
            "`torch.utils.collect_env`",
            "it tries each part in a process of its own, VTK, ONNX and tables too, and says what "
            "to do about it. That costs time",
            ("doctor",),
        ),
        Part(
            "figures of pages",
            ("infoeval/reporting/svg.py",),
            "matplotlib",
            "`savefig`, Altair",
            "matplotlib draws them; colours become the page's, light and dark, and names differ "
            "between figures. Altair's need a script",
            ("svg",),
        ),
        Part(
            "sorting the index",
            ("reports/index.js",),
            "itables",
            "DataTables",
            "each page is one file without a network, and carries its script",
            ("sorted-table",),
        ),
        Part(
            "sliders",
            ("reports/script.js", "reports/live.js"),
            "",
            "Gradio, Streamlit",
            "a page needs no server; onnxruntime-web runs the generator",
            unmeasured="another way of working",
        ),
        Part(
            "animations",
            ("infoeval/evaluation/animation.py",),
            "matplotlib",
            "`matplotlib.animation`",
            "Pillow writes them, pixel by pixel",
            ("animation",),
        ),
        Part(
            "sheets of images",
            ("infoeval/traversals.py:tile",),
            "torchvision",
            "`make_grid`",
            "grey stays grey, and sheets have no border",
            ("tiles",),
        ),
        Part(
            "tables as Markdown and LaTeX",
            ("infoeval/reporting/tables.py",),
            "pandas",
            "`to_markdown`, `to_latex`",
            "names are a user's, and stay what they are; intervals stand in their cells",
            ("markdown-names",),
        ),
    ),
}
PARTS = tuple(part for parts in SECTIONS.values() for part in parts)


def main() -> None:
    """Measure and keep the rows, or make tables of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROWS)
    parser.add_argument("--only", nargs="+", metavar="MEASURE", help="names of measures")
    parser.add_argument("--table", action="store_true", help="make Markdown of the rows in --out")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    asked = parser.parse_args()
    if asked.table:
        lines = tables(read_rows(asked.out))
        if asked.write is None:
            print("\n".join(lines))
        else:
            write_between(asked.write, "by-hand", lines)
        return
    print(hardware(), flush=True)
    before = read_rows(asked.out) if asked.out.exists() else pd.DataFrame(columns=COLUMNS)
    for part in PARTS:
        if asked.only and not set(part.measures) & set(asked.only):
            continue
        found = pd.DataFrame(list(rows_of(part, asked.only)), columns=COLUMNS)
        same = (before["name"] == part.name) & before["measure"].isin(found["measure"])
        before = in_order(pd.concat([before[~same], found], ignore_index=True))
        write_text(asked.out, before.to_csv(index=False, lineterminator="\n"))


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows part by part and measure by measure, however many runs they are of."""
    names = [(part.name, measure) for part in PARTS for measure in part.measures or ("",)]
    places = [names.index(pair) for pair in zip(rows["name"], rows["measure"], strict=True)]
    return rows.iloc[np.argsort(places)]


def read_rows(path: Path) -> pd.DataFrame:
    """Rows as they are written: numbers are texts, and what is missing is empty."""
    return pd.read_csv(path, keep_default_na=False, dtype=str)


def rows_of(part: Part, only: Sequence[str] | None) -> Iterator[dict[str, str]]:
    """A row for each measure of a part, or one without."""
    start = dict.fromkeys(COLUMNS, "")
    start |= {"name": part.name, "lines": str(sum(map(lines_of, part.ours)))}
    if not part.measures:
        yield start
    for name in part.measures:
        if only and name not in only:
            continue
        try:
            version = f"{part.package} {metadata.version(part.package)}"
            yield start | {"package": version} | measured(name)
        except ModuleNotFoundError as error:
            print(f"{name} is left out: {error.name or error} is not installed", flush=True)


def lines_of(place: str) -> int:
    """Lines of a file, of the Python files in a folder, or of FILE:FUNCTION."""
    path, _, name = place.partition(":")
    if (ROOT / path).is_dir():
        return sum(lines_of(str(file)) for file in sorted((ROOT / path).glob("*.py")))
    text = (ROOT / path).read_text(encoding="utf-8")
    if not name:
        return len(text.splitlines())
    (node,) = (each for each in ast.parse(text).body if getattr(each, "name", None) == name)
    return int(node.end_lineno or 0) - node.lineno + 1


def measured(name: str) -> dict[str, str]:
    """What a pair costs, in turn, as texts for a row. Exits where results are apart."""
    import torch

    builder = pairs()[name]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        made: Pair = builder(Path(folder))
        turns, distance = in_turn(made)
    ours, theirs = zip(*turns, strict=True)
    row = {
        "measure": name,
        "what": (builder.__doc__ or "").splitlines()[0],
        "unit": made.unit,
        "rounds": str(made.rounds),
        "ours": _short(statistics.median(ours)),
        "theirs": _short(statistics.median(theirs)),
    }
    if made.unit in COSTS:
        ratios = sorted(other / own for own, other in turns)
        ends = {"factor": statistics.median(ratios), "least": ratios[0], "most": ratios[-1]}
        row |= {key: f"{ratio:.3g}" for key, ratio in ends.items()}
    if made.within is not None:
        row |= {"apart": f"{distance:.1g}", "within": f"{made.within:g}"}
        if not distance <= made.within:
            sys.exit(f"{name}: the results are {distance:.3g} apart, more than {made.within:g}")
    print(*(f"{key}: {text}" for key, text in row.items() if key != "what"), sep="  ", flush=True)
    return row


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 1000 else f"{number:.3g}"


def pairs() -> dict[str, Any]:
    """The pairs of all modules, by name."""
    for name in ("statistics", "training", "files", "pages"):
        importlib.import_module(f"by_hand_{name}")
    found: dict[str, Any] = importlib.import_module("by_hand_pairs").PAIRS
    return found


def in_turn(made: "Pair") -> tuple[list[tuple[float, float]], float]:
    """The costs of ours and theirs in each round, and how far their results are apart."""
    turns, distance = [], 0.0
    for number in range(made.rounds + (made.rounds > 1)):
        ours, theirs = made.ours(), made.theirs()
        if made.within is not None:
            distance = max(distance, apart(ours[1], theirs[1]))
        if number or made.rounds == 1:  # the first finds caches cold
            turns.append((ours[0], theirs[0]))
    return turns, distance


def apart(one: Any, other: Any) -> float:
    """The largest difference of two results, infinite for ones of different shapes."""
    first, second = (np.asarray(each, dtype=np.float64) for each in (one, other))
    return float(np.abs(first - second).max()) if first.shape == second.shape else float("inf")


def tables(rows: pd.DataFrame) -> list[str]:
    """Markdown: a table for each section."""
    columns = ("ours", "instead of what, and why", "measured, ours against theirs")
    lines: list[str] = []
    for section, parts in SECTIONS.items():
        cells = []
        for part in parts:
            own = rows[rows["name"] == part.name]
            ours = f"{part.name}, {own['lines'].iloc[0]} lines: {', '.join(map(_named, part.ours))}"
            packages = [package for package in own["package"] if package][:1]
            theirs = part.theirs + "".join(f" ({package})" for package in packages)
            found = [told(row) for _, row in own.iterrows() if row["measure"]]
            text = "<br>".join(found) or f"not measured: {part.unmeasured}"
            cells.append((ours, f"{theirs}: {part.why}", text))
        lines += ["", f"## {section}", "", *markdown(columns, cells)]
    return lines[1:]


def _named(place: str) -> str:
    """A file by its name, which occurs once, or the function of a file."""
    path, _, name = place.partition(":")
    file = f"`{Path(path).name}`"
    return f"`{name}` in {file}" if name else file


def told(row: "pd.Series[Any]") -> str:
    """What was measured, in a sentence for a cell."""
    numbers = f"{row['ours']} against {row['theirs']} {row['unit']}"
    if row["factor"]:
        factor = float(row["factor"])
        more = f"{factor:.3g}× less" if factor >= 1 else f"{1 / factor:.3g}× more"
        numbers += f", **{more}**"
    return f"{row['what'].removesuffix('.')}: {numbers}"


if __name__ == "__main__":
    main()
