"""Small results of every subject of a report, with an answer for each first screen to give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser import documents, drawings
from tests.browser.drawings import Drawer
from tests.reporting import made_up, several
from tests.reporting.made_up import pair, score

Document = dict[str, Any]
CODES = tuple(f"z{number}" for number in range(12))
SHOWN = Drawer(0)


def table(folder: Path) -> Document:
    """A table of twelve codes, of which every second one follows the factor x, y or size."""
    return made_up.document(*_pairs(CODES))


def encoder(folder: Path) -> Document:
    """An encoder without priors: real images for each of twelve codes."""
    document = made_up.document(*_pairs(CODES), images=[])
    document["subject"] = {"model": "vae.py:encoder", "code_names": list(CODES)}
    document["data"] = {"name": "sprites", "split": "test", "n": 2000}
    sheet = drawings.gallery(folder)
    document["images"] = [sheet | {"code": name} for name in CODES]
    return document


def generator(folder: Path) -> Document:
    """A generator without images: slant turns its digits, width does nothing that is known."""
    effect = {"consistency": 0.86, "low": 0.79, "high": 0.93, "share": 0.82}
    details = {"code": "slant", "statistics": {"slant": effect}}
    found = score("image-effects", "slant × slant", 0.86, (0.79, 0.93), details)
    document = made_up.document(found)
    document["subject"], document["data"] = {"model": "vae.py:generator"}, {}
    document["codes"] = [
        {"name": name, "kind": "continuous", "entropy": 0.69, "low": -1.0, "high": 1.0}
        for name in ("slant", "width")
    ]
    document["images"] = [
        drawings.traversal(folder, name, 1.0, SHOWN) for name in ("slant", "width")
    ]
    return document


def directions(folder: Path) -> Document:
    """Two directions of a latent space, of which one changes the brightness of images."""
    changes = [
        {"kind": "image statistics", "attribute": name, "value": value, "low": value - 0.05,
         "high": value + 0.05}
        for name, value in (("brightness", 0.6), ("slant", 0.1))
    ]  # fmt: skip
    details = {
        "attribute": "brightness", "kind": "image statistics", "changes": changes,
        "dependency_max": 0.17, "dependency_mean": 0.17,
    }  # fmt: skip
    found = [score("direction-change", "slant", 0.6, (0.55, 0.65), details)]
    weak = details | {"changes": [change | {"value": 0.02, "low": 0.0} for change in changes]}
    found.append(score("direction-change", "width", 0.02, (0.0, 0.07), weak))
    return generator(folder) | {"results": found}


def three(folder: Path) -> Document:
    """Three models with the differences of every two, their codes aligned."""
    document = several.compared(folder)
    document["images"] = documents.comparison(folder)["images"]
    for model in (document, *document["models"]):
        del model["history"]
    return document


def paired_seeds(folder: Path) -> Document:
    """Five seeds whose codes are aligned, with their agreement."""
    return several.light(several.with_agreement(several.aligned(documents.seeds(folder))))


def _pairs(codes: tuple[str, ...]) -> list[Document]:
    factors = ("x", "y", "size")
    return [
        pair(name, factors[number // 2 % 3], 0.8 if number % 2 else 0.03, (0.75, 0.85)
             if number % 2 else (0.0, 0.06), chance=0.02, p=0.001 if number % 2 else 0.6)
        for number, name in enumerate(codes)
    ]  # fmt: skip
