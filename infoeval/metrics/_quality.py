"""Quality of generated samples: Fréchet and kernel distance, precision, recall and their kin."""

from itertools import pairwise
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.intervals import Subsamples, clopper_pearson
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.near_neighbours import Balls
from infoeval.metrics.stats.resampling import ScoreOptions, check_options
from infoeval.metrics.stats.row_intervals import (
    ONE_REPLICATE,
    halves_and_quarters,
    limit_entry,
    within,
)
from infoeval.metrics.stats.sample_distances import (
    frechet_distance,
    kernel_distance,
    mean_distance,
)

NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5
"""k of precision and recall, and k of density and coverage, as published."""
LEAST_SAMPLES = 2 * (DENSITY_NEIGHBOURS + 1)
"""A half of these has the neighbours that a ball reaches to."""
REPLICATES = 20
REFERENCE = (
    "Heusel et al. 2017 (FD); Bińkowski et al. 2018 (KID); Kynkäänniemi et al. 2019 (precision, "
    "recall); Naeem et al. 2020 (density, coverage)"
)

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


class Number(NamedTuple):
    """What one of the numbers is like."""

    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]


NUMBERS = {
    "fd": Number("distance", False, (0.0, np.inf)),
    "kid": Number("distance", False, (-np.inf, np.inf)),
    "precision": Number("fraction", True, (0.0, 1.0)),
    "recall": Number("fraction", True, (0.0, 1.0)),
    "density": Number("index", True, (0.0, np.inf)),
    "coverage": Number("fraction", True, (0.0, 1.0)),
    "variety": Number("index", True, (0.0, np.inf)),
    "code variety": Number("index", True, (0.0, np.inf)),
}
COMPARED = tuple(NUMBERS)[:6]
"""Numbers of two samples; the others are of groups of one."""


