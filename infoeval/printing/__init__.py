"""Tables for people, on standard output."""

from infoeval.printing.catalogue import print_catalogue, print_metrics
from infoeval.printing.comparison import print_comparison
from infoeval.printing.results import print_results
from infoeval.printing.sweep import print_runs

__all__ = ["print_catalogue", "print_comparison", "print_metrics", "print_results", "print_runs"]
