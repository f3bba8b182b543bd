"""The one list of metrics: what there is, what it needs, what it tells.

A new metric is one file beside this one and one entry here.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from infoeval.errors import UserError
from infoeval.metrics.beta_vae import beta_vae
from infoeval.metrics.cluster_accuracy import cluster_accuracy
from infoeval.metrics.cluster_ari import cluster_ari
from infoeval.metrics.cluster_nmi import cluster_nmi
from infoeval.metrics.code_factors import code_factors
from infoeval.metrics.dci import dci
from infoeval.metrics.dcimig import dcimig
from infoeval.metrics.dependence import (
    code_information,
    total_correlation,
    wasserstein_correlation,
)
from infoeval.metrics.downstream import downstream_accuracy
from infoeval.metrics.explicitness import explicitness
from infoeval.metrics.factor_vae import factor_vae
from infoeval.metrics.infomec import infomec
from infoeval.metrics.irs import irs
from infoeval.metrics.jemmig import jemmig
from infoeval.metrics.med import med
from infoeval.metrics.mig import mig
from infoeval.metrics.mig_sup import mig_sup
from infoeval.metrics.modularity import modularity
from infoeval.metrics.sap import sap
from infoeval.metrics.score import Score
from infoeval.metrics.udr import udr
from infoeval.metrics.z_max_var import z_max_var

__all__ = ["METRICS", "Kind", "Metric", "metric", "metrics_of"]

Kind = Literal["labels", "table", "interventions", "codes", "models"]
"""What a metric is given: one categorical code and the labels ``(codes, labels)``; a table
``(codes, factors)``; the same, or a function of factors in place of the codes; ``(codes)`` alone;
or the codes of several models."""

NEEDS: dict[Kind, str] = {
    "labels": "a categorical code and labels",
    "table": "codes and factors",
    "interventions": "codes and factors, two of them or more",
    "codes": "codes",
    "models": "codes of several models",
}


@dataclass(frozen=True)
class Metric:
    """One metric: a pure function of arrays that returns a Score.

    ``range`` is where its values can lie, ``description`` what it tells, in one line.
    """

    name: str
    function: Callable[..., Score]
    kind: Kind
    range: str
    description: str

    @property
    def needs(self) -> str:
        """What it is given, in words."""
        return NEEDS[self.kind]

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """Its own arguments by name, with what they are left out: not those of all tables."""
        parameters = inspect.signature(self.function).parameters.values()
        return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


METRICS: dict[str, Metric] = {
    entry.name: entry
    for entry in (
        Metric(
            "cluster-acc",
            cluster_accuracy,
            "labels",
            "0 to 1",
            "accuracy of a categorical code after one-to-one Hungarian matching to labels",
        ),
        Metric(
            "cluster-nmi",
            cluster_nmi,
            "labels",
            "0 to 1",
            "information of a categorical code and the labels over their mean entropy",
        ),
        Metric(
            "cluster-ari",
            cluster_ari,
            "labels",
            "-0.5 to 1",
            "agreement of a categorical code and the labels on pairs, above chance",
        ),
        Metric(
            "code-factors",
            code_factors,
            "table",
            "0 to 1",
            "each code against each factor, and the mean of the best one-to-one pairing",
        ),
        Metric(
            "mig",
            mig,
            "table",
            "0 to 1",
            "information gap between the best two codes of each factor",
        ),
        Metric(
            "mig-sup",
            mig_sup,
            "table",
            "0 to 1",
            "information gap between the best two factors of each code",
        ),
        Metric(
            "jemmig",
            jemmig,
            "table",
            "0 to 1",
            "MIG that also asks for a code which tells of its factor only",
        ),
        Metric(
            "dcimig",
            dcimig,
            "table",
            "0 to 1",
            "information gaps of codes, counted once for each factor",
        ),
        Metric(
            "modularity",
            modularity,
            "table",
            "0 to 1",
            "whether every code tells of one factor at most",
        ),
        Metric(
            "sap", sap, "table", "0 to 1", "accuracy gap between the best two codes of each factor"
        ),
        Metric(
            "dci",
            dci,
            "table",
            "0 to 1",
            "disentanglement, completeness, informativeness by importance in boosted trees",
        ),
        Metric("med", med, "table", "0 to 1", "DCI read off the information of codes and factors"),
        Metric(
            "infomec",
            infomec,
            "table",
            "0 to 1",
            "modularity, compactness, explicitness by information of neighbours",
        ),
        Metric(
            "explicitness",
            explicitness,
            "table",
            "0 to 1",
            "area under the curve of linear classifiers of each factor",
        ),
        Metric(
            "downstream-accuracy",
            downstream_accuracy,
            "table",
            "0 to 1",
            "how well factors are predicted from 100, 1,000 and 10,000 rows",
        ),
        Metric(
            "irs",
            irs,
            "table",
            "up to 1",
            "whether a code stays where it is while other factors change",
        ),
        Metric(
            "beta-vae",
            beta_vae,
            "interventions",
            "0 to 1",
            "which factor was held still, from differences of codes, by a linear classifier",
        ),
        Metric(
            "factor-vae",
            factor_vae,
            "interventions",
            "0 to 1",
            "which factor was held still, from the code that varies least",
        ),
        Metric(
            "z-max-var",
            z_max_var,
            "interventions",
            "0 to 1",
            "which factor alone was changed, from the code that varies most",
        ),
        Metric(
            "total-correlation",
            total_correlation,
            "codes",
            "0 or more",
            "total correlation of codes as if they were Gaussian, nats",
        ),
        Metric(
            "wasserstein-correlation",
            wasserstein_correlation,
            "codes",
            "0 to 2",
            "distance of Gaussian codes from independent ones over their variance",
        ),
        Metric(
            "code-information",
            code_information,
            "codes",
            "0 or more",
            "mean information of two codes about each other, nats",
        ),
        Metric(
            "udr",
            udr,
            "models",
            "0 to 1",
            "whether models that differ in their seed found the same codes",
        ),
    )
}


def metric(name: str) -> Metric:
    """Return the metric of this name. Raises UserError, listing the names, if there is none.

    >>> metric("cluster-acc").needs
    'a categorical code and labels'
    """
    if name not in METRICS:
        raise UserError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]


def metrics_of(*kinds: Kind) -> list[str]:
    """The names of all metrics of some kinds.

    >>> metrics_of("labels")
    ['cluster-acc', 'cluster-nmi', 'cluster-ari']
    """
    return [name for name, entry in METRICS.items() if entry.kind in kinds]
