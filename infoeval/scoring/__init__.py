"""From a checkpoint to the results document: which metric applies, on which rows, how long."""

from infoeval.scoring.catalogue import ALL_METRICS
from infoeval.scoring.checkpoint import score
from infoeval.scoring.compare import Comparison, Difference, compare
from infoeval.scoring.recipe import BatchNorm, Options, Say

__all__ = [
    "ALL_METRICS",
    "BatchNorm",
    "Comparison",
    "Difference",
    "Options",
    "Say",
    "compare",
    "score",
]
