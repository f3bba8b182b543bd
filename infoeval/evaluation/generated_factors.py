"""Factors measured in generated images, and the codes that these were generated from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.evaluation.code_table import CodeTable, MeasuredTable
from infoeval.evaluation.context import Context, NotApplicableError, Splits, factors_of
from infoeval.evaluation.factor_regressor import Accuracy, FactorRegressor, accuracy, train
from infoeval.information.streams import CHUNK, Source, Stream
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.subjects.protocols import Generator, render_of
from infoeval.subjects.subject import Rows


def measured_table(generator: Generator, splits: Splits, context: Context) -> MeasuredTable:
    """Return random codes, and the factors that a regressor measures in images drawn from them.

    The factor regressor is trained on all training images. A factor is kept where its prediction
    on test images is good enough: |Spearman| or circular correlation of 0.9, or a balanced accuracy
    halfway from chance to 1. ``context.options.rows`` images are drawn.

    Raises NotApplicableError where the images have no factors or another size than the drawn ones,
    and where no factor can be measured; UserError where the generator fails.
    """
    factors = all_factors(splits, context)
    codes, images = _generate(generator, context)
    regressor, accuracies = tested_regressor(factors, splits, images.shape[1:], context)
    context.progress("measuring the factors of generated images", None)
    measured = regressor.predict(images)
    varies = np.ptp(measured, axis=0) > 0
    reasons = reasons_against(factors, accuracies, varies)
    kept = [place for place in range(len(factors)) if accuracies[place].is_enough and varies[place]]
    if not kept:
        raise NotApplicableError("; ".join(reasons))
    names = [factors[place].name for place in kept]
    table = CodeTable(
        Rows(codes, pd.DataFrame(measured[:, kept], columns=names)),
        [code.column_type for code in generator.codes.values()],
        [factors[place].type for place in kept],
    )
    described = {factors[place].name: accuracies[place]._asdict() for place in kept}
    return MeasuredTable(table, described, reasons)


def all_factors(splits: Splits, context: Context) -> tuple[Column, ...]:
    """Return the factors of both splits, training images first; angles in radians."""
    frames = [factors_of(images) for images in splits]
    if any(frame is None for frame in frames):
        raise NotApplicableError(f"{splits.train.name} has no factors to be measured")
    both = pd.concat(frames, ignore_index=True)
    types = context.options.factor_types or splits.train.factor_types or None
    return as_table(both, both, factor_types=types).factors


def tested_regressor(
    factors: Sequence[Column], splits: Splits, shape: tuple[int, ...], context: Context
) -> tuple[FactorRegressor, list[Accuracy]]:
    """Return a regressor trained on the train split, and how well it reads test images.

    `factors` are those of `all_factors`. Raises NotApplicableError unless images are of `shape`,
    that of the generated ones.
    """
    real, count = splits.train.images, len(splits.train)
    if real.shape[1:] != shape:
        raise NotApplicableError(
            f"the generator draws images of {shape}, {splits.train.name} has {real.shape[1:]} "
            "(channels, height, width)"
        )
    regressor = train(
        real,
        [replace(factor, values=factor.values[:count]) for factor in factors],
        seed=context.options.seed,
        device=context.device,
        progress=context.progress,
    )
    context.progress("measuring the factors of test images", None)
    on_test = regressor.predict(splits.test.images)
    return regressor, [
        accuracy(on_test[:, place], replace(factor, values=factor.values[count:]))
        for place, factor in enumerate(factors)
    ]


def _generate(generator: Generator, context: Context) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Return random codes, and the 8-bit images drawn from them."""
    count = context.options.rows
    source = Source(generator.codes, render_of(generator), context.options.seed)
    codes, images = [], []
    for number in range(-(-count // CHUNK)):
        context.progress(f"drawing images, {number * CHUNK:,} of {count:,}", None)
        values, drawn = source.chunk(Stream.TEST, number)
        codes.append(pd.DataFrame({name: value.numpy() for name, value in values.items()}))
        images.append(drawn.numpy())
    return pd.concat(codes, ignore_index=True)[:count], np.concatenate(images)[:count]


def reasons_against(
    factors: Sequence[Column], accuracies: Sequence[Accuracy], varies: NDArray[np.bool_]
) -> list[str]:
    """Return why factors cannot be measured, a line for all with the same reason."""
    by_reason: dict[str, list[str]] = {}
    for factor, reached, moves in zip(factors, accuracies, varies, strict=True):
        if not reached.is_enough:
            reason = (
                f"cannot be measured in generated images, as {reached.measure} on real test images "
                f"is below {reached.least:.3f}"
            )
            by_reason.setdefault(reason, []).append(f"{factor.name} {reached.value:.3f}")
        elif not moves:
            by_reason.setdefault("the same in all generated images", []).append(factor.name)
    return [f"{reason}: {', '.join(names)}" for reason, names in by_reason.items()]
