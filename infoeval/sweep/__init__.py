"""Many runs of one trainer: each in its folder, a table of all, and a choice without labels."""

from infoeval.results import Pick, Row, Summary
from infoeval.sweep.launch import train_many

__all__ = ["Pick", "Row", "Summary", "train_many"]
