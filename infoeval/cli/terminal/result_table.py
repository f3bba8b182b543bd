"""The tables of a model's results, of its codes against factors, and of models' differences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from infoeval.cli.terminal.information_table import print_information
from infoeval.cli.terminal.reference_table import print_references
from infoeval.cli.terminal.screen import Screen, bold, decimals, interval, table
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.results import Comparison, Difference, Document, Result
    from infoeval.results.result_details import Clustering

BOUNDS_ALONE = "difference of lower bounds"
WIDTH = 5
"""Width of a cell in characters."""
MANY_CLASSES, MOST_CLASSES = 25, 100
"""Counts of many classes are left to the JSON where they are too wide, and of more anyway."""
LONGEST_NAME = 22
"""Length up to which a metric and its options stand on one line."""

Rows = Sequence[Sequence["Result"]]


def print_results(document: "Document", file: IO[str] | None = None) -> None:
    """Print all results, then confusion matrices, codes against factors, and details of mi.

    On standard output, or as plain text into `file`.
    """
    screen = Screen(file)
    shown = [result for result in document.results if not result.unpaired]
    informed = [result for result in shown if _is_information(result)]
    others = [result for result in shown if not _is_information(result)]
    if informed:
        _print_rows(screen, informed)
    if informed and others:
        screen.print()
    if others:
        _print_rows(screen, others)
    _print_reasons(screen, document.results)
    print_references(screen, document.results)
    for result in document.results:
        if result.clustering is not None:
            _print_matching(screen, result, result.clustering)
    _print_code_factors(screen, document.results)
    print_information(screen, document.results)
    for reason, metrics in document.skipped_by_reason().items():
        screen.print_line(f"{metrics} skipped: {reason}")
    for line in document.data.get("notes", ()):
        screen.print_line(f"{document.data.get('name')}: {line}")


def _print_rows(screen: Screen, results: Sequence["Result"]) -> None:
    """Print a row for each result; columns that no row has anything for are left out.

    Where they are too wide, the options of a metric are below it, and if need be adjusted values
    have no intervals.
    """
    rows = _filled_rows(results, lambda result: printable(result.name), _adjusted)
    if screen.width_of(rows) > screen.width:
        rows = _filled_rows(results, _name, _adjusted)
    if screen.width_of(rows) > screen.width:
        rows = _filled_rows(results, _name, lambda result: _adjusted(result).partition(" (")[0])
    screen.print_table(rows, names=sum(not column.no_wrap for column in rows.columns))


def _filled_rows(
    results: Sequence["Result"],
    name: Callable[["Result"], str],
    adjusted: Callable[["Result"], str],
) -> Table:
    columns = {
        "metric": [name(result) for result in results],
        "of": [printable(_target(result)) for result in results],
        "value": [_value(result) for result in results],
        "H(c)": [_entropy(result) for result in results],
        _interval_header(result.level for result in results): [
            interval(result.low, result.high) for result in results
        ],
        "real images": [_real(result) for result in results],
        "chance": [_chance(result) for result in results],
        "adjusted": [adjusted(result) for result in results],
        "n": [f"{result.n:,}" for result in results],
    }
    filled = {name: cells for name, cells in columns.items() if any(cells)}
    rows = table(*filled, names=1 + ("of" in filled))
    for cells in zip(*filled.values(), strict=True):
        rows.add_row(*cells)
    return rows


def _name(result: "Result") -> str:
    """Return the metric with its options, on a line of their own where both are long."""
    name = printable(result.name)
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


def _print_reasons(screen: Screen, results: Sequence["Result"]) -> None:
    """Print which metrics were not compared with chance, or had too few rows, and why.

    And of how many rows a score is, and what was assumed.
    """
    for what, reason_of in (
        ("no interval for ", _no_interval),
        ("no chance for ", lambda result: result.typed.no_null),
        ("", lambda result: result.typed.sparse),
        ("", lambda result: result.typed.sampled),
        ("", lambda result: result.typed.assumed),
    ):
        metrics: dict[str, dict[str, None]] = {}
        for result in results:
            if reason := reason_of(result):
                metrics.setdefault(reason, {})[result.name] = None
        for reason, names in metrics.items():
            screen.print_line(f"{what}{', '.join(names)}: {reason}")


def _no_interval(result: "Result") -> str:
    """Return why a result has no interval; nothing where it has one, or none was asked for."""
    if result.low is not None or result.high is not None:
        return ""
    kind = str(result.details.get("interval", ""))
    return "" if kind == "none: no replicates" else kind.removeprefix("none: ")


def print_comparison(comparison: "Comparison", file: IO[str] | None = None) -> None:
    """Print every difference with its interval; a table for each model but the first.

    On standard output, or as plain text into `file`.
    """
    screen = Screen(file)
    first, *others = comparison.documents
    _, *names = comparison.names
    screen.print_line(f"first: {first.identity.source}", soft_wrap=True)
    for number, (name, document) in enumerate(zip(names, others, strict=True), 1):
        screen.print_line(f"{name}: {document.identity.source}", soft_wrap=True)
        differences = [item for item in comparison.differences if item.model == number]
        searched = any(_searches(item, (first, document)) for item in differences)
        interval_header = _interval_header(item.level for item in differences)
        columns = ["metric", "of", "first", name, "difference", interval_header]
        rows = table(*columns, *["Q converged"] * searched, names=2)
        for column in rows.columns[2:5]:
            column.justify = "right"
        for item in differences:
            rows.add_row(
                printable(item.name),
                printable(item.target or ""),
                f"{item.first:.4f}",
                f"{item.second:.4f}",
                f"{item.difference:+.4f}",
                interval(item.low, item.high, "+"),
                *[_searches(item, (first, document))] * searched,
            )
        screen.print_table(rows, names=2)
        for line in _kinds(differences):
            screen.print_line(line, soft_wrap=True)
    if comparison.differing_readings:
        screen.print_line(comparison.differing_readings)
    for line in _sampled(comparison):
        screen.print_line(line)
    for skipped in first.skipped:
        screen.print_line(f"{skipped.metric} skipped: {skipped.reason}")


def _searches(difference: "Difference", documents: Iterable["Document"]) -> str:
    """Return "yes, no": whether the search for a Q converged on either side; "" without one."""
    what = difference.metric, difference.target, difference.options
    found = [document.find(*what) for document in documents]
    searches = [result.convergence for result in found if result is not None]
    return ", ".join("yes" if search.converged else "no" for search in searches if search)


def _kinds(differences: Iterable["Difference"]) -> Iterator[str]:
    """Yield what differences of bounds are, a line for each kind, with the metrics."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for item in differences:
        if item.kind:
            metrics = kinds.setdefault(item.kind, {})
            metrics.setdefault(item.name, []).append(str(item.target))
    for kind, metrics in kinds.items():
        of = (f"{metric} of {', '.join(targets)}" for metric, targets in metrics.items())
        yield f"{kind}: {'; '.join(of)}"
        if kind == BOUNDS_ALONE:
            yield "  the interval is that of the information, where either Q may miss up to H(c)"


