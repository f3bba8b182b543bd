"""Drawings as a test reads them: their texts, and the points of their paths by colour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from infoeval.reporting import figures, svg
from infoeval.reporting.figure import Figure
from infoeval.results import Document

Points = list[tuple[float, float]]


def built(document: Mapping[str, Any]) -> figures.Figures:
    """Return the figures of a document, whatever its pictures are of."""
    return figures.build(Document.for_page({**document, "images": []}))


def elements(figure: Figure, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg.inline(figure)).iter(tag))


def texts(figure: Figure) -> list[str]:
    return [element.text or "" for element in elements(figure, "text")]


def points(figure: Figure, colour: str, *, key: str = "stroke") -> list[Points]:
    """Return the points of every path whose ``key`` is a colour of the page."""
    found = []
    for element in elements(figure, "path"):
        if f"{key}: var(--{colour})" in element.get("style", ""):
            pairs = re.findall(r"[ML]([\d.-]+) ([\d.-]+)", element.get("d", ""))
            found.append([(float(x), float(y)) for x, y in pairs])
    return found


def width(path: Points) -> float:
    return max(x for x, _ in path) - min(x for x, _ in path)


def cells(figure: Figure) -> list[tuple[float, float, float]]:
    """Return left end, top and opacity of every cell of a heat map, row by row."""
    found = []
    for element in elements(figure, "path"):
        style = element.get("style", "")
        if "fill: var(--strong)" in style:
            x, y = re.findall(r"[\d.-]+", element.get("d", ""))[:2]
            opacity = re.search(r"fill-opacity: ([\d.]+)", style)
            found.append((float(x), float(y), float(opacity[1]) if opacity else 1.0))
    return found
