"""A report's input as a run on MNIST would leave it: invented numbers, random images."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np

from tests.reporting.sample_pictures import CODES, MATCHING, pictures
from tests.reporting.sample_results import ENTROPIES, FACTORS, LOG_TEN, LOG_TWO, confusion, results

__all__ = [
    "CODES",
    "ENTROPIES",
    "FACTORS",
    "LOG_TEN",
    "LOG_TWO",
    "MATCHING",
    "comparison",
    "confusion",
    "five_seeds",
    "sample",
    "without_extras",
]

INFORMED, EMPTY = (2.2996, 1.214, 0.982), (0.031, -0.042, 0.013)
Document = dict[str, Any]


def sample(folder: Path) -> Document:
    """A model and its λ = 0 baseline, with every kind of result and of image.

    Writes the images into ``folder`` and returns the document that names them.
    """
    document = _common("one", "infoeval report runs/mnist/ckpt.pt --baseline runs/mnist-gan")
    document["models"] = [{"role": "baseline", **_baseline()}]
    document["images"] = pictures(folder, models=2)
    return document


def five_seeds(folder: Path) -> Document:
    """Five seeds, one of which has not learned its digits, and a baseline."""
    document = _common("seeds", "infoeval report runs/seed-0 runs/seed-1 runs/seed-2")
    document["reason"] = "highest mean agreement with the others, without labels"
    learned = ((2.2991, 1.1, 0.9), (1.61, 1.24, 0.4), (2.2987, 1.0, 1.02), (2.2994, 0.6, 0.99))
    document["models"] = [
        {"role": "seed", **_model(f"runs/seed-{seed}/ckpt.pt", seed, 1.0, bounds, error)}
        for seed, bounds, error in zip((1, 2, 3, 4), learned, (0.07, 0.41, 0.05, 0.06), strict=True)
    ]
    document["models"].append({"role": "baseline", **_baseline()})
    document["images"] = pictures(folder, models=6)
    return document


def comparison(folder: Path) -> Document:
    """Three models side by side, with what the first has more than the others."""
    document = _common("comparison", "infoeval compare runs/a.pt runs/b.pt runs/c.pt")
    document["name"] = "Wide"
    document["models"] = [
        {"role": "compared", "name": name, **_model(f"runs/{name}.pt", 0, 1.0, bounds, error)}
        for name, bounds, error in (
            ("Narrow", (2.1, 1.3, 0.8), 0.12),
            ("Short training", (1.2, 0.5, 0.3), 0.5),
        )
    ]
    document["differences"] = _differences(document)
    document["images"] = pictures(folder, models=3)
    return document


def without_extras(document: Document) -> Document:
    """Return what ``infoeval score --json`` prints, of the own bound of one code only."""
    kept = ("schema_version", "subject", "data", "environment", "skipped")
    bare = {key: copy.deepcopy(document[key]) for key in kept}
    bare["results"] = [
        copy.deepcopy(result)
        for result in document["results"]
        if result["metric"] == "mi-own" and result["target"] == "digit"
    ]
    return bare


def _common(arrangement: str, command: str) -> Document:
    return {
        "schema_version": 1,
        **_model("runs/mnist/ckpt.pt", 0, 1.0, INFORMED, error=0.0588),
        "arrangement": arrangement,
        "data": {"name": "mnist", "split": "test", "n": 10000, "fingerprint": "5b" * 32},
        "environment": {
            "infoeval": "0.1.0",
            "python": "3.11.7",
            "torch": "2.9.0",
            "numpy": "2.4.6",
            "platform": "Linux-6.1-x86_64",
            "device": "cpu",
            "threads": 4,
        },
        "skipped": [
            {"metric": "irs", "reason": "needs two factors or more"},
            {"metric": "z-max-var", "reason": "needs two factors or more"},
        ],
        "command": command,
        "created": "2026-11-22",
        "codes": [
            {
                "name": "digit",
                "kind": "categorical",
                "entropy": LOG_TEN,
                "description": "10 equally likely categories",
                "size": 10,
            },
            *(
                {
                    "name": name,
                    "kind": "continuous",
                    "entropy": LOG_TWO,
                    "description": "uniform on [-1, 1]",
                    "low": -1.0,
                    "high": 1.0,
                }
                for name in CODES[1:]
            ),
        ],
    }


def _baseline() -> Document:
    return _model("runs/mnist-gan/ckpt.pt", 0, 0.0, EMPTY, error=0.7421)


def _model(
    checkpoint: str, seed: int, weight: float, bounds: tuple[float, ...], error: float
) -> Document:
    return {
        "subject": {
            "checkpoint": checkpoint,
            "sha256": ("77ab" if weight == 0 else f"9f3{'cdefa'[seed]}") * 16,
            "trainer": "mnist",
            "variant": "default",
            "step": 3000,
            "seed": seed,
            "information_weight": weight,
        },
        "results": results(bounds, error),
        "history": _history(bounds, seed),
        "training": _training(weight),
    }


def _history(bounds: tuple[float, ...], seed: int) -> dict[str, list[float]]:
    random = np.random.default_rng(100 * seed + int(100 * bounds[0]))
    steps = np.arange(0, 3001, 100)
    history = {
        "step": steps,
        "seconds": steps * 0.06,
        "discriminator_loss": 1.1 + 0.05 * random.normal(size=steps.size),
        "generator_loss": 1.0 + steps / 6000 + 0.1 * random.normal(size=steps.size),
    }
    for name, bound in zip(CODES, bounds, strict=True):
        noise = 0.02 * random.normal(size=steps.size)
        history[f"information_{name}"] = bound * (1 - np.exp(-steps / 250)) + noise
    return {name: [float(value) for value in values] for name, values in history.items()}


def _training(weight: float) -> Document:
    return {
        "steps": 3000,
        "batch": 128,
        "images_per_second": 2133.7,
        "config": {
            "trainer": "mnist",
            "codes": {"digit": "Categorical(10)", "slant": "Uniform(-1, 1)"},
            "rates": {"discriminator": 2e-4, "generator": 1e-3},
            "information_weight": weight,
        },
    }


def _differences(document: Document) -> list[Document]:
    """Return every metric of the first model less that of each other."""
    found = []
    for index, model in enumerate(document["models"], 1):
        for first, second in zip(document["results"], model["results"], strict=True):
            if first["metric"] in ("mi", "cluster-acc", "mig"):
                difference = first["value"] - second["value"]
                found.append(
                    {
                        "metric": first["metric"],
                        "target": first["target"],
                        "model": index,
                        "first": first["value"],
                        "second": second["value"],
                        "difference": difference,
                        "low": difference - 0.02,
                        "high": difference + 0.02,
                        "level": 0.95,
                    }
                )
    return found