def _sampled(comparison: "Comparison") -> Iterator[str]:
    """Yield of how many rows the scores of a metric are, by model where models differ in that."""
    by_metric: dict[str, dict[str, str]] = {}
    for model, document in zip(comparison.names, comparison.documents, strict=True):
        for result in document.results:
            sentences = by_metric.setdefault(result.name, {})
            sentences[model] = sentences.get(model) or result.typed.sampled
    metrics: dict[tuple[str, str], dict[str, None]] = {}
    for metric, sentences in by_metric.items():
        alike = len(set(sentences.values())) == 1
        for model, sentence in sentences.items():
            if sentence:
                metrics.setdefault(("" if alike else f"{model}: ", sentence), {})[metric] = None
    for (model, sentence), names in metrics.items():
        yield f"{model}{', '.join(names)}: {sentence}"


def _interval_header(levels: Iterable[float | None]) -> str:
    known = {level for level in levels if level is not None}
    return f"{100 * known.pop():g} % interval" if known else "interval"


def _value(result: "Result") -> str:
    unit = "" if result.unit in ("fraction", "index", "distance") else f" {result.unit}"
    return f"{decimals(result.value)}{unit}"


def _entropy(result: "Result") -> str:
    """Return H(c) in nats, for an information."""
    entropy = result.details.get("entropy")
    return "" if entropy is None or result.unit != "nats" else f"{entropy:.4f}"


