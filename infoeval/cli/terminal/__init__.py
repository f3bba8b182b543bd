"""Tables for the terminal, on standard output."""

from infoeval.cli.terminal.listings import print_catalogue, print_metrics
from infoeval.cli.terminal.result_table import print_comparison, print_results
from infoeval.cli.terminal.sweep_table import print_runs

__all__ = ["print_catalogue", "print_comparison", "print_metrics", "print_results", "print_runs"]
