"""The table of two models and their differences."""

from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.printing.tables import interval, model_of, name_of, table

if TYPE_CHECKING:
    from infoeval.scoring import Comparison

__all__ = ["print_comparison"]


def print_comparison(comparison: "Comparison") -> None:
    """Print every difference with its interval."""
    console = Console(highlight=False)
    levels = {each.level for each in comparison.differences if each.level is not None}
    share = f"{100 * levels.pop():g} % " if levels else ""
    found = table("metric", "of", "first", "second", "difference", f"{share}interval")
    for column in found.columns[2:5]:
        column.justify = "right"
    for each in comparison.differences:
        found.add_row(
            each.metric,
            name_of(each.target),
            f"{each.first:.4f}",
            f"{each.second:.4f}",
            f"{each.difference:+.4f}",
            interval(each.low, each.high, "+"),
        )
    for name, document in (("first", comparison.first), ("second", comparison.second)):
        console.print(f"{name}: {model_of(document)}", markup=False, soft_wrap=True)
    console.print(found)
    for skipped in comparison.first.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)
