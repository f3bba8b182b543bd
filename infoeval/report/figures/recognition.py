"""What the Qs that were trained afterwards found of a code: the common part of two figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from infoeval.report.details import Convergence, Gain
from infoeval.report.document import ALL_CODES, INFORMATION, Document
from infoeval.report.figure import Colours
from infoeval.report.figures.drawing import PANEL, Look, legend, looks
from infoeval.report.figures.naming import short

__all__ = ["Reading", "axes_of", "finish", "labels_of", "line", "readings", "targets"]

_ENTROPY = "H(c)"


@dataclass(frozen=True)
class Reading:
    """What a Q found of a code in one model."""

    look: Look
    model: str
    convergence: Convergence

    @property
    def kept(self) -> list[Gain]:
        """The rounds of the Q that was trained on to the end."""
        return [each for each in self.convergence.rounds if self._to_the_end(each)]

    @property
    def tried(self) -> list[Gain]:
        """The rounds of sizes and rates that were left."""
        return [each for each in self.convergence.rounds if not self._to_the_end(each)]

    def _to_the_end(self, each: Gain) -> bool:
        last = self.convergence.rounds[-1]
        return (each.width, each.rate) == (last.width, last.rate)


def targets(document: Document) -> list[tuple[str, float | None]]:
    """Return each code, and all together, with the entropy."""
    found = [(code.name, code.entropy) for code in document.codes]
    whole = sum(code.entropy for code in document.codes) if len(found) > 1 else None
    return [*found, (ALL_CODES, whole)]


def readings(document: Document, target: str) -> list[Reading]:
    """Return what was found of a code in every model."""
    found = []
    for model, look in zip(document.models, looks(document), strict=True):
        result = model.find(INFORMATION, target)
        if result is not None and result.details.convergence is not None:
            found.append(Reading(look, model.name, result.details.convergence))
    return found


def labels_of(found: Sequence[Reading], limit: float | None) -> list[str]:
    """Return what the legend tells: the models where there are several, and the dashed line."""
    models = [each.look.label for each in found] if len(found) > 1 else []
    return [*models, *([_ENTROPY] if limit is not None else [])]


def axes_of(
    drawing: Drawing, title: str, across: str, limit: float | None, colours: Colours
) -> Axes:
    """Return the axes of a panel in nats over ``across``, H(c) drawn where there is a limit."""
    axes = drawing.add_subplot()
    axes.set_title(short(title, 26))
    axes.grid(axis="y")
    axes.set(xlabel=across, ylabel="nats")
    if limit is not None:
        axes.axhline(limit, color=colours["ink"], linewidth=1.3, dashes=(2, 2))
    return axes


def line(axes: Axes, points: Sequence[tuple[float, float]], look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order."""
    x, y = zip(*points, strict=True)
    axes.plot(x, y, markersize=5, **look.dot(colours))
    sns.lineplot(x=x, y=y, ax=axes, estimator=None, errorbar=None, **look.line(colours))


def finish(
    axes: Axes,
    drawing: Drawing,
    found: Sequence[Reading],
    labels: Sequence[str],
    colours: Colours,
    more: Mapping[str, Line2D],
) -> None:
    """Set the axes of a panel and its legend; ``more`` are the entries that no other panel has."""
    axes.set_ylim(bottom=min(axes.get_ylim()[0], 0))
    axes.set_xlim(left=0)
    axes.locator_params(axis="both", nbins=5)
    handles = {
        _ENTROPY: Line2D([], [], color=colours["ink"], linewidth=1.3, dashes=(2, 2)),
        **{each.look.label: _entry(each.look, colours) for each in found},
        **more,
    }
    for label in labels:
        handles[label].set_label(label)
    legend(drawing, [handles[label] for label in labels], PANEL)


def _entry(look: Look, colours: Colours) -> Line2D:
    return Line2D([], [], **{**look.dot(colours), **look.line(colours), "linestyle": "-"})
