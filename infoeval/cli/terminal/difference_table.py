"""The tables of models and their differences from the first."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infoeval.cli.terminal.layout import interval, model_of, name_of, table

if TYPE_CHECKING:
    from infoeval.evaluation import Comparison, Difference

__all__ = ["print_comparison"]


def print_comparison(comparison: "Comparison") -> None:
    """Print every difference with its interval; a table for each model but the first."""
    console = Console(highlight=False)
    first, *others = comparison.documents
    names = ["second", *(f"model {number}" for number in range(3, len(others) + 2))]
    console.print(f"first: {model_of(first)}", markup=False, soft_wrap=True)
    for number, (name, document) in enumerate(zip(names, others, strict=True), 1):
        console.print(f"{name}: {model_of(document)}", markup=False, soft_wrap=True)
        differences = [each for each in comparison.differences if each.model == number]
        console.print(_table(name, differences))
    for skipped in first.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)


def _table(other: str, differences: "list[Difference]") -> Table:
    levels = {each.level for each in differences if each.level is not None}
    share = f"{100 * levels.pop():g} % " if levels else ""
    found = table("metric", "of", "first", other, "difference", f"{share}interval")
    for column in found.columns[2:5]:
        column.justify = "right"
    for each in differences:
        found.add_row(
            each.metric,
            name_of(each.target),
            f"{each.first:.4f}",
            f"{each.second:.4f}",
            f"{each.difference:+.4f}",
            interval(each.low, each.high, "+"),
        )
    return found
