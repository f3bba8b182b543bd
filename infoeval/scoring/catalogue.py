"""The metrics of a checkpoint, by name."""

from infoeval.metrics.registry import METRICS

__all__ = ["ALL_METRICS", "INFORMATION", "LABELS", "NEED_LABELS", "OWN", "REAL_IMAGES", "SORTING"]

INFORMATION = "mi"
OWN = "mi-own"
SORTING = "real-sorting"
LABELS = "real-label-information"

ALL_METRICS: dict[str, str] = {
    OWN: "the checkpoint's own L_I of each code on fresh samples, in nats",
    **{name: metric.description for name, metric in METRICS.items()},
    SORTING: "how evenly and decisively Q sorts real images by a categorical code, in nats",
    LABELS: "what a categorical code, read from real images, says about the labels, in nats",
    INFORMATION: "L_I of each code and of all together by a post hoc Q, in nats; takes minutes",
}
"""Every metric of a checkpoint, by name, with what it tells."""

NEED_LABELS = frozenset({*METRICS, LABELS})
"""Those that need labelled images."""

REAL_IMAGES = NEED_LABELS | {SORTING}
"""Those that need real images and a categorical code."""
