"""Many runs of one trainer: each in its folder, a table of all, and a choice without labels."""

from infoeval.sweep.summary import Pick, Row, Summary
from infoeval.sweep.train import train_many

__all__ = ["Pick", "Row", "Summary", "train_many"]
