"""The information in each code: bars of each model or dots of each seed, and all its readings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.bars import Bar, draw_bars, legend_of, rows_of, title_of
from infoeval.report.figures.dots import Dot, DotRow, draw_rows, height_of
from infoeval.report.figures.look import BEYOND, WIDE, dots_legend, entropy_mark, looks
from infoeval.report.tables import Cell, ReportTable, columns, estimate
from infoeval.report.wording import levels
from infoeval.results import Code, Document, ModelResults, Result
from infoeval.results.records import INFORMATION, OWN_BOUND

_ROW = 20
"""Height of a bar's row, CSS pixels."""
_MEDIAN = "median of the seeds"


def information(document: Document) -> tuple[Figure, ...]:
    """Return the figure of the information in each code; none where nothing was measured."""
    groups = [(code, _bars(document, code)) for code in document.all_codes]
    bars = [bar for _, group in groups for bar in group]
    if all(bar.result is None for bar in bars):
        return ()
    unsure = f"; {BEYOND}" if any(bar.open for bar in bars) else ""
    figure = Figure(
        name="information",
        title="Information in each code, in nats",
        caption=f"Bars: lower bound on I(c; x), with its interval{_limits(document)}{unsure}.",
        width=WIDE,
        height=56 + _ROW * len(rows_of(groups)),
        draw=partial(draw_bars, groups),
        table=_table(document),
        legend=partial(legend_of, groups),
    )
    if document.arrangement != "seeds":
        return (figure,)
    own = {bar.result.metric for bar in bars if bar.result} == {OWN_BOUND}
    unsure = f"; hollow: Q had not converged{unsure}" if unsure else ""
    rows = [_seeds_row(code, group) for code, group in groups]
    dots = replace(
        figure,
        title="Information in each code in every seed, in nats",
        caption=f"A dot for each seed; the seed shown is ringed{_limits(document)}{unsure}."
        + (" By each model's own Q." if own else ""),
        height=height_of(rows),
        draw=partial(_draw_dots, rows),
        legend=partial(_dots_legend, document),
    )
    return (dots,)


def _bars(document: Document, code: Code) -> list[Bar]:
    if document.arrangement == "seeds":
        results = alike(document, code.name)
    else:
        results = [model.information(_own(model, code).name) for model in document.all_models]
    models = zip(looks(document), results, strict=True)
    return [Bar(look, result, counted=code.limit is None) for look, result in models]


def _own(model: ModelResults, code: Code) -> Code:
    """Return the code of a model that is aligned with one of the model shown first."""
    return code.model_copy(update={"name": model.own_name(code.name) or code.name})


def alike(document: Document, code: str) -> list[Result | None]:
    """Return the information of a code in every model, estimated in the same way in every seed.

    By a Q trained afterwards where all seeds have that, else by their own Qs where all have those.
    """
    for metric in (INFORMATION, OWN_BOUND):
        results = [model.find(metric, model.own_name(code)) for model in document.all_models]
        if all(results[model.index] for model in document.peers):
            return results
    return [model.information(model.own_name(code) or code) for model in document.all_models]


def _limits(document: Document) -> str:
    limited = any(code.limit is not None for code in document.all_codes)
    return "; dashed: H(c), the most that a code of categories can carry" if limited else ""


def _seeds_row(code: Code, bars: Sequence[Bar]) -> DotRow:
    dots = [
        Dot(bar.look, bar.result.value, hollow=bar.open, open=bar.open, most=bar.result.high)
        for bar in bars
        if bar.result is not None
    ]
    seeds = [dot.value for dot in dots if dot.look.colour != "baseline"]
    return DotRow(
        title_of(code, 18),
        tuple(dots),
        lane=0.62,
        median=median(seeds) if seeds else None,
        limit=code.limit,
    )


def _draw_dots(rows: Sequence[DotRow], drawing: Drawing, colours: Colours) -> None:
    axes = drawing.add_subplot()
    draw_rows(axes, rows, colours)
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))
    axes.set_xlabel("nats")


