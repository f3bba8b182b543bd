"""Priors of latent codes: a module each, and `PRIORS` by the name that checkpoints store."""

from infoeval.priors.angle import Angle
from infoeval.priors.categories import Categorical
from infoeval.priors.normal import Normal
from infoeval.priors.prior import Prior
from infoeval.priors.uniform import Uniform

__all__ = ["PRIORS", "Angle", "Categorical", "Normal", "Prior", "Uniform"]

PRIORS: dict[str, type[Prior]] = {
    prior.kind: prior for prior in (Categorical, Uniform, Normal, Angle)
}
