"""The tables of data sets and of metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from infoeval.cli.terminal.layout import table

if TYPE_CHECKING:
    from infoeval.data import CatalogueEntry
    from infoeval.metrics import Metric

__all__ = ["print_catalogue", "print_metrics"]


def print_catalogue(entries: "Sequence[CatalogueEntry]") -> None:
    """Print which data sets are available, and how to get those that are not."""
    rows = table("name", "available", "description", "place")
    for entry in entries:
        available = "yes" if entry.present else "no"
        rows.add_row(entry.name, available, entry.description, escape(entry.where))
    console = Console()
    console.print(rows)
    for entry in entries:
        if not entry.present:
            console.print(f"\n{entry.name}: {entry.what_to_do}", markup=False, highlight=False)
    console.print("\nAn .npz file with images or a folder of images can be given as well.")


def print_metrics(metrics: "Sequence[Metric]") -> None:
    """Print all metrics by what they need, each with its range and its settings."""
    console = Console(highlight=False)
    for needs in dict.fromkeys(metric.needs for metric in metrics):
        console.print(f"\n[bold]{escape(needs)}[/]")
        rows = table("", "", "")
        rows.show_header = False
        for metric in metrics:
            if metric.needs == needs:
                settings = ", ".join(f"{name}={value}" for name, value in metric.settings.items())
                more = f"\n[dim]{escape(settings)}[/]" if settings else ""
                rows.add_row(metric.name, metric.range, f"{escape(metric.summary)}{more}")
        console.print(rows)
    console.print("\nSelect one with --metric NAME, or NAME:SETTING=VALUE,…", markup=False)
