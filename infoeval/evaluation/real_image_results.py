"""Results about real images: each image is read once, for all metrics that were asked for."""

import time
from collections.abc import Sequence

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.evaluation.catalogue import CLUSTERING, LABELS, SORTING
from infoeval.evaluation.cluster_results import cluster_results
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.posterior_reading import Posteriors, most_probable, read, reader, thin
from infoeval.metrics.real_images import (
    RealImageScore,
    label_information,
    sorting_information,
)
from infoeval.metrics.registry import METRICS
from infoeval.results import Result

__all__ = ["real_image_results"]

REFERENCES = {
    SORTING: "Bridle, Heading and MacKay 1992",
    LABELS: "Shannon 1948; bias: Miller 1955",
}


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
    fits = any("fit_codes" in METRICS[name].arguments for name in clustering)
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
    for target, q in posteriors.items():
        started = time.perf_counter()
        if name == SORTING:
            found = sorting_information(q, recipe.level)
        else:
            assert test.labels is not None
            found = label_information(q.argmax(1), test.labels, recipe.level)
        seconds = time.perf_counter() - started
        results.append(_result(recipe, name, target, found, test.split, seconds))
    return results


def _result(
    recipe: Recipe, name: str, target: str, found: RealImageScore, split: str, seconds: float
) -> Result:
    return Result(
        metric=name,
        target=target,
        value=found.value,
        low=found.low,
        high=found.high,
        level=found.level,
        n=found.n,
        unit="nats",
        higher_is_better=True,
        settings={"batch_norm": recipe.batch_norm, "split": split},
        seconds=seconds,
        reference=REFERENCES[name],
        details=dict(found.details),
    )
