"""Z-max-var: whether the factor that alone varies can be told from the code that varies most."""

from typing import Literal, Unpack

from numpy.typing import ArrayLike

from infoeval.metrics._factor_vae import score_votes
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import FACTOR_TYPES
from infoeval.metrics.stats.interventions import Codes, Effort, source_of
from infoeval.metrics.stats.resampling import Options, check_choice

REFERENCE = "Kim et al. 2019, Relevance factor VAE"

Preset = Literal["laforge"]


@metric(
    "z-max-var",
    kind="interventions",
    range="0 to 1",
    summary="which factor alone was changed, from the code that varies most",
    use="codes without noise, or a function from factors to codes",
    pitfalls="codes of noise drown the others in a table, where few rows agree in all factors "
    "but one",
)
def z_max_var(
    codes: Codes,
    factors: ArrayLike,
    *,
    preset: Preset = "laforge",
    bins: int = 3,
    threshold: float = 0.05,
    train_points: int | None = None,
    test_points: int | None = None,
    batch: int | None = None,
    **options: Unpack[Options],
) -> Score:
    """Z-max-var: how often the code that varies most names the one factor that is not held still.

    For each point a factor k is drawn, values of all *other* factors, and ``batch`` codes that all
    have these while k is drawn anew. The point is a vote for the code j of the largest variance
    over its variance anywhere. Each code stands for the factor that most train points gave it; the
    score is (s - 1/K) / (1 - 1/K), s the share of test points whose code stands for their factor:
    about 0 for codes that have nothing to do with the factors, 1 for perfect ones, 0.88 for a
    rotation of them. It asks for little noise: in a table few rows agree in all factors but one, so
    that noise codes drown the others (perfect codes of 2,000 rows with as many codes of noise score
    0.15). The variance of a categorical code is the chance that two draws differ.

    Args:
        codes: ``(n, D)``, whose rows are drawn with replacement among those that agree in all
            factors but k; rows that no other agrees with are left out, and combinations of values
            are equally probable. Or a function from factor values ``(m, K)`` to their codes ``(m,
            D)``, such as an encoder of rendered images: then every factor is drawn independently.
            It is asked for ``batch`` (``train_points`` + ``test_points``) codes a score, 320,000 by
            default, 4,096 or fewer at a time, and for 10,000 more once; as often again for each of
            ``replicates`` (5 for a function) and of ``null``.
        factors: ``(n, K)``, two or more; of a function, the values to be drawn from each column.
        preset: "laforge": 800 and 800 points of 200 codes (Zaidi et al. 2020), which is the only
            implementation there is.
        bins: of equal width that the factors of a table are cut into, *all* of them, so that rows
            agree more often; classes of a discrete factor in the order of their names. As many
            bins as classes leave them as they are.
        threshold: codes of a smaller standard deviation cannot be voted for.
        train_points: votes that tell what codes stand for; None: the preset's.
        test_points: votes to score; None: the preset's.
        batch: codes for each vote, two or more; None: the preset's.
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    Interval and ``details`` are those of :func:`infoeval.metrics.factor_vae`.

    Raises UserError for what is not a table of codes and factors, for a single factor, where no two
    rows agree in all factors but one, where no code can be voted for, for numbers that are not
    whole and positive, and for unknown choices.

    >>> import numpy as np
    >>> factors = np.indices((3, 2, 3)).reshape(3, -1).T
    >>> float(z_max_var(factors * 1.5, factors, replicates=0))
    1.0

    """
    check_choice("preset", preset, Preset)
    effort = Effort(800, 800, 200).but(train_points, test_points, batch, least_batch=2)
    source = source_of(
        codes, factors, options, effort, bins=bins, cut=FACTOR_TYPES, even=True, all_but=True
    )
    return score_votes(
        source,
        effort,
        options,
        stillest=False,
        above_chance=True,
        threshold=threshold,
        preset=preset,
        reference=REFERENCE,
    )
