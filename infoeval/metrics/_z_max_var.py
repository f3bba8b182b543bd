"""Z-max-var: votes of the code that varies most while one factor is changed."""

from typing import Literal, Unpack

from numpy.typing import ArrayLike

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import FACTOR_TYPES
from infoeval.metrics.stats.interventions import Codes, Effort, source_of
from infoeval.metrics.stats.resampling import TableOptions, check_choice
from infoeval.metrics.stats.variance_votes import score_votes


@metric(
    "z-max-var",
    kind="interventions",
    range="0 to 1",
    summary="how often the code that varies most identifies the one factor that is changed",
    use="codes without noise, or a function from factors to codes",
    pitfalls="in a table, where few rows agree in all factors but one, noise codes drown out the "
    "others",
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
    **options: Unpack[TableOptions],
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
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    Interval and ``details`` are those of :func:`infoeval.metrics.factor_vae`.

    Raises UserError for what is not a table of codes and factors, for a single factor, where no two
    rows agree in all factors but one, where no code can get votes, for numbers that are not whole
    and positive, and for unknown choices.

    >>> import numpy as np
    >>> factors = np.indices((3, 2, 3)).reshape(3, -1).T
    >>> float(z_max_var(factors * 1.5, factors, replicates=0))
    1.0
    """
    check_choice("preset", preset, Literal["laforge"])
    effort = Effort(800, 800, 200).updated(train_points, test_points, batch, least_batch=2)
    source = source_of(
        codes, factors, options, effort, bins=bins, cut=FACTOR_TYPES, even=True, all_but=True
    )
    return score_votes(
        source,
        effort,
        options,
        least=False,
        above_chance=True,
        threshold=threshold,
        preset=preset,
        reference="Kim et al. 2019, Relevance factor VAE",
    )
