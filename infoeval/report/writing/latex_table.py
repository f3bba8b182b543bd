"""Tables as LaTeX, for pdfLaTeX, XeLaTeX and LuaLaTeX with booktabs."""

from infoeval.report.numbers import parts
from infoeval.report.text_table import Cell, Column, Table

__all__ = ["escaped", "latex_table"]

_MOST_ROWS = 40
"""Rows of a table that fit on a page; longer ones are broken over several."""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "%": r"\%",
    # In the old fonts these are other characters.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # After the end of a row these are the beginning of an option.
    "[": "{[}",
    "*": "{*}",
    # Two of them are a dash.
    "-": "{-}",
    # What pdfLaTeX knows by name only.
    "−": "$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "→": r"$\rightarrow$",
    "°": r"\textdegree{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
}  # fmt: skip
_ESCAPES = str.maketrans(_SPECIAL)


def latex_table(table: Table) -> str:
    r"""Write a table as LaTeX; user text stays text, whatever it holds.

    >>> columns = Column("Code"), Column("I", "nats")
    >>> print(latex_table(Table("t", "50 %", columns, (("c_1", -0.5),))))
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
    head = _row(tuple(column.name for column in table.columns), (Column(""),) * len(table.columns))
    rows = [_row(row, table.columns) for row in table.rows]
    sides = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    caption, label = rf"\caption{{{escaped(table.title)}}}", rf"\label{{tab:{table.name}}}"
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


def escaped(text: str) -> str:
    r"""Write any text so that LaTeX prints it as it is, on one line.

    >>> escaped("50 % of a_b\n{c}--~")
    '50 \\% of a\\_b \\{c\\}{-}{-}\\textasciitilde{}'
    """
    return " ".join(text.split()).translate(_ESCAPES)


def _row(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> str:
    written = [_cell(cell, column) for cell, column in zip(cells, columns, strict=True)]
    return rf"{' & '.join(written)} \\"


def _cell(cell: Cell, column: Column) -> str:
    value, limits = parts(cell, column.kind)
    small = rf" {{\footnotesize ({escaped(limits)})}}" if limits else ""
    return f"{escaped(value)}{small}"
