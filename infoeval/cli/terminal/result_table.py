"""The tables of a model's results, of its codes against factors, and of models' differences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infoeval.cli.terminal import escaped, interval, table
from infoeval.cli.terminal.information_table import print_information
from infoeval.cli.terminal.reference_table import print_references

if TYPE_CHECKING:
    from infoeval.results import Comparison, Difference, Document, Result
    from infoeval.results.records import Clustering

BOUNDS_ALONE = "difference of lower bounds"
WIDTH = 5
"""Width of a cell in characters."""
WIDEST = 1_000
"""Width at which a table is measured."""
LONGEST_NAME = 22
"""Length up to which a metric and its options stand on one line."""

Rows = Sequence[Sequence["Result"]]


def print_results(document: "Document") -> None:
    """Print all results, then confusion matrices, codes against factors, and details of mi."""
    console = Console(highlight=False)
    shown = [result for result in document.results if not _is_cell_only(result)]
    informed = [result for result in shown if _is_information(result)]
    others = [result for result in shown if not _is_information(result)]
    if informed:
        _print_rows(console, informed)
    if informed and others:
        console.print()
    if others:
        _print_rows(console, others)
    _print_reasons(console, document.results)
    print_references(console, document.results)
    for result in document.results:
        if result.clustering is not None:
            _print_matching(console, result, result.clustering)
    _print_code_factors(console, document.results)
    print_information(console, document.results)
    for reason, metrics in document.skipped_by_reason().items():
        console.print(f"{metrics} skipped: {reason}", markup=False)


def _print_rows(console: Console, results: Sequence["Result"]) -> None:
    """Print a row for each result; columns that no row has anything for are left out.

    Adjusted values have their intervals where these fit into the console. No number is ever cut: a
    table that is still too wide is printed wider than the console.
    """
    unlimited = console.options.update(max_width=WIDEST)
    rows = _filled_rows(results, _adjusted)
    if console.measure(rows, options=unlimited).maximum > console.width:
        rows = _filled_rows(results, lambda result: _adjusted(result).partition(" (")[0])
    width = console.measure(rows, options=unlimited).maximum
    Console(highlight=False, width=max(width, console.width)).print(rows)


def _filled_rows(results: Sequence["Result"], adjusted: Callable[["Result"], str]) -> Table:
    columns = {
        "metric": [escaped(_name(result)) for result in results],
        "of": [escaped(_target(result)) for result in results],
        "value": [_value(result) for result in results],
        "H(c)": [_entropy(result) for result in results],
        _interval_header(result.level for result in results): [
            interval(result.low, result.high) for result in results
        ],
        "chance": [_chance(result) for result in results],
        "adjusted": [adjusted(result) for result in results],
        "n": [f"{result.n:,}" for result in results],
    }
    filled = {name: cells for name, cells in columns.items() if any(cells)}
    rows = table(*filled)
    for column in rows.columns:
        column.no_wrap, column.overflow = column.header != "of", "fold"
    for cells in zip(*filled.values(), strict=True):
        rows.add_row(*cells)
    return rows


def _name(result: "Result") -> str:
    """Return the metric with its options, on a line of their own where both are long."""
    name = result.name
    return name if len(name) <= LONGEST_NAME else name.replace(":", ":\n  ", 1)


def _is_information(result: "Result") -> bool:
    """Whether a result is an information of codes, which chance does not raise."""
    return result.metric.split("-")[0] == "mi"


def _target(result: "Result") -> str:
    """Return what was scored; a matching that was fitted on the scored rows is named as such."""
    target = result.target or ""
    if result.clustering is None or not result.clustering.on_same_rows:
        return target
    return f"{target} (fitted on the same rows)".strip()


def _print_reasons(console: Console, results: Sequence["Result"]) -> None:
    """Print which metrics were not compared with chance, and which had too few rows, and why."""
    for what, reason_of in (
        ("no interval for ", _no_interval),
        ("no chance for ", lambda result: result.typed.no_null),
        ("", lambda result: result.typed.sparse),
    ):
        metrics: dict[str, dict[str, None]] = {}
        for result in results:
            if reason := reason_of(result):
                metrics.setdefault(reason, {})[result.name] = None
        for reason, names in metrics.items():
            console.print(f"{what}{', '.join(names)}: {reason}", markup=False)


def _no_interval(result: "Result") -> str:
    """Return why a result has no interval; nothing where it has one, or none was asked for."""
    if result.low is not None or result.high is not None:
        return ""
    kind = str(result.details.get("interval", ""))
    return "" if kind == "none: no replicates" else kind.removeprefix("none: ")


def print_comparison(comparison: "Comparison") -> None:
    """Print every difference with its interval; a table for each model but the first."""
    console = Console(highlight=False)
    first, *others = comparison.documents
    names = ["second", *(f"model {number}" for number in range(3, len(others) + 2))]
    console.print(f"first: {first.identity.source}", markup=False, soft_wrap=True)
    for number, (name, document) in enumerate(zip(names, others, strict=True), 1):
        console.print(f"{name}: {document.identity.source}", markup=False, soft_wrap=True)
        differences = [item for item in comparison.differences if item.model == number]
        searched = any(_searches(item, (first, document)) for item in differences)
        interval_header = _interval_header(item.level for item in differences)
        columns = ["metric", "of", "first", name, "difference", interval_header]
        rows = table(*columns, *["Q converged"] * searched)
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
                *[_searches(item, (first, document))] * searched,
            )
        console.print(rows)
        for line in _kinds(differences):
            console.print(line, markup=False, soft_wrap=True)
    for skipped in first.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)


def _searches(difference: "Difference", documents: Iterable["Document"]) -> str:
    """Return "yes, no": whether the search for a Q converged on either side; "" without one."""
    found = [document.find(difference.metric, difference.target) for document in documents]
    searches = [result.convergence for result in found if result is not None]
    return ", ".join("yes" if search.converged else "no" for search in searches if search)


def _kinds(differences: Iterable["Difference"]) -> Iterator[str]:
    """Yield what differences of bounds are, a line for each kind, with the metrics."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for item in differences:
        if item.kind:
            metrics = kinds.setdefault(item.kind, {})
            metrics.setdefault(item.metric, []).append(str(item.target))
    for kind, metrics in kinds.items():
        of = (f"{metric} of {', '.join(targets)}" for metric, targets in metrics.items())
        yield f"{kind}: {'; '.join(of)}"
        if kind == BOUNDS_ALONE:
            yield "  the interval is that of the information, where either Q may miss up to H(c)"


