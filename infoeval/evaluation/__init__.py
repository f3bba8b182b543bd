"""From a checkpoint to the results document: which metric applies, on which rows, how long."""

from infoeval.evaluation.catalogue import ALL_METRICS, Entry, catalogue
from infoeval.evaluation.compare import compare
from infoeval.evaluation.evaluate import score
from infoeval.evaluation.options import BatchNorm, Options, Say
from infoeval.results import Comparison, Difference

__all__ = [
    "ALL_METRICS",
    "BatchNorm",
    "Comparison",
    "Difference",
    "Entry",
    "Options",
    "Say",
    "catalogue",
    "compare",
    "score",
]
