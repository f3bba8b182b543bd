"""Metrics: pure functions of arrays that return a Score with its interval.

Metrics are imported when they are first used; `infoeval.metrics.registry` lists them.
"""

import importlib
from typing import TYPE_CHECKING, Any

from infoeval.metrics.registry import HOMES, Metric, all_metrics, find, metric, names

if TYPE_CHECKING:
    from infoeval.metrics._active_units import active_units as active_units
    from infoeval.metrics._beta_vae import beta_vae as beta_vae
    from infoeval.metrics._cluster_accuracy import cluster_accuracy as cluster_accuracy
    from infoeval.metrics._cluster_ari import cluster_ari as cluster_ari
    from infoeval.metrics._cluster_nmi import cluster_nmi as cluster_nmi
    from infoeval.metrics._code_factors import code_factors as code_factors
    from infoeval.metrics._code_information import code_information as code_information
    from infoeval.metrics._consistency import consistency as consistency
    from infoeval.metrics._dci import dci as dci
    from infoeval.metrics._dci_es import dci_es as dci_es
    from infoeval.metrics._dcimig import dcimig as dcimig
    from infoeval.metrics._downstream_accuracy import downstream_accuracy as downstream_accuracy
    from infoeval.metrics._explicitness import explicitness as explicitness
    from infoeval.metrics._factor_vae import factor_vae as factor_vae
    from infoeval.metrics._image_effects import image_effects as image_effects
    from infoeval.metrics._infomec import infomec as infomec
    from infoeval.metrics._irs import irs as irs
    from infoeval.metrics._jemmig import jemmig as jemmig
    from infoeval.metrics._kl import kl as kl
    from infoeval.metrics._mcc import mcc as mcc
    from infoeval.metrics._med import med as med
    from infoeval.metrics._mig import mig as mig
    from infoeval.metrics._mig_chen import mig_chen as mig_chen
    from infoeval.metrics._mig_sup import mig_sup as mig_sup
    from infoeval.metrics._minimality import minimality as minimality
    from infoeval.metrics._modularity import modularity as modularity
    from infoeval.metrics._omes import omes as omes
    from infoeval.metrics._quality import quality as quality
    from infoeval.metrics._real_label_information import (
        real_label_information as real_label_information,
    )
    from infoeval.metrics._real_sorting import real_sorting as real_sorting
    from infoeval.metrics._region_changes import region_changes as region_changes
    from infoeval.metrics._sap import sap as sap
    from infoeval.metrics._tad import tad as tad
    from infoeval.metrics._total_correlation import total_correlation as total_correlation
    from infoeval.metrics._udr import udr as udr
    from infoeval.metrics._wasserstein_correlation import (
        wasserstein_correlation as wasserstein_correlation,
    )
    from infoeval.metrics._z_max_var import z_max_var as z_max_var
    from infoeval.metrics.score import Score as Score

# Modules of the functions and classes that are imported lazily.
_HOMES = {
    "cluster_accuracy" if name == "cluster-acc" else name.replace("-", "_"): home
    for name, home in HOMES.items()
    if home.startswith(f"{__name__}._")
}
_HOMES["Score"] = f"{__name__}.score"

__all__ = ["Metric", "all_metrics", "find", "metric", "names"]
__all__ += sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Metric or Score of this name, imported when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
