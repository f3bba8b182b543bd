"""Tables, one for every figure, and how they are written as CSV, LaTeX and Markdown."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infoeval.reporting.wording import between, nats, number, percent, percents
from infoeval.results import Result
from infoeval.results.result_details import Adjusted, Bounds, NoiseStep

Kind = Literal["text", "count", "number", "nats", "percent"]


@dataclass(frozen=True)
class EstimateCell:
    """A number with its interval, where it has one."""

    value: float | None
    low: float | None = None
    high: float | None = None


def estimate(found: Result | Bounds | Adjusted | NoiseStep | None) -> EstimateCell | None:
    """Return the cell of a number with its interval; None where there is none."""
    return None if found is None else EstimateCell(found.value, found.low, found.high)


Cell = str | int | float | EstimateCell | None
"""A cell of a table; None, not measured, is written as a dash."""


@dataclass(frozen=True)
class TableColumn:
    """A column's name, and how its numbers are written; "percent" takes a fraction."""

    name: str
    kind: Kind = "text"


def columns(*names: str | tuple[str, Kind], kind: Kind = "text") -> tuple[TableColumn, ...]:
    """Return columns of a ``kind``, and of another where a name comes with its own."""
    return tuple(TableColumn(*((n, kind) if isinstance(n, str) else n)) for n in names)


Table = tuple[tuple[TableColumn, ...], Sequence[tuple[Cell, ...]]]
"""The columns and the rows of a table."""


@dataclass(frozen=True)
class ReportTable:
    """Rows of cells under named columns; the first column heads its row.

    ``name`` is a file's stem, ``title`` the caption. ``hints`` says what each row is, where it has
    any: the page shows them as tooltips and on paper.
    """

    name: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    hints: tuple[str, ...] = ()


def parts(cell: Cell, kind: Kind) -> tuple[str, str]:
    """Return a cell of a table as text: its value, and its interval or nothing.

    >>> parts(EstimateCell(2.2996, 2.2956, 2.3026), "nats"), parts(EstimateCell(1.3, 1.2), "nats")
    (('2.30', '2.30 to 2.30'), ('1.30', '1.20 or more'))
    >>> parts(EstimateCell(0.0588, 0.0543, 0.0637), "percent"), parts(None, "number")
    (('5.9 %', '5.4 to 6.4 %'), ('–', ''))
    """
    if isinstance(cell, str):
        return cell, ""
    if not isinstance(cell, EstimateCell):
        return _value(cell, kind), ""
    return _value(cell.value, kind), "" if cell.value is None else _limits(cell, kind)


def written(cell: Cell, kind: Kind) -> str:
    """Return a cell of a table as one line.

    >>> written(EstimateCell(2.2996, 2.2856, 2.3026), "nats"), written(10000, "count")
    ('2.30 (2.29 to 2.30)', '10,000')
    """
    value, limits = parts(cell, kind)
    return f"{value} ({limits})" if limits else value


def _value(value: float | None, kind: Kind) -> str:
    if kind == "nats":
        return nats(value)
    if kind == "percent":
        return percent(value)
    if kind == "count" and value is not None and float(value).is_integer():
        return number(int(value))
    return number(value)


def _limits(cell: EstimateCell, kind: Kind) -> str:
    if kind != "percent":
        return between(cell.low, cell.high, lambda end: _value(end, kind))
    return percents(cell.low, cell.high)


_FORMULA = ("=", "+", "-", "@", "\t", "\n")
"""Beginnings of texts that a spreadsheet takes for formulas."""

Plain = str | int | float | None


def csv_table(table: ReportTable) -> str:
    """Return a table as CSV (RFC 4180 with line feeds), no number rounded.

    A column of estimates becomes three: the value, and where its interval begins and ends. What is
    None stays empty. Text that a spreadsheet would take for a formula gets an apostrophe in front.

    >>> columns = TableColumn("Code"), TableColumn("I", "nats")
    >>> rows = ("a, b", EstimateCell(2.25, 2.0, None)), ("=1+1", None)
    >>> print(csv_table(ReportTable("t", "T", columns, rows)), end="")
    Code,I,I low,I high
    "a, b",2.25,2.0,
    '=1+1,,,
    """
    wide = [
        any(isinstance(row[place], EstimateCell) for row in table.rows)
        for place in range(len(table.columns))
    ]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names: list[Plain] = []
    for column, is_wide in zip(table.columns, wide, strict=True):
        ends = (column.name, f"{column.name} low", f"{column.name} high")
        names += ends if is_wide else ends[:1]
    for row in (names, *(_csv_cells(row, wide) for row in table.rows)):
        writer.writerow(map(_safe, row))
    return buffer.getvalue()


