"""Metrics: pure functions of arrays, each with its interval; see the registry for all of them."""

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
from infoeval.metrics.registry import METRICS, Metric, metric, metrics_of
from infoeval.metrics.sap import sap
from infoeval.metrics.score import Score
from infoeval.metrics.udr import udr
from infoeval.metrics.z_max_var import z_max_var

__all__ = [
    "METRICS",
    "Metric",
    "Score",
    "beta_vae",
    "cluster_accuracy",
    "cluster_ari",
    "cluster_nmi",
    "code_factors",
    "code_information",
    "dci",
    "dcimig",
    "downstream_accuracy",
    "explicitness",
    "factor_vae",
    "infomec",
    "irs",
    "jemmig",
    "med",
    "metric",
    "metrics_of",
    "mig",
    "mig_sup",
    "modularity",
    "sap",
    "total_correlation",
    "udr",
    "wasserstein_correlation",
    "z_max_var",
]
