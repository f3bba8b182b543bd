"""Lines of the least loss: those of a converged LinearSVC, whatever the table."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from infoeval.metrics import sap
from infoeval.metrics.stats import line_classifiers
from infoeval.metrics.stats.line_classifiers import LineClassifiers, Term


def converged(values: np.ndarray, classes: np.ndarray) -> LinearSVC:
    """Return scikit-learn's classifier, fitted until nothing changes."""
    classifier = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=100_000)
    return classifier.fit(values[:, None], classes)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.1, 2.0), (1.0, 30.0), (-20.0, 0.0)])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_lines_are_those_of_a_converged_classifier(
    count: int, scale: float, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(count)
    classes = random.permutation(np.arange(900) ** 2 % 97 % count)
    values = (random.permutation(count)[classes] + random.normal(size=900)) * scale + offset
    known = converged(values[:600], classes[:600])
    lines = []
    fit = line_classifiers._line

    def kept(terms: Sequence[Term]) -> tuple[float, float]:
        lines.append(fit(terms))
        return lines[-1]

    monkeypatch.setattr(line_classifiers, "_line", kept)
    accuracy = LineClassifiers(values, 600).accuracy(classes)
    expected = np.column_stack([known.coef_.ravel(), known.intercept_])
    assert np.array(lines) == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert accuracy == (known.predict(values[600:, None]) == classes[600:]).mean()


def test_scores_of_many_rows_meet_the_published_definition(
    shared_fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same tolerance as LinearSVC, which stops just before the minimum."""
    monkeypatch.setattr("infoeval.metrics._sap.MANY_ROWS", 100)
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_2000.npz")
        test = arrays["codes_test"], arrays["factors_test"]
        found = sap(arrays["codes"], arrays["factors"], test=test, replicates=0, null=0)
        published = sizes["N=2000"]["dlib.sap_discrete"]["mean"]
        assert float(found) == pytest.approx(published, abs=2.5e-4), table


def test_classes_and_values_that_are_hard_to_tell_apart() -> None:
    constant = LineClassifiers(np.full(9, 3.0), 6)
    assert constant.accuracy(np.array([0, 0, 1, 1, 1, 1, 0, 0, 1])) == pytest.approx(1 / 3)
    one = LineClassifiers(np.arange(9.0), 6)
    assert one.accuracy(np.array([2, 2, 2, 2, 2, 2, 2, 2, 0])) == pytest.approx(2 / 3)
    missing = np.array([0, 4, 4, 4, 4, 4, 4, 1, 3])
    assert 0 <= LineClassifiers(np.arange(9.0), 6).accuracy(missing) <= 1
    far = np.r_[np.full(50, -1e12), np.full(50, 1e12)]
    classes = np.repeat([0, 1], 50)
    assert LineClassifiers(np.tile(far, 2), 100).accuracy(np.tile(classes, 2)) == 1.0