def _csv_cells(row: tuple[Cell, ...], wide: list[bool]) -> list[Plain]:
    cells: list[Plain] = []
    for cell, is_wide in zip(row, wide, strict=True):
        if isinstance(cell, EstimateCell):
            cells += cell.value, cell.low, cell.high
        else:
            cells += (cell, None, None) if is_wide else (cell,)
    return cells


def _safe(cell: Plain) -> Plain:
    if not isinstance(cell, str):
        return cell
    # Python's writer does not quote a carriage return, which ends a row for others.
    text = cell.replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text


_MOST_ROWS = 40
"""Most rows of a table that fit on a page; longer tables are broken over several pages."""

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "^": r"\textasciicircum{}", "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%",
    # In the old fonts these are other characters.
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    # After the end of a row these are the beginning of an option; two dashes are another sign.
    "[": "{[}", "*": "{*}", "-": "{-}",
    # What pdfLaTeX knows by name only.
    "−": "$-$", "–": "--", "—": "---", "…": r"\ldots{}", "×": r"$\times$", "λ": r"$\lambda$",
    "σ": r"$\sigma$", "≥": r"$\geq$", "≤": r"$\leq$", "→": r"$\rightarrow$",
    "°": r"\textdegree{}", "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,",
}  # fmt: skip
_ESCAPES = str.maketrans(_LATEX)


def latex_table(table: ReportTable) -> str:
    r"""Return a table as LaTeX; user text stays text, whatever it holds.

    >>> columns = TableColumn("Code"), TableColumn("I", "nats")
    >>> print(latex_table(ReportTable("t", "50 %", columns, (("c_1", -0.5),))))
    % Needs \usepackage{booktabs}, and \usepackage{textcomp} before LaTeX of 2020.
    \begin{table}
      \centering
      \caption{50 \%}
      \label{tab:t}
      \begin{tabular}{lr}
        \toprule
        Code & I \\
        \midrule
        c\_1 & $-$0.50 \\
        \bottomrule
      \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    names = tuple(column.name for column in table.columns)
    head = _latex_row(names, columns(*names))
    rows = [_latex_row(row, table.columns) for row in table.rows]
    sides = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    caption, label = rf"\caption{{{latex_text(table.title)}}}", rf"\label{{tab:{table.name}}}"
    body = [r"\toprule", head, r"\midrule", *rows, r"\bottomrule"]
    needs = r"\usepackage{booktabs}, and \usepackage{textcomp} before LaTeX of 2020."
    if len(rows) > _MOST_ROWS:
        needs = rf"\usepackage{{longtable}}, {needs}"
        body.insert(3, r"\endhead")
        lines = [rf"\begin{{longtable}}{{{sides}}}"]
        lines += [f"  {line}" for line in (rf"{caption}{label} \\", *body)]
        lines += [r"\end{longtable}"]
    else:
        inner = [rf"\begin{{tabular}}{{{sides}}}", *(f"  {line}" for line in body)]
        inner = [r"\centering", caption, label, *inner, r"\end{tabular}"]
        lines = [r"\begin{table}", *(f"  {line}" for line in inner), r"\end{table}"]
    return "\n".join([f"% Needs {needs}", *lines, ""])


def latex_text(text: str) -> str:
    r"""Return a text so that LaTeX prints it as it is, on one line.

    >>> latex_text("50 % of a_b\n{c}--~")
    '50 \\% of a\\_b \\{c\\}{-}{-}\\textasciitilde{}'
    """
    return " ".join(text.split()).translate(_ESCAPES)


def _latex_row(cells: tuple[Cell, ...], columns: tuple[TableColumn, ...]) -> str:
    written = []
    for cell, column in zip(cells, columns, strict=True):
        value, limits = parts(cell, column.kind)
        small = rf" {{\footnotesize ({latex_text(limits)})}}" if limits else ""
        written.append(f"{latex_text(value)}{small}")
    return rf"{' & '.join(written)} \\"


_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~$#&@]")


def markdown_table(table: ReportTable) -> str:
    r"""Return a table as Markdown; user text stays text.

    >>> columns = TableColumn("Code"), TableColumn("I", "nats")
    >>> print(markdown_table(ReportTable("t", "T", columns, (("a|b", 2.25),))))
    | Code | I |
    | :--- | ---: |
    | a\|b | 2.25 |
    <BLANKLINE>
    """
    heads = [markdown_text(column.name) for column in table.columns]
    sides = [":---" if column.kind == "text" else "---:" for column in table.columns]
    kinds = [column.kind for column in table.columns]
    rows = [
        [markdown_text(written(*cell)) for cell in zip(r, kinds, strict=True)] for r in table.rows
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, sides, *rows))


def markdown_text(text: str) -> str:
    r"""Return a text so that Markdown shows it as it is, on a line that it does not begin.

    >>> markdown_text("<b> a_b\n# c")
    '\\<b\\> a\\_b \\# c'
    """
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))
