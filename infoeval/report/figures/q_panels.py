"""What the Qs that were trained afterwards found of a code: the common part of two figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Handle
from infoeval.report.figures.look import Look, entropy_mark, looks
from infoeval.report.figures.panels import curve, finish
from infoeval.results.details import ALL_CODES, INFORMATION, Information, Round
from infoeval.results.document import Document

__all__ = ["Reading", "finish_from_zero", "legend_of", "line", "readings", "targets"]


@dataclass(frozen=True)
class Reading:
    """What a Q found of a code in one model."""

    look: Look
    model: str
    convergence: Information

    @property
    def kept(self) -> list[Round]:
        """The rounds of the Q that was trained on to the end."""
        return [each for each in self.convergence.curve if self._to_the_end(each)]

    @property
    def tried(self) -> list[Round]:
        """The rounds of sizes and rates that were left."""
        return [each for each in self.convergence.curve if not self._to_the_end(each)]

    def _to_the_end(self, each: Round) -> bool:
        last = self.convergence.curve[-1]
        return (each.width, each.rate) == (last.width, last.rate)


def targets(document: Document) -> list[tuple[str, float | None]]:
    """Return each code, and all together, with the entropy."""
    found = [(code.name, code.entropy) for code in document.all_codes]
    whole = sum(code.entropy for code in document.all_codes) if len(found) > 1 else None
    return [*found, (ALL_CODES, whole)]


def readings(document: Document, target: str) -> list[Reading]:
    """Return what was found of a code in every model."""
    found = []
    for model, look in zip(document.all_models, looks(document), strict=True):
        result = model.find(INFORMATION, target)
        if result is not None and result.convergence is not None:
            found.append(Reading(look, model.label, result.convergence))
    return found


def legend_of(found: Sequence[Reading], limit: float | None, colours: Colours) -> list[Handle]:
    """Return the entries of a legend: the models where there are several, and the dashed line."""
    models = [_entry(each.look, colours) for each in found] if len(found) > 1 else []
    return [*models, *([entropy_mark(colours)] if limit is not None else [])]


def line(axes: Axes, points: Sequence[tuple[float, float]], look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order, each with a dot."""
    x, y = zip(*points, strict=True)
    # A dot on the frame is whole.
    axes.plot(x, y, markersize=5, clip_on=False, **look.dot(colours))
    curve(axes, x, y, look, colours)


def finish_from_zero(axes: Axes) -> None:
    """Set the ends of both axes, which show zero, and the numbers along them."""
    axes.set_ylim(bottom=min(axes.get_ylim()[0], 0))
    axes.set_xlim(left=0)
    finish(axes)


def _entry(look: Look, colours: Colours) -> Line2D:
    style = {**look.dot(colours), **look.line(colours), "linestyle": "-", "markersize": 5}
    return Line2D([], [], label=look.label, **style)
