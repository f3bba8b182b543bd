"""InfoMEC: modularity, compactness and explicitness of codes by information."""

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.circle_frames import TURN, own_frame
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.mutual_information import (
    class_numbers_of,
    entropies,
    information_matrix,
    neighbour_row,
    separated,
)
from infoeval.metrics.stats.probes import fit_softmax, inputs_of, one_thread
from infoeval.metrics.stats.resampling import (
    FITTED_ROWS,
    Split,
    TableOptions,
    at_most,
    score_parts,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Hsu et al. 2023, Disentanglement via latent quantization"
NEIGHBOURS = 10
ACTIVE_SHARE = 1 / 20
"""A code is active if its range is more than this share of the widest code's."""
ITERATIONS = 100
TOLERANCE = 1e-7

Array = NDArray[np.float64]


@metric(
    "infomec",
    kind="table",
    range="0 to 1",
    summary="modularity, compactness and explicitness, with information estimated from neighbours",
    use="the questions of dci, answered by mutual information without bins",
    pitfalls="random codes score 0.5 to 0.7 in modularity and 0.3 to 0.5 in compactness; "
    "correlated factors lower both",
)
def infomec(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    most_rows: int = FITTED_ROWS,
    **options: Unpack[TableOptions],
) -> Score:
    """InfoM, InfoC and InfoE from the shares of information U_jk = I(z_j; v_k) / H(v_k).

    InfoM, modularity, is the mean over codes of max_k U_jk / sum_k U_jk, scaled from [1 / K, 1] to
    [0, 1]: whether a code has information about one factor only. InfoC, compactness, is the same of
    factors over the codes. InfoE, explicitness, is the mean over factors of 1 - H(v_k | all codes)
    / ln(classes), H by an unpenalised multinomial logistic regression on the rows it was fitted on:
    whether a factor is linearly predictable. The information of a continuous code is estimated from
    10 nearest neighbours (Ross 2014), of an angle from those on the circle, of a categorical one by
    counts. Perfect codes score 1 in all. Codes of noise score 0.5 to 0.7 in InfoM and 0.3 to 0.5 in
    InfoC, ratios of chance values, but 0 in InfoE: compare with the null.

    Codes are active whose range is more than a twentieth of the widest one's, angles whose range is
    more than a twentieth of the circle, and categorical ones of two categories or more; others
    count for InfoE alone. An active code without information about any factor is left out of InfoM,
    and a factor that no code has information about counts 0 in InfoC. Ties of codes are broken by
    noise drawn by the seed, so that tables with many of them have no exact score: it varies by
    about 0.005 with 2,000 rows, more where a code is independent.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``, two or more; continuous and periodic ones are in 20 bins of equal
            width.
        most_rows: rows to score of a larger table, drawn at random by the seed, as fits to a
            million rows take minutes.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is InfoM; ``details["parts"]`` holds "modularity", "compactness" and "explicitness"
    with their intervals. ``details``: ``information``
    (active D x K, shares of the factors' entropies), ``active`` codes, ``per_code`` (active D),
    ``per_factor`` (K, InfoC), ``explicitness`` of each factor (K), ``pruned`` codes, and whether
    all regressions ``converged`` within 100 steps.

    Raises UserError for what is not a table of codes and factors, for a single factor, and where
    all codes are constant.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(20, axis=0)
    >>> score = infomec(factors * 1.5, factors)
    >>> float(score) > 0.95, round(score.details["parts"]["explicitness"]["value"], 4)
    (True, 1.0)
    """
    table = table_of(codes, factors, options)
    if len(table.factors) < 2:
        raise UserError("infomec compares factors; give two or more")
    split, sampled = at_most(Split(table, table.n), most_rows, options)
    table = split.table
    seed = options.get("seed", 0)
    whole = _fit(table, seed)
    information = whole.information()

    def statistic(code_rows: Rows, factor_rows: Rows) -> list[float]:
        return _parts(_fit(table.paired(code_rows, factor_rows), seed))

    names = ("modularity", "compactness", "explicitness")
    details: dict[str, Any] = {
        "information": information.tolist(),
        "active": [code.name for code in whole.codes],
        "per_code": _dominance(information).tolist(),
        "per_factor": _dominance(information.T).tolist(),
        "explicitness": whole.explained.mean(axis=0).tolist(),
        "converged": whole.converged,
        **sampled,
    }
    return score_parts(
        table,
        dict(zip(names, _parts(whole), strict=True)),
        statistic,
        options,
        reference=REFERENCE,
        details=details,
        replicates=20,
        tables=5,
    )


def _active(codes: tuple[Column, ...]) -> tuple[Column, ...]:
    """Codes that are active: see :func:`infomec`."""
    continuous = [float(np.ptp(code.values)) for code in codes if code.type == "continuous"]
    least = {
        "continuous": ACTIVE_SHARE * max(continuous, default=0.0),
        "periodic": ACTIVE_SHARE * TURN,
        "categorical": 0.0,
    }

    def width(code: Column) -> float:
        return float(np.ptp(own_frame(code.values) if code.type == "periodic" else code.values))

    return tuple(code for code in codes if width(code) > least[code.type])


@dataclass(frozen=True)
class _FittedProbes:
    """Active codes and classes of factors, and the fit of the regressions.

    ``values`` ``(n, D)`` are of continuous codes, without ties; ``explained`` ``(n, K)`` is
    1 + ln p(class) / ln(classes).
    """

    codes: tuple[Column, ...]
    values: Array
    classes: NDArray[np.intp]
    explained: Array
    converged: bool

    def information(self) -> Array:
        """I(z_j; v_k) / H(v_k) of the active codes, ``(D, K)``."""
        matrix = np.empty((len(self.codes), self.classes.shape[1]))
        for row, code in enumerate(self.codes):
            if code.type == "categorical":
                categories = code.values.astype(np.intp)
                matrix[row] = information_matrix(categories[:, None], self.classes)[0]
                continue
            matrix[row] = neighbour_row(self.values[:, row], self.classes, code.type, NEIGHBOURS)
        return share(matrix, entropies(self.classes))


def _fit(table: Table, seed: int) -> _FittedProbes:
    """Active codes, and regressions of each factor on all codes.

    Raises UserError where all codes are constant.
    """
    active = _active(table.codes)
    if not active:
        raise UserError("all codes are constant; there is nothing to score")
    classes = class_numbers_of(table.factors)
    inputs = inputs_of(table.codes, table.n)
    explained = np.empty(classes.shape)
    every = np.arange(table.n)
    converged = True
    for factor, numbers in enumerate(classes.T):
        with one_thread():
            probe = fit_softmax(
                inputs,
                numbers,
                penalty=0.0,
                balanced=True,
                tolerance=TOLERANCE,
                iterations=ITERATIONS,
            )
            log_probability = probe.log_probabilities(inputs)
        # Of a factor that is constant in some of the rows there is nothing to explain.
        most = np.log(len(probe.classes))
        explained[:, factor] = 1 + log_probability[every, numbers] / most if most > 0 else 0.0
        converged &= probe.converged
    values = separated(table.matrix(active), seed, [code.type for code in active])
    return _FittedProbes(active, values, classes, explained, converged)


def _parts(fitted: _FittedProbes) -> list[float]:
    """InfoM, InfoC and InfoE, in this order."""
    information = fitted.information()
    modular = _dominance(information)[information.any(axis=1)]
    return [
        float(modular.mean()) if len(modular) else 0.0,
        float(_dominance(information.T).mean()),
        float(fitted.explained.mean()),
    ]


def _dominance(information: Array) -> Array:
    """Share of each row's largest entry, scaled to 0 if all are equal, 1 if it is the only one."""
    columns = information.shape[1]
    largest = share(information.max(axis=1), information.sum(axis=1))
    if columns == 1:
        return (largest > 0).astype(np.float64)
    return np.asarray(np.maximum((largest - 1 / columns) / (1 - 1 / columns), 0.0))
