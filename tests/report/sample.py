"""A report's input as a run on MNIST would leave it: invented numbers, random images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LOG_TEN = float(np.log(10))
LOG_TWO = float(np.log(2))
MATCHING = [7, 3, 0, 9, 1, 6, 2, 5, 8, 4]
CODES = ("digit", "slant", "width")


def sample(folder: Path) -> dict[str, Any]:
    """Write the images into ``folder`` and return the document that names them."""
    subject = {
        "subject": _subject("runs/mnist/checkpoint.pt", 1.0, "9f3c"),
        "results": _results((2.2996, 1.214, 0.982), error=0.0588),
        "history": _history((2.2996, 1.214, 0.982)),
        "training": _training(1.0),
    }
    baseline = {
        "subject": _subject("runs/mnist-gan/checkpoint.pt", 0.0, "77ab"),
        "results": _results((0.031, -0.042, 0.013), error=0.7421),
        "history": _history((0.031, -0.042, 0.013)),
        "training": _training(0.0),
    }
    document: dict[str, Any] = {
        "schema_version": 1,
        **subject,
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
            {"metric": "mig", "reason": "needs factors of variation, and mnist has labels only"},
            {"metric": "dci", "reason": "needs factors of variation, and mnist has labels only"},
        ],
        "command": "infoeval report runs/mnist/checkpoint.pt --baseline runs/mnist-gan",
        "created": "2026-11-22",
        "codes": [
            {
                "name": "digit",
                "kind": "categorical",
                "entropy": LOG_TEN,
                "description": "Categorical(10)",
            },
            {
                "name": "slant",
                "kind": "continuous",
                "entropy": LOG_TWO,
                "description": "Uniform(-1, 1)",
            },
            {
                "name": "width",
                "kind": "continuous",
                "entropy": LOG_TWO,
                "description": "Uniform(-1, 1)",
            },
        ],
        "baseline": baseline,
        "images": [],
    }
    random = np.random.default_rng(0)
    for model in ("subject", "baseline"):
        document["images"] += [_grid(folder, random, model, "digit", None, None)]
        for code in CODES[1:]:
            for high in (1.0, 2.0):
                document["images"] += [_grid(folder, random, model, code, -high, high)]
    return document


def without_extras(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a run without twin, labels, continuous codes, history and images."""
    bare = {
        key: value
        for key, value in document.items()
        if key not in ("history", "training", "images", "command", "created")
    }
    bare["baseline"] = None
    bare["codes"] = document["codes"][:1]
    bare["results"] = [
        result
        for result in document["results"]
        if result["metric"] == "mi-own" and result["target"] == "digit"
    ]
    return bare


def confusion(error: float) -> list[list[int]]:
    """Return counts whose matched share is 1 − ``error`` of 10,000 images."""
    counts = np.full((10, 10), round(1000 * error / 9))
    for code, cls in enumerate(MATCHING):
        counts[code, cls] = 1000 - counts[0, 0] * 9
    return [[int(count) for count in row] for row in counts]


def _subject(checkpoint: str, weight: float, sha256: str) -> dict[str, Any]:
    return {
        "checkpoint": checkpoint,
        "sha256": sha256 * 16,
        "trainer": "mnist",
        "variant": "default",
        "step": 3000,
        "seed": 0,
        "information_weight": weight,
    }


def _results(bounds: tuple[float, ...], error: float) -> list[dict[str, Any]]:
    results = [
        _result("mi-own", name, bound, bound - 0.004, bound + 0.004, "nats", {"entropy": entropy})
        for name, bound, entropy in zip(CODES, bounds, (LOG_TEN, LOG_TWO, LOG_TWO), strict=True)
    ]
    details = {
        "matching": MATCHING,
        "confusion": confusion(error),
        "class_names": [str(cls) for cls in range(10)],
        "many_to_one": 1 - 0.9 * error,
        "many_to_one_low": 1 - 0.9 * error - 0.0046,
        "many_to_one_high": 1 - 0.9 * error + 0.0046,
        "error": error,
        "fit_n": 60000,
    }
    value = 1 - error
    results += [
        _result("cluster-acc", "digit", value, value - 0.0047, value + 0.0045, "fraction", details),
        _result("cluster-nmi", "digit", 0.8873, 0.8801, 0.8944, "fraction", {}),
        _result("cluster-ari", "digit", 0.8761, 0.8672, 0.8849, "fraction", {}),
    ]
    return results


def _result(
    metric: str, target: str, value: float, low: float, high: float, unit: str, details: Any
) -> dict[str, Any]:
    return {
        "metric": metric,
        "target": target,
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95,
        "n": 10000,
        "unit": unit,
        "higher_is_better": True,
        "settings": {"seed": 0, "resamples": 1000},
        "seconds": 1.25,
        "reference": "Chen et al. 2016, equation 4" if metric == "mi-own" else "Hungarian matching",
        "details": details,
    }


def _history(bounds: tuple[float, ...]) -> dict[str, list[float]]:
    random = np.random.default_rng(int(100 * bounds[0]))
    steps = np.arange(0, 3001, 20)
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


def _training(weight: float) -> dict[str, Any]:
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


def _grid(
    folder: Path,
    random: np.random.Generator,
    model: str,
    code: str,
    low: float | None,
    high: float | None,
) -> dict[str, Any]:
    pixels = random.integers(0, 256, (5 * 7, 10 * 7), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    file = f"{model}-{code}-{high or 'each'}.png"
    Image.fromarray(pixels).save(folder / file)
    values = range(10) if high is None else np.linspace(-high, high, 10)
    ranged = "one column per category" if high is None else f"from {low:g} to {high:g}"
    beyond = " The prior ends at −1 and 1." if high and high > 1 else ""
    return {
        "file": file,
        "model": model,
        "code": code,
        "title": f"{code}: {ranged}",
        "caption": f"Each row holds the noise and the other codes fixed.{beyond}",
        "rows": 5,
        "columns": 10,
        "column_labels": [str(v) if high is None else f"{v:+.1f}" for v in values],
        "low": low,
        "high": high,
    }
