"""Tables as CSV: every number as it was measured, and nothing that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterator

from infoeval.report.text_table import Cell, Estimate, Table

__all__ = ["csv_table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\n")
"""What makes a spreadsheet take a text for something to work out."""

Plain = str | int | float | None


def csv_table(table: Table) -> str:
    """Write a table as CSV (RFC 4180 with line feeds), no number rounded.

    A column of estimates becomes three: the value, and where its interval begins and ends. What is
    None stays empty. Text that a spreadsheet would take for a formula gets an apostrophe in front.

    >>> from infoeval.report.text_table import Column
    >>> columns = Column("Code"), Column("I", "nats")
    >>> rows = ("a, b", Estimate(2.25, 2.0, None)), ("=1+1", None)
    >>> print(csv_table(Table("t", "T", columns, rows)), end="")
    Code,I,I low,I high
    "a, b",2.25,2.0,
    '=1+1,,,
    """
    wide = [
        any(isinstance(row[place], Estimate) for row in table.rows)
        for place in range(len(table.columns))
    ]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names: list[Plain] = []
    for column, is_wide in zip(table.columns, wide, strict=True):
        ends = (column.name, f"{column.name} low", f"{column.name} high")
        names += ends if is_wide else ends[:1]
    for row in (names, *(_cells(row, wide) for row in table.rows)):
        writer.writerow(map(_safe, row))
    return buffer.getvalue()


def _cells(row: tuple[Cell, ...], wide: list[bool]) -> list[Plain]:
    return [part for cell, is_wide in zip(row, wide, strict=True) for part in _parts(cell, is_wide)]


def _parts(cell: Cell, wide: bool) -> Iterator[Plain]:
    if isinstance(cell, Estimate):
        yield from (cell.value, cell.low, cell.high)
        return
    yield cell
    if wide:
        yield from (None, None)


def _safe(cell: Plain) -> Plain:
    if not isinstance(cell, str):
        return cell
    # Python's writer does not quote a carriage return, which ends a row for others.
    text = cell.replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text
