"""FactorVAE score and Z-max-var: votes of the code that varies least, or most, for a factor."""

import math
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import FACTOR_TYPES
from infoeval.metrics.stats.interventions import (
    Codes,
    Draws,
    Effort,
    Generator,
    Outcome,
    Source,
    score_draws,
    source_of,
)
from infoeval.metrics.stats.resampling import Options, Preset, check_choice


@metric(
    "factor-vae",
    kind="interventions",
    range="0 to 1",
    summary="how often the code that varies least names the factor that is held fixed",
    use="to compare with published numbers",
    pitfalls="saturates: some rotations of perfect codes score 1; random codes 1 / factors; "
    "depends on which codes count as dead",
)
def factor_vae(
    codes: Codes,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    threshold: float = 0.05,
    train_points: int | None = None,
    test_points: int | None = None,
    batch: int | None = None,
    **options: Unpack[Options],
) -> Score:
    """FactorVAE score: how often the code that varies least names the factor that is held fixed.

    For each point a factor k and a value of it are drawn, and ``batch`` codes that all have this
    value while the other factors are drawn afresh. The point is a vote for the code of the smallest
    variance relative to its variance anywhere. Each code stands for the factor of most of its train
    points; the score is the share of test points whose code stands for their factor: about 1/K for
    codes independent of the factors, and 1 for perfect ones. A rotation of perfect codes scores
    0.85 with five factors. The variance of a categorical code is the chance that two draws differ
    (Gini's impurity).

    Args:
        codes: ``(n, D)``, whose rows are drawn with replacement among those that share a value;
            rows whose value no other has are left out. Or a function from factor values ``(m, K)``
            to their codes ``(m, D)``, such as an encoder of rendered images: then every factor is
            drawn independently, as in the definition. It computes ``batch`` (``train_points`` +
            ``test_points``) codes for a score, 0.96 million by default, at most 4,096 in a call,
            and 10,000 more once; the same again for each of ``replicates`` (5 for a function) and
            of ``null``.
        factors: ``(n, K)``, two or more; with a function, the values to draw from each column. In a
            table continuous and periodic ones are in 20 bins of equal width.
        preset: "disentanglement_lib": 10,000 and 5,000 points of 64 codes, as in Locatello et al.
            2019; "laforge": 800 and 800 of 200, values equally probable whatever their rows,
            continuous factors in 10 bins, and (share - 1/K) / (1 - 1/K) as score, about 0 for
            random codes (Zaidi et al. 2020, "Z-min-var").
        threshold: codes of a smaller standard deviation get no votes. 0.05 as in the published
            study; disentanglement_lib's default is 0, and the score of an encoder of dSprites was
            0.77 with the one and 0.79 with the other. Constant codes never get votes.
        train_points: votes that decide what codes stand for; None: the preset's.
        test_points: votes to score; None: the preset's.
        batch: codes for each vote, two or more; None: the preset's.
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    The interval is over rows and draws at once, for a function over draws, and contains Clopper and
    Pearson's of the test points, so that a share of 1 is not certain. ``details``: ``per_factor``
    share (K; None without a test point), ``votes`` of the train points (D x K), ``factor_of`` each
    code (None without a vote), ``active`` codes, ``deviation`` (D), ``train_accuracy``,
    ``encodings``, the number of codes that a function computed, ``rows_alone`` of a table (K), left
    out for their value of a factor, ``pruned`` codes, and the settings.

    Raises UserError for what is not a table of codes and factors, for a single factor, for a factor
    without a value in two rows, where no code can get votes, for numbers that are not whole and
    positive, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> float(factor_vae(factors * 1.5, factors, replicates=0))
    1.0
    >>> def encode(values):
    ...     return values @ np.array([[1.5, 0.0], [0.0, -1.0]])
    >>> less = {"train_points": 200, "test_points": 100, "batch": 32}
    >>> float(factor_vae(encode, factors, **less))
    1.0
    """
    check_choice("preset", preset, Preset)
    laforge = preset == "laforge"
    effort = (Effort(800, 800, 200) if laforge else Effort(10_000, 5_000, 64)).updated(
        train_points, test_points, batch, least_batch=2
    )
    source = source_of(codes, factors, options, effort, bins=10 if laforge else 20, even=laforge)
    return _score_votes(
        source,
        effort,
        options,
        least=True,
        above_chance=laforge,
        threshold=threshold,
        preset=preset,
        reference="Kim and Mnih 2018, Disentangling by factorising",
    )


