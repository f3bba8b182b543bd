"""Metrics: pure functions of arrays, each with its interval; see the registry for all of them."""

from infoeval.metrics.cluster_accuracy import cluster_accuracy
from infoeval.metrics.cluster_ari import cluster_ari
from infoeval.metrics.cluster_nmi import cluster_nmi
from infoeval.metrics.dcimig import dcimig
from infoeval.metrics.dependence import (
    code_information,
    total_correlation,
    wasserstein_correlation,
)
from infoeval.metrics.irs import irs
from infoeval.metrics.jemmig import jemmig
from infoeval.metrics.mig import mig
from infoeval.metrics.mig_sup import mig_sup
from infoeval.metrics.modularity import modularity
from infoeval.metrics.registry import METRICS, Metric, metric
from infoeval.metrics.sap import sap
from infoeval.metrics.score import Score

__all__ = [
    "METRICS",
    "Metric",
    "Score",
    "cluster_accuracy",
    "cluster_ari",
    "cluster_nmi",
    "code_information",
    "dcimig",
    "irs",
    "jemmig",
    "metric",
    "mig",
    "mig_sup",
    "modularity",
    "sap",
    "total_correlation",
    "wasserstein_correlation",
]
