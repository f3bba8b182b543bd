"""The information in each code: bars of each model or dots of each seed, and all its readings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from infoeval.reporting.figure import Colours, Figure, Handle
from infoeval.reporting.figures.dots import Dot, DotRow, draw_rows, height_of
from infoeval.reporting.figures.look import (
    BEYOND,
    ENTROPY,
    WIDE,
    Look,
    dots_legend,
    draw_beyond,
    entropy_line,
    entropy_mark,
    looks,
    median_mark,
)
from infoeval.reporting.figures.naming import short
from infoeval.reporting.tables import Cell, ReportTable, columns, estimate
from infoeval.reporting.wording import levels, nats
from infoeval.results import Code, Document, ModelResults, Result
from infoeval.results.result_details import INFORMATION, OWN_BOUND

_ROW = 20
"""Height of a bar's row, CSS pixels."""
_NOT_CONVERGED = "Q not converged: may be higher"


@dataclass(frozen=True)
class _Bar:
    """One model's information of a code.

    Where it is ``counted``, the number of levels that it tells apart stands beside it.
    """

    look: Look
    result: Result | None
    counted: bool = False

    @property
    def value(self) -> float | None:
        return self.result.value if self.result else None

    @property
    def open(self) -> bool:
        """Whether its Q had not converged."""
        convergence = self.result.convergence if self.result else None
        return convergence is not None and not convergence.converged


Groups = Sequence[tuple[Code, Sequence[_Bar]]]


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
        height=56 + _ROW * len(_rows_of(groups)),
        draw=partial(_draw_bars, groups),
        table=_table(document),
        legend=partial(_bars_legend, groups),
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


def _bars(document: Document, code: Code) -> list[_Bar]:
    if document.arrangement == "seeds":
        results = alike(document, code.name)
    else:
        results = [model.information(_own(model, code).name) for model in document.all_models]
    models = zip(looks(document), results, strict=True)
    return [_Bar(look, result, counted=code.limit is None) for look, result in models]


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


def _bars_legend(groups: Groups, colours: Colours) -> list[Handle]:
    """Return the entries of the legend of ``_draw_bars``."""
    bars = [bar for _, row in groups for bar in row]
    limited = any(code.limit is not None for code, _ in groups)
    handles: list[Handle] = [entropy_mark(colours)] if limited else []
    if any(bar.open for bar in bars):
        hatched: dict[str, Any] = {"facecolor": "none", "hatch": "///", "linewidth": 1}
        handles.append(Patch(label=_NOT_CONVERGED, edgecolor=colours["ink"], **hatched))
    return handles


def _draw_bars(groups: Groups, drawing: Drawing, colours: Colours) -> None:
    """Draw a bar for each model under the name of each code."""
    # Loaded when something is drawn: it brings much with it.
    import seaborn as sns

    axes = drawing.add_subplot()
    rows = _rows_of(groups)
    measured = {
        row: bar for row, (_, bar) in enumerate(rows) if bar is not None and bar.value is not None
    }
    sns.barplot(
        x=[bar.value for bar in measured.values()],
        y=[str(row) for row in measured],
        order=[str(row) for row in range(len(rows))],
        width=0.62,
        errorbar=None,
        ax=axes,
    )
    for patch, drawn in zip(axes.patches, measured.values(), strict=True):
        _style(patch, drawn, colours)
    for row, (_, bar) in enumerate(rows):
        if bar is not None:
            _around(axes, row, bar, colours)
    top = 0
    for code, bars in groups:
        if len(bars) > 1:
            place = axes.get_yaxis_transform()
            axes.text(0, top + 0.08, _title_of(code), transform=place, va="center", weight="bold")
            top += 1
        _limit_of(axes, [top - 0.4, top + len(bars) - 0.6], code, colours)
        top += len(bars)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    low, high = axes.get_xlim()
    # Room for the number that stands at the end of the longest bar.
    room = 0.34 if any(bar.counted for bar in measured.values()) else 0.14
    axes.set_xlim(min(low, 0), high + room * (high - low))
    for row, bar in measured.items():
        if bar.open and bar.result is not None and bar.value is not None:
            draw_beyond(axes, row, bar.value, bar.result.high, colours)
    axes.set(xlabel="nats", ylabel="")


def _rows_of(groups: Groups) -> list[tuple[str, _Bar | None]]:
    """Return label and bar of each row; a code of several models has a row for its name alone."""
    rows: list[tuple[str, _Bar | None]] = []
    for code, bars in groups:
        alone = len(bars) == 1
        rows += [] if alone else [("", None)]
        rows += [(_title_of(code) if alone else bar.look.name, bar) for bar in bars]
    return rows


def _title_of(code: Code, longest: int = 24) -> str:
    """Return a code's name, with H(c) where that limits its information."""
    limit = "" if code.limit is None else f", {ENTROPY} {nats(code.limit)}"
    return f"{short(code.name, longest)}{limit}"


def _limit_of(axes: Axes, ends: Sequence[float], code: Code, colours: Colours) -> None:
    """Draw zero along the bars of a code, and H(c) where that limits them."""
    axes.plot([0, 0], ends, color=colours["ink"], linewidth=1)
    if code.limit is not None:
        axes.plot([code.limit] * 2, ends, **entropy_line(colours))


