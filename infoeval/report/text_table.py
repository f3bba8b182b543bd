"""Tables: the twin of every figure, written as HTML, CSV, LaTeX or Markdown."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Cell", "Column", "Estimate", "Kind", "Table"]

Kind = Literal["text", "count", "number", "nats", "percent"]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, where it has one."""

    value: float | None
    low: float | None = None
    high: float | None = None


Cell = str | int | float | Estimate | None
"""None is written as a dash: not measured."""


@dataclass(frozen=True)
class Column:
    """``kind`` says how its numbers are written; "percent" takes a fraction."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns; the first column heads its row.

    ``name`` is a file's stem, ``title`` the caption.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
