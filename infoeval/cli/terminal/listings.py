"""The tables of data sets and of metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from infoeval.cli.terminal.layout import table

if TYPE_CHECKING:
    from infoeval.data import CatalogueEntry
    from infoeval.evaluation import Entry

__all__ = ["print_catalogue", "print_metrics"]


def print_catalogue(entries: "Sequence[CatalogueEntry]") -> None:
    """Print which data sets are there, and what to do about those that are not."""
    found = table("name", "there", "what", "where")
    for entry in entries:
        there = "yes" if entry.present else "no"
        found.add_row(entry.name, there, entry.description, escape(entry.where))
    console = Console()
    console.print(found)
    for entry in entries:
        if not entry.present:
            console.print(f"\n{entry.name}: {entry.what_to_do}", markup=False, highlight=False)
    console.print("\nAny .npz file with images, and any folder of images, can be given as well.")


def print_metrics(entries: "Sequence[Entry]") -> None:
    """Print all metrics by what they need, each with its range and its settings."""
    console = Console(highlight=False)
    for needs in dict.fromkeys(entry.needs for entry in entries):
        console.print(f"\n[bold]{escape(needs)}[/]")
        found = table("", "", "")
        found.show_header = False
        for entry in entries:
            if entry.needs == needs:
                told = ", ".join(f"{name}={value}" for name, value in entry.settings.items())
                more = f"\n[dim]{escape(told)}[/]" if told else ""
                found.add_row(entry.name, entry.range, f"{escape(entry.description)}{more}")
        console.print(found)
    console.print("\nAsk for one with --metric NAME, or NAME:SETTING=VALUE,…", markup=False)