def _dots_legend(document: Document, colours: Colours) -> list[Handle]:
    return [
        *dots_legend(looks(document), colours),
        *([entropy_mark(colours)] if _limits(document) else []),
        Line2D([], [], color=colours["ink"], linewidth=1.8, label=_MEDIAN),
    ]


def _table(document: Document) -> ReportTable:
    """Return all readings of the information of each code, and what each is; the headline first."""
    several = len(document.all_models) > 1
    names = [code.name for code in document.all_codes]
    heads = (
        *columns("Reading", *(["Model"] if several else [])),
        *columns(*names, kind="nats"),
        *columns("What it is"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, meaning, cell_of in (*_READINGS, *_under_noise(document)):
        for model in document.all_models:
            cells = [cell_of(model, _own(model, code)) for code in document.all_codes]
            if any(cell is not None for cell in cells):
                rows.append((name, *([model.label] if several else []), *cells, meaning))
    title = "Every reading of each code's information, in nats"
    return ReportTable("information", title, heads, tuple(rows))


def _levels(model: ModelResults, code: Code) -> Cell:
    """Return how many equally likely values the headline tells apart; of a continuous code."""
    result = model.information(code.name)
    if result is None or code.limit is not None:
        return None
    return f"≈ {levels(result.value)}"


def _certified(model: ModelResults, code: Code) -> Cell:
    result = model.find(INFORMATION, code.name)
    return result.information.certified if result and result.information else None


def _converged(model: ModelResults, code: Code) -> Cell:
    result = model.information(code.name)
    if result is None or result.convergence is None:
        return None
    return "yes" if result.convergence.converged else "no"


def _read_back(model: ModelResults, code: Code) -> Cell:
    """Return what Q's best guesses tell of the code: its place on the diagonal of the leakage."""
    for result in model.results:
        leakage = result.information.leakage if result.information else None
        if leakage and code.name in leakage.names:
            place = leakage.names.index(code.name)
            return leakage.matrix[place][place]
    return None


_READINGS: tuple[tuple[str, str, Callable[[ModelResults, Code], Cell]], ...] = (
    (
        "headline",
        "the number that the rest of the page means: by a Q trained afterwards where there is one, "
        "in the same way for every model, else by the model's own Q; its upper end is what more "
        "training of Q might find",
        lambda model, code: estimate(model.information(code.name)),
    ),
    ("Q converged", "whether a larger Q or more training would find less than 0.01", _converged),
    (
        "levels",
        "e to the headline: so many equally likely values can be told apart in an image",
        _levels,
    ),
    (
        "H(c)",
        "the most that a code of so many categories can carry",
        lambda model, code: code.limit if model.information(code.name) else None,
    ),
    (
        "own Q",
        "by the Q that was trained with the generator, L_I of the paper",
        lambda model, code: estimate(model.find(OWN_BOUND, code.name)),
    ),
    (
        "certified",
        "the information is larger with this confidence, whatever Q is",
        _certified,
    ),
    (
        "read back",
        "between the code and the single best guess of Q: less than the headline, which has all of "
        "Q's distribution",
        _read_back,
    ),
)
"""Name of a reading, what it is, and its cell."""


def _under_noise(
    document: Document,
) -> Iterator[tuple[str, str, Callable[[ModelResults, Code], Cell]]]:
    """Yield the information that is left under pixel noise, as further readings."""
    measured = [
        step.deviation
        for model in document.all_models
        for result in model.results
        for step in (result.information.noise if result.information else ())
    ]
    for deviation in sorted(set(measured)):
        meaning = "what is left of the headline when such noise is added to every pixel (0 to 1)"
        yield f"noise of σ = {deviation:.3g}", meaning, partial(_left_under, deviation)


def _left_under(deviation: float, model: ModelResults, code: Code) -> Cell:
    result = model.find(INFORMATION, code.name)
    steps = result.information.noise if result and result.information else ()
    return estimate(next((step for step in steps if step.deviation == deviation), None))
