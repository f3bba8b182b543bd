"""infoeval says what each latent code of a generative model means, and how sure one can be."""

from infoeval.codes import Categorical, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.training.trainer import Trainer
from infoeval.training.views import Affine

__version__ = "0.1.0"

__all__ = ["Affine", "Categorical", "CodeSpace", "Trainer", "Uniform", "UserError", "__version__"]
