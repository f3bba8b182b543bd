"""Results drawn on a user's own axes: a dot a result, on its interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infoeval.errors import UserError, unknown
from infoeval.results.records import Result
from infoeval.results.result_details import SCORE_UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from infoeval.results.model_results import ModelResults

_LEAST_HEIGHT, _ROW_HEIGHT = 1.0, 0.28


def draw_dots(
    models: "Sequence[ModelResults]", metrics: Sequence[str] | None, ax: "Axes | None"
) -> "Axes":
    """Return axes with a row for each metric and target, and a dot in it for each model.

    Metrics of one unit are drawn together: scores where there are any, else nats. Raises UserError
    for a metric that was not measured, and where there is nothing to draw.
    """
    names = {result.metric for model in models for result in model.results}
    for name in metrics or ():
        if name not in names:
            raise UserError(unknown("no result of a metric called", name, sorted(names)))
    chosen = [
        [result for result in model.results if metrics is None or result.metric in metrics]
        for model in models
    ]
    units = [_unit(result) for results in chosen for result in results]
    if not units:
        raise UserError("no results, and nothing to draw")
    unit = "score" if "score" in units else units[0]
    chosen = [[result for result in results if _unit(result) == unit] for results in chosen]
    rows = list(dict.fromkeys(_label(result) for results in chosen for result in results))
    if ax is None:
        import matplotlib.pyplot as plt

        height = max(_LEAST_HEIGHT, _ROW_HEIGHT * len(rows) + 0.6)
        _, ax = plt.subplots(figsize=(6, height), layout="constrained")
    for number, (model, results) in enumerate(zip(models, chosen, strict=True)):
        shift = 0.5 * (number - (len(models) - 1) / 2) / max(len(models), 2)
        _draw_model(ax, results, rows, shift, f"C{number}", model.label)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(unit)
    if unit == "score":
        ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    if len(models) > 1:
        ax.legend(frameon=False)
    return ax


def _draw_model(
    ax: "Axes", results: Sequence[Result], rows: Sequence[str], shift: float, color: str, label: str
) -> None:
    for number, result in enumerate(results):
        at = rows.index(_label(result)) + shift
        if result.low is not None and result.high is not None:
            ax.plot([result.low, result.high], [at, at], color=color, linewidth=2)
        if result.chance is not None:
            ax.plot(result.chance.mean, at, "|", color="0.5", markersize=8)
        ax.plot(result.value, at, "o", color=color, label="_" if number else label)


def _unit(result: Result) -> str:
    return "score" if result.unit in SCORE_UNITS else result.unit


def _label(result: Result) -> str:
    # A text of somebody's file is no formula.
    return f"{result.name} {result.target or ''}".strip().replace("$", r"\$")
