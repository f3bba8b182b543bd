"""How much of a code can be read from the image: bounds on I(c; G(z, c)), in nats."""

from infoeval.information.post_hoc import Estimate, Information, estimate

__all__ = ["Estimate", "Information", "estimate"]
