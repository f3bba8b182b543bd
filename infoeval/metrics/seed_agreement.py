"""Agreement of models of several seeds on the same rows, their medoid, and which codes agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.metrics.stats.associations import circular_correlations
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.contingency import MOST_CELLS, label_values, table_of_occurring
from infoeval.metrics.stats.mutual_information import entropies, information_matrix

LEAST_MODELS = 3
"""A medoid needs three models: of two, neither agrees more with the other."""
SAME_PLACE = 0.1
"""What two codes of the same place have ahead where codes are paired: noise changes no partner."""

RENAMED = "share of rows in the same category after the best renaming"
INFORMATION = "normalised mutual information, mean over the best pairing of categorical codes"
CORRELATION = "|Spearman|, mean over the best pairing of continuous codes"
CIRCULAR = "|Spearman|, circular for angles, mean over the best pairing of codes"

Array = NDArray[np.float64]
Codes = list[NDArray[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SeedAgreement:
    """Agreement of every two of M models, in [0, 1].

    ``pairs`` ``(M, M)`` is symmetric, 1 on the diagonal; ``measure`` names the measure in words.
    """

    pairs: Array
    measure: str

    @property
    def means(self) -> Array:
        """Mean agreement of each model with the others, ``(M,)``; 0 for a model alone."""
        return np.asarray((self.pairs.sum(axis=1) - 1) / max(len(self.pairs) - 1, 1))

    @property
    def medoid(self) -> int | None:
        """Model of the highest mean agreement, the first of equals.

        None for fewer than three models, and where no two models agree on anything.
        """
        if len(self.pairs) < LEAST_MODELS or not self.means.max() > 0:
            return None
        return int(self.means.argmax())


def seed_agreement(
    models: Sequence[Sequence[ArrayLike]], types: Sequence[Sequence[str]] | None = None
) -> SeedAgreement:
    """Agreement of models on the same rows, invariant to the names, order and signs of codes.

    Models of one experiment tend to find the same codes where these are in the data, and different
    ones where they are not; so the medoid, the model that agrees most with the others, is a choice
    among seeds that needs no labels. Errors that all models share go undetected.

    Codes of two models are paired one to one so that the sum of their agreement is largest
    (Hungarian method), and the mean over the pairs is the models' agreement; a code without a
    partner and a constant code count as 0. The agreement of two codes:

    - where each model has one categorical code: the share of rows that the best one-to-one renaming
      of categories puts into the same category;
    - where there are several: normalised mutual information (arithmetic mean), because by the share
      of rows any two codes that hardly ever change would agree;
    - where there are only continuous codes: |Spearman|; of an angle and another code, the circular
      correlation of ranks.

    Continuous codes are ignored where there are categorical ones.

    Args:
        models: the codes of each model, ``(n,)`` each, of the same n rows: integer types are
            categories, floats are continuous.
        types: of each model a word for each code, "periodic" for angles in one turn of any period;
            other words change nothing.

    Raises:
        UserError: no model, one without codes, codes of other lengths or that are not finite, or
            some models with categorical codes and some without.

    >>> same = [[[0, 0, 1, 1, 2, 2]], [[2, 2, 0, 0, 1, 1]], [[2, 2, 0, 0, 1, 0]]]
    >>> agreement = seed_agreement(same)
    >>> agreement.means.round(3), agreement.medoid
    (array([0.917, 0.917, 0.833]), 0)
    """
    tables = [_columns(number, model) for number, model in enumerate(models)]
    if not tables:
        raise UserError("models: none given")
    if len({len(code) for codes in tables for code in codes}) > 1:
        raise UserError("models: the codes differ in their number of rows")
    categorical = [[code for code in codes if code.dtype.kind == "i"] for codes in tables]
    angles = _angles(tables, types)
    pairs = np.eye(len(tables))
    if not any(categorical):
        measure = CIRCULAR if any(each.any() for each in angles) else CORRELATION
    elif not all(categorical):
        raise UserError("models: some have categorical codes and some have none")
    else:
        tables = categorical
        measure = RENAMED if max(map(len, tables)) == 1 else INFORMATION
    for first, second in combinations(range(len(tables)), 2):
        both = tables[first], tables[second]
        if measure in (RENAMED, INFORMATION):
            matrix = (_renamed if measure == RENAMED else _information)(*both)
        else:
            matrix = _correlations(*both, angles[first], angles[second])
        pairs[first, second] = pairs[second, first] = _best_pairing(matrix)
    return SeedAgreement(pairs, measure)


@dataclass(frozen=True)
class PairedCode:
    """Places of a code of one model and of its partner in another, and how well they agree.

    ``turned``: the one falls where the other rises.
    """

    first: int
    second: int
    agreement: float
    turned: bool = False


def pair_codes(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    types: Sequence[Sequence[str]] | None = None,
) -> list[PairedCode]:
    """Codes of one model with their partners in another model of the same rows.

    Partners are one to one, those whose agreement has the largest sum (Hungarian method); codes of
    the same place have 0.1 ahead. The agreement is |Spearman| of continuous codes, the circular
    correlation of ranks where one is an angle, and normalised mutual information of categorical
    ones. Categorical codes have no continuous partners; a code without a partner is left out.

    Args:
        first: the codes of a model, ``(n,)`` each: integer types are categories.
        second: those of another one, of the same n rows.
        types: as in :func:`seed_agreement`.

    Raises:
        UserError: as :func:`seed_agreement`, except for models of other kinds of codes.

    >>> x, y = [0.1, 0.4, 0.2, 0.9], [0.5, 0.1, 0.8, 0.7]
    >>> [(pair.second, pair.turned) for pair in pair_codes([x, y], [y, [-value for value in x]])]
    [(1, True), (0, False)]
    """
    tables = [_columns(number, model) for number, model in enumerate((first, second))]
    if len({len(code) for codes in tables for code in codes}) > 1:
        raise UserError("models: the codes differ in their number of rows")
    angles = _angles(tables, types)
    ours, theirs = (np.array([code.dtype.kind == "i" for code in codes]) for codes in tables)
    # Any partner of the same kind comes before one of the other kind.
    matrix, signed = np.full((len(ours), len(theirs)), -2.0), np.ones((len(ours), len(theirs)))
    for categorical in (True, False):
        rows, columns = np.flatnonzero(ours == categorical), np.flatnonzero(theirs == categorical)
        if not (rows.size and columns.size):
            continue
        left, right = [tables[0][row] for row in rows], [tables[1][column] for column in columns]
        block = np.ix_(rows, columns)
        if categorical:
            matrix[block] = _information(left, right)
        else:
            matrix[block] = _correlations(left, right, angles[0][rows], angles[1][columns])
            signed[block] = _rank_correlations(left, right)
    ahead = SAME_PLACE * np.eye(*matrix.shape)
    return [
        PairedCode(
            int(row),
            int(column),
            float(matrix[row, column]),
            bool(signed[row, column] < 0 and not (angles[0][row] or angles[1][column])),
        )
        for row, column in zip(*linear_sum_assignment(matrix + ahead, maximize=True), strict=True)
        if matrix[row, column] >= 0
    ]


def _columns(number: int, model: Sequence[ArrayLike]) -> Codes:
    """Codes of a model: categories as int64, numbers as float64."""
    codes: Codes = []
    for values in model:
        name = f"model {number}, code {len(codes)}"
        code = as_array(values, name)
        if code.dtype.kind in "biu":
            codes.append(np.unique(label_values(code, name), return_inverse=True)[1])
            continue
        if code.dtype.kind != "f" or code.ndim != 1 or not code.size:
            raise UserError(f"{name}: give one number for each row")
        if not np.isfinite(code).all():
            raise UserError(f"{name}: some numbers are not finite")
        codes.append(code.astype(np.float64))
    if not codes:
        raise UserError(f"model {number} has no codes")
    return codes


def _best_pairing(agreements: Array) -> float:
    """Mean over the best one-to-one pairing of codes; those without a partner count as 0."""
    best = float(agreements[linear_sum_assignment(agreements, maximize=True)].sum())
    return best / max(len(agreements), len(agreements.T))


def _renamed(first: Codes, second: Codes) -> Array:
    table = table_of_occurring(first[0], second[0])
    if min(table.shape) == 1:
        return np.zeros((1, 1))
    same = table[linear_sum_assignment(table, maximize=True)].sum()
    return np.full((1, 1), same / table.sum())


def _information(first: Codes, second: Codes) -> Array:
    rows, columns = _numbered(first), _numbered(second)
    if (rows.max() + 1) * (columns.max() + 1) > MOST_CELLS:
        raise UserError(f"more than {MOST_CELLS} cells; give categories, not numbers of rows")
    means = (entropies(rows)[:, None] + entropies(columns)) / 2
    return np.minimum(share(information_matrix(rows, columns), means), 1.0)


def _numbered(codes: Codes) -> NDArray[np.intp]:
    """Consecutive category numbers, ``(n, codes)``, which keep tables of counts small."""
    return np.stack([np.unique(code, return_inverse=True)[1] for code in codes], axis=1)


def _angles(tables: Sequence[Codes], types: Sequence[Sequence[str]] | None) -> list[Flags]:
    """Whether each code of each model is an angle. Raises UserError for other numbers of types."""
    if types is None:
        return [np.zeros(len(codes), dtype=np.bool_) for codes in tables]
    if [len(words) for words in types] != [len(codes) for codes in tables]:
        raise UserError("models: give a type for each code of each model")
    return [np.array([word == "periodic" for word in words]) for words in types]


def _correlations(first: Codes, second: Codes, ours: Flags, theirs: Flags) -> Array:
    """|Spearman|, or the circular correlation of ranks where one of both is an angle."""
    found = np.minimum(np.abs(_rank_correlations(first, second)), 1.0)
    ranks = _ranks(first, second)
    turning = ranks.T[: len(first)], ranks.T[len(first) :]
    return np.where(ours[:, None] | theirs, circular_correlations(*turning), found)


def _rank_correlations(first: Codes, second: Codes) -> Array:
    """Spearman's correlation, 0 for a constant code."""
    ranks = _ranks(first, second)
    apart = ranks - ranks.mean(axis=0)
    lengths = np.sqrt((apart**2).sum(axis=0))
    return share(apart.T @ apart, np.outer(lengths, lengths))[: len(first), len(first) :]


def _ranks(first: Codes, second: Codes) -> Array:
    """Ranks of the rows in each code of both models, (n, codes)."""
    ranks: Array = rankdata(np.stack([*first, *second], axis=1), axis=0)
    return ranks
