"""The table of every code against every factor."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from infoeval.cli.terminal.layout import metric_of, table

if TYPE_CHECKING:
    from infoeval.results import Result

__all__ = ["is_aside", "print_code_factors"]

WIDTH = 5
"""Characters of a cell."""

Rows = Sequence[Sequence["Result"]]


def is_aside(result: "Result") -> bool:
    """Whether a result is that of a code and a factor that are no pair: it has a cell only."""
    return result.details.get("paired") is False


def print_code_factors(console: Console, results: Sequence["Result"]) -> None:
    """Print a table for each scoring of codes against factors; the longer side goes down."""
    for whole, rows in _tables(results):
        codes = [str(row[0].details["code"]) for row in rows]
        factors = [str(result.details["factor"]) for result in rows[0]]
        cells = [[_cell(result) for result in row] for row in rows]
        down, across, corner = codes, factors, "code × factor"
        if len(factors) > len(codes):
            down, across, corner = factors, codes, "factor × code"
            cells = [list(column) for column in zip(*cells, strict=True)]
        console.print(f"\n{metric_of(whole)}; * the best one-to-one pairing")
        _print_table(console, corner, down, across, cells)
        for line in (*_measures(codes, factors, rows), *_measuring(whole)):
            console.print(line, markup=False)


def _print_table(
    console: Console,
    corner: str,
    down: Sequence[str],
    across: Sequence[str],
    cells: Sequence[Sequence[str]],
) -> None:
    """Print numbers with names at the side and above; where these are too wide, their numbers."""
    widest = max(map(len, (corner, *down)))
    needed = widest + sum(1 + max(WIDTH, len(name) + 1) for name in across)
    too_wide = needed >= console.width
    heads = [str(number + 1) for number in range(len(across))] if too_wide else across
    found = table(corner, *(f"{escape(head)} " for head in heads), right=True)
    found.padding = (0, 0, 0, 1)
    for name, row in zip(down, cells, strict=True):
        found.add_row(escape(name), *row)
    console.print(found)
    if too_wide:
        told = ", ".join(f"{head} {name}" for head, name in zip(heads, across, strict=True))
        console.print(told, markup=False)


def _tables(results: Sequence["Result"]) -> Iterator[tuple["Result", Rows]]:
    """Results of pairs follow the one of the whole table, codes slowest."""
    for place, result in enumerate(results):
        if result.metric != "code-factors" or "measure" in result.details:
            continue
        width = len(result.details["factors"])
        pairs = results[place + 1 : place + 1 + width * len(result.details["codes"])]
        yield result, [pairs[start : start + width] for start in range(0, len(pairs), width)]


def _cell(result: "Result") -> str:
    return f"[bold]{result.value:.2f}*[/]" if result.details["paired"] else f"{result.value:.2f} "


def _measures(codes: Sequence[str], factors: Sequence[str], rows: Rows) -> Iterator[str]:
    """What the numbers are, for all codes of which the same is to be said."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for code, row in zip(codes, rows, strict=True):
        alike.setdefault(tuple(result.details["measure"] for result in row), []).append(code)
    for measures, names in alike.items():
        by_measure: dict[str, list[str]] = {}
        for factor, measure in zip(factors, measures, strict=True):
            by_measure.setdefault(measure, []).append(factor)
        told = [f"{measure} with {', '.join(of)}" for measure, of in by_measure.items()]
        if len(told) == 1:
            told = list(by_measure)
        who = "" if len(alike) == 1 else f"{', '.join(names)}: "
        yield f"{who}{'; '.join(told)}"


def _measuring(whole: "Result") -> Iterator[str]:
    """How well the factors of generated images are measured."""
    by_measure: dict[str, list[str]] = {}
    for factor, accuracy in whole.details.get("measuring", {}).items():
        well = by_measure.setdefault(accuracy["measure"], [])
        well.append(f"{factor} {accuracy['value']:.3f}")
    for measure, factors in by_measure.items():
        yield f"measured with {measure} on real test images: {', '.join(factors)}"
