"""Codes that a generator was given, and factors that are measured in the images it drew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.evaluation.code_table import CodeTable, MeasuredTable
from infoeval.evaluation.factor_regressor import Accuracy, accuracy, train
from infoeval.evaluation.inputs import Context, NotApplicable, Splits, factors_of
from infoeval.information.streams import CHUNK, Source, Stream
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.subjects.protocols import Generator, render_with
from infoeval.subjects.subject import Rows

__all__ = ["measured_table"]


def measured_table(generator: Generator, splits: Splits, context: Context) -> MeasuredTable:
    """Draw images of random codes, and measure the factors that can be measured in them.

    A small network learns the factors from the training images, all of them. A factor is measured
    where it reads the test images well enough: |Spearman| or circular correlation of 0.9, or a
    balanced accuracy halfway from chance to 1. ``context.options.rows`` images are drawn.

    Raises UserError where the images have no factors, or other sizes than those that are drawn,
    where the generator fails, and where no factor can be measured.
    """
    columns = _factors(splits, context)
    training, test = splits
    codes, images = _drawn(generator, context)
    if images.shape[1:] != training.images.shape[1:]:
        raise NotApplicable(
            f"the generator draws images of {images.shape[1:]}, {training.name} has "
            f"{training.images.shape[1:]} (channels, height, width)"
        )
    count = len(training)
    network = train(
        training.images,
        [replace(each, values=each.values[:count]) for each in columns],
        seed=context.options.seed,
        device=context.device,
        progress=context.progress,
    )
    context.progress("measuring the factors of test images and of generated ones", None)
    tested, measured = network.read(test.images), network.read(images)
    found = [
        accuracy(tested[:, place], replace(each, values=each.values[count:]))
        for place, each in enumerate(columns)
    ]
    moves = np.ptp(measured, axis=0) > 0
    unmeasured = _reasons(columns, found, moves)
    kept = [place for place, well in enumerate(found) if well.is_enough and moves[place]]
    if not kept:
        raise NotApplicable("; ".join(unmeasured))
    names = [columns[place].name for place in kept]
    table = CodeTable(
        Rows(codes, pd.DataFrame(measured[:, kept], columns=names)),
        [code.kind for code in generator.codes.values()],
        [columns[place].type for place in kept],
    )
    accuracies = {columns[place].name: found[place]._asdict() for place in kept}
    return MeasuredTable(table, accuracies, unmeasured)


def _factors(splits: Splits, context: Context) -> tuple[Column, ...]:
    """The factors of both splits, training images first; angles in radians."""
    frames = [factors_of(images) for images in splits]
    if any(frame is None for frame in frames):
        raise NotApplicable(f"{splits[0].name} has no factors to be measured")
    both = pd.concat(frames, ignore_index=True)
    types = context.options.factor_types or splits[0].factor_types or None
    return as_table(both, both, factor_types=types).factors


def _drawn(generator: Generator, context: Context) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Codes, and the 8-bit images that are drawn of them."""
    source = Source(generator.codes, render_with(generator), context.options.seed)
    codes, images = [], []
    for number in range(-(-context.options.rows // CHUNK)):
        context.progress(f"drawing images, {number * CHUNK:,} of {context.options.rows:,}", None)
        values, drawn = source.chunk(Stream.TEST, number)
        codes.append(pd.DataFrame({name: each.numpy() for name, each in values.items()}))
        images.append(drawn.numpy())
    table = pd.concat(codes, ignore_index=True)[: context.options.rows]
    return table, np.concatenate(images)[: context.options.rows]


def _reasons(
    columns: Sequence[Column], found: Sequence[Accuracy], moves: NDArray[np.bool_]
) -> list[str]:
    """Why factors cannot be measured, in a line for all that are judged alike."""
    alike: dict[str, list[str]] = {}
    for column, well, varies in zip(columns, found, moves, strict=True):
        if not well.is_enough:
            why = (
                f"cannot be measured in generated images, as {well.measure} on real test images is "
                f"below {well.least:.3f}"
            )
            alike.setdefault(why, []).append(f"{column.name} {well.value:.3f}")
        elif not varies:
            alike.setdefault("the same in all generated images", []).append(column.name)
    return [f"{why}: {', '.join(factors)}" for why, factors in alike.items()]
