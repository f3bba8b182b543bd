"""Scores by votes: the code that varies least, or most, votes for a factor."""

import math

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics.score import Score
from infoeval.metrics.stats.interventions import (
    Draws,
    Effort,
    Generator,
    Outcome,
    Source,
    score_draws,
)
from infoeval.metrics.stats.resampling import TableOptions


def score_votes(
    source: Source,
    effort: Effort,
    options: TableOptions,
    *,
    least: bool,
    above_chance: bool,
    threshold: float,
    preset: str,
    reference: str,
) -> Score:
    """Score of the votes of the code that varies least, or most, for the factor.

    Raises UserError where no code varies as much as ``threshold``.
    """
    if not (math.isfinite(threshold) and threshold >= 0):
        raise UserError(f"threshold is {threshold}; give a number >= 0")
    names = [code.name for code in source.table.codes]
    factors = [factor.name for factor in source.table.factors]
    spread = source.whole().spread
    if not spread.any():
        raise UserError("all codes are constant; there is nothing to score")
    if not _active(spread, threshold).any():
        raise UserError(
            f"no code has a standard deviation of {threshold} or more; the largest is "
            f"{math.sqrt(spread.max()):.3g}, give a smaller threshold"
        )

    def measure(draws: Draws, generator: Generator) -> Outcome:
        active = np.flatnonzero(_active(draws.spread, threshold))
        if len(active) == 0:  # in a part of the rows where no code varies
            return 1 / len(factors), {}
        held = generator.integers(len(factors), size=effort.train_points + effort.test_points)
        ratio = draws.relative_variances(held, effort.batch, active, generator)
        code = active[ratio.argmin(axis=1) if least else ratio.argmax(axis=1)]
        train, test = np.split(np.arange(len(held)), [effort.train_points])
        votes = np.zeros((len(names), len(factors)), dtype=np.intp)
        np.add.at(votes, (code[train], held[train]), 1)
        right = votes.argmax(axis=1)[code] == held
        details = {
            "per_factor": [
                float(right[test][held[test] == k].mean()) if k in held[test] else None
                for k in range(len(factors))
            ],
            "votes": votes.tolist(),
            "factor_of": [factors[row.argmax()] if row.any() else None for row in votes],
            "active": [names[j] for j in active],
            "deviation": np.sqrt(draws.spread).tolist(),
            "train_accuracy": float(right[train].mean()),
        }
        return float(right[test].mean()), details

    return score_draws(
        source,
        measure,
        effort,
        options,
        above_chance=above_chance,
        reference=reference,
        details={"threshold": threshold, "preset": preset},
    )


def _active(spread: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Whether each code varies and reaches the threshold, ``(D,)``."""
    return (spread > 0) & (np.sqrt(spread) >= threshold)
