"""Many runs of one trainer: each in its folder, a table of all, and a choice without labels."""

from infoeval.sweep.launch import train_many
from infoeval.sweep.summary import Pick, Row, Summary

__all__ = ["Pick", "Row", "Summary", "train_many"]
