"""Results and differences as tables for a notebook."""

from typing import TYPE_CHECKING

from infoeval.fragment import Estimate, fragment, interval
from infoeval.results.result_details import SCORE_UNITS

if TYPE_CHECKING:
    from infoeval.results.document import Document


def document_table(document: "Document", title: str) -> str:
    """Return HTML of a row for each result of each model, and of what was skipped.

    As in the terminal, a code and a factor have a row where they are paired.
    """
    several = bool(document.models)
    rows: list[list[str]] = []
    estimates: list[Estimate | None] = []
    left_out = 0
    for model in document.all_models:
        for each in model.results:
            if each.unpaired:
                left_out += 1
                continue
            scored = each.unit in SCORE_UNITS
            chance = "" if each.chance is None else f"{each.chance.mean:.4g}"
            value = f"{each.value:.4g}" + ("" if scored else f" {each.unit}")
            cells = [each.name, each.target or "", value, interval(each.low, each.high), chance]
            rows.append([*([model.label] if several else []), *cells, f"{each.n:,}"])
            estimates.append((each.value, each.low, each.high) if scored else None)
    levels = {result.level for result in document.results if result.level is not None}
    level = f"{100 * levels.pop():g} % interval" if len(levels) == 1 else "interval"
    header = ["metric", "of", "value", level, "chance", "n"]
    notes = [f"skipped: {names}: {why}" for why, names in document.skipped_by_reason().items()]
    if left_out:
        notes.append(f"{left_out} pairs of a code and a factor that are not matched: to_frame()")
    return fragment(
        title,
        [*(["model"] if several else []), *header],
        rows,
        estimates,
        notes,
    )


def differences_table(document: "Document") -> str:
    """Return HTML of a row for each difference of the first model from another."""
    models = document.all_models
    rows = [
        [
            f"{each.name} {each.target or ''}".strip(),
            f"{models[each.base].label} − {models[each.model].label}",
            *(f"{value:.4g}" for value in (each.first, each.second, each.difference)),
            interval(each.low, each.high),
        ]
        for each in document.differences
    ]
    header = ["metric", "models", "first", "second", "difference", "interval"]
    return fragment("Comparison", header, rows)
