"""Factors measured in generated images, and the codes that these were generated from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.evaluation.code_table import NOISE, CodeTable, MeasuredTable
from infoeval.evaluation.context import Context, NotApplicableError, Splits, factors_of
from infoeval.evaluation.factor_regressor import Accuracy, FactorRegressor, accuracy, train
from infoeval.evaluation.image_statistics import image_statistics
from infoeval.information.streams import CHUNK, Source, Stream
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.subjects.protocols import Generator, render_of
from infoeval.subjects.subject import Rows
from infoeval.traversals import as_pixels

AT_ONE_NOISE = 100
"""Images that share their noise."""
STILL = 1e-9
"""A statistic of a smaller deviation is constant."""


def measured_table(
    generator: Generator, splits: Splits, context: Context, *, fixed_noise: bool = False
) -> MeasuredTable:
    """Return random codes, and the factors that a regressor measures in images drawn from them.

    The factor regressor is trained on all training images. A factor is kept where its prediction
    on test images is good enough: |Spearman| or circular correlation of 0.9, or a balanced accuracy
    halfway from chance to 1. ``context.options.rows`` images are drawn. With ``fixed_noise`` the
    noise and the categories of `AT_ONE_NOISE` images in a row are the same, and their number is the
    factor `NOISE`.

    Raises NotApplicableError where the images have no factors or another size than the drawn ones,
    and where no factor can be measured; UserError where the generator fails.
    """
    factors = all_factors(splits, context)
    codes, images = codes_and_images(generator, context, fixed_noise=fixed_noise)
    regressor, accuracies = tested_regressor(factors, splits, images.shape[1:], context)
    context.progress("measuring the factors of generated images", None)
    measured = regressor.predict(images)
    varies = np.ptp(measured, axis=0) > 0
    reasons = reasons_against(factors, accuracies, varies)
    kept = [place for place in range(len(factors)) if accuracies[place].is_enough and varies[place]]
    if not kept:
        raise NotApplicableError("; ".join(reasons))
    found = pd.DataFrame(measured[:, kept], columns=[factors[place].name for place in kept])
    types = [factors[place].type for place in kept]
    if fixed_noise and NOISE in found:
        raise NotApplicableError(f"within=noise: {splits.train.name} has a factor called noise")
    table = table_of_generated(generator, codes, found, types, fixed_noise=fixed_noise)
    described = {factors[place].name: accuracies[place]._asdict() for place in kept}
    return MeasuredTable(table, described, reasons)


def measured_statistics(
    generator: Generator, context: Context, *, fixed_noise: bool = False
) -> MeasuredTable:
    """Return random codes, and `image_statistics` of the images drawn from them.

    They need no regressor, and nothing of real images. The rest is as in `measured_table`.
    """
    codes, images = codes_and_images(generator, context, fixed_noise=fixed_noise)
    found, constant = varying_statistics(images)
    types = ["continuous"] * found.shape[1]
    table = table_of_generated(generator, codes, found, types, fixed_noise=fixed_noise)
    return MeasuredTable(table, {}, constant)


def varying_statistics(
    images: NDArray[np.uint8],
    read: Callable[[NDArray[np.uint8]], pd.DataFrame] = image_statistics,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the statistics that differ among images, and a line that names the others, if any.

    Raises NotApplicableError where none differs.
    """
    found = read(images)
    varies = found.std() > STILL
    if not varies.any():
        raise NotApplicableError("all images have the same statistics")
    constant = ", ".join(found.columns[~varies])
    return found.loc[:, varies], [f"the same in all images: {constant}"] if constant else []


def table_of_generated(
    generator: Generator,
    codes: pd.DataFrame,
    factors: pd.DataFrame,
    types: Sequence[str],
    *,
    fixed_noise: bool,
) -> CodeTable:
    """Return the table of codes and of factors of their images; fixed noise is a factor as well."""
    if fixed_noise:
        factors = factors.assign(**{NOISE: np.arange(len(factors)) // AT_ONE_NOISE})
        types = [*types, "discrete"]
    code_types = [generator.codes[str(name)].column_type for name in codes]
    return CodeTable(Rows(codes, factors), code_types, list(types))


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

    `factors` are those of `all_factors`. It is trained once for all subjects of a context. Raises
    NotApplicableError unless images are of `shape`, that of the generated ones.
    """
    real = splits.train.images
    if real.shape[1:] != shape:
        raise NotApplicableError(
            f"the generator draws images of {shape}, {splits.train.name} has {real.shape[1:]} "
            "(channels, height, width)"
        )
    key = (*(images.fingerprint for images in splits), *(factor.name for factor in factors))
    if key not in context.regressors:
        context.regressors[key] = _trained_regressor(factors, splits, context)
    return cast(tuple[FactorRegressor, list[Accuracy]], context.regressors[key])


def _trained_regressor(
    factors: Sequence[Column], splits: Splits, context: Context
) -> tuple[FactorRegressor, list[Accuracy]]:
    count = len(splits.train)
    regressor = train(
        splits.train.images,
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


def codes_and_images(
    generator: Generator, context: Context, *, fixed_noise: bool
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Return random codes, and images drawn from them; see `measured_table`."""
    return (_generate_at_noise if fixed_noise else _generate)(generator, context)


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


def _generate_at_noise(
    generator: Generator, context: Context
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Return codes that are no categories, and images: `AT_ONE_NOISE` in a row of the same noise.

    Raises NotApplicableError where all codes are categories, which stay as they are as well.
    """
    space, count = generator.codes, context.options.rows
    varied = [name for name, code in space.items() if not code.is_categorical]
    if not varied:
        raise NotApplicableError("within=noise: all codes are categories, which stay fixed")
    random = torch.Generator().manual_seed(context.options.seed)
    codes, images = [], []
    for start in range(0, count, AT_ONE_NOISE):
        context.progress(f"drawing images, {start:,} of {count:,}", start / count)
        values = space.sample(AT_ONE_NOISE, random)
        for name in space.keys() - set(varied):
            values[name] = values[name][:1].expand(AT_ONE_NOISE)
        noise = space.sample_noise(1, random).expand(AT_ONE_NOISE, -1)
        drawn = generator.generate(dict(values), noise)
        codes.append(pd.DataFrame({name: values[name].numpy() for name in varied}))
        images.append(as_pixels(drawn, AT_ONE_NOISE).numpy())
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
