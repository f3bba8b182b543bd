"""The results of one model as a table, with what they need to be understood."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from infoeval.cli.terminal.information_table import print_information
from infoeval.cli.terminal.layout import interval, metric_of, name_of, table
from infoeval.cli.terminal.pair_table import is_aside, print_code_factors

if TYPE_CHECKING:
    from infoeval.results import Document, Result

__all__ = ["print_results"]


def print_results(document: "Document") -> None:
    """Print all results, then more of cluster accuracies, of codes and factors, of information."""
    console = Console(highlight=False)
    levels = {result.level for result in document.results if result.level is not None}
    share = f"{100 * levels.pop():g} % " if levels else ""
    shuffled = any("null" in result.details for result in document.results)
    headers = ["metric", "of", "value", f"{share}interval", *["shuffled"] * shuffled, "n"]
    found = table(*headers)
    for column in found.columns[2:]:
        column.no_wrap = True
    for result in document.results:
        if is_aside(result):
            continue
        null = result.details.get("null")
        found.add_row(
            metric_of(result),
            name_of(result.target),
            _value(result),
            interval(result.low, result.high),
            *["" if null is None else f"{null['mean']:.4f}"] * shuffled,
            f"{result.n:,}",
        )
    if document.results:
        console.print(found)
    for result in document.results:
        if "matching" in result.details:
            _print_matching(console, result)
    print_code_factors(console, document.results)
    print_information(console, document.results)
    _print_skipped(console, document)


def _print_skipped(console: Console, document: "Document") -> None:
    """Every reason once, with all that were skipped for it."""
    by_reason: dict[str, list[str]] = {}
    for skipped in document.skipped:
        by_reason.setdefault(skipped.reason, []).append(skipped.metric)
    for reason, metrics in by_reason.items():
        console.print(f"{', '.join(metrics)} skipped: {reason}", markup=False)


def _value(result: "Result") -> str:
    """The value with its unit, and with H(c): as the most there is, where it is that."""
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
    names = details.get("class_names") or []
    columns = len(details["confusion"][0])
    labels = [escape(str(names[k])) if k < len(names) else str(k) for k in range(columns)]
    console.print(
        f"\n{result.target}: error {100 * details['error']:.2f} % one-to-one; many-to-one accuracy "
        f"{details['many_to_one']:.4f} ({details['many_to_one_low']:.4f} … "
        f"{details['many_to_one_high']:.4f})",
        markup=False,
    )
    found = table("code → class", *labels, right=True)
    codes = details.get("category_names") or map(str, range(len(details["matching"])))
    for code, row, matched in zip(codes, details["confusion"], details["matching"], strict=True):
        to = labels[matched] if matched >= 0 else "none"
        cells = [f"[bold]{n}[/]" if k == matched else str(n) for k, n in enumerate(row)]
        found.add_row(f"{escape(code)} → {to}", *cells)
    console.print(found)
