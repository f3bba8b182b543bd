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
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from metrics import hardware, markdown, write_between
from parts_by_hand import PARTS, SECTIONS, Part
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
