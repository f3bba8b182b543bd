"""The tables of one model's results, and of several models' differences."""

from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.cli.terminal.information_table import print_information
from infoeval.cli.terminal.layout import escaped, interval, table
from infoeval.cli.terminal.pair_table import is_cell_only, print_code_factors

if TYPE_CHECKING:
    from infoeval.results import Comparison, Document, Result

__all__ = ["print_comparison", "print_results"]


def print_results(document: "Document") -> None:
    """Print all results, then confusion matrices, codes against factors, and details of mi."""
    console = Console(highlight=False)
    levels = {result.level for result in document.results if result.level is not None}
    share = f"{100 * levels.pop():g} % " if levels else ""
    shuffled = any("null" in result.details for result in document.results)
    headers = ["metric", "of", "value", f"{share}interval", *["shuffled"] * shuffled, "n"]
    rows = table(*headers)
    for column in rows.columns[2:]:
        column.no_wrap = True
    for result in document.results:
        if is_cell_only(result):
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
    for result in document.results:
        if result.clustering is not None:
            _print_matching(console, result)
    print_code_factors(console, document.results)
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
        differences = [each for each in comparison.differences if each.model == number]
        levels = {each.level for each in differences if each.level is not None}
        share = f"{100 * levels.pop():g} % " if levels else ""
        rows = table("metric", "of", "first", name, "difference", f"{share}interval")
        for column in rows.columns[2:5]:
            column.justify = "right"
        for each in differences:
            rows.add_row(
                each.metric,
                escaped(each.target),
                f"{each.first:.4f}",
                f"{each.second:.4f}",
                f"{each.difference:+.4f}",
                interval(each.low, each.high, "+"),
            )
        console.print(rows)
    for skipped in first.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)


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
