"""Confusion matrices: which classes of real images are assigned to which codes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infoeval.reporting.figure import Figure
from infoeval.reporting.figures.heat import Map, map_figure
from infoeval.reporting.figures.naming import numbered, stem
from infoeval.reporting.tables import Cell, ReportTable, columns
from infoeval.results import Document, ModelResults
from infoeval.results.result_details import Clustering

_MOST_PAIRS = 8
_RAW = "codes in raw order"


@dataclass(frozen=True)
class Confusion:
    """A code's confusion matrix, codes in Hungarian order; ``raw_figure`` has their own order.

    ``others`` has the tables of the other models, in Hungarian order.
    """

    code: str
    figure: Figure
    raw_figure: Figure
    others: tuple[ReportTable, ...]

    @property
    def tables(self) -> tuple[ReportTable, ...]:
        """All tables, those of the figures first."""
        return (self.figure.table, self.raw_figure.table, *self.others)


def confusions(document: Document) -> tuple[Confusion, ...]:
    """Return the matrix of each categorical code of the model shown that was compared to labels."""
    matrices = []
    clusterings = _clusterings(document)
    names = numbered(stem("confusion", target) for target in clusterings)
    for name, (target, clustering) in zip(names, clusterings.items(), strict=True):
        others = [
            _table(found, code_order(found), f"model-{model.index}-{name}", target, model.label)
            for model in document.all_models[1:]
            for other, found in _clusterings(model).items()
            if other == model.own_name(target)
        ]
        whose = f", {document.label}" if len(document.all_models) > 1 else ""
        matrices.append(_confusion(clustering, name, target, tuple(others), whose))
    return tuple(matrices)


def code_order(clustering: Clustering) -> list[int]:
    """Return the codes in the order of the classes matched to them, unmatched codes last.

    >>> clusters = Clustering(confusion=((0, 9), (8, 1), (2, 0)), matching=(1, 0, -1))
    >>> code_order(clusters)
    [1, 0, 2]
    """
    matching = clustering.matching
    return sorted(range(len(matching)), key=lambda code: (matching[code] < 0, matching[code], code))


def _clusterings(model: ModelResults) -> dict[str, Clustering]:
    """Return each code's counts once, whatever settings they came with."""
    by_code: dict[str, Clustering] = {}
    for result in model.results:
        if result.clustering is not None:
            by_code.setdefault(result.target or "", result.clustering)
    return by_code


def _confusion(
    clustering: Clustering, name: str, target: str, others: tuple[ReportTable, ...], whose: str
) -> Confusion:
    title = f"Share of each class that is assigned to each code of {target}{whose}, in percent"
    adds_up = "Each column adds up to 100 %."
    order, raw_order = code_order(clustering), range(len(clustering.matching))
    figure = map_figure(
        _map(clustering, order),
        name=name,
        title=title,
        caption=f"{adds_up} Codes are in the order of their matched classes.",
        table=_table(clustering, order, name, target),
    )
    raw_figure = map_figure(
        _map(clustering, raw_order),
        name=f"raw-{name}",
        title=f"{title}; {_RAW}",
        caption=f"{adds_up} Codes are in raw order.",
        table=_table(clustering, raw_order, f"raw-{name}", target, _RAW),
    )
    return Confusion(target, figure, raw_figure, others)


def _map(clustering: Clustering, order: Sequence[int]) -> Map:
    counts = np.asarray(clustering.confusion, dtype=np.float64)[list(order)]
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    return Map(
        shares,
        [[f"{100 * share:.0f}" if share >= 0.005 else "" for share in row] for row in shares],
        [f"code {code}" for code in order],
        clustering.names,
        across="true class",
        down="",
    )


def _table(
    clustering: Clustering, order: Sequence[int], name: str, target: str, which: str = ""
) -> ReportTable:
    """Return the counts, with the class that is matched to each code."""
    names = clustering.names
    matched = [names[cls] if cls >= 0 else "none" for cls in clustering.matching]
    rows: list[tuple[Cell, ...]] = [
        (f"code {code}", matched[code], *clustering.confusion[code]) for code in order
    ]
    title = f"Images of each class that are assigned to each code of {target}"
    return ReportTable(
        name,
        f"{title}; {which}" if which else title,
        (*columns("Code", "Matched class"), *columns(*names, kind="count")),
        tuple(rows),
    )


def mixed_up(document: Document, code: str) -> ReportTable | None:
    """Return which classes share a code most often; None where no image is misassigned."""
    clustering = document.clustering(code)
    pairs = clustering.confused_pairs() if clustering else []
    if clustering is None or not pairs:
        return None
    images = [sum(column) for column in zip(*clustering.confusion, strict=True)]
    names = clustering.names
    return ReportTable(
        name=f"mixed-up-{code}",
        title="Classes that are confused: images of one that are assigned to the code matched to "
        "the other, the largest counts first",
        columns=columns("Classes", ("Images", "count"), ("Share of both", "percent")),
        rows=tuple(
            (f"{names[a]} and {names[b]}", count, count / max(images[a] + images[b], 1))
            for (a, b), count in pairs[:_MOST_PAIRS]
        ),
    )
