"""infoeval measures what each latent code of a generative model means, and how certain that is.

>>> import numpy as np
>>> import infoeval as ie
>>> random = np.random.default_rng(0)
>>> shape = random.integers(0, 4, 500)
>>> codes = np.stack([shape + 0.1 * random.normal(size=500), random.normal(size=500)], axis=1)
>>> ie.score(codes, {"shape": shape}, metrics=["mig"]).to_frame()[["metric", "value", "n"]].round(2)
  metric  value    n
0    mig   0.95  500
"""

import importlib
from typing import TYPE_CHECKING, Any

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval import metrics
    from infoeval.augment import Affine
    from infoeval.coarse import Coarse
    from infoeval.codes import Angle, Categorical, CodeSpace, Normal, Uniform
    from infoeval.data import ImageSet
    from infoeval.data import load as images
    from infoeval.evaluation.differences import compare
    from infoeval.evaluation.encode_images import encode
    from infoeval.evaluation.evaluate import score
    from infoeval.evaluation.evaluate_directions import directions
    from infoeval.evaluation.pages import report
    from infoeval.evaluation.traverse_model import traverse
    from infoeval.information import estimate
    from infoeval.region import Region
    from infoeval.results import Comparison, Document
    from infoeval.subjects.adapter import adapt
    from infoeval.subjects.opening import open_subject as open
    from infoeval.subjects.protocols import Encoder, Generator, Model
    from infoeval.trainer import Trainer
    from infoeval.training.train_by_name import train

__version__ = "0.1.0"

_HOMES = {
    "Affine": "augment",
    "Angle": "codes",
    "Categorical": "codes",
    "Coarse": "coarse",
    "CodeSpace": "codes",
    "Comparison": "results",
    "Document": "results",
    "Encoder": "subjects.protocols",
    "Generator": "subjects.protocols",
    "ImageSet": "data",
    "Model": "subjects.protocols",
    "Normal": "codes",
    "Region": "region",
    "Trainer": "trainer",
    "Uniform": "codes",
    "adapt": "subjects.adapter",
    "compare": "evaluation.differences",
    "directions": "evaluation.evaluate_directions",
    "encode": "evaluation.encode_images",
    "estimate": "information",
    "images": "data",
    "open": "subjects.opening",
    "report": "evaluation.pages",
    "score": "evaluation.evaluate",
    "train": "training.train_by_name",
    "traverse": "evaluation.traverse_model",
}
_CALLED = {"images": "load", "open": "open_subject"}
"""Names that are others where they are at home, where `load` and `open` alone would say little."""

__all__ = [
    "Affine",
    "Angle",
    "Categorical",
    "Coarse",
    "CodeSpace",
    "Comparison",
    "Document",
    "Encoder",
    "Generator",
    "ImageSet",
    "Model",
    "Normal",
    "Region",
    "Trainer",
    "Uniform",
    "UserError",
    "__version__",
    "adapt",
    "compare",
    "directions",
    "encode",
    "estimate",
    "images",
    "metrics",
    "open",
    "report",
    "score",
    "train",
    "traverse",
]


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use: torch alone takes two seconds."""
    if name == "metrics":
        return importlib.import_module("infoeval.metrics")
    if name not in _HOMES:
        raise AttributeError(f"module 'infoeval' has no attribute {name!r}")
    home = importlib.import_module(f"infoeval.{_HOMES[name]}")
    return getattr(home, _CALLED.get(name, name))


def __dir__() -> list[str]:
    return sorted(__all__)
