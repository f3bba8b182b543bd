"""Small documents with made-up results of codes, each for one sentence of the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infoeval import results
from infoeval.reporting.verdict import sentences

Document = dict[str, Any]
Counts = Sequence[Sequence[int]]


def document(*found: Document, **more: Any) -> Document:
    """A table of codes with these results."""
    return {
        "schema_version": 1,
        "subject": {"codes": "codes.npz", "sha256": "ab" * 32},
        "data": {"n": 2000},
        "environment": {},
        "results": list(found),
        **more,
    }


def said(document: Document) -> dict[str, str]:
    """What the verdict says of each code, without its name."""
    findings = sentences(results.Document.for_page(document))
    assert len({finding.topic for finding in findings}) == len(findings)
    return {finding.topic: finding.whole for finding in findings}


def pair(
    code: str,
    factor: str,
    value: float,
    ends: tuple[float, float] | None = None,
    *,
    chance: float | None = None,
    adjusted: float | None = None,
    p: float | None = None,
    measure: str = "|Spearman|",
    paired: bool = False,
) -> Document:
    """A code and a factor; without ``chance`` as an older release wrote it."""
    details: Document = {"code": code, "factor": factor, "measure": measure, "paired": paired}
    if chance is not None:
        above = (value - chance) / (1 - chance) if adjusted is None else adjusted
        details |= {"null": {"mean": chance}, "adjusted": {"value": above}, "p": p}
    return score("code-factors", f"{code} × {factor}", value, ends, details)


def matching(
    counts: Counts, matched: Sequence[int], ends: tuple[float, float], **details: Any
) -> Document:
    """The accuracy of a code named "kind"; its classes are matched as given."""
    total = sum(map(sum, counts))
    right = sum(row[cls] for row, cls in zip(counts, matched, strict=True) if cls >= 0)
    found = {"confusion": counts, "matching": list(matched), **details}
    return score("cluster-acc", "kind", right / total, ends, found)


def score(
    metric: str,
    target: str | None,
    value: float,
    ends: tuple[float, float] | None,
    details: Document,
) -> Document:
    low, high = ends or (None, None)
    return {
        "metric": metric,
        "target": target,
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95 if ends else None,
        "n": 2000,
        "unit": "fraction",
        "higher_is_better": True,
        "details": details,
    }
