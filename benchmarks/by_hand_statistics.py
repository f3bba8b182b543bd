"""Statistics and trees beside scikit-learn, scipy and torchmetrics; see `by_hand_pairs`."""

import importlib
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from by_hand_pairs import Pair, counted, in_processes, pair, timed
from numpy.typing import NDArray
from scipy.stats import bootstrap
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, mutual_info_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from torch import distributions

from infoeval import Categorical
from infoeval.metrics import dci, mig
from infoeval.metrics._cluster_ari import _ari
from infoeval.metrics.stats import sample_distances
from infoeval.metrics.stats.contingency import contingency_table, table_of_occurring
from infoeval.metrics.stats.line_classifiers import PENALTY, LineClassifiers
from infoeval.metrics.stats.mutual_information import (
    information_matrix,
    neighbour_row,
    separated,
)
from infoeval.metrics.stats.probes import fit_one_against_rest, fit_softmax

Array = NDArray[Any]
PLAIN: dict[str, Any] = {"replicates": 0, "null": 0}


def table(rows: int, classes: Sequence[int], codes: int, seed: int = 0) -> tuple[Array, Array]:
    """Codes, the first ones of which are factors with noise, and the factors."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, classes, size=(rows, len(classes)))
    values = random.normal(size=(rows, codes))
    values[:, : len(classes)] += factors
    return values, factors


@pair
def trees(_: Path) -> Pair:
    """D, C and I of 1,000 rows, five codes, factors of 2, 3 and 5 classes."""
    codes, factors = table(2_000, (2, 3, 5), 5)
    test = codes[1_000:], factors[1_000:]

    def scored(predictor: Any) -> list[float]:
        score = dci(codes[:1_000], factors[:1_000], test=test, predictor=predictor, **PLAIN)
        return [part["value"] for part in score.details["parts"].values()]

    return timed(lambda: scored("boosting"), lambda: scored("exact-boosting"), 0.02, rounds=3)


def _ten_classes() -> tuple[Array, Array]:
    inputs, factors = table(10_000, (10,), 10)
    return (inputs - inputs.mean(axis=0)) / inputs.std(axis=0), factors[:, 0]


@pair
def softmax(_: Path) -> Pair:
    """Probabilities of ten classes by ten inputs, 10,000 rows, both with the tolerance 1e-6."""
    inputs, classes = _ten_classes()
    model = LogisticRegression(solver="newton-cg", tol=1e-6, max_iter=1_000)
    return timed(
        lambda: np.exp(fit_softmax(inputs, classes).log_probabilities(inputs)),
        lambda: model.fit(inputs, classes).predict_proba(inputs),
        1e-3,
    )


@pair
def one_against_rest(_: Path) -> Pair:
    """Weights of each class against the others, likewise, both with 1e-7."""
    inputs, classes = _ten_classes()
    model = OneVsRestClassifier(LogisticRegression(solver="newton-cholesky", tol=1e-7))

    def theirs() -> Array:
        fitted = model.fit(inputs, classes).estimators_
        return np.stack([np.append(each.coef_[0], each.intercept_) for each in fitted])

    return timed(lambda: fit_one_against_rest(inputs, classes).weights, theirs, 1e-3)


@pair
def information_by_neighbours(_: Path) -> Pair:
    """Nats of five codes about a factor of ten classes by neighbours, 10,000 rows."""
    codes, factors = table(10_000, (10,), 5)

    def ours() -> list[float]:
        columns = separated(codes, 0).T
        return [neighbour_row(column, factors, "continuous")[0] for column in columns]

    return timed(ours, lambda: mutual_info_classif(codes, factors[:, 0], random_state=0), 1e-9)


@pair
def information_by_counts(_: Path) -> Pair:
    """Nats of ten columns of 20 classes about five factors, 10,000 rows."""
    random = np.random.default_rng(0)
    first = random.integers(0, 20, size=(10_000, 10))
    second = random.integers(0, (2, 3, 4, 5, 10), size=(10_000, 5))
    return timed(
        lambda: information_matrix(first, second),
        lambda: [[mutual_info_score(one, other) for other in second.T] for one in first.T],
        1e-9,
    )


def _rand_index(counts: Callable[[Array, Array], Array]) -> Pair:
    first, second = np.random.default_rng(0).integers(0, 10, size=(2, 100_000))
    ours = lambda: _ari(counts(first, second).astype(float))  # noqa: E731
    return timed(ours, lambda: adjusted_rand_score(first, second), 1e-9, times=5)


@pair
def rand_index(_: Path) -> Pair:
    """Adjusted Rand index of 100,000 rows with numbered classes, as of each half of an interval."""
    return _rand_index(lambda first, second: contingency_table(first, second, 10, 10))


@pair
def rand_index_of_labels(_: Path) -> Pair:
    """The same of labels that have to be numbered first."""
    return _rand_index(table_of_occurring)


@pair
def line_classifiers(_: Path) -> Pair:
    """Accuracy of a linear classifier of ten classes by one number, 100,000 rows."""
    codes, factors = table(100_000, (10,), 1)
    classes, fit = factors[:, 0], 66_667
    model = LinearSVC(C=PENALTY, class_weight="balanced", dual=False)

    def theirs() -> float:
        model.fit(codes[:fit], classes[:fit])
        return float((model.predict(codes[fit:]) == classes[fit:]).mean())

    return timed(lambda: LineClassifiers(codes[:, 0], fit).accuracy(classes), theirs, 1e-3)


TABLES, ROWS, RESAMPLES = 20, 200, 60


def _intervals(**options: Any) -> Pair:
    """How many intervals of tables hold what such tables score on average."""
    every = np.arange(ROWS)

    def small(seed: int) -> tuple[Array, Array]:
        return table(ROWS, (5, 5), 3, seed)

    def value(rows: Array, codes: Array, factors: Array) -> float:
        chosen = rows.astype(int)
        return float(mig(codes[chosen], factors[chosen], **options, **PLAIN))

    true = statistics.mean(value(every, *small(1_000 + seed)) for seed in range(4 * TABLES))

    def ours() -> int:
        scores = [mig(*small(seed), null=0, **options) for seed in range(TABLES)]
        return sum((each.low or 0.0) <= true <= (each.high or 0.0) for each in scores)

    def theirs() -> int:
        held = 0
        for seed in range(TABLES):
            codes, factors = small(seed)
            low, high = bootstrap(
                (every,),
                lambda rows, codes=codes, factors=factors: value(rows, codes, factors),
                n_resamples=RESAMPLES,
                vectorized=False,
                rng=seed,
            ).confidence_interval
            held += bool(low <= true <= high)
        return held

    return counted(f"of {TABLES} intervals hold the mean of other tables", ours, theirs)


@pair
def intervals(_: Path) -> Pair:
    """`mig` of 200 rows, few for a cell, of three codes and two factors; 60 resamples, BCa."""
    return _intervals()


@pair
def intervals_by_neighbours(_: Path) -> Pair:
    """`mig:estimator=ksg` of the same tables."""
    return _intervals(estimator="ksg")


@pair
def binomial_limits(_: Path) -> Pair:
    """Limits of 95 of 100 in a fresh process."""
    ours = """
