"""Tables as text: CSV for other programs, LaTeX for a paper, Markdown for a page of notes."""

from infoeval.report.writing.csv_table import csv_table
from infoeval.report.writing.latex_table import latex_table
from infoeval.report.writing.markdown_table import markdown_table, markdown_text

__all__ = ["csv_table", "latex_table", "markdown_table", "markdown_text"]
