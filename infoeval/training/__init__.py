"""Training: a declarative trainer, the objective, the step, and runs in a folder."""
