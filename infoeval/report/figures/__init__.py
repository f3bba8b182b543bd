"""The figures of a report, each with its table; what was not measured has no figure."""

from dataclasses import dataclass

from infoeval.report.figure import Figure
from infoeval.report.figures.confusion import Confusion, confusions
from infoeval.report.figures.difference_dots import differences
from infoeval.report.figures.information_figure import information
from infoeval.report.figures.metric_dots import metrics, seeds
from infoeval.report.figures.pair_maps import factors, leakage, other_factors
from infoeval.report.figures.recognition_curves import learning, noise
from infoeval.report.figures.training_curves import training
from infoeval.report.tables import ReportTable
from infoeval.results import Document

__all__ = ["Confusion", "Figures", "build"]


@dataclass(frozen=True)
class Figures:
    """All figures, by the section they stand in."""

    information: Figure | None
    training: tuple[Figure, ...]
    learning: tuple[Figure, ...]
    noise: tuple[Figure, ...]
    confusions: tuple[Confusion, ...]
    factors: tuple[Figure, ...]
    other_factors: tuple[Figure, ...]
    leakage: tuple[Figure, ...]
    metrics: Figure | None
    seeds: tuple[Figure, ...]
    differences: tuple[Figure, ...]

    def figures(self) -> tuple[Figure, ...]:
        """Return all of them, in the order of a report."""
        return (
            *((self.information,) if self.information else ()),
            *self.differences,
            *(figure for pair in self.confusions for figure in (pair.figure, pair.raw_figure)),
            *self.factors,
            *self.other_factors,
            *self.learning,
            *self.noise,
            *self.training,
            *self.seeds,
            *self.leakage,
            *((self.metrics,) if self.metrics else ()),
        )

    def tables(self) -> tuple[ReportTable, ...]:
        """Return the table of every figure, and those that have none of their own."""
        more = [table for confusion in self.confusions for table in confusion.others]
        return (*(figure.table for figure in self.figures()), *more)


def build(document: Document) -> Figures:
    """Return the figures of a report, before they are drawn."""
    return Figures(
        information=information(document),
        training=training(document),
        learning=learning(document),
        noise=noise(document),
        confusions=confusions(document),
        factors=factors(document),
        other_factors=other_factors(document),
        leakage=leakage(document),
        metrics=metrics(document),
        seeds=seeds(document),
        differences=differences(document),
    )
