"""From a checkpoint to the results document: which metric applies, on which rows, how long."""

from infoeval.scoring.catalogue import ALL_METRICS, Entry, catalogue
from infoeval.scoring.compare import Comparison, Difference, compare
from infoeval.scoring.recipe import BatchNorm, Options, Say
from infoeval.scoring.score import score

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