@metric(
    "quality",
    kind="samples",
    range="0 or more",
    summary="FD, KID, precision, recall, density and coverage of generated images, and variety",
    use="whether generated images look like real ones, and whether all kinds of real ones occur",
    pitfalls="numbers of different feature networks cannot be compared; fd is biased upwards, the "
    "more so the fewer images, so see what real images score; density has no upper limit",
    evaluated={"features": "moved-copies", "images": 5_000},
)
def quality(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    other_real: ArrayLike | None = None,
    fixed_codes: ArrayLike | None = None,
    fixed_noise: ArrayLike | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Distances and overlap of the features of real images and of generated ones.

    - ``fd``: squared Fréchet distance of normal laws fitted to both; biased upwards.
    - ``kid``: squared kernel distance, unbiased: around 0 for equal laws.
    - ``precision``: share of generated images that lie nearer to a real one than its third
      neighbour; ``recall``: the same share of real images among generated ones.
    - ``density``: mean number of real images that a generated one lies nearer to than their fifth
      neighbour, divided by five; ``coverage``: share of real images with a generated one that near.
    - ``variety``: mean distance of images with the same codes, as a share of that of real images: 0
      where each combination of codes gives a single image, and 1 where noise alone makes images as
      different as real ones are. ``code variety`` in the same way of images with the same noise.

    Args:
        real: ``(n, D)`` features.
        generated: ``(m, D)``; n images like the real ones are best.
        other_real: ``(n, D)`` of further real images; what they score is ``real`` of each part.
        fixed_codes: ``(groups, images, D)`` of generated images; those of a group have all codes in
            common, and differ in noise.
        fixed_noise: the same of groups of equal noise that differ in codes.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`; ``replicates`` is 20
            by default, and ``null`` is not used.

    The value is ``fd``, and ``details["parts"]`` holds all. Each interval is about the expectation
    over samples of n and m images and as many groups of the same laws (so that of ``fd`` is about
    the biased number), by random halves and quarters of all; that of a share is at least as wide as
    the exact one of Clopper and Pearson.

    Raises UserError for what are no features, fewer than 12 images, and equal real ones.

    >>> random = np.random.default_rng(0)
    >>> score = quality(random.normal(size=(200, 2)), random.normal(size=(200, 2)))
    >>> sorted(score.details["parts"])
    ['coverage', 'density', 'fd', 'kid', 'precision', 'recall']
    """
    check_options(options)
    samples = [_features(real, "real"), _features(generated, "generated")]
    groups: dict[str, Array] = {}
    for name, given in (("variety", fixed_codes), ("code variety", fixed_noise)):
        if given is not None:
            groups[name] = mean_distance(_features(given, name, dimensions=3))
            samples.append(groups[name])
    if not np.ptp(samples[0], axis=0).any():
        raise UserError("real: all images have the same features; there is nothing to compare with")
    starts = np.cumsum([0, *map(len, samples)])

    def numbers(rows: Rows) -> list[float]:
        parts = [
            sample[rows[(rows >= start) & (rows < start + len(sample))] - start]
            for sample, start in zip(samples, starts, strict=False)
        ]
        compared = _compared(parts[0], parts[1])
        scale = float(mean_distance(parts[0])) if groups else 1.0
        return compared + [float(part.mean()) / scale for part in parts[2:]]

    names = [*COMPARED, *groups]
    whole = numbers(np.arange(starts[-1]))
    rows = [np.arange(start, stop) for start, stop in pairwise(starts)]
    found, kind = _subsamples(numbers, rows, options)
    level = options.get("level", 0.95)
    counts = {"precision": len(samples[1])}
    parts = {
        name: _entry(name, value, half, counts.get(name, len(samples[0])), level)
        for name, value, half in zip(names, whole, _half_widths(found, whole, level), strict=True)
    }
    if other_real is not None:
        others = _compared(samples[0], _features(other_real, "other_real"))
        for name, value in zip(COMPARED, others, strict=True):
            parts[name]["real"] = value
    first = parts["fd"]
    return Score(
        first["value"],
        first["low"],
        first["high"],
        None if first["low"] is None else level,
        len(samples[0]),
        first["unit"],
        first["higher_is_better"],
        REFERENCE,
        {
            "interval": kind,
            "seed": int(options.get("seed", 0)),
            "generated": len(samples[1]),
            "neighbours": {"precision, recall": NEIGHBOURS, "density": DENSITY_NEIGHBOURS},
            "parts": parts,
        },
        found,
    )


def _features(given: ArrayLike, name: str, dimensions: int = 2) -> Array:
    try:
        features = as_array(given, name).astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{name}: give numbers, a row of features for each image") from None
    if features.ndim != dimensions or not features.shape[-1] or features.shape[-2] < 2:
        form = "(n, D)" if dimensions == 2 else "(groups, images, D)"
        raise UserError(f"{name}: shape {features.shape}, not {form}")
    if len(features) < LEAST_SAMPLES:
        what = "images" if dimensions == 2 else "groups"
        raise UserError(f"{name}: {len(features)} {what}; give {LEAST_SAMPLES} or more")
    if not np.isfinite(features).all():
        raise UserError(f"{name}: some features are not finite (NaN or inf)")
    return features


def _compared(real: Array, generated: Array) -> list[float]:
    """Return the numbers of two samples, in the order of `COMPARED`."""
    if real.shape[1] != generated.shape[1]:
        raise UserError(f"{generated.shape[1]} features of images, and {real.shape[1]} of others")
    if min(len(real), len(generated)) <= DENSITY_NEIGHBOURS:
        raise UserError("too few images")
    near, dense = Balls(real, NEIGHBOURS, DENSITY_NEIGHBOURS).hold(generated)
    (found,) = Balls(generated, NEIGHBOURS).hold(real)
    return [
        frechet_distance(real, generated),
        kernel_distance(real, generated),
        float(near.any(axis=1).mean()),
        float(found.any(axis=1).mean()),
        float(dense.sum() / (DENSITY_NEIGHBOURS * len(generated))),
        float(dense.any(axis=0).mean()),
    ]


def _subsamples(
    numbers: Any, rows: list[Rows], options: ScoreOptions
) -> tuple[Subsamples | None, str]:
    """Return the numbers of halves and quarters, and the kind of interval or why there is none."""
    count = options.get("replicates", REPLICATES)
    if not count:
        return None, "none: no replicates"
    if count == 1:
        return None, ONE_REPLICATE
    random = np.random.default_rng(options.get("seed", 0))
    try:
        halves, quarters = halves_and_quarters(numbers, rows, count, random)
    except UserError as error:
        return None, f"none: some halves of the images cannot be scored ({error})"
    nothing = np.zeros(halves.shape[1])
    found = Subsamples(halves, quarters, nothing, nothing)
    return found, found.kind.replace("rows", "images")


def _half_widths(found: Subsamples | None, whole: list[float], level: float) -> Array:
    return np.full(len(whole), np.nan) if found is None else found.half_widths(level)


def _entry(name: str, value: float, half: float, count: int, level: float) -> dict[str, Any]:
    """Return a part of the score; `count` are the images of a share."""
    number = NUMBERS[name]
    (moved,) = within([value], number.bounds)
    entry: dict[str, Any] = {"value": float(moved), "low": None, "high": None}
    if np.isfinite(half):
        limit_entry(entry, half, number.bounds)
    if number.unit == "fraction" and entry["low"] is not None:
        low, high = clopper_pearson(round(value * count), count, level)
        entry |= {"low": min(entry["low"], low), "high": max(entry["high"], high)}
    return entry | {"unit": number.unit, "higher_is_better": number.higher_is_better}
