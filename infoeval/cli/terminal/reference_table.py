"""The table of what codes of known meaning score beside a model, and what it makes of metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infoeval.cli.terminal.screen import Screen, table
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.results import Result

KNOWN = ("noise", "common cause", "rotated", "twice")
PERFECT = ("exact as here", "exact")


def print_references(screen: Screen, results: "Sequence[Result]") -> None:
    """Print the model between the references of each metric, and which metrics mislead here."""
    scored = [result for result in results if result.typed.references is not None]
    if not scored:
        return
    rows = table("metric", *KNOWN, "this model", *PERFECT, right=True)
    rows.padding = (0, 1, 0, 0)
    for result in scored:
        known, perfect = (_cells(result, names) for names in (KNOWN, PERFECT))
        rows.add_row(printable(result.name), *known, _value(result), *perfect)
    screen.print()
    screen.print_line("references: codes of known meaning made of the same factors")
    screen.print_table(rows)
    for result in scored:
        if result.typed.untrusted:
            screen.print_line(result.typed.untrusted, soft_wrap=True)


def _value(result: "Result") -> str:
    ends = ["" if end is None else f"{end:.2f}" for end in (result.low, result.high)]
    limits = f" ({'–'.join(ends)})" if any(ends) else ""
    return f"{result.value:.2f}{limits}"


def _cells(result: "Result", names: Sequence[str]) -> list[str]:
    scores = result.details["references"]
    return [f"{scores[name]:.2f}" if name in scores else "–" for name in names]
