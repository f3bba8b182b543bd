"""Reports and comparisons as one call each: scored, drawn, and written as pages."""

from infoeval.analysis.formats import not_converged
from infoeval.analysis.pages import compare, metrics_beside, metrics_given, report

__all__ = ["compare", "metrics_beside", "metrics_given", "not_converged", "report"]
