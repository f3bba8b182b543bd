"""The table of what codes of known meaning score beside a model, and what it makes of metrics."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.cli.terminal import escaped, table

if TYPE_CHECKING:
    from infoeval.results import Result

KNOWN = ("noise", "common cause", "rotated", "twice")
PERFECT = ("exact as here", "exact")
LONGEST = 20
"""The longest name of a metric that leaves room for its numbers in 80 columns."""


def print_references(console: Console, results: "Sequence[Result]") -> None:
    """Print the model between the references of each metric, and which metrics mislead here."""
    scored = [result for result in results if result.typed.references is not None]
    if not scored:
        return
    rows = table("metric", *KNOWN, "this model", *PERFECT, right=True)
    rows.padding = (0, 1, 0, 0)
    for place in (0, 1 + len(KNOWN)):
        rows.columns[place].no_wrap = True
    for result in scored:
        known, perfect = (_cells(result, names) for names in (KNOWN, PERFECT))
        rows.add_row(_name(result), *known, _value(result), *perfect)
    console.print("\nreferences: codes of known meaning made of the same factors")
    console.print(rows)
    for result in scored:
        if result.typed.untrusted:
            console.print(result.typed.untrusted, markup=False, soft_wrap=True)


def _name(result: "Result") -> str:
    """Return the metric, broken at a hyphen where it leaves too little room for the numbers."""
    return escaped("\n".join(textwrap.wrap(result.name, LONGEST)))


def _value(result: "Result") -> str:
    ends = ["" if end is None else f"{end:.2f}" for end in (result.low, result.high)]
    limits = f" ({'–'.join(ends)})" if any(ends) else ""
    return f"{result.value:.2f}{limits}"


def _cells(result: "Result", names: Sequence[str]) -> list[str]:
    scores = result.details["references"]
    return [f"{scores[name]:.2f}" if name in scores else "–" for name in names]