@metric(
    "z-max-var",
    kind="interventions",
    range="0 to 1",
    summary="how often the code that varies most names the one factor that is changed",
    use="codes without noise, or a function from factors to codes",
    pitfalls="codes of noise drown the others in a table, where few rows agree in all factors "
    "but one",
)
def z_max_var(
    codes: Codes,
    factors: ArrayLike,
    *,
    preset: Literal["laforge"] = "laforge",
    bins: int = 3,
    threshold: float = 0.05,
    train_points: int | None = None,
    test_points: int | None = None,
    batch: int | None = None,
    **options: Unpack[Options],
) -> Score:
    """Z-max-var: how often the code that varies most names the one factor that is not held fixed.

    For each point a factor k is drawn, values of all *other* factors, and ``batch`` codes that all
    have these while k is drawn afresh. The point is a vote for the code of the largest variance
    relative to its variance anywhere. Each code stands for the factor of most of its train points;
    the score is (s - 1/K) / (1 - 1/K), s the share of test points whose code stands for their
    factor: about 0 for codes independent of the factors, 1 for perfect ones, 0.88 for a rotation of
    them. It suits codes without noise: in a table few rows agree in all factors but one, and
    perfect codes of 2,000 rows beside as many codes of noise score 0.15.

    Args:
        codes: ``(n, D)``, whose rows are drawn with replacement among those that agree in all
            factors but k; rows that no other agrees with are left out, and combinations of values
            are equally probable. Or a function from factor values ``(m, K)`` to their codes ``(m,
            D)``, as for :func:`infoeval.metrics.factor_vae`, 320,000 codes for a score by default.
        factors: ``(n, K)``, two or more; with a function, the values to draw from each column.
        preset: "laforge": 800 and 800 points of 200 codes (Zaidi et al. 2020), the only
            implementation there is.
        bins: of equal width for *all* factors of a table, so that rows agree more often; classes of
            a discrete factor in the order of their names. As many bins as classes change nothing.
        threshold: codes of a smaller standard deviation get no votes.
        train_points: votes that decide what codes stand for; None: the preset's.
        test_points: votes to score; None: the preset's.
        batch: codes for each vote, two or more; None: the preset's.
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    Interval and ``details`` are those of :func:`infoeval.metrics.factor_vae`.

    Raises UserError for what is not a table of codes and factors, for a single factor, where no two
    rows agree in all factors but one, where no code can get votes, for numbers that are not whole
    and positive, and for unknown choices.

    >>> factors = np.indices((3, 2, 3)).reshape(3, -1).T
    >>> float(z_max_var(factors * 1.5, factors, replicates=0))
    1.0
    """
    check_choice("preset", preset, Literal["laforge"])
    effort = Effort(800, 800, 200).updated(train_points, test_points, batch, least_batch=2)
    source = source_of(
        codes, factors, options, effort, bins=bins, cut=FACTOR_TYPES, even=True, all_but=True
    )
    return _score_votes(
        source,
        effort,
        options,
        least=False,
        above_chance=True,
        threshold=threshold,
        preset=preset,
        reference="Kim et al. 2019, Relevance factor VAE",
    )


def _score_votes(
    source: Source,
    effort: Effort,
    options: Options,
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
        if len(active) == 0:  # in a bootstrap table of few distinct rows
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
