"""A document that is full: many codes with long names, many categories, many models."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np

from tests.reporting.sample import comparison

Document = dict[str, Any]
CODES, MODELS, CATEGORIES = 12, 10, 40


def crowd(folder: Path) -> Document:
    """Ten models of twelve codes, one of which has forty categories and classes."""
    document = comparison(folder)
    names = [f"a rather long name of code number {number}" for number in range(CODES)]
    document["codes"] = [
        document["codes"][0 if number == 0 else 1] | {"name": name}
        for number, name in enumerate(names)
    ]
    document["results"] = _results(document["results"], names)
    document["images"] = []
    for name in names:
        document["history"][f"information_{name}"] = document["history"]["information_slant"]
    model = copy.deepcopy(document["models"][0])
    model |= {"results": document["results"], "history": document["history"]}
    document["models"] = [
        model | {"name": f"runs/experiments/a long folder name {number}/checkpoint.pt"}
        for number in range(1, MODELS)
    ]
    document["differences"] = [
        {**document["differences"][1], "target": name, "model": number}
        for name in names
        for number in range(1, MODELS)
    ]
    return document


def _results(results: list[Document], names: list[str]) -> list[Document]:
    by_metric = {(each["metric"], each["target"]): each for each in results}
    found = []
    for name in names:
        found.append(by_metric["mi-own", "slant"] | {"target": name})
        found.append(by_metric["mi", "slant"] | {"target": name})
    joint = copy.deepcopy(by_metric["mi", "all codes"])
    joint["details"]["leakage"] = {
        "names": names,
        "matrix": np.full((CODES, CODES), 0.123).tolist(),
        "chance": np.full((CODES, CODES), 0.01).tolist(),
    }
    clusters = copy.deepcopy(by_metric["cluster-acc", "digit"]) | {"target": names[0]}
    clusters["details"] |= {
        "confusion": np.full((CATEGORIES, CATEGORIES), 9).tolist(),
        "matching": list(range(CATEGORIES)),
        "class_names": [f"a class with a long name {number}" for number in range(CATEGORIES)],
    }
    pair = by_metric["code-factors", "slant × slant"]
    pairs = []
    for code in names:
        for factor in range(CATEGORIES):
            details = pair["details"] | {"code": code, "factor": f"has attribute {factor}"}
            pairs.append(pair | {"target": f"{code} × {factor}", "details": details})
    return [*found, joint, clusters, *pairs, by_metric["mig", None], by_metric["dci", None]]
