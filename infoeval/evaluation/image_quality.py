"""Results of the metrics of samples: real images and those of a generator, by their features."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.data import ImageSet
from infoeval.errors import UserError, unknown
from infoeval.evaluation.array_metrics import score_options, timed
from infoeval.evaluation.context import Context, NotApplicableError, Splits
from infoeval.evaluation.feature_network import (
    INCEPTION,
    NETWORKS,
    FeatureNetwork,
    inception_network,
    moved_copies_network,
)
from infoeval.evaluation.inputs import Inputs, evenly_spaced
from infoeval.evaluation.requests import Request
from infoeval.information.streams import CHUNK, Source, Stream
from infoeval.metrics._quality import LEAST_SAMPLES
from infoeval.metrics.score import Score
from infoeval.results import Result
from infoeval.subjects.protocols import Generator

GROUP = 10
"""Images that have their codes, or their noise, in common."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RealFeatures:
    """A feature network, and the features of test images and of as many training images.

    The training images are none that the network has learned from.
    """

    network: FeatureNetwork
    test: Array
    other: Array


def run_on_samples(inputs: Inputs, request: Request) -> list[Result]:
    """Return the results of a metric of real and generated images, one for each of its numbers.

    As many images are generated as there are test images, at most `images` and `rows`.

    Raises NotApplicableError where the generator draws images of another shape, for too few real
    ones, and where Inception is not at hand; UserError for settings that cannot be, and where the
    generator fails.
    """
    generator, context, options = inputs.subject.generator, inputs.context, inputs.options
    assert generator is not None
    started, splits = time.perf_counter(), inputs.splits
    network, count = _settings(request, splits, options.rows)
    images = _draw(generator, context, count)
    _check_shape(images, splits.test)
    real = real_features(context, splits, network, count)
    arguments: dict[str, Any] = score_options(options) | {"other_real": real.other}
    if generator.codes:
        for name, varying in (("fixed_codes", "noise"), ("fixed_noise", "codes")):
            read = real.network.read(_draw(generator, context, CHUNK, varying))
            arguments[name] = read.reshape(CHUNK // GROUP, GROUP, -1)
    generated = real.network.read(images)
    context.progress("comparing real and generated images", None)
    score, _ = timed(request, request.metric.function, real.test, generated, **arguments)
    score.details["features"] = real.network.recipe
    settings: dict[str, Any] = {"split": splits.test.split, "seed": options.seed}
    settings |= {"features": real.network.name, "images": count}
    return _results(inputs, request, score, settings, time.perf_counter() - started)


def _settings(request: Request, splits: Splits, rows: int) -> tuple[str, int]:
    """Return the kind of feature network, and the number of images."""
    settings = {**request.metric.evaluated, **request.settings}
    network, most = settings["features"], settings["images"]
    if network not in NETWORKS:
        raise UserError(unknown("no features", str(network), NETWORKS))
    if not isinstance(most, int) or most < LEAST_SAMPLES:
        raise UserError(f"images must be a whole number from {LEAST_SAMPLES} up, not {most!r}")
    train, test = map(len, splits)
    count = min(most, rows, test, train // 2)
    if count < LEAST_SAMPLES:
        raise NotApplicableError(
            f"{train} training images and {test} test images, or {rows} rows of each, are too few: "
            f"{2 * LEAST_SAMPLES} and {LEAST_SAMPLES} are needed"
        )
    return network, count


def _check_shape(images: NDArray[np.uint8], real: ImageSet) -> None:
    """Raise `NotApplicableError` for generated images of another shape than the real ones."""
    if images.shape[1:] != real.images.shape[1:]:
        raise NotApplicableError(
            f"the generator draws images of {images.shape[1:]}, {real.name} has "
            f"{real.images.shape[1:]} (channels, height, width); give images of its shape with "
            "--data"
        )


def _results(
    inputs: Inputs, request: Request, score: Score, settings: dict[str, Any], seconds: float
) -> list[Result]:
    """Return one result for each number of a score, and keep what to compare it by."""
    if request.settings:
        settings["own"] = dict(request.settings)
    parts: dict[str, dict[str, Any]] = score.details.pop("parts")
    results: list[Result] = []
    for place, (name, part) in enumerate(parts.items()):
        details = {"interval": score.details["interval"]} if place else dict(score.details)
        if "real" in part:
            details["real"] = part.pop("real")
        result = Result.of(
            replace(score, **part, details=details),
            metric=request.named(name),
            settings=settings,
            seconds=0.0 if place else seconds,
        )
        results.append(result)
        if score.samples is not None:
            inputs.samples[result.key] = score.samples.number(place)
    return results


def real_features(context: Context, splits: Splits, network: str, count: int) -> RealFeatures:
    """Return the features of `count` test images and training images, the same for all models."""
    key = splits.train, network, count
    if key not in context.real_features:
        context.real_features[key] = _real_features(context, splits, network, count)
    found = context.real_features[key]
    assert isinstance(found, RealFeatures)
    return found


def _real_features(context: Context, splits: Splits, network: str, count: int) -> RealFeatures:
    seed, (train, test) = context.options.seed, splits
    order = np.random.default_rng(seed).permutation(len(train))
    learned, others = np.sort(order[: len(train) // 2]), order[len(train) // 2 :]
    if network == INCEPTION:
        try:
            made = inception_network(context.device)
        except UserError as error:
            raise NotApplicableError(str(error)) from error
    else:
        made = moved_copies_network(
            train.images[learned],
            test.images,
            seed=seed,
            device=context.device,
            progress=context.progress,
        )
    context.progress("reading the features of real images", None)
    chosen = evenly_spaced(len(test), count), np.sort(others[:count])
    return RealFeatures(made, made.read(test.images[chosen[0]]), made.read(train.images[chosen[1]]))


def _draw(
    generator: Generator, context: Context, count: int, varying: str = "all"
) -> NDArray[np.uint8]:
    """Return images of a generator, of which each `GROUP` may have its codes or noise in common."""
    space = generator.codes
    first = torch.arange(CHUNK) // GROUP * GROUP

    def render(codes: Any, random: torch.Generator) -> Tensor:
        noise = space.sample_noise(CHUNK, random)
        if varying == "noise":
            codes = {name: values[first] for name, values in codes.items()}
        if varying == "codes":
            noise = noise[first]
        return generator.generate(codes, noise)

    source = Source(space, render, context.options.seed)
    chunks = []
    for number in range(-(-count // CHUNK)):
        context.progress(f"drawing images, {number * CHUNK:,} of {count:,}", None)
        chunks.append(source.chunk(Stream.TEST, number)[1].numpy())
    return np.concatenate(chunks)[:count]
