"""MIG as Chen et al. defined it: information of samples of the posteriors about the factors."""

import math
from collections.abc import Sequence
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError, listing
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.metrics.stats.gaussian_posteriors import gaussian_posteriors, log_mixture
from infoeval.metrics.stats.mutual_information import BinnedColumns, Classes, entropies
from infoeval.metrics.stats.resampling import ScoreOptions, check_options, score_table
from infoeval.metrics.stats.row_intervals import Rows

Array = NDArray[np.float64]

OWN = 0.5
"""Share of an image's own posterior in the density of its samples above which this is no mixture:
a code that tells nothing of four classes then seems to tell a quarter of them."""


@metric(
    "mig-chen",
    kind="gaussian",
    range="0 to 1",
    summary="MIG with samples of the posterior q(z given x) instead of its means in bins",
    use="comparison with numbers of beta-TCVAE and its kin; codes of which only the samples matter",
    pitfalls="narrow posteriors with few images of a class are told apart by themselves, which "
    "raises every information, and a warning says so: read the value above chance",
    costly=True,
)
def mig_chen(
    mean: ArrayLike,
    log_variance: ArrayLike,
    factors: ArrayLike,
    factor_types: Sequence[str] | None = None,
    *,
    samples: int = 10_000,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Mean over factors of (I(z_(1); v_k) - I(z_(2); v_k)) / H(v_k), z a sample of q(z|x).

    I(z_j; v_k) = H(z_j) - H(z_j|v_k), where the law of z_j is the mixture of the posteriors of all
    images, and given v_k = c that of the images of class c. Both entropies are means of -log of
    these mixtures over samples of the posteriors. Chen, Li, Grosse and Duvenaud 2018 (Isolating
    sources of disentanglement in variational autoencoders), section 4.1 and appendix C.

    A rescaled or shifted code has the same information, also about renamed classes. As in the
    definition, the mixtures contain the posterior that was sampled.

    Args:
        mean: ``(n, D)``, or ``(n,)``: the posterior's mean of each image and code.
        log_variance: the same of the log variance, log σ².
        factors: ``(n, K)``; continuous and periodic ones in 20 bins of equal width.
        factor_types: see :func:`infoeval.metrics.stats.code_factor_table.as_table`.
        samples: of each code, in all: at least one of each image.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    Where posteriors are far narrower than their distances, each image is its own class, and every
    code seems to tell all of every factor; ``details["sparse"]`` names such codes.

    ``details``: ``information`` (D x K, nats), ``factor_entropies`` and ``per_factor`` (K),
    ``best_code`` of each factor.

    Raises UserError for what are no posteriors and factors of the same images.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> score = mig_chen(factors * 100.0, np.zeros((20, 2)), factors, samples=200)
    >>> round(float(score), 4)
    1.0
    """
    check_options(options)
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise UserError(f"samples is {samples}; give a whole number of 1 or more")
    posteriors = gaussian_posteriors(mean, log_variance)
    frame = pd.DataFrame(posteriors.means, columns=posteriors.names)
    types = ["continuous"] * frame.shape[1]
    table = as_table(frame, factors, code_types=types, factor_types=factor_types)
    classes = BinnedColumns(table.factors)
    # The same draws for every code: their order does not matter, and equal codes stay equal.
    draws = np.random.default_rng([options.get("seed", 0), 2]).standard_normal(
        (table.n, math.ceil(samples / table.n))
    )
    information = _Information(posteriors.means, posteriors.log_variances, draws)
    every = np.arange(table.n)
    whole = information.matrix(every, classes.whole)
    per_factor = share(gap(whole, axis=0), entropies(classes.whole))

    def value(code_rows: Rows, factor_rows: Rows) -> float:
        numbers = classes.of(factor_rows)
        matrix = information.matrix(code_rows, numbers)
        return float(share(gap(matrix, axis=0), entropies(numbers)).mean())

    return score_table(
        table,
        float(per_factor.mean()),
        value,
        options,
        reference="Chen et al. 2018, Isolating sources of disentanglement in variational "
        "autoencoders",
        details={
            "information": whole.tolist(),
            "factor_entropies": entropies(classes.whole).tolist(),
            "per_factor": per_factor.tolist(),
            "best_code": [table.codes[best].name for best in whole.argmax(axis=0)],
            "samples": draws.size,
            **_too_narrow(posteriors.names, information.own_shares(classes.whole)),
        },
        replicates=12,
        tables=5,
    )


def _too_narrow(names: Sequence[str], shares: Array) -> dict[str, str]:
    """``sparse``: a sentence if an image's own posterior is most of the density of its samples."""
    narrow = [name for name, share in zip(names, shares, strict=True) if share > OWN]
    if not narrow:
        return {}
    return {
        "sparse": f"the posteriors of {listing(narrow)} are far narrower than the distances "
        f"between images of a class, where up to {shares.max():.0%} of the density of a sample is "
        "its own image's: the estimate of their information is unreliable; give more images"
    }


class _Information:
    """I(z_j; v_k) of samples of the posteriors of some images; entropies of codes are kept."""

    def __init__(self, means: Array, log_variances: Array, draws: Array) -> None:
        self.means, self.log_variances, self.draws = means, log_variances, draws
        self.samples = means[:, None] + np.exp(0.5 * log_variances)[:, None] * draws[..., None]
        self._alone: tuple[Rows, Array] = (np.empty(0, np.intp), np.empty(0))

    def matrix(self, rows: Rows, classes: Classes) -> Array:
        """Information, nats, ``(D, K)``, of codes of ``rows`` and as many rows of classes."""
        if not np.array_equal(rows, self._alone[0]):
            self._alone = rows, -self._log_densities(rows).mean(axis=(0, 1))
        given = np.empty((self.means.shape[1], classes.shape[1]))
        for column, numbers in enumerate(classes.T):
            parts = [self._log_densities(rows[numbers == each]) for each in np.unique(numbers)]
            given[:, column] = -np.concatenate(parts).mean(axis=(0, 1))
        return np.asarray(np.maximum(self._alone[1][:, None] - given, 0.0))

    def own_shares(self, classes: Classes) -> Array:
        """Mean share of an image's own posterior in the density of its samples, ``(D,)``.

        The density is that of the image's class, of the factor with the most classes.
        """
        numbers = max(classes.T, key=lambda column: len(np.unique(column)))
        shares = np.zeros(self.means.shape[1])
        for each in np.unique(numbers):
            rows = np.flatnonzero(numbers == each)
            own = -0.5 * (np.square(self.draws[rows])[..., None] + math.log(2 * math.pi))
            own = own - 0.5 * self.log_variances[rows, None]
            shares += np.exp(own - self._log_densities(rows)).mean(axis=1).sum(axis=0) / len(rows)
        return shares / len(numbers)

    def _log_densities(self, rows: Rows) -> Array:
        """Log density of the samples of some images under their mixture, ``(rows, samples, D)``."""
        result = np.empty(self.samples[rows].shape)
        for code in range(self.means.shape[1]):
            values = self.samples[rows, :, code]
            densities = log_mixture(
                values.ravel(), self.means[rows, code], self.log_variances[rows, code]
            )
            result[..., code] = densities.reshape(values.shape)
        return result
