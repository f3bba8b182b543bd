"""Tables for the terminal, on standard output, and what they share."""

from rich.markup import escape
from rich.table import Table

__all__ = ["escaped", "interval", "table"]


def table(*headers: str, right: bool = False) -> Table:
    """Return an empty table; `right` aligns all columns but the first to the right."""
    rows = Table(*headers, box=None, header_style="bold")
    for column in rows.columns[1:] if right else []:
        column.justify = "right"
    return rows


def interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Return both limits; "…" stands for a single one that is not known, and "–" for both.

    >>> interval(0.25, None)
    '0.2500 …'
    """
    if low is None and high is None:
        return "–"
    ends = ["" if end is None else f"{end:{sign}.4f}" for end in (low, high)]
    return " … ".join(ends).strip()


def escaped(name: str | None) -> str:
    """Return a name as text of a table: markup in it is not interpreted."""
    return escape(name or "")
