"""The report: metrics.json and the images beside it, made into one self-contained page.

It knows metrics.json and nothing else of infoeval: no model, no torch. The page needs no network
and no script, and the same input gives the same bytes.
"""

from infoeval.reporting.markdown_report import markdown
from infoeval.reporting.page import render, write
from infoeval.reporting.paper import write_figures

__all__ = ["markdown", "render", "write", "write_figures"]