from infoeval.intervals import clopper_pearson
result = clopper_pearson(95, 100)
"""
    theirs = """
from scipy.stats import binomtest
result = list(binomtest(95, 100).proportion_ci(0.95, "exact"))
"""
    return in_processes("CPU-s", ours, theirs, within=1e-9)


def _features() -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    return random.normal(size=(1_000, 256)), random.normal(0.1, size=(1_000, 256))


@pair
def frechet_distance(_: Path) -> Pair:
    """Fréchet distance of twice 1,000 vectors of 256 features."""
    first, second = _features()
    one, other = torch.from_numpy(first), torch.from_numpy(second)
    compute = importlib.import_module("torchmetrics.image.fid")._compute_fid
    return timed(
        lambda: sample_distances.frechet_distance(first, second),
        lambda: float(compute(one.mean(0), one.T.cov(), other.mean(0), other.T.cov())),
        1e-6,
    )


@pair
def kernel_distance(_: Path) -> Pair:
    """Kernel distance of the same."""
    first, second = _features()
    compute = importlib.import_module("torchmetrics.image.kid").poly_mmd
    return timed(
        lambda: sample_distances.kernel_distance(first, second),
        lambda: float(compute(torch.from_numpy(first), torch.from_numpy(second))),
        1e-6,
    )


@pair
def log_likelihood(_: Path) -> Pair:
    """Log-likelihood of 128 categories of ten."""
    logits = torch.randn(128, 10, generator=torch.Generator().manual_seed(0))
    values, law = torch.arange(128) % 10, distributions.Categorical
    theirs = lambda: law(logits=logits).log_prob(values)  # type: ignore[no-untyped-call]  # noqa: E731
    return timed(lambda: Categorical(10).log_likelihood(logits, values), theirs, 1e-5, times=100)
