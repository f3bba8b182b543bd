"""Results of the metrics of traversals: statistics of images along each code."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.codes import Code
from infoeval.errors import UserError
from infoeval.evaluation.array_metrics import score_options, timed
from infoeval.evaluation.drawn_images import drawn_images
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.naming_statistics import naming_statistics
from infoeval.evaluation.requests import Request
from infoeval.metrics._image_effects import LEAST_ROWS
from infoeval.results import Result
from infoeval.subjects.protocols import Generator

COLUMNS = 9
"""Values of a code that is not categorical along a traversal, of equal probability."""
MOST_COLUMNS = 32
RANDOM = 1_000
"""Random images whose deviations are the unit of changes."""


def run_on_traversals(inputs: Inputs, request: Request) -> list[Result]:
    """Return a result of a metric of traversals for each code.

    Raises UserError for settings that cannot be, and where the generator fails.
    """
    generator, options = inputs.subject.generator, inputs.options
    assert generator is not None
    settings = {**request.metric.evaluated, **request.settings}
    count = settings.pop("traversals")
    if not isinstance(count, int) or count < LEAST_ROWS:
        raise UserError(f"traversals must be a whole number from {LEAST_ROWS} up, not {count!r}")
    space, random = generator.codes, torch.Generator().manual_seed(options.seed)
    drawn = space.sample(RANDOM, random), space.sample_noise(RANDOM, random)
    others = naming_statistics(drawn_images(generator, *drawn))
    shown: dict[str, Any] = {"seed": options.seed, "traversals": count}
    if request.settings:
        shown["own"] = dict(request.settings)
    results = []
    for number, code in enumerate(space):
        inputs.context.progress(f"what {code} changes in images", number / len(space))
        traversed = _along(generator, code, count, random)
        given = score_options(options) | settings | {"names": list(others)}
        arrays = traversed, others.to_numpy()
        score, seconds = timed(request, request.metric.function, *arrays, **given)
        score.details.update(code=code, kind=space[code].kind)
        target = f"{code} × {score.details['statistic']}"
        results.append(
            Result.of(score, metric=request.name, target=target, settings=shown, seconds=seconds)
        )
    return results


def _along(
    generator: Generator, code: str, count: int, random: torch.Generator
) -> NDArray[np.float64]:
    """Return the statistics of images along traversals of a code, (count, values, statistics)."""
    space = generator.codes
    values = _values(space[code])
    columns = len(values)
    fixed = space.sample(count, random)
    noise = space.sample_noise(count, random).repeat_interleave(columns, dim=0)
    codes = {name: fixed[name].repeat_interleave(columns) for name in space}
    codes[code] = values.repeat(count)
    found = naming_statistics(drawn_images(generator, codes, noise)).to_numpy()
    return found.reshape(count, columns, -1)


def _values(code: Code) -> Tensor:
    """Return the categories, or the medians of `COLUMNS` parts of equal probability."""
    if code.is_categorical:
        return code.traversal()[:MOST_COLUMNS]
    return code.quantile((torch.arange(COLUMNS, dtype=torch.float64) + 0.5) / COLUMNS)
