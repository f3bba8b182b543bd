"""How much of a code can be read from the image: lower bounds on I(c; G(z, c)), in nats."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infoeval.information.post_hoc import Estimate, Information, estimate

__all__ = ["Estimate", "Information", "estimate"]


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use: budgets.py alone needs no torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from infoeval.information import post_hoc

    return getattr(post_hoc, name)
