"""Many runs of one trainer: each in its folder, a table of all, and a choice without labels."""

from infoeval.results import Pick, Row, Summary
from infoeval.sweep.launch import StoppedSweepError, train_many

__all__ = ["Pick", "Row", "StoppedSweepError", "Summary", "train_many"]
