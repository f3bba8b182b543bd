"""Consoles and tables for the terminal."""

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from infoeval.cli.output import charset_of, plain
from infoeval.errors import printable

__all__ = ["Screen", "Terminal", "bold", "interval", "table"]

UNLIMITED = 100_000
"""Width outside a terminal."""
LEAST = 8
"""Least width of a column of names; for less, columns of numbers move to a further table."""
WORD = 12
"""Longest word of a header for which a column of shorter numbers is widened."""
LARGEST = 1e7
"""Larger numbers are printed as powers of ten."""

Measured = tuple[Column, int, int]
"""A column, its least width, and the width at which nothing of it is folded."""


class Terminal(Console):
    """A console that knows the charset of its stream."""

    @property
    def encoding(self) -> str:
        """The name of the charset."""
        return charset_of(self.file)


class Screen(Terminal):
    """A console without markup, control characters and truncation.

    Outside a terminal its width is unlimited unless the environment variable COLUMNS sets one. A
    `file` receives text of unlimited width without colour.
    """

    def __init__(self, file: IO[str] | None = None) -> None:
        super().__init__(
            file=file,
            width=_width() if file is None else UNLIMITED,
            markup=False,
            emoji=False,
            highlight=False,
            force_terminal=None if file is None else False,
            color_system="auto" if file is None else None,
            height=25,  # given, so that rich does not ask for the width again
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string in characters of the charset; rich calls this for every string."""
        lines = (plain(printable(line), self.encoding) for line in text.split("\n"))
        return super().render_str("\n".join(lines), **options)

    def print_line(self, text: str, *, soft_wrap: bool = False) -> None:
        """Print a text as one line; line ends in it are escaped."""
        self.print(printable(text), soft_wrap=soft_wrap)

    def print_table(self, rows: Table, names: int = 1) -> None:
        """Print a table without cutting any number.

        If it is too wide, the columns that may wrap are folded. Columns that still do not fit
        follow in further tables, each beside the first `names` columns.
        """
        columns = [self._measured(column) for column in rows.columns]
        first, rest = columns[:names], columns[names:]
        while rest:
            count = len(rest)
            while count > 1 and _total(rows, [*first, *rest[:count]]) > self.width:
                count -= 1
            self._print_columns(rows, [*first, *rest[:count]])
            rest = rest[count:]
            if rest:
                self.print()

    def width_of(self, rows: Table) -> int:
        """Return the width at which nothing of a table is folded."""
        columns = map(self._measured, rows.columns)
        return _total(rows, [(column, whole, whole) for column, _, whole in columns])

    def _measured(self, column: Column) -> Measured:
        unlimited = self.options.update(max_width=UNLIMITED)
        header, *cells = (
            self.measure(cell or "", options=unlimited) for cell in (column.header, *column.cells)
        )
        widest = max((cell.maximum for cell in cells), default=0)
        whole = max(widest, header.maximum)
        if column.no_wrap:
            return column, min(max(widest, _two_lines(column.header)), whole), whole
        return column, min(whole, LEAST), whole

    def _print_columns(self, rows: Table, columns: Sequence[Measured]) -> None:
        """Print some columns of a table, with the room that there is for each."""
        part = Table(
            box=None,
            header_style=rows.header_style,
            show_header=rows.show_header,
            padding=rows.padding,
        )
        widths = _shared(self.width - _total(rows, columns), columns)
        for (column, _, _), width in zip(columns, widths, strict=True):
            part.add_column(column.header, width=width, justify=column.justify, overflow="fold")
        for cells in zip(*(column.cells for column, _, _ in columns), strict=True):
            part.add_row(*map(_folded, cells, widths))
        # May exceed the console's width, if a single column of numbers does.
        part.width = _total(rows, list(zip(rows.columns, widths, widths, strict=False)))
        self.print(part, crop=False)


def table(*headers: str, names: int = 1, right: bool = False) -> Table:
    """Return an empty table whose first `names` columns may be folded.

    `right` aligns all columns but the first to the right.
    """
    rows = Table(*headers, box=None, header_style="bold")
    for column in rows.columns[1:] if right else []:
        column.justify = "right"
    for column in rows.columns[names:]:
        column.no_wrap = True
    return rows


def interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Return both limits; "…" stands for a single one that is not known, and "–" for both.

    >>> interval(0.25, None)
    '0.2500 …'
    """
    if low is None and high is None:
        return "–"
    ends = ["" if end is None else decimals(end, sign) for end in (low, high)]
    return " … ".join(ends).strip()


def decimals(value: float, sign: str = "") -> str:
    """Return a number with four decimals; one of eight digits or more as a power of ten.

    >>> decimals(0.25), decimals(3.2e83)
    ('0.2500', '3.200e+83')
    """
    return f"{value:{sign}.4f}" if abs(value) < LARGEST else f"{value:{sign}.3e}"


def bold(text: str) -> Text:
    """Return a text in bold, without escaping it."""
    return Text(text, "bold")


def _width() -> int:
    """Return the width of the standard output."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdecimal() and int(asked) > 0:
        return min(int(asked), UNLIMITED)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED


def _folded(cell: RenderableType, width: int) -> RenderableType:
    """Return a name in lines of at most `width`, broken at spaces and hyphens where possible."""
    if not isinstance(cell, str):
        return cell
    lines = (
        textwrap.wrap(line, width) if len(line) > width else [line] for line in cell.split("\n")
    )
    return "\n".join(piece for pieces in lines for piece in pieces)


def _two_lines(header: RenderableType) -> int:
    """Return the least width for a header in two lines of whole words; at most `WORD`."""
    text = str(header)
    for width in range(max(map(len, text.split()), default=0) or 1, WORD):
        if len(textwrap.wrap(text, width)) <= 2:
            return width
    return WORD


def _total(rows: Table, columns: Sequence[Measured]) -> int:
    """Return the least width of some columns of a table, with their padding."""
    _, right, _, left = rows.padding
    return sum(least + left + right for _, least, _ in columns)


def _shared(room: int, columns: Sequence[Measured]) -> list[int]:
    """Return the widths of columns: `room` goes to names before headers, to the narrowest first."""
    widths = [least for _, least, _ in columns]
    for _ in range(room):
        folded = [
            (column.no_wrap, width, place)
            for place, ((column, _, whole), width) in enumerate(zip(columns, widths, strict=True))
            if width < whole
        ]
        if not folded:
            break
        widths[min(folded)[2]] += 1
    return widths
