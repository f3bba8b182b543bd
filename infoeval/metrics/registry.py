"""The one table of metrics: what there is, what it needs, what it tells.

A new metric is one file beside this one and one entry here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from infoeval.errors import UserError
from infoeval.metrics.cluster_accuracy import cluster_accuracy
from infoeval.metrics.cluster_ari import cluster_ari
from infoeval.metrics.cluster_nmi import cluster_nmi
from infoeval.metrics.score import Score

__all__ = ["METRICS", "Metric", "metric"]


@dataclass(frozen=True)
class Metric:
    """One metric: a pure function of arrays, ``function(codes, labels, *, level=...) -> Score``.

    ``fits`` tells that it also takes ``fit_codes`` and ``fit_labels``, rows to fit on that are not
    scored; ``resamples``, that it takes ``seed`` and ``replicates``.
    """

    name: str
    function: Callable[..., Score]
    needs: str
    unit: str
    description: str
    fits: bool = False
    resamples: bool = False


_CLUSTERING = "categorical code + labels"

METRICS: dict[str, Metric] = {
    entry.name: entry
    for entry in (
        Metric(
            "cluster-acc",
            cluster_accuracy,
            _CLUSTERING,
            "fraction",
            "accuracy of a categorical code after one-to-one Hungarian matching to the labels",
            fits=True,
        ),
        Metric(
            "cluster-nmi",
            cluster_nmi,
            _CLUSTERING,
            "fraction",
            "mutual information of a categorical code and the labels over their mean entropy",
            resamples=True,
        ),
        Metric(
            "cluster-ari",
            cluster_ari,
            _CLUSTERING,
            "index",
            "agreement of a categorical code and the labels on pairs, adjusted for chance",
            resamples=True,
        ),
    )
}


def metric(name: str) -> Metric:
    """Return the metric of this name. Raises UserError, listing the names, if there is none.

    >>> metric("cluster-acc").needs
    'categorical code + labels'
    """
    if name not in METRICS:
        raise UserError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]
