"""While a model is trained: its scores every few epochs, and loggers for them and for trainings."""

from infoeval.integrations.experiment_loggers import mlflow, numbers, tensorboard, wandb
from infoeval.integrations.periodic_scores import PeriodicScores, lightning_callback

__all__ = ["PeriodicScores", "lightning_callback", "mlflow", "numbers", "tensorboard", "wandb"]
