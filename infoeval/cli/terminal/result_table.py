"""The tables of a model's results, of its codes against factors, and of models' differences."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.cli.terminal import escaped, interval, table
from infoeval.cli.terminal.information_table import print_information
from infoeval.cli.terminal.reference_table import print_references

if TYPE_CHECKING:
    from infoeval.results import Comparison, Document, Result

WIDTH = 5
"""Width of a cell in characters."""

Rows = Sequence[Sequence["Result"]]


def print_results(document: "Document") -> None:
    """Print all results, then confusion matrices, codes against factors, and details of mi."""
    console = Console(highlight=False)
    interval_header = _interval_header(result.level for result in document.results)
    shuffled = any("null" in result.details for result in document.results)
    rows = table("metric", "of", "value", interval_header, *["shuffled"] * shuffled, "n")
    for column in rows.columns[2:]:
        column.no_wrap = True
    for result in document.results:
        if _is_cell_only(result):
            continue
        null = result.details.get("null")
        rows.add_row(
            escaped(result.name),
            escaped(result.target),
            _value(result),
            interval(result.low, result.high),
            *["" if null is None else f"{null['mean']:.4f}"] * shuffled,
            f"{result.n:,}",
        )
    if document.results:
        console.print(rows)
    print_references(console, document.results)
    for result in document.results:
        if result.clustering is not None:
            _print_matching(console, result)
    _print_code_factors(console, document.results)
    print_information(console, document.results)
    for reason, metrics in document.skipped_by_reason().items():
        console.print(f"{metrics} skipped: {reason}", markup=False)


def print_comparison(comparison: "Comparison") -> None:
    """Print every difference with its interval; a table for each model but the first."""
    console = Console(highlight=False)
    first, *others = comparison.documents
    names = ["second", *(f"model {number}" for number in range(3, len(others) + 2))]
    console.print(f"first: {first.identity.source}", markup=False, soft_wrap=True)
    for number, (name, document) in enumerate(zip(names, others, strict=True), 1):
        console.print(f"{name}: {document.identity.source}", markup=False, soft_wrap=True)
        differences = [item for item in comparison.differences if item.model == number]
        interval_header = _interval_header(item.level for item in differences)
        rows = table("metric", "of", "first", name, "difference", interval_header)
        for column in rows.columns[2:5]:
            column.justify = "right"
        for item in differences:
            rows.add_row(
                item.metric,
                escaped(item.target),
                f"{item.first:.4f}",
                f"{item.second:.4f}",
                f"{item.difference:+.4f}",
                interval(item.low, item.high, "+"),
            )
        console.print(rows)
    for skipped in first.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)


def _interval_header(levels: Iterable[float | None]) -> str:
    known = {level for level in levels if level is not None}
    return f"{100 * known.pop():g} % interval" if known else "interval"


def _value(result: "Result") -> str:
    """Return the value with its unit, and with H(c) where it is an information."""
    unit = "" if result.unit in ("fraction", "index") else f" {result.unit}"
    value = f"{result.value:.4f}{unit}"
    entropy = result.details.get("entropy")
    if entropy is None or result.unit != "nats":
        return value
    if result.details.get("error_rate") is not None:
        return f"{value} of {entropy:.4f}"
    return value if result.metric == "mi" else f"{value} (H(c) = {entropy:.4f})"


def _print_matching(console: Console, result: "Result") -> None:
    details = result.details
    classes = [escaped(str(name)) for name in details["class_names"]]
    console.print(
        f"\n{result.target}: error {100 * details['error']:.2f} % one-to-one; many-to-one accuracy "
        f"{details['many_to_one']:.4f} ({details['many_to_one_low']:.4f} … "
        f"{details['many_to_one_high']:.4f})",
        markup=False,
    )
    rows = table("code → class", *classes, right=True)
    categories = details["category_names"]
    for name, row, matched in zip(
        categories, details["confusion"], details["matching"], strict=True
    ):
        to = classes[matched] if matched >= 0 else "none"
        cells = [f"[bold]{n}[/]" if k == matched else str(n) for k, n in enumerate(row)]
        rows.add_row(f"{escaped(str(name))} → {to}", *cells)
    console.print(rows)


def _is_cell_only(result: "Result") -> bool:
    """Whether a result is of a code and a factor that are not paired: it has a cell only."""
    return result.details.get("paired") is False


def _print_code_factors(console: Console, results: Sequence["Result"]) -> None:
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
