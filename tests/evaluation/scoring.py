"""Scoring in tests: few samples and replicates, and looking into what was found."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval import evaluation
from infoeval.data import ImageSet
from infoeval.results import Document, Result

__all__ = ["CLUSTERS", "by_name", "numbers", "score", "store", "store_splits", "table", "values"]

CLUSTERS = ["cluster-acc", "cluster-nmi", "cluster-ari"]


def score(model: Any, metrics: Sequence[str] | None = None, **options: Any) -> Document:
    """Score with few samples and replicates."""
    quick = {"samples": 400, "replicates": 4, "device": "cpu"}
    return evaluation.score(model, metrics=metrics, **(quick | options))


def by_name(document: Document) -> dict[tuple[str, str | None], Result]:
    return {(result.metric, result.target): result for result in document.results}


def values(document: Document) -> dict[tuple[str, str | None], float]:
    return {key: result.value for key, result in by_name(document).items()}


def numbers(document: Document) -> list[dict[str, Any]]:
    """All results but how long they took."""
    return [asdict(result) | {"seconds": 0} for result in document.results]


def table(n: int = 200, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Codes that are factors of three and of four values, under noise."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4], size=(n, 2))
    return {"codes": factors + 0.3 * random.normal(size=(n, 2)), "factors": factors}


def store(path: Path, **arrays: Any) -> str:
    """Write a .npz file, and return its path."""
    np.savez(path, **arrays)
    return str(path)


def store_splits(path: Path, train: ImageSet, test: ImageSet, **changes: Any) -> str:
    """Both splits in a .npz file, with `changes` to its arrays; None leaves one out."""
    arrays: dict[str, Any] = {
        "images": train.images,
        "labels": train.labels,
        "test_images": test.images,
        "test_labels": test.labels,
    } | changes
    return store(path, **{name: array for name, array in arrays.items() if array is not None})
