"""The figures of a report, each with its table; what was not measured has no figure."""

from typing import NamedTuple

from infoeval.reporting.figure import Figure
from infoeval.reporting.figures.confusion import Confusion, confusions
from infoeval.reporting.figures.curves import learning, noise, training
from infoeval.reporting.figures.difference_dots import differences
from infoeval.reporting.figures.information_figure import information
from infoeval.reporting.figures.metric_dots import metrics, seeds
from infoeval.reporting.figures.pair_maps import factors, leakage, other_factors
from infoeval.reporting.tables import ReportTable
from infoeval.results import Document

__all__ = ["Confusion", "Figures", "build"]


class Figures(NamedTuple):
    """All figures, by the section they stand in, in the order of a report."""

    information: tuple[Figure, ...]
    differences: tuple[Figure, ...]
    confusions: tuple[Confusion, ...]
    factors: tuple[Figure, ...]
    other_factors: tuple[Figure, ...]
    learning: tuple[Figure, ...]
    noise: tuple[Figure, ...]
    training: tuple[Figure, ...]
    seeds: tuple[Figure, ...]
    leakage: tuple[Figure, ...]
    metrics: tuple[Figure, ...]

    def figures(self) -> tuple[Figure, ...]:
        """Return all of them, in that order."""
        return tuple(
            figure
            for part in self
            for each in part
            for figure in (
                (each.figure, each.raw_figure) if isinstance(each, Confusion) else (each,)
            )
        )

    def tables(self) -> tuple[ReportTable, ...]:
        """Return the table of every figure, and those that have none of their own."""
        more = [table for confusion in self.confusions for table in confusion.others]
        return (*(figure.table for figure in self.figures()), *more)


def build(document: Document) -> Figures:
    """Return the figures of a report, before they are drawn."""
    before = information(document), differences(document), confusions(document)
    maps = factors(document), other_factors(document)
    curves = learning(document), noise(document), training(document)
    return Figures(*before, *maps, *curves, seeds(document), leakage(document), metrics(document))
