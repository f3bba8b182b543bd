"""Attributes of generated images, as a regressor that was trained on labelled ones reads them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.evaluation.context import Context, NotApplicableError, Splits
from infoeval.evaluation.factor_regressor import FactorRegressor, accuracy, train
from infoeval.evaluation.generated_factors import all_factors, reasons_against
from infoeval.evaluation.small_network import parts_of
from infoeval.metrics.stats.code_factor_table import Column

Read = Callable[[NDArray[np.uint8]], pd.DataFrame]
"""From uint8 images to a column of numbers an attribute."""


def attribute_reader(
    splits: Splits, shape: tuple[int, ...], context: Context
) -> tuple[Read, list[str]]:
    """Return a reader of the factors, or labels, of images, and why others are left out.

    It reads numbers that a straight line can follow: values, cosine and sine of angles, the log
    odds of a class against all others, or of the second of two. As `generated_factors`, it keeps
    what is predicted well on test images.

    Raises NotApplicableError for images without factors, of another shape than `shape`, or with
    none that can be read.
    """
    factors = all_factors(splits, context)
    real, count = splits.train.images, len(splits.train)
    if real.shape[1:] != shape:
        raise NotApplicableError(
            f"the generator draws images of {shape}, {splits.train.name} has {real.shape[1:]} "
            "(channels, height, width)"
        )
    fitted = [replace(factor, values=factor.values[:count]) for factor in factors]
    options = {"seed": context.options.seed, "device": context.device}
    regressor = train(real, fitted, progress=context.progress, **options)  # type: ignore[arg-type]
    on_test = regressor.predict(splits.test.images)
    accuracies = [
        accuracy(on_test[:, place], replace(factor, values=factor.values[count:]))
        for place, factor in enumerate(factors)
    ]
    reasons = reasons_against(factors, accuracies, np.ones(len(factors), bool))
    kept = [place for place, reached in enumerate(accuracies) if reached.is_enough]
    if not kept:
        raise NotApplicableError("; ".join(reasons))

    def read(images: NDArray[np.uint8]) -> pd.DataFrame:
        columns: dict[str, NDArray[np.float64]] = {}
        for place in kept:
            columns |= _numbers(factors[place], _outputs(regressor, images)[place])
        return pd.DataFrame(columns)

    return read, reasons


@torch.no_grad()
def _outputs(regressor: FactorRegressor, images: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """Return what the regressor says of each factor, (n, width)."""
    device = next(regressor.parameters()).device
    outputs = zip(*(regressor(part) for part in parts_of(images, device)), strict=True)
    return [torch.cat(list(output)).double().cpu().numpy() for output in outputs]


def _numbers(factor: Column, output: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    name = factor.name
    if factor.type == "periodic":
        return {f"{name} (cosine)": output[:, 0], f"{name} (sine)": output[:, 1]}
    if factor.type != "discrete":
        return {name: output[:, 0]}
    classes = np.unique(factor.values).astype(int)
    if len(classes) == 2:
        return {name: output[:, classes[1]] - output[:, classes[0]]}
    logits = output[:, classes]
    odds = {}
    for place, number in enumerate(classes):
        others = np.delete(logits, place, axis=1)
        highest = others.max(axis=1)
        rest = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
        odds[f"{name} {number}"] = logits[:, place] - rest
    return odds
