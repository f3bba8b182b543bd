"""KL divergence of posteriors to their priors."""

from collections.abc import Mapping
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.category_probabilities import posterior_rows
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.gaussian_posteriors import (
    divergences,
    gaussian_posteriors,
    names_of,
)
from infoeval.metrics.stats.resampling import (
    ScoreOptions,
    check_options,
    score_parts,
    without_columns,
)

ALL_CODES = "all codes"


@metric(
    "kl",
    kind="gaussian",
    range="0 or more",
    summary="KL divergence of the posterior q(z given x) to the prior, nats: all codes and each",
    use="the rate of a VAE; which codes the posterior uses, as VAE training logs show",
    pitfalls="not what a code tells about the image: it also counts how far the mean posterior is "
    "from the prior",
)
def kl(
    mean: ArrayLike,
    log_variance: ArrayLike,
    prior_mean: ArrayLike = 0.0,
    prior_deviation: ArrayLike = 1.0,
    probabilities: Mapping[str, ArrayLike] | None = None,
    prior_probabilities: Mapping[str, ArrayLike] | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Mean over images of KL(q(z|x) || p(z)), nats, of all codes and of each: the rate of a VAE.

    For a normal posterior and a normal prior N(m, s²) it is (μ - m)² / 2s² + (σ²/s² - 1) / 2 -
    log σ/s of each code; the codes are independent, so that their divergences sum. It is the
    information of z about x plus the divergence of the mean posterior from the prior (Hoffman and
    Johnson 2016), and so an upper bound of the information.

    Args:
        mean: ``(n, D)``, or ``(n,)``: the posterior's mean of each image and code.
        log_variance: the same of the log variance, log σ².
        prior_mean: m, a number, or one for each code.
        prior_deviation: s, in the same way.
        probabilities: q(c|x) of categorical codes by name, ``(n, K)``.
        prior_probabilities: p(c) of these, ``(K,)``; equal ones for codes that are not in it.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    ``details["parts"]`` holds "all codes", which is the value, and every code.

    Raises UserError for what are no posteriors, and where two codes have one name.

    >>> mean = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> score = kl(mean, np.zeros((2, 2)))
    >>> {name: part["value"] for name, part in score.details["parts"].items()}
    {'all codes': 0.5, 'code 0': 0.5, 'code 1': 0.0}
    """
    check_options(options)
    posteriors = gaussian_posteriors(mean, log_variance)
    terms = [divergences(posteriors, prior_mean, prior_deviation)]
    for name, rows in (probabilities or {}).items():
        terms.append(_of_categories(rows, (prior_probabilities or {}).get(name), name))
        if len(terms[-1]) != len(terms[0]):
            raise UserError(f"{len(terms[-1])} rows of {name} for {len(terms[0])} means")
    names = names_of(posteriors, [*(probabilities or {}), ALL_CODES])[:-1]
    each = np.concatenate(terms, axis=1)
    whole = np.concatenate([each.sum(axis=1, keepdims=True), each], axis=1)
    columns = [
        Column(name, "continuous", column) for name, column in zip(names, each.T, strict=True)
    ]
    score = score_parts(
        Table(tuple(columns), ()),
        dict(zip([ALL_CODES, *names], whole.mean(axis=0).tolist(), strict=True)),
        lambda rows, _: list(whole[rows].mean(axis=0)),
        options,
        bounds=(0.0, float("inf")),
        unit="nats",
        higher_is_better=False,
        reference="Kingma and Welling 2014, Auto-encoding variational Bayes, appendix B",
        details={},
    )
    return without_columns(score)


def _of_categories(rows: ArrayLike, prior: ArrayLike | None, name: str) -> NDArray[np.float64]:
    """KL(q(c|x) || p(c)), nats, ``(n, 1)``."""
    q = posterior_rows(rows)
    p = np.full(q.shape[1], 1 / q.shape[1]) if prior is None else np.asarray(prior, np.float64)
    if p.shape != (q.shape[1],) or not (p > 0).all() or abs(p.sum() - 1) > 1e-6:
        raise UserError(f"prior_probabilities of {name}: give {q.shape[1]} above 0 of sum 1")
    return np.asarray(np.maximum(rel_entr(q, p).sum(axis=1, keepdims=True), 0.0))
