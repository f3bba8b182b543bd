"""Results about real images: each image is read once, for all metrics that were asked for."""

import time
from collections.abc import Sequence

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.evaluation.catalogue import CLUSTERING, LABELS, SORTING
from infoeval.evaluation.cluster_results import cluster_results
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.posterior_reading import Posteriors, most_probable, read, reader, thin
from infoeval.metrics.registry import find
from infoeval.results import Result

__all__ = ["real_image_results"]


def real_image_results(
    checkpoint: Checkpoint,
    recipe: Recipe,
    names: Sequence[str],
    train: ImageSet,
    test: ImageSet,
) -> list[Result]:
    """The metrics of `names` on the test images, for every categorical code.

    The matching is fitted, and batch-norm statistics are estimated, on the training images. Both
    splits have labels if a metric of `names` needs them.

    Raises UserError for networks that compute no finite numbers.
    """
    model = reader(checkpoint, recipe, train)
    clustering = [name for name in names if name in CLUSTERING]
    fit = train if recipe.fit_images is None else thin(train, recipe.fit_images)
    fits = any("fit_codes" in find(name).arguments for name in clustering)
    fit_codes = most_probable(read(recipe, model, fit)) if fits else {}
    posteriors = read(recipe, model, test)
    results = cluster_results(
        checkpoint, recipe, clustering, fit_codes, most_probable(posteriors), fit, test
    )
    for name in (SORTING, LABELS):
        if name in names:
            results += _information(recipe, name, posteriors, test)
    return results


def _information(recipe: Recipe, name: str, posteriors: Posteriors, test: ImageSet) -> list[Result]:
    results = []
    metric = find(name)
    settings = {"batch_norm": recipe.batch_norm, "split": test.split}
    for target, q in posteriors.items():
        started = time.perf_counter()
        labels = [test.labels] if metric.needs_labels else []
        found = metric.function(q, *labels, level=recipe.level)
        seconds = time.perf_counter() - started
        results.append(
            Result.of(found, metric=name, target=target, settings=settings, seconds=seconds)
        )
    return results
