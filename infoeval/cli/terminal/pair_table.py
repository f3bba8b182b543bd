"""The table of every code against every factor."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.cli.terminal.layout import escaped, table

if TYPE_CHECKING:
    from infoeval.results import Result

__all__ = ["is_cell_only", "print_code_factors"]

WIDTH = 5
"""Width of a cell in characters."""

Rows = Sequence[Sequence["Result"]]


def is_cell_only(result: "Result") -> bool:
    """Whether a result is of a code and a factor that are not paired: it has a cell only."""
    return result.details.get("paired") is False


def print_code_factors(console: Console, results: Sequence["Result"]) -> None:
    """Print a table for each scoring of codes against factors; the longer side is vertical."""
    for whole, rows in _tables(results):
        codes = [str(row[0].details["code"]) for row in rows]
        factors = [str(result.details["factor"]) for result in rows[0]]
        cells = [[_cell(result) for result in row] for row in rows]
        down, across, corner = codes, factors, "code × factor"
        if len(factors) > len(codes):
            down, across, corner = factors, codes, "factor × code"
            cells = [list(column) for column in zip(*cells, strict=True)]
        console.print(f"\n{escaped(whole.name)}; * the best one-to-one pairing")
        _print_table(console, corner, down, across, cells)
        for line in (*_measures(codes, factors, rows), *_accuracies(whole)):
            console.print(line, markup=False)


def _print_table(
    console: Console,
    corner: str,
    down: Sequence[str],
    across: Sequence[str],
    cells: Sequence[Sequence[str]],
) -> None:
    """Print numbers with row and column names; columns are numbered where names are too wide."""
    widest = max(map(len, (corner, *down)))
    needed = widest + sum(1 + max(WIDTH, len(name) + 1) for name in across)
    too_wide = needed >= console.width
    heads = [str(number + 1) for number in range(len(across))] if too_wide else across
    grid = table(corner, *(f"{escaped(head)} " for head in heads), right=True)
    grid.padding = (0, 0, 0, 1)
    for name, row in zip(down, cells, strict=True):
        grid.add_row(escaped(name), *row)
    console.print(grid)
    if too_wide:
        key = ", ".join(f"{head} {name}" for head, name in zip(heads, across, strict=True))
        console.print(key, markup=False)


def _tables(results: Sequence["Result"]) -> Iterator[tuple["Result", Rows]]:
    """Yield each result of a whole table with those of its pairs, which follow it row by row."""
    for place, result in enumerate(results):
        if result.metric != "code-factors" or "measure" in result.details:
            continue
        width = len(result.details["factors"])
        pairs = results[place + 1 : place + 1 + width * len(result.details["codes"])]
        yield result, [pairs[start : start + width] for start in range(0, len(pairs), width)]


def _cell(result: "Result") -> str:
    return f"[bold]{result.value:.2f}*[/]" if result.details["paired"] else f"{result.value:.2f} "


def _measures(codes: Sequence[str], factors: Sequence[str], rows: Rows) -> Iterator[str]:
    """Yield the measures of the cells, a line for all codes with the same ones."""
    codes_of: dict[tuple[str, ...], list[str]] = {}
    for code, row in zip(codes, rows, strict=True):
        codes_of.setdefault(tuple(result.details["measure"] for result in row), []).append(code)
    for measures, names in codes_of.items():
        by_measure: dict[str, list[str]] = {}
        for factor, measure in zip(factors, measures, strict=True):
            by_measure.setdefault(measure, []).append(factor)
        parts = [f"{measure} with {', '.join(of)}" for measure, of in by_measure.items()]
        if len(parts) == 1:
            parts = list(by_measure)
        who = "" if len(codes_of) == 1 else f"{', '.join(names)}: "
        yield f"{who}{'; '.join(parts)}"


def _accuracies(whole: "Result") -> Iterator[str]:
    """Yield how well the factors of generated images are measured."""
    by_measure: dict[str, list[str]] = {}
    for factor, accuracy in whole.details.get("measuring", {}).items():
        factors = by_measure.setdefault(accuracy["measure"], [])
        factors.append(f"{factor} {accuracy['value']:.3f}")
    for measure, factors in by_measure.items():
        yield f"measured with {measure} on real test images: {', '.join(factors)}"