def _interval_header(levels: Iterable[float | None]) -> str:
    known = {level for level in levels if level is not None}
    return f"{100 * known.pop():g} % interval" if known else "interval"


def _value(result: "Result") -> str:
    unit = "" if result.unit in ("fraction", "index") else f" {result.unit}"
    return f"{result.value:.4f}{unit}"


def _entropy(result: "Result") -> str:
    """Return H(c) in nats, for an information."""
    entropy = result.details.get("entropy")
    return "" if entropy is None or result.unit != "nats" else f"{entropy:.4f}"


def _chance(result: "Result") -> str:
    return "" if result.chance is None else f"{result.chance.mean:.4f}"


def _adjusted(result: "Result") -> str:
    """Return the value above chance with its interval, as a share of what is possible."""
    adjusted = result.typed.adjusted
    if adjusted is None:
        return ""
    if adjusted.low is None and adjusted.high is None:
        return f"{adjusted.value:.2f}"
    ends = ("" if end is None else f"{end:.2f}" for end in (adjusted.low, adjusted.high))
    return f"{adjusted.value:.2f} ({' … '.join(ends)})"


def _print_matching(console: Console, result: "Result", clustering: "Clustering") -> None:
    details = result.details
    classes = [escaped(str(name)) for name in details["class_names"]]
    console.print(
        f"\n{result.target}: error {100 * details['error']:.2f} % one-to-one, "
        f"{100 * (1 - clustering.majority):.2f} % by always naming the most frequent class; "
        f"many-to-one accuracy {details['many_to_one']:.4f} ({details['many_to_one_low']:.4f} … "
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
    unlimited = console.options.update(width=10**6)
    if console.measure(rows, options=unlimited).maximum <= console.width:
        console.print(rows)
    else:
        console.print(f"counts of {len(classes)} classes are too wide for a table: see --json")


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
