"""The information in each code against H(c): bars of each model, or dots of each seed."""

from collections.abc import Sequence
from functools import partial
from statistics import median

from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.bars import Bar, draw_bars, legend_of, rows_of
from infoeval.report.figures.dots import Dot, DotRow, draw_rows, height_of
from infoeval.report.figures.look import (
    BEYOND,
    ENTROPY,
    WIDE,
    Look,
    dots_legend,
    entropy_mark,
    estimate,
    looks,
)
from infoeval.report.figures.naming import short
from infoeval.report.tables import Cell, ReportTable, TableColumn
from infoeval.report.wording import nats
from infoeval.results import Code, Document, ModelResults, Result
from infoeval.results.records import INFORMATION, OWN_BOUND

_ROW = 25
"""Height of a bar's row, CSS pixels."""
_MEDIAN = "median of the seeds"


def information(document: Document) -> Figure | None:
    """Return the figure of the information in each code; None where nothing was measured."""
    groups = [
        (code, [_bar(model, look, code) for model, look in _drawn(document)])
        for code in document.all_codes
    ]
    if all(bar.result is None for _, bars in groups for bar in bars):
        return None
    if document.arrangement == "seeds":
        return _of_seeds(document)
    unsure = any(bar.open for _, bars in groups for bar in bars)
    return Figure(
        name="information",
        title="Information in each code against its entropy H(c), in nats",
        caption=(
            "Bars: lower bound on I(c; x), with its interval; dashed: the code's entropy"
            f"{f'; {BEYOND}' if unsure else ''}."
        ),
        width=WIDE,
        height=56 + _ROW * len(rows_of(groups)),
        draw=partial(draw_bars, groups),
        table=_table(document),
        legend=partial(legend_of, groups),
    )


def _drawn(document: Document) -> list[tuple[ModelResults, Look]]:
    return list(zip(document.all_models, looks(document), strict=True))


def _bar(model: ModelResults, look: Look, code: Code) -> Bar:
    name = model.own_name(code.name) or code.name
    result, own = model.information(name), model.find(OWN_BOUND, name)
    beside = own if result is not None and result.metric == INFORMATION else None
    return Bar(look, result, beside.value if beside else None)


def alike(document: Document, code: str) -> list[Result | None]:
    """Return the information of a code in every model, estimated in the same way in every seed.

    By a Q trained afterwards where all seeds have that, else by their own Qs where all have those.
    """
    for metric in (INFORMATION, OWN_BOUND):
        results = [model.find(metric, model.own_name(code)) for model in document.all_models]
        if all(results[model.index] for model in document.peers):
            return results
    return [model.information(model.own_name(code) or code) for model in document.all_models]


def _of_seeds(document: Document) -> Figure:
    groups = [
        (
            code,
            [
                Bar(look, result, None)
                for look, result in zip(looks(document), alike(document, code.name), strict=True)
            ],
        )
        for code in document.all_codes
    ]
    metrics = {bar.result.metric for _, bars in groups for bar in bars if bar.result}
    own = " By each model's own Q." if metrics == {OWN_BOUND} else ""
    rows = [_seeds_row(code, bars) for code, bars in groups]
    unsure = any(dot.open for row in rows for dot in row.dots)
    return Figure(
        name="information",
        title="Information in each code in every seed, against its entropy H(c), in nats",
        caption=(
            "A dot for each seed; the seed shown is ringed"
            f"{f'; hollow: Q had not converged; {BEYOND}' if unsure else ''}.{own}"
        ),
        width=WIDE,
        height=height_of(rows),
        draw=partial(_draw_dots, rows),
        table=_table(document),
        legend=partial(_dots_legend, document),
    )


def _seeds_row(code: Code, bars: Sequence[Bar]) -> DotRow:
    dots = [
        Dot(bar.look, bar.result.value, hollow=bar.open, open=bar.open, most=bar.result.high)
        for bar in bars
        if bar.result is not None
    ]
    seeds = [dot.value for dot in dots if dot.look.colour != "baseline"]
    return DotRow(
        f"{short(code.name, 18)}, {ENTROPY} {nats(code.entropy)}",
        tuple(dots),
        lane=0.62,
        median=median(seeds) if seeds else None,
        limit=code.entropy,
    )


def _draw_dots(rows: Sequence[DotRow], drawing: Drawing, colours: Colours) -> None:
    axes = drawing.add_subplot()
    draw_rows(axes, rows, colours)
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))
    axes.set_xlabel("nats")


def _dots_legend(document: Document, colours: Colours) -> list[Handle]:
    return [
        *dots_legend(looks(document), colours),
        entropy_mark(colours),
        Line2D([], [], color=colours["ink"], linewidth=1.8, label=_MEDIAN),
    ]


def _table(document: Document) -> ReportTable:
    """Return a row for each code of each model."""
    several = len(document.all_models) > 1
    columns = [
        TableColumn("Code"),
        *([TableColumn("Model")] if several else []),
        TableColumn("H(c), nats", "nats"),
        TableColumn("Information, nats", "nats"),
        TableColumn("Estimated by"),
        TableColumn("Missed by the search, nats", "nats"),
        TableColumn("Own Q, nats", "nats"),
    ]
    rows = [
        (
            code.name if own == code.name else f"{code.name}, here {own}",
            *([model.label] if several else []),
            code.entropy,
            *_cells(model, own),
        )
        for code in document.all_codes
        for model in document.all_models
        for own in [model.own_name(code.name) or code.name]
    ]
    return ReportTable("information", "Information in each code", tuple(columns), tuple(rows))


def _cells(model: ModelResults, code: str) -> tuple[Cell, ...]:
    result, own = model.information(code), model.find(OWN_BOUND, code)
    if result is None:
        return None, "not measured", None, estimate(own)
    convergence = result.convergence
    if result.metric == OWN_BOUND:
        reader = "its own Q"
    elif convergence is None:
        reader = "a Q trained afterwards"
    else:
        state = "converged" if convergence.converged else "not converged"
        reader = f"a Q trained afterwards, {state}"
    return estimate(result), reader, convergence.missed if convergence else None, estimate(own)
