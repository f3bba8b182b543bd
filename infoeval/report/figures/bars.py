"""Bars of the information of each code, a bar for each model, against H(c) where that limits it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from infoeval.report.figure import Colours, Handle
from infoeval.report.figures.look import ENTROPY, Look, draw_beyond, entropy_line, entropy_mark
from infoeval.report.figures.naming import short
from infoeval.report.wording import levels, nats
from infoeval.results import Code, Result

_NOT_CONVERGED = "Q not converged: may be higher"


@dataclass(frozen=True)
class Bar:
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


Groups = Sequence[tuple[Code, Sequence[Bar]]]


def legend_of(groups: Groups, colours: Colours) -> list[Handle]:
    """Return the entries of the legend of ``draw_bars``."""
    bars = [bar for _, row in groups for bar in row]
    limited = any(code.limit is not None for code, _ in groups)
    handles: list[Handle] = [entropy_mark(colours)] if limited else []
    if any(bar.open for bar in bars):
        hatched: dict[str, Any] = {"facecolor": "none", "hatch": "///", "linewidth": 1}
        handles.append(Patch(label=_NOT_CONVERGED, edgecolor=colours["ink"], **hatched))
    return handles


def draw_bars(groups: Groups, drawing: Drawing, colours: Colours) -> None:
    """Draw a bar for each model under the name of each code."""
    # Loaded when something is drawn: it brings much with it.
    import seaborn as sns

    axes = drawing.add_subplot()
    rows = rows_of(groups)
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
            axes.text(0, top + 0.08, title_of(code), transform=place, va="center", weight="bold")
            top += 1
        _marks(axes, [top - 0.4, top + len(bars) - 0.6], code, colours)
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


def rows_of(groups: Groups) -> list[tuple[str, Bar | None]]:
    """Return label and bar of each row; a code of several models has a row for its name alone."""
    rows: list[tuple[str, Bar | None]] = []
    for code, bars in groups:
        alone = len(bars) == 1
        rows += [] if alone else [("", None)]
        rows += [(title_of(code) if alone else bar.look.name, bar) for bar in bars]
    return rows


def title_of(code: Code, longest: int = 24) -> str:
    """Return a code's name, with H(c) where that limits its information."""
    limit = "" if code.limit is None else f", {ENTROPY} {nats(code.limit)}"
    return f"{short(code.name, longest)}{limit}"


def _marks(axes: Axes, ends: Sequence[float], code: Code, colours: Colours) -> None:
    """Draw zero along the bars of a code, and H(c) where that limits them."""
    axes.plot([0, 0], ends, color=colours["ink"], linewidth=1)
    if code.limit is not None:
        axes.plot([code.limit] * 2, ends, **entropy_line(colours))


def _style(patch: Patch, bar: Bar, colours: Colours) -> None:
    """Fill the bars of models that have an information term; hatch what has not converged."""
    colour = colours[bar.look.colour]
    filled = bar.look.colour != "baseline" and not bar.open
    patch.set(facecolor=colour if filled else "none", edgecolor=colour, linewidth=1.5)
    if bar.open:
        patch.set_hatch("///")
        patch.set_hatchcolor(colour)


def _around(axes: Axes, row: int, bar: Bar, colours: Colours) -> None:
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
