"""Minimality and sufficiency: codes that know one factor only, and factors that one code knows."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.mutual_information import Matrix, TableInformation
from infoeval.metrics.stats.resampling import (
    TableOptions,
    score_parts,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Almudévar and Ortega 2024, Rethinking disentanglement under dependent factors of variation"
)

Array = NDArray[np.float64]


@metric(
    "minimality",
    kind="table",
    range="0 to 1",
    summary="share of each code that one factor explains, and of each factor that one code does",
    use="checking codes of dependent factors, which mig, med and infomec punish",
    pitfalls="continuous codes of few classes cannot reach 1 in minimality, as their bins count; "
    "blind to what a code knows beyond its best factor; outliers distort the bins",
)
def minimality(
    codes: ArrayLike, factors: ArrayLike, *, bins: int = 15, **options: Unpack[TableOptions]
) -> Score:
    """Mean over codes j of max_k I(z_j; v_k) / H(z_j), beside its counterpart, sufficiency.

    Minimality is 1 where every code is a function of one factor, so that it holds nothing else.
    Sufficiency is the mean over factors k of max_j I(z_j; v_k) / H(v_k): 1 where every factor is a
    function of one code. Neither subtracts anything for the second-best factor or code, so that
    dependence between the factors does not lower them, and a common cause of the factors raises
    both. A constant code, whose quotient is 0 / 0, counts 0.

    Codes of noise have (R - 1)(C - 1) / 2n nats of information for R bins and C classes: ten of
    them score 0.015 in minimality and 0.013 in sufficiency for five factors of 31 classes in all
    and 2,000 rows.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        bins: of equal width, for continuous and periodic codes and factors.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is the minimality; ``details["parts"]`` holds "minimality" and "sufficiency".
    ``details``: ``information`` (D x K, nats), ``code_entropies`` and ``factor_entropies``,
    ``per_code`` (D), ``per_factor`` (K), ``best_factor`` of each code, ``best_code`` of each
    factor, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for fewer than two bins.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> score = minimality(factors[:, :1] * 1.5, factors)
    >>> {name: round(part["value"], 4) for name, part in score.details["parts"].items()}
    {'minimality': 1.0, 'sufficiency': 0.5}
    """
    table = table_of(codes, factors, options)
    information = TableInformation(table, "plug-in", bins)
    every = np.arange(table.n)
    whole = information.matrix(every, every)

    def parts(code_rows: Rows, factor_rows: Rows) -> list[float]:
        matrix = information.matrix(code_rows, factor_rows)
        return [float(terms.mean()) for terms in (_of_codes(matrix), _of_factors(matrix))]

    return score_parts(
        table,
        dict(zip(("minimality", "sufficiency"), parts(every, every), strict=True)),
        parts,
        options,
        ranges=True,
        reference=REFERENCE,
        details={
            "information": whole.information.tolist(),
            "code_entropies": whole.codes.tolist(),
            "factor_entropies": whole.factors.tolist(),
            "per_code": _of_codes(whole).tolist(),
            "per_factor": _of_factors(whole).tolist(),
            "best_factor": [table.factors[k].name for k in whole.information.argmax(axis=1)],
            "best_code": [table.codes[j].name for j in whole.information.argmax(axis=0)],
            "bins": bins,
        },
    )


def _of_codes(matrix: Matrix) -> Array:
    """Share of each code's entropy that its best factor explains, ``(D,)``."""
    return share(matrix.information.max(axis=1), matrix.codes)


def _of_factors(matrix: Matrix) -> Array:
    """Share of each factor's entropy that its best code explains, ``(K,)``."""
    return share(matrix.information.max(axis=0), matrix.factors)
