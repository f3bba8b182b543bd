"""Results of clustering metrics: the most probable category of labelled real images."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.codes import Categorical
from infoeval.data import ImageSet
from infoeval.evaluation.options import Recipe
from infoeval.metrics.registry import find
from infoeval.results import Result

__all__ = ["cluster_results"]

Codes = dict[str, NDArray[np.int64]]


def cluster_results(
    checkpoint: Checkpoint,
    recipe: Recipe,
    names: Sequence[str],
    fit_codes: Codes,
    test_codes: Codes,
    fit: ImageSet,
    test: ImageSet,
) -> list[Result]:
    """Every metric of `names` for every categorical code.

    `fit_codes` and `test_codes` are the most probable categories, (n,), of the labelled images
    `fit` and `test`, by code. `fit_codes` may be empty where no metric of `names` fits.
    """
    results = []
    for target in test_codes:
        for name in names:
            recipe.say(f"{name} of {target}", None)
            results.append(
                _cluster(checkpoint, recipe, name, target, fit_codes, test_codes, fit, test)
            )
    return results


def _cluster(
    checkpoint: Checkpoint,
    recipe: Recipe,
    name: str,
    target: str,
    fit_codes: Codes,
    test_codes: Codes,
    fit: ImageSet,
    test: ImageSet,
) -> Result:
    metric = find(name)
    settings: dict[str, Any] = {"batch_norm": recipe.batch_norm, "split": test.split}
    arguments: dict[str, Any] = {"level": recipe.level, "class_names": test.label_names}
    if "fit_codes" in metric.arguments:
        code = checkpoint.trainer.codes[target]
        assert isinstance(code, Categorical)
        arguments |= {"fit_codes": fit_codes[target], "fit_labels": fit.labels}
        arguments["categories"] = code.size
        settings["matching_fitted_on"] = fit.split
    if "replicates" in metric.arguments:
        arguments["seed"] = settings["seed"] = recipe.seed
    started = time.perf_counter()
    found = metric.function(test_codes[target], test.labels, **arguments)
    seconds = time.perf_counter() - started
    return Result.of(found, metric=name, target=target, settings=settings, seconds=seconds)
