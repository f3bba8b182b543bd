"""The table of what codes of known meaning score beside a model, and what it makes of metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from infoeval.cli.terminal import escaped, interval, table

if TYPE_CHECKING:
    from infoeval.results import Result

KNOWN = ("noise", "common cause", "rotated", "twice")
PERFECT = ("exact as here", "exact")


def print_references(console: Console, results: "Sequence[Result]") -> None:
    """Print the model between the references of each metric, and which metrics mislead here."""
    scored = [result for result in results if result.typed.references is not None]
    if not scored:
        return
    rows = table("metric", *KNOWN, "this model", *PERFECT, right=True)
    for result in scored:
        limits = interval(result.low, result.high)
        value = f"{result.value:.4f}" + ("" if limits == "–" else f" ({limits})")
        known, perfect = (_cells(result, names) for names in (KNOWN, PERFECT))
        rows.add_row(escaped(result.name), *known, value, *perfect)
    console.print("\nreferences: codes of known meaning made of the same factors")
    console.print(rows)
    for result in scored:
        if result.typed.untrusted:
            console.print(result.typed.untrusted, markup=False, soft_wrap=True)


def _cells(result: "Result", names: Sequence[str]) -> list[str]:
    scores = result.details["references"]
    return [f"{scores[name]:.2f}" if name in scores else "–" for name in names]