def _style(patch: Patch, bar: _Bar, colours: Colours) -> None:
    """Fill the bars of models that have an information term; hatch what has not converged."""
    colour = colours[bar.look.colour]
    filled = bar.look.colour != "baseline" and not bar.open
    patch.set(facecolor=colour if filled else "none", edgecolor=colour, linewidth=1.5)
    if bar.open:
        patch.set_hatch("///")
        patch.set_hatchcolor(colour)


def _around(axes: Axes, row: int, bar: _Bar, colours: Colours) -> None:
    """Draw the interval and the number of one bar."""
    if bar.result is None or bar.value is None:
        axes.text(0, row, " not measured", va="center", color=colours["soft"])
        return
    low, high = (bar.value if end is None else end for end in (bar.result.low, bar.result.high))
    if bar.open:
        high = bar.value
    axes.plot([low, high], [row, row], color=colours["ink"], linewidth=1.4)
    end = max(bar.value, high, 0.0)
    counted = f" ≈ {levels(bar.value)} levels" if bar.counted else ""
    axes.annotate(
        # The spaces keep what is dotted off the number: it would look like a minus sign.
        f"\u00a0\u00a0{nats(bar.value)}{counted}\u00a0",
        (end, row),
        (2, 0),
        textcoords="offset points",
        va="center",
        bbox={"facecolor": colours["card"], "edgecolor": "none", "pad": 1},
    )


def _seeds_row(code: Code, bars: Sequence[_Bar]) -> DotRow:
    dots = [
        Dot(bar.look, bar.result.value, hollow=bar.open, open=bar.open, most=bar.result.high)
        for bar in bars
        if bar.result is not None
    ]
    seeds = [dot.value for dot in dots if dot.look.colour != "baseline"]
    return DotRow(
        _title_of(code, 18),
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
        median_mark(colours),
    ]


def _table(document: Document) -> ReportTable:
    """Return all readings of the information of each code, and what each is; the headline first."""
    several = ["Model"] if len(document.all_models) > 1 else []
    names = [code.name for code in document.all_codes]
    heads = (*columns("Reading", *several), *columns(*names, kind="nats"), *columns("What it is"))
    by_model = [
        (model.label, [_readings(model, _own(model, code)) for code in document.all_codes])
        for model in document.all_models
    ]
    given = {key for _, found in by_model for each in found for key in each}
    noise = sorted(key for key in given if isinstance(key, float))
    keys: list[str | float] = [*_MEANINGS, *noise]
    rows: list[tuple[Cell, ...]] = []
    for key in keys:
        name = key if isinstance(key, str) else f"noise of σ = {key:.3g}"
        meaning = _MEANINGS[key] if isinstance(key, str) else _UNDER_NOISE
        for label, found in by_model:
            cells = [each.get(key) for each in found]
            if any(cell is not None for cell in cells):
                rows.append((name, *([label] if several else []), *cells, meaning))
    title = "Every reading of each code's information, in nats"
    return ReportTable("information", title, heads, tuple(rows))


_MEANINGS = {
    "headline": "the number that the rest of the page means: by a Q trained afterwards where there "
    "is one, in the same way for every model, else by the model's own Q; its upper end is what "
    "more training of Q might find",
    "Q converged": "whether a larger Q or more training would find less than 0.01",
    "levels": "e to the headline: so many equally likely values can be told apart in an image",
    "H(c)": "the most that a code of so many categories can carry",
    "own Q": "by the Q that was trained with the generator, L_I of the paper",
    "certified": "the information is larger with this confidence, whatever Q is",
    "read back": "between the code and the single best guess of Q: less than the headline, which "
    "has all of Q's distribution",
}
"""Readings of the information of a code, and what each is."""
_UNDER_NOISE = "what is left of the headline when such noise is added to every pixel (0 to 1)"


def _readings(model: ModelResults, code: Code) -> dict[str | float, Cell]:
    """Return the readings by name, and those under pixel noise by its deviation."""
    headline, afterwards = model.information(code.name), model.find(INFORMATION, code.name)
    details = afterwards.information if afterwards else None
    convergence = headline.convergence if headline else None
    return {
        "headline": estimate(headline),
        "Q converged": None if convergence is None else "yes" if convergence.converged else "no",
        "levels": f"≈ {levels(headline.value)}" if headline and code.limit is None else None,
        "H(c)": code.limit if headline else None,
        "own Q": estimate(model.find(OWN_BOUND, code.name)),
        "certified": details.certified if details else None,
        "read back": _read_back(model, code.name),
        **{step.deviation: estimate(step) for step in (details.noise if details else ())},
    }


def _read_back(model: ModelResults, code: str) -> float | None:
    """Return what Q's best guesses tell of the code: its place on the diagonal of the leakage."""
    for result in model.results:
        leakage = result.information.leakage if result.information else None
        if leakage and code in leakage.names:
            place = leakage.names.index(code)
            return leakage.matrix[place][place]
    return None
