"""infoeval measures what each latent code of a generative model means, and how certain that is."""

import importlib
from typing import TYPE_CHECKING, Any

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.augment import Affine
    from infoeval.coarse import Coarse
    from infoeval.codes import Angle, Categorical, CodeSpace, Normal, Uniform
    from infoeval.subjects.adapter import adapt
    from infoeval.subjects.protocols import Encoder, Generator, Model
    from infoeval.trainer import Trainer

__version__ = "0.1.0"

__all__ = [
    "Affine",
    "Angle",
    "Categorical",
    "Coarse",
    "CodeSpace",
    "Encoder",
    "Generator",
    "Model",
    "Normal",
    "Trainer",
    "Uniform",
    "UserError",
    "__version__",
    "adapt",
]

_HOMES = {
    "Affine": "infoeval.augment",
    "Angle": "infoeval.codes",
    "Categorical": "infoeval.codes",
    "Coarse": "infoeval.coarse",
    "CodeSpace": "infoeval.codes",
    "Encoder": "infoeval.subjects.protocols",
    "Generator": "infoeval.subjects.protocols",
    "Model": "infoeval.subjects.protocols",
    "Normal": "infoeval.codes",
    "Trainer": "infoeval.trainer",
    "Uniform": "infoeval.codes",
    "adapt": "infoeval.subjects.adapter",
}


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use: torch alone takes two seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module 'infoeval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
