"""The sample's documents with pictures that a person can judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infoeval.metrics import registry
from tests.browser import drawings
from tests.browser.drawings import Drawer
from tests.reporting import sample
from tests.reporting.sample import CODES

Document = dict[str, Any]
SHOWN = Drawer(0)


def complete(folder: Path) -> Document:
    """A model with every kind of result and picture, and its λ = 0 baseline."""
    document = sample.sample(folder)
    models = (SHOWN, Drawer(1, dead=True))
    document["images"] = [
        *_traversals(folder, *models),
        *(drawings.sprites(folder, n, model, joint=True) for model in models for n in range(3)),
        drawings.gallery(folder),
        drawings.animation(folder, "slant", SHOWN),
    ]
    return document


def seeds(folder: Path) -> Document:
    """Five seeds and a λ = 0 baseline; sliders move one code at a time."""
    document = sample.five_seeds(folder)
    models = (*map(Drawer, range(5)), Drawer(5, dead=True))
    document["images"] = [
        *_traversals(folder, *models),
        *(drawings.sprites(folder, n, SHOWN, joint=False) for n in range(2)),
        drawings.gallery(folder),
    ]
    return document


def comparison(folder: Path) -> Document:
    """Three models side by side."""
    document = sample.comparison(folder)
    models = tuple(map(Drawer, range(3)))
    document["images"] = [
        *_traversals(folder, *models),
        *(drawings.sprites(folder, 0, model, joint=True) for model in models),
    ]
    return document


def bare(folder: Path) -> Document:
    """What ``infoeval score --json`` prints: no codes, no pictures, no history."""
    keys = ("schema_version", "subject", "data", "environment", "results", "skipped")
    document = sample.sample(folder)
    return {key: document[key] for key in keys}


def _traversals(folder: Path, *models: Drawer) -> list[Document]:
    return [
        drawings.traversal(folder, code, stretch, model)
        for model in models
        for code in CODES
        for stretch in ((1.0,) if code == "digit" else (1.0, 2.0))
    ]


def five_codes(folder: Path) -> Document:
    """A page of five codes, each with a gallery, and thirty metrics between their references."""
    document = complete(folder)
    (gallery,) = (image for image in document["images"] if image["kind"] == "gallery")
    for name in ("width_2", "width_3"):
        document["codes"] += [each | {"name": name} for each in _of(document["codes"], "name")]
        document["images"] += [each | {"code": name} for each in _of(document["images"], "code")]
        for model in (document, *document["models"]):
            copies = [each | {"target": name} for each in _of(model["results"], "target")]
            model["results"] = [*copies, *model["results"]]
            model["history"][f"information_{name}"] = model["history"]["information_width"]
    names = [code["name"] for code in document["codes"]]
    document["images"] += [gallery | {"code": name} for name in names[1:]]
    (mig,) = (each for each in document["results"] if each["metric"] == "mig" and not _own(each))
    scores = {"noise": 0.01, "rotated": 0.3, "twice": 0.02, "exact as here": 0.9, "exact": 0.99}
    details = mig["details"] | {"references": scores}
    others = ("mi", "mi-own", "cluster-acc", "image-effects")
    more = [name for name in registry.names() if name not in others]
    document["results"] += [mig | {"metric": name, "details": details} for name in more[:20]]
    measured = {each["metric"] for each in document["results"]}
    document["definitions"] = {name: registry.summary_of(name) for name in measured}
    return document


def _of(entries: list[Document], key: str) -> list[Document]:
    return [entry for entry in entries if entry.get(key) == "width"]


def _own(result: Document) -> bool:
    return "own" in result["settings"]
