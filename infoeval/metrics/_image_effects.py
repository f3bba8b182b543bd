"""What a code changes in generated images in the same way everywhere."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.intervals import normal_interval
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.resampling import ScoreOptions, check_options

LEAST_ROWS = 4
STILL = 1e-6
"""A statistic that changes by less, in deviations of random images, does not change."""

Array = NDArray[np.float64]


@metric(
    "image-effects",
    kind="traversals",
    range="-1 to 1",
    summary="which simple statistics of generated images each code changes, alike at every noise",
    use="naming a code where no labels are at hand: what turns, grows, moves or brightens with it",
    pitfalls="it knows its statistics alone: a code of hair or of the digit has no name here; "
    "statistics depend on each other, as a larger object is also brighter on the whole",
    evaluated={"traversals": 60},
)
def image_effects(
    traversed: ArrayLike,
    random: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """How consistently, and how much, a code changes each statistic of images.

    In a traversal the code takes V values while the noise and all other codes stay. *Consistency*
    of a statistic is the mean over traversals of the correlation between its changes along one
    traversal and its mean changes along all others: about 0 where the code changes it in another
    way for each noise, or not at all, and 1 where always in the same way. No order of the values is
    assumed, so codes on a line, on a circle and of categories are treated alike. Its *share* is the
    correlation ratio of the statistic and the code: the root mean square of the mean changes, in
    standard deviations of random images, less what chance gives, as no traversal is multiplied by
    itself. It is 0 where the code changes nothing, and 1 where it alone changes the statistic.

    Args:
        traversed: ``(B, V, S)``, the statistics of the images of B traversals.
        random: ``(n, S)``, those of images of random codes and noise.
        names: of the statistics.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`; the interval is a
            normal one over traversals, and there are neither replicates nor shuffled tables.

    The value is the consistency of the statistic with the largest share among those whose
    consistency has an interval above 0, or of the most consistent where there is none.
    ``details["statistics"]`` has, of each by its name, ``consistency`` with ``low`` and ``high``,
    ``share`` with ``share_low`` and ``share_high``, and ``means``, the mean at each value.

    Raises UserError for other shapes, fewer than 4 traversals, and numbers that are not finite.

    >>> values = np.linspace(-1, 1, 5)
    >>> random = np.random.default_rng(0).normal(size=(200, 2))
    >>> traversed = np.stack([random[:20, :1] + values, random[:20, 1:] + 0 * values], axis=2)
    >>> details = image_effects(traversed, random, names=["slant", "size"]).details
    >>> {name: round(each["consistency"], 2) for name, each in details["statistics"].items()}
    {'slant': 1.0, 'size': 0.0}
    """
    check_options(options)
    along, others = _statistics(traversed, "traversed", 3), _statistics(random, "random", 2)
    if along.shape[2] != others.shape[1]:
        raise UserError(f"{along.shape[2]} statistics along traversals, {others.shape[1]} random")
    called = [str(place) for place in range(along.shape[2])] if names is None else list(names)
    if len(called) != along.shape[2]:
        raise UserError(f"{len(called)} names for {along.shape[2]} statistics")
    level = options.get("level", 0.95)
    deviations = others.std(axis=0)
    varying = deviations > 0
    changes = (along - along.mean(axis=1, keepdims=True)) / np.where(varying, deviations, 1)
    products, agreement = _agreement(changes * varying)
    means = along.mean(axis=0)
    found = {
        name: _entry(agreement[:, place], products[:, place], level)
        | {"means": means[:, place].tolist()}
        for place, name in enumerate(called)
    }
    consistent = [name for name, each in found.items() if each["low"] > 0]
    by = "share" if consistent else "consistency"
    shown = max(consistent or found, key=lambda name: found[name][by])
    best = found[shown]
    return Score(
        best["consistency"],
        best["low"],
        best["high"],
        level=level,
        n=len(along),
        unit="index",
        reference="ours: agreement of changes along traversals",
        details={"interval": "normal, over traversals", "statistic": shown, "statistics": found},
    )


def _agreement(changes: Array) -> tuple[Array, Array]:
    """Return the mean product of a traversal's changes with the mean ones of all others, (B, S).

    And the correlation of both.
    """
    elsewhere = (changes.sum(axis=0) - changes) / (len(changes) - 1)
    products = (changes * elsewhere).sum(axis=1)
    lengths = np.linalg.norm(changes, axis=1), np.linalg.norm(elsewhere, axis=1)
    moves = np.minimum(*lengths) > STILL
    found: Array = np.where(moves, products / np.where(moves, lengths[0] * lengths[1], 1), 0.0)
    return np.where(moves, products, 0.0) / changes.shape[1], found


def _entry(agreement: Array, products: Array, level: float) -> dict[str, Any]:
    mean, low, high = normal_interval(agreement, level)
    # The mean product is that of all pairs; 2 p - mean are its values by the jackknife.
    share = [max(end, 0.0) ** 0.5 for end in normal_interval(2 * products - products.mean(), level)]
    return {
        "consistency": mean,
        "low": max(low, -1.0),
        "high": min(high, 1.0),
        "share": share[0],
        "share_low": share[1],
        "share_high": share[2],
    }


def _statistics(given: ArrayLike, name: str, dimensions: int) -> Array:
    try:
        values = as_array(given, name).astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{name}: give numbers") from None
    if values.ndim != dimensions or len(values) < LEAST_ROWS or not values.size:
        wanted = "(traversals, values, statistics)" if dimensions == 3 else "(images, statistics)"
        raise UserError(f"{name}: shape {values.shape}; give {wanted}, {LEAST_ROWS} or more")
    if not np.isfinite(values).all():
        raise UserError(f"{name}: some numbers are not finite (NaN or inf)")
    return values
