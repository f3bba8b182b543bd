"""Tables and text as Markdown (GitHub's)."""

import re

from infoeval.report.numbers import written
from infoeval.report.text_table import Table

__all__ = ["markdown_table", "markdown_text"]

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~$#&@]")


def markdown_table(table: Table) -> str:
    r"""Write a table; user text stays text.

    >>> from infoeval.report.text_table import Column
    >>> columns = Column("Code"), Column("I", "nats")
    >>> print(markdown_table(Table("t", "T", columns, (("a|b", 2.25),))))
    | Code | I |
    | :--- | ---: |
    | a\|b | 2.25 |
    <BLANKLINE>
    """
    heads = [markdown_text(column.name) for column in table.columns]
    sides = [":---" if column.kind == "text" else "---:" for column in table.columns]
    rows = [
        [
            markdown_text(written(cell, column.kind))
            for cell, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, sides, *rows))


def markdown_text(text: str) -> str:
    r"""Write any text so that Markdown shows it as it is, on a line that it does not begin.

    >>> markdown_text("<b> a_b\n# c")
    '\\<b\\> a\\_b \\# c'
    """
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))
