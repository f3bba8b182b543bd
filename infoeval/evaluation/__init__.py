"""From a model to its results and reports: which metric applies, on which rows, how sure."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infoeval.evaluation.differences import compare
    from infoeval.evaluation.encode_images import encode
    from infoeval.evaluation.evaluate import score
    from infoeval.evaluation.evaluate_directions import directions
    from infoeval.evaluation.options import Options

__all__ = ["Options", "compare", "directions", "encode", "score"]

_HOMES = {
    "compare": "differences",
    "directions": "evaluate_directions",
    "encode": "encode_images",
    "Options": "options",
    "score": "evaluate",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the command line's help needs no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'infoeval.evaluation' has no attribute {name!r}")
    return getattr(importlib.import_module(f"infoeval.evaluation.{_HOMES[name]}"), name)
