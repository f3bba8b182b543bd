"""What the first screen of a page shows, whatever the page is about."""

from typing import Any

from infoeval.report.aligned_codes import Strips, rows_that_fit, side_by_side
from infoeval.report.evidence import reasons
from infoeval.report.over_seeds import over_seeds
from infoeval.report.standings import standings, tally
from infoeval.report.verdict import findings_that_fit, sentences, why_empty
from infoeval.results import Document
from infoeval.results.file_entries import Gallery, Traversal

MOST_SEEDS = 8
"""Seeds whose numbers stand on the first screen; section "Every seed" has them all."""


def first_screen(document: Document, pictures: Strips) -> dict[str, Any]:
    """Return what the template `verdict.html` shows; ``pictures`` has a row of each code."""
    best, means = standings(document), over_seeds(document)
    # A row of a table is somewhat higher than a line.
    taken = 2 + round(1.4 * len(means)) if means else 0
    findings, others = findings_that_fit(sentences(document), taken)
    rows, other_rows = rows_that_fit(side_by_side(document, pictures), len(best))
    return {
        "findings": findings,
        "other_findings": others,
        "why_empty": why_empty(document),
        "strips": pictures,
        "pictures_of": _pictures_of(document),
        "side_by_side": rows,
        "other_rows": other_rows,
        "standings": best,
        "tally": tally(document),
        "over_seeds": means,
        "most_seeds": MOST_SEEDS,
        "reasons": reasons(document),
    }


def _pictures_of(document: Document) -> str:
    """Return what the pictures of the first screen are; nothing where there are none."""
    if any(isinstance(image, Traversal) for image in document.images):
        return "Pictures: generated at one fixed noise, along the values of each code."
    if any(isinstance(image, Gallery) for image in document.images):
        return "Pictures: real images, from those the model reads as low to those it reads as high."
    return ""
