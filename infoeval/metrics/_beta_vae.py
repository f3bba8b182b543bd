"""BetaVAE score: a linear classifier of the factor that pairs of codes share."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.interventions import (
    Codes,
    Draws,
    Effort,
    Generator,
    Outcome,
    score_draws,
    source_of,
)
from infoeval.metrics.stats.probes import fit_softmax, one_thread
from infoeval.metrics.stats.resampling import Preset, TableOptions, check_choice

REFERENCE = "Higgins et al. 2017, beta-VAE: Learning basic visual concepts"
TOLERANCE = 1e-4
"""The fit ends at this gradient of the mean loss, scikit-learn's default."""

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


@metric(
    "beta-vae",
    kind="interventions",
    range="0 to 1",
    summary="accuracy of a linear classifier of the factor that pairs of codes share",
    use="comparison with published numbers",
    pitfalls="saturates: rotations of perfect codes score 0.9; random codes score 1 / number of "
    "factors; depends on the scale of the codes",
)
def beta_vae(
    codes: Codes,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    train_points: int | None = None,
    test_points: int | None = None,
    batch: int | None = None,
    **options: Unpack[TableOptions],
) -> Score:
    """BetaVAE score: accuracy of a linear classifier of the factor that pairs of codes share.

    For each point a factor k is drawn, and ``batch`` pairs of codes that share a value of k, while
    all other factors are drawn afresh; the point's features are mean |z1 - z2| of each code. A
    logistic regression (L2 penalty, C = 1) is fitted to the train points, and the score is its
    accuracy on the test points: about 1/K for codes independent of the factors, and 1 for perfect
    ones. It saturates: a rotation of perfect codes scores 0.88 with five factors. It depends on the
    codes' scale, as the penalty does. Two categories have distance 1, two angles the shorter way
    round, in radians.

    Args:
        codes: ``(n, D)``, whose rows are drawn in pairs of different rows that share a value; rows
            whose value no other has are left out. Or a function from factor values ``(m, K)`` to
            their codes ``(m, D)``, such as an encoder of rendered images: then every factor is
            drawn independently, as in the definition. It computes 2 ``batch`` (``train_points`` +
            ``test_points``) codes for a score, 1.92 million by default, at most 4,096 in a call,
            and 10,000 more once; the same again for each of ``replicates`` (5 for a function) and
            of ``null``.
        factors: ``(n, K)``, two or more; with a function, the values to draw from each column. In a
            table continuous and periodic ones are in 20 bins of equal width.
        preset: "disentanglement_lib": ``batch`` 64, as in Locatello et al. 2019; "laforge": 200,
            values equally probable whatever their rows, continuous factors in 10 bins, and
            (accuracy - 1/K) / (1 - 1/K) as score, about 0 for random codes (Zaidi et al. 2020,
            "Z-diff").
        train_points: points to fit the classifier on; None: 10,000.
        test_points: points to score; None: 5,000.
        batch: pairs for each point; None: the preset's.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The fit is to the optimum, where disentanglement_lib stops after 100 steps; the accuracies
    differ by 0.001 or less. The interval is over rows and draws at once, for a function over draws,
    and contains Clopper and Pearson's of the test points, so that an accuracy of 1 is not certain.
    ``details``: ``per_factor`` accuracy (K; None without a test point), ``confusion`` (K x K, rows
    are the shared factors), ``train_accuracy``, ``encodings``, the number of codes that a function
    computed, ``rows_alone`` of a table (K), left out for their value of a factor, ``pruned`` codes,
    and the settings.

    Raises UserError for what is not a table of codes and factors, for a single factor, for a factor
    without a value in two rows, for numbers that are not whole and positive, and for unknown
    choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> float(beta_vae(factors * 1.5, factors, replicates=0))
    1.0
    >>> def encode(values):
    ...     return values @ np.array([[1.5, 0.0], [0.0, -1.0]])
    >>> less = {"train_points": 200, "test_points": 100, "batch": 32}
    >>> float(beta_vae(encode, factors, **less))
    1.0
    """
    check_choice("preset", preset, Preset)
    laforge = preset == "laforge"
    effort = Effort(10_000, 5_000, 200 if laforge else 64).updated(
        train_points, test_points, batch, least_batch=1
    )
    source = source_of(codes, factors, options, effort, bins=10 if laforge else 20, even=laforge)
    count = len(source.table.factors)

    def measure(draws: Draws, generator: Generator) -> Outcome:
        train = effort.train_points
        held = generator.integers(count, size=train + effort.test_points)
        features = draws.differences(held, effort.batch, generator)
        predicted = _classified(features, held[:train], 10_000 if laforge else 100)
        right = predicted == held
        confusion = np.zeros((count, count), dtype=np.intp)
        np.add.at(confusion, (held[train:], predicted[train:]), 1)
        details: dict[str, Any] = {
            "per_factor": [
                int(row[k]) / int(row.sum()) if row.any() else None
                for k, row in enumerate(confusion)
            ],
            "confusion": confusion.tolist(),
            "train_accuracy": float(right[:train].mean()),
        }
        return float(right[train:].mean()), details

    return score_draws(
        source,
        measure,
        effort,
        options,
        above_chance=laforge,
        reference=REFERENCE,
        details={"preset": preset},
    )


def _classified(features: Array, labels: Labels, iterations: int) -> Labels:
    """Predictions for all points of a logistic regression fitted to the first ``len(labels)``."""
    inputs = features - features[: len(labels)].mean(axis=0)
    # One scale for all features, with the penalty scaled likewise, gives the same classifier.
    scale = float(np.abs(inputs).max()) or 1.0
    inputs /= scale
    with one_thread():
        probe = fit_softmax(
            inputs[: len(labels)],
            labels,
            penalty=1 / scale**2,
            tolerance=TOLERANCE,
            iterations=iterations,
        )
    return probe.predict(inputs)
