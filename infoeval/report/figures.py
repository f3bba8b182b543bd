"""The figures of the page: bars of L_I, training curves, the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from infoeval.report.document import Clustering
from infoeval.report.numbers import nats
from infoeval.report.svg import COLOURS, canvas, inline

__all__ = ["Bar", "BarGroup", "Line", "bars", "code_order", "confusion", "curves"]

_MOST_POINTS = 400
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Bar:
    """One model's L_I of a code, in nats, with its interval where there is one."""

    label: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BarGroup:
    """A code: H(c) in nats, this run's bar and, where there is a twin, the twin's."""

    name: str
    entropy: float
    subject: Bar
    baseline: Bar | None


@dataclass(frozen=True)
class Line:
    """A training curve; None where a value was not finite."""

    steps: Sequence[int]
    values: Sequence[float | None]


def bars(groups: Sequence[BarGroup], *, name: str, title: str) -> Markup:
    """Draw L_I of each code against the line of H(c), the twin's bar beneath."""
    rows = sum(2.3 + (group.baseline is not None) for group in groups)
    with canvas(430, 50 + 27 * rows) as figure:
        axes = figure.add_subplot()
        top = 0.0
        ticks: list[tuple[float, str]] = []
        for group in groups:
            axes.text(
                0,
                top + 0.42,
                f"{_short(group.name)}, H(c) {nats(group.entropy)}",
                transform=axes.get_yaxis_transform(),
                va="center",
                weight="bold",
            )
            ticks.append((top + 1.1, group.subject.label))
            _bar(axes, top + 1.1, group.subject, face=COLOURS["subject"], edge="subject")
            bottom = top + 1.1
            if group.baseline is not None:
                bottom += 1
                ticks.append((bottom, group.baseline.label))
                _bar(axes, bottom, group.baseline, face="none", edge="baseline")
            axes.plot([0, 0], [top + 0.7, bottom + 0.4], color=COLOURS["ink"], linewidth=1)
            edge = [group.entropy, group.entropy], [top + 0.7, bottom + 0.4]
            axes.plot(*edge, color=COLOURS["ink"], dashes=(2, 2))
            top = bottom + 1.2
        axes.set_yticks([y for y, _ in ticks], [_short(label) for _, label in ticks])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(top - 0.4, -0.2)
        low, high = axes.get_xlim()
        # Room for the number that stands at the end of the longest bar.
        axes.set_xlim(min(low, 0), high + 0.16 * (high - low))
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("nats")
        return inline(figure, name, title)


def curves(
    subject: Line,
    baseline: Line | None,
    *,
    limit: float | None,
    unit: str,
    name: str,
    title: str,
) -> Markup:
    """Draw a training curve, the twin's against it, and ``limit`` as a dashed line.

    The lower edge of the frame stays near zero when early values lie far below it: they would
    flatten everything that matters.
    """
    with canvas(300, 220) as figure:
        axes = figure.add_subplot()
        axes.set_title(_short(title), loc="left", fontsize=10.5, weight="bold")
        axes.grid(axis="y", linewidth=0.6)
        if limit is not None:
            axes.axhline(limit, color=COLOURS["ink"], linewidth=1.3, dashes=(2, 2))
        shown = []
        for line, colour, dashes in ((baseline, "baseline", (4, 1.5)), (subject, "subject", ())):
            if line is not None:
                steps, values = _thin(line)
                axes.plot(
                    steps, values, color=COLOURS[colour], linewidth=1.6, dashes=dashes or (1, 0)
                )
                shown.append(values)
        low, high = _frame(np.concatenate(shown), limit)
        axes.set_ylim(low, high)
        axes.set_xlim(left=min(0, *axes.get_xlim()))
        axes.locator_params(axis="both", nbins=5)
        axes.set_xlabel("step")
        axes.set_ylabel(unit)
        return inline(figure, name, title)


def code_order(clustering: Clustering) -> list[int]:
    """Return the codes in the order of the classes matched to them, unmatched codes last.

    >>> clusters = Clustering(((0, 9), (8, 1), (2, 0)), (1, 0, -1), ("a", "b"), *[None] * 4)
    >>> code_order(clusters)
    [1, 0, 2]
    """
    matching = clustering.matching
    return sorted(range(len(matching)), key=lambda code: (matching[code] < 0, matching[code], code))


def confusion(clustering: Clustering, order: Sequence[int], *, name: str, title: str) -> Markup:
    """Draw the share (in percent) of each class that is given each code, codes in ``order``."""
    counts = np.asarray(clustering.confusion, dtype=np.float64)[list(order)]
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    codes, classes = shares.shape
    cell = 34 if max(codes, classes) <= 24 else 18
    classes_shown = [_short(label) for label in clustering.class_names]
    upright = max(map(len, classes_shown)) <= 3
    across = 8 * max(map(len, classes_shown))
    with canvas(110 + cell * classes, 70 + (0 if upright else across) + cell * codes) as figure:
        axes = figure.add_subplot()
        for row, column in np.argwhere(shares >= 0.005):
            _cell(axes, row, column, shares[row, column], written=cell > 20)
        axes.set_xlim(-0.5, classes - 0.5)
        axes.set_ylim(codes - 0.5, -0.5)
        axes.set_aspect("equal")
        axes.set_xticks(range(classes), classes_shown, rotation=0 if upright else 90)
        axes.set_yticks(range(codes), [f"code {code}" for code in order])
        axes.hlines(
            np.arange(codes + 1) - 0.5, -0.5, classes - 0.5, color=COLOURS["grid"], linewidth=0.6
        )
        axes.vlines(
            np.arange(classes + 1) - 0.5, -0.5, codes - 0.5, color=COLOURS["grid"], linewidth=0.6
        )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("true class")
        return inline(figure, name, title)


def _bar(axes: Axes, y: float, bar: Bar, *, face: str, edge: str) -> None:
    if bar.value is None:
        axes.text(0, y, " not measured", va="center")
        return
    axes.barh(y, bar.value, 0.62, facecolor=face, edgecolor=COLOURS[edge], linewidth=1.6)
    end = max(bar.value, 0.0)
    if bar.low is not None and bar.high is not None:
        axes.plot([bar.low, bar.high], [y, y], color=COLOURS["ink"], linewidth=1.5)
        end = max(end, bar.high)
    axes.annotate(nats(bar.value), (end, y), (6, 0), textcoords="offset points", va="center")


def _cell(axes: Axes, row: int, column: int, share: float, *, written: bool) -> None:
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), 1, 1, color=COLOURS["strong"], alpha=share, linewidth=0
        )
    )
    if written:
        # Between the two the cell is mid-toned on a light and on a dark page alike.
        ink = "ink" if share < 0.5 else "on-middle" if share < 0.65 else "on-strong"
        text = f"{100 * share:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=COLOURS[ink])


def _thin(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Return at most 400 evenly spaced points of a curve, its first and last among them."""
    count = len(line.steps)
    kept = np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).round().astype(int))
    values = [np.nan if value is None else value for value in line.values]
    return np.asarray(line.steps, dtype=np.float64)[kept], np.asarray(values)[kept]


def _frame(values: np.ndarray, limit: float | None) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    high = max([*finite, *([] if limit is None else [limit])], default=1.0)
    low = min(finite, default=0.0)
    if limit is not None:
        low = max(low, -max(abs(limit), 1.0))
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def _short(label: str) -> str:
    """Fit a user's label on one line."""
    line = " ".join(label.split())
    return line if len(line) <= _LONGEST_LABEL else f"{line[: _LONGEST_LABEL - 1]}…"
