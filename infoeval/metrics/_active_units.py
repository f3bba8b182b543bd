"""Active units: how many codes the posterior uses."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.gaussian_posteriors import divergences, gaussian_posteriors
from infoeval.metrics.stats.resampling import ScoreOptions, check_options

THRESHOLD = 0.01
"""Variance of the mean, and nats, above which a code is active."""

Array = NDArray[np.float64]


@metric(
    "active-units",
    kind="gaussian",
    range="0 or more",
    summary="number and share of codes that the posterior uses, by variance and by KL",
    use="seeing how many codes of a VAE have collapsed",
    pitfalls="depends on the scale of the codes; a code may be active and tell nothing that a "
    "factor knows; the decoder may ignore an active code",
)
def active_units(
    mean: ArrayLike,
    log_variance: ArrayLike,
    prior_mean: ArrayLike = 0.0,
    prior_deviation: ArrayLike = 1.0,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Number of codes with Var_x(mean of q(z|x)) > 0.01; beside it those with KL > 0.01 nats.

    Burda, Grosse and Salakhutdinov 2016 (Importance weighted autoencoders). Variances and
    divergences are those in units of the prior. The limits count the codes whose own limits, at
    the level 1 - (1 - level) / D of D codes, are above the threshold; with ``replicates=0`` there
    are none.

    Args:
        mean: ``(n, D)``, or ``(n,)``: the posterior's mean of each image and code.
        log_variance: the same of the log variance, log σ².
        prior_mean: of the prior, a number, or one for each code.
        prior_deviation: of the prior, in the same way.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    The parts are "" (the number), "share", "kl" (the number by KL) and "kl share". ``details``:
    ``variances`` and ``divergences`` ``(D,)``, and the ``codes``.

    Raises UserError for what are no posteriors.

    >>> mean = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> score = active_units(mean, np.zeros((2, 2)))
    >>> score.value, score.details["parts"]["share"]["value"]
    (1.0, 0.5)
    """
    check_options(options)
    posteriors = gaussian_posteriors(mean, log_variance)
    kl = divergences(posteriors, prior_mean, prior_deviation)
    standard = posteriors.means / np.asarray(prior_deviation, np.float64)
    squares = np.square(standard - standard.mean(axis=0))
    level = options.get("level", 0.95) if options.get("replicates", 1) else None
    parts: dict[str, dict[str, Any]] = {}
    for name, values in (("", squares), ("kl", kl)):
        count = _counted(values, level)
        parts[name] = count
        parts[f"{name} share".strip()] = {
            end: None if number is None else number / kl.shape[1] for end, number in count.items()
        } | {"unit": "fraction"}
    return Score(
        **parts[""],
        level=level,
        n=len(kl),
        unit="codes",
        reference="Burda, Grosse and Salakhutdinov 2016, Importance weighted autoencoders",
        details={
            "codes": posteriors.names,
            "variances": squares.mean(axis=0).tolist(),
            "divergences": kl.mean(axis=0).tolist(),
            "interval": "none: no replicates" if level is None else "normal, of each code",
            "parts": parts,
        },
    )


def _counted(values: Array, level: float | None) -> dict[str, float | None]:
    """Number of columns whose mean is above the threshold, with its limits."""
    means = values.mean(axis=0)
    count = float((means > THRESHOLD).sum())
    if level is None:
        return {"value": count, "low": None, "high": None}
    tail = (1 - level) / (2 * values.shape[1])
    half = -float(ndtri(tail)) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return {
        "value": count,
        "low": float((means - half > THRESHOLD).sum()),
        "high": float((means + half > THRESHOLD).sum()),
    }
