"""The table of data sets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from infoeval.printing.tables import table

if TYPE_CHECKING:
    from infoeval.data import CatalogueEntry

__all__ = ["print_catalogue"]


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
