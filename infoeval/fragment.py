"""A small table for a notebook, in the colours of the report; all text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

_TABLE = "border-collapse:collapse;font:13px system-ui,sans-serif;font-variant-numeric:tabular-nums"
_CELL = "padding:2px 10px;border:0;border-bottom:1px solid #8884;text-align:"
_WIDTH, _HEIGHT = 120, 14
_MOST_ROWS = 40

Estimate = tuple[float, float | None, float | None]
"""A value, and the limits of its interval."""


def fragment(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    estimates: Sequence[Estimate | None] = (),
    notes: Iterable[str] = (),
) -> str:
    """Return HTML of a table whose cells are text.

    Args:
        title: the line above it.
        header: the names of the columns.
        rows: the cells of each row; numbers stand to the right.
        estimates: one for each row, drawn on a common scale in one more column; None: not drawn.
        notes: lines below it.

    >>> html = fragment("<b>", ["of"], [["<script>"]])
    >>> "<script>" in html, "&lt;script&gt;" in html
    (False, True)
    """
    shown, left_out = rows[:_MOST_ROWS], len(rows) - _MOST_ROWS
    drawn = any(estimate is not None for estimate in estimates)
    body = [_row(header, "th", [""] if drawn else [])]
    drawings = _drawings(estimates[:_MOST_ROWS]) if drawn else []
    for number, row in enumerate(shown):
        body.append(_row(row, "td", drawings[number : number + 1]))
    below = [*notes, *([f"… and {left_out} more rows"] if left_out > 0 else [])]
    lines = "".join(f'<div style="opacity:.75">{escape(line)}</div>' for line in below)
    return (
        f'<div style="font:13px system-ui,sans-serif"><strong>{escape(title)}</strong>'
        f'<table style="{_TABLE}">{"".join(body)}</table>{lines}</div>'
    )


def interval(low: float | None, high: float | None) -> str:
    """Return "0.35 to 0.47", or nothing where a limit is not known.

    >>> interval(0.35, 0.4712345), interval(None, 1.0)
    ('0.35 to 0.4712', '')
    """
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _row(cells: Sequence[str], kind: str, drawn: Sequence[str]) -> str:
    marked = [
        f'<{kind} style="{_CELL}{"right" if _is_number(cell) else "left"}">{escape(cell)}</{kind}>'
        for cell in cells
    ]
    marked += [f'<{kind} style="{_CELL}left">{drawing}</{kind}>' for drawing in drawn]
    return f"<tr>{''.join(marked)}</tr>"


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or (cell[:1] in ("-", "−") and cell[1:2].isdigit())


def _drawings(estimates: Sequence[Estimate | None]) -> list[str]:
    """Return an SVG of each estimate: a dot at its value on a bar from low to high."""
    ends = [end for estimate in estimates for end in estimate or () if end is not None]
    least, most = min(0.0, *ends), max(1.0, *ends)

    def at(value: float) -> str:
        return f"{4 + (value - least) / (most - least) * (_WIDTH - 8):.1f}"

    def drawing(value: float, low: float | None, high: float | None) -> str:
        y = _HEIGHT / 2
        bar = ""
        if low is not None and high is not None:
            bar = f'<line x1="{at(low)}" x2="{at(high)}" y1="{y}" y2="{y}" stroke="#0072b2"/>'
        return (
            f'<svg width="{_WIDTH}" height="{_HEIGHT}" stroke-width="2" role="img" '
            f'aria-label="{value:.4g}"><line x1="4" x2="{_WIDTH - 4}" y1="{y}" y2="{y}" '
            f'stroke="#8884" stroke-width="1"/>{bar}'
            f'<circle cx="{at(value)}" cy="{y}" r="3" fill="#0072b2"/></svg>'
        )

    return ["" if estimate is None else drawing(*estimate) for estimate in estimates]
