"""FactorVAE score: votes of the code that varies least while a factor is held fixed."""

from typing import Unpack

from numpy.typing import ArrayLike

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.interventions import Codes, Effort, source_of
from infoeval.metrics.stats.resampling import Preset, TableOptions, check_choice
from infoeval.metrics.stats.variance_votes import score_votes


@metric(
    "factor-vae",
    kind="interventions",
    range="0 to 1",
    summary="how often the code that varies least identifies the factor that is held fixed",
    use="comparison with published numbers",
    pitfalls="saturates: some rotations of perfect codes score 1; random codes score 1 / number of "
    "factors; depends on which codes count as dead",
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
    **options: Unpack[TableOptions],
) -> Score:
    """FactorVAE score: how often the code that varies least names the factor that is held fixed.

    For each point a factor k and a value of it are drawn, and ``batch`` codes that all have this
    value while the other factors are drawn afresh. The point is a vote for the code of the smallest
    variance relative to its variance anywhere. Each code stands for the factor of most of its train
    points; the score is the share of test points whose code stands for their factor: about 1/K for
    codes independent of the factors, and 1 for perfect ones. A rotation of perfect codes scores
    0.85 with five factors. The variance of a categorical code is the chance that two draws differ
    (Gini's impurity), that of an angle 1 - R², R the mean resultant length.

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
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The interval is over rows and draws at once, for a function over draws, and contains Clopper and
    Pearson's of the test points, so that a share of 1 is not certain. ``details``: ``per_factor``
    share (K; None without a test point), ``votes`` of the train points (D x K), ``factor_of`` each
    code (None without a vote), ``active`` codes, ``deviation`` (D), ``train_accuracy``,
    ``encodings``, the number of codes that a function computed, ``rows_alone`` of a table (K), left
    out for their value of a factor, ``pruned`` codes, and the settings.

    Raises UserError for what is not a table of codes and factors, for a single factor, for a factor
    without a value in two rows, where no code can get votes, for numbers that are not whole and
    positive, and for unknown choices.

    >>> import numpy as np
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
    return score_votes(
        source,
        effort,
        options,
        least=True,
        above_chance=laforge,
        threshold=threshold,
        preset=preset,
        reference="Kim and Mnih 2018, Disentangling by factorising",
    )