def _real(result: "Result") -> str:
    """Return what real images score, for the quality of generated ones."""
    real = None if result.quality is None else result.quality.real
    return "" if real is None else decimals(real)


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


def _print_matching(screen: Screen, result: "Result", clustering: "Clustering") -> None:
    details = result.details
    classes = [printable(str(name)) for name in details["class_names"]]
    ends = details["many_to_one_low"], details["many_to_one_high"]
    interval = "" if None in ends else f" ({ends[0]:.4f} … {ends[1]:.4f})"
    screen.print()
    screen.print_line(
        f"{result.target}: error {100 * details['error']:.2f} % one-to-one, "
        f"{100 * (1 - clustering.majority):.2f} % by always naming the most frequent class; "
        f"many-to-one accuracy {details['many_to_one']:.4f}{interval}",
    )
    rows = table("code → class", *classes, right=True)
    categories = details["category_names"]
    for name, row, matched in zip(
        categories, details["confusion"], details["matching"], strict=True
    ):
        to = classes[matched] if matched >= 0 else "none"
        cells = [bold(str(n)) if k == matched else str(n) for k, n in enumerate(row)]
        rows.add_row(f"{printable(str(name))} → {to}", *cells)
    count = len(classes)
    if count <= MANY_CLASSES or (count <= MOST_CLASSES and screen.width_of(rows) <= screen.width):
        screen.print_table(rows)
    else:
        screen.print_line(f"counts of {count} classes are too wide for a table: see --json")


def _print_code_factors(screen: Screen, results: Sequence["Result"]) -> None:
    """Print a table for each scoring of codes against factors; the longer side is vertical."""
    for whole, rows in _tables(results):
        codes = [str(row[0].details["code"]) for row in rows]
        factors = [str(result.details["factor"]) for result in rows[0]]
        cells = [[_cell(result) for result in row] for row in rows]
        down, across, corner = codes, factors, "code × factor"
        if len(factors) > len(codes):
            down, across, corner = factors, codes, "factor × code"
            cells = [list(column) for column in zip(*cells, strict=True)]
        screen.print()
        screen.print_line(f"{whole.name}; * the best one-to-one pairing")
        _print_table(screen, corner, down, across, cells)
        for line in (*_measures(codes, factors, rows), *_accuracies(whole)):
            screen.print_line(line)


def _print_table(
    screen: Screen,
    corner: str,
    down: Sequence[str],
    across: Sequence[str],
    cells: Sequence[Sequence[str | Text]],
) -> None:
    """Print numbers with row and column names; columns are numbered where names are too wide."""
    widest = max(map(len, (corner, *down)))
    needed = widest + sum(1 + max(WIDTH, len(name) + 1) for name in across)
    too_wide = needed >= screen.width
    heads = [str(number + 1) for number in range(len(across))] if too_wide else across
    grid = table(corner, *(f"{printable(head)} " for head in heads), right=True)
    grid.padding = (0, 0, 0, 1)
    for name, row in zip(down, cells, strict=True):
        grid.add_row(printable(name), *row)
    screen.print_table(grid)
    if too_wide:
        key = ", ".join(f"{head} {name}" for head, name in zip(heads, across, strict=True))
        screen.print_line(key)


def _tables(results: Sequence["Result"]) -> Iterator[tuple["Result", Rows]]:
    """Yield each result of a whole table with those of its pairs, which follow it row by row."""
    for place, result in enumerate(results):
        if result.metric != "code-factors" or "measure" in result.details:
            continue
        width = len(result.details["factors"])
        pairs = results[place + 1 : place + 1 + width * len(result.details["codes"])]
        yield result, [pairs[start : start + width] for start in range(0, len(pairs), width)]


def _cell(result: "Result") -> str | Text:
    return bold(f"{result.value:.2f}*") if result.details["paired"] else f"{result.value:.2f} "


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
