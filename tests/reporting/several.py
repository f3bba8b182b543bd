"""Documents of several models with known differences, means and aligned codes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tests.reporting import sample

Document = dict[str, Any]


def compared(folder: Path) -> Document:
    """Three models with the differences of every two, the codes of the last in another order."""
    document = sample.comparison(folder)
    by_number: dict[tuple[str, str | None], list[Document]] = {}
    for each in document["differences"]:
        by_number.setdefault((each["metric"], each["target"]), []).append(each)
    document["differences_among_others"] = [
        between(each[0]["metric"], each[0]["target"], each[0]["second"], each[1]["second"], (1, 2))
        for each in by_number.values()
    ]
    aligned(document)
    return document


def between(
    metric: str,
    target: str | None,
    first: float,
    second: float,
    models: tuple[int, int],
    half: float = 0.02,
) -> Document:
    """The difference of two models' numbers, with its interval."""
    difference = first - second
    return {
        "metric": metric,
        "target": target,
        "base": models[0],
        "model": models[1],
        "first": first,
        "second": second,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "level": 0.95,
    }


def aligned(document: Document) -> Document:
    """Align the codes of the other models; in the second, slant and width have changed places."""
    names = [code["name"] for code in document["codes"]]
    others = [model for model in document["models"] if model["role"] != "baseline"]
    for number, model in enumerate(others, 1):
        own = dict(zip(names, names, strict=True))
        if number == 2:
            own |= {"slant": "width", "width": "slant"}
        model["alignment"] = {
            "n": 1500,
            "codes": [
                {
                    "code": code,
                    "own": name,
                    "agreement": round(0.9 - 0.1 * number, 2),
                    "turned": number == 2 and code == "slant",
                }
                for code, name in own.items()
            ],
        }
    return document


def light(document: Document) -> Document:
    """Leave out what takes long to draw: curves, and the pairs of codes and factors."""
    copied = copy.deepcopy(document)
    for model in (copied, *copied["models"]):
        model.pop("history", None)
        kept = [each for each in model["results"] if each["metric"] != "code-factors"]
        for result in kept:
            for name in ("curve", "noise", "leakage"):
                result["details"].pop(name, None)
        model["results"] = kept
    return copied


def with_agreement(document: Document) -> Document:
    """Give every seed a `udr`."""
    template = copy.deepcopy(document["results"][0])
    seeds = [document, *(model for model in document["models"] if model["role"] == "seed")]
    for number, seed in enumerate(seeds):
        value = 0.5 + 0.1 * number
        seed["results"].append(
            template
            | {"metric": "udr", "target": None, "value": value, "unit": "fraction", "details": {}}
            | {"low": value - 0.05, "high": value + 0.05}
        )
    return document
