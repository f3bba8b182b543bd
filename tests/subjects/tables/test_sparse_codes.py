"""Sparse codes: few score as the same dense array; of many the planted ones are kept and scored."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import mutual_info_score

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.subjects.opening import open_subject
from infoeval.subjects.tables.column_choice import TableChoice
from infoeval.subjects.tables.sparse_codes import KEPT, most_informative

QUICK: dict[str, Any] = {"replicates": 4, "null": 4}
CLASSES = (2, 3, 4)
PLANTED = range(100, 100 + sum(CLASSES))


def planted(rows: int = 2_000, codes: int = 600) -> tuple[Any, pd.DataFrame]:
    """Return sparse noise, but a code for each class of each factor, which misses some rows."""
    random = np.random.default_rng(0)
    factors = random.integers(0, CLASSES, (rows, len(CLASSES)))
    dense = random.exponential(size=(rows, codes)) * (random.random((rows, codes)) < 0.01)
    classes = [factor == k for factor, n in zip(factors.T, CLASSES, strict=True) for k in range(n)]
    for place, members in zip(PLANTED, classes, strict=True):
        dense[:, place] = members * (random.random(rows) < 0.8)
    return sparse.csr_matrix(dense), pd.DataFrame(factors, columns=["a", "b", "c"])


def values(document: Any) -> list[tuple[Any, ...]]:
    return [(r.metric, r.target, r.value, r.low, r.high, r.n) for r in document.results]


@pytest.mark.parametrize("kind", ["matrix", "columns", "array", "mapping", "frame"])
def test_few_codes_score_as_the_same_numbers_in_an_array(kind: str) -> None:
    codes, factors = planted(400, 120)
    expected = score(codes.toarray(), factors, metrics=["mig", "code-factors"], **QUICK)
    given: Any = {
        "matrix": codes,
        "columns": codes.tocsc(),
        "array": sparse.csr_array(codes),
        "mapping": {"codes": codes},
        "frame": (codes, factors),
    }[kind]
    other = None if kind == "frame" else factors
    found = score(given, other, metrics=["mig", "code-factors"], **QUICK)
    assert values(found) == values(expected)
    assert "notes" not in found.data


def test_of_many_codes_the_planted_ones_are_kept_and_scored_on_other_rows() -> None:
    codes, factors = planted()
    found = score(codes, factors, metrics=["mig", "code-factors"], **QUICK)
    kept = found.subject["code_names"]
    assert {f"code {place}" for place in PLANTED} <= set(kept)
    assert len(kept) <= KEPT * len(CLASSES)
    assert [result.n for result in found.results] == [1_000] * len(found.results)
    assert found.data["notes"] == [
        f"{len(kept)} of 600 codes, those with the most information about each factor on 1,000 "
        "rows, which are left out"
    ]
    pairs = {result.target for result in found.results if result.details.get("paired")}
    assert any(f"code {place} × a" in pairs for place in PLANTED[:2])
    # The rows that are scored are those not chosen on: what is paired holds on them.
    left = np.sort(np.random.default_rng(0).permutation(2_000)[1_000:])
    columns = [int(name.split()[1]) for name in kept]
    dense = pd.DataFrame(codes.toarray()[left][:, columns], columns=kept)
    rows = factors.iloc[left].reset_index(drop=True)
    expected = score(dense, rows, codes=kept, metrics=["mig", "code-factors"], **QUICK)
    assert values(found) == values(expected)


def test_codes_of_noise_score_chance_after_the_choice() -> None:
    """Chosen and scored on the same rows, the best of 3,000 would seem to tell something."""
    random = np.random.default_rng(1)
    codes = sparse.random(1_000, 3_000, 0.1, format="csr", random_state=1)
    factors = random.integers(0, 2, (1_000, 1))
    wrongly = codes[:, most_informative(codes, pd.DataFrame(factors))].toarray()
    apart, same = (
        score(given, factors, metrics=["code-factors"], replicates=4, null=40)["code-factors"]
        for given in (codes, wrongly)
    )
    assert apart.chance is not None
    assert same.chance is not None
    assert apart.value < apart.chance.high
    assert same.value > same.chance.high


def test_the_order_is_that_of_the_information_of_thirds() -> None:
    codes, factors = planted(500, 300)
    dense = codes.toarray()
    column = factors["c"].to_numpy()
    information = []
    for code in dense.T:
        positive = np.sort(code[code != 0])
        below = np.searchsorted(positive, code)  # equal values have the rank of the first
        states = np.where(code != 0, 1 + below * 3 // max(len(positive), 1), 0)
        bias = (len(np.unique(states)) - 1) * 3 / (2 * len(code))
        information.append(mutual_info_score(states, column) - bias)
    best = np.argsort(-np.array(information), kind="stable")[:8]
    assert most_informative(codes, factors[["c"]], 8).tolist() == sorted(best.tolist())
    above = np.flatnonzero(np.array(information) > 0)
    assert len(above) < 200
    assert most_informative(codes, factors[["c"]], 300).tolist() == above.tolist()


def test_scale_and_order_of_rows_change_no_choice() -> None:
    codes, factors = planted(800, 300)
    kept = most_informative(codes, factors).tolist()
    order = np.random.default_rng(0).permutation(800)
    assert most_informative(codes[order] * 7.0, factors.iloc[order]).tolist() == kept
    many = factors.assign(a=factors["a"] + np.random.default_rng(0).normal(size=800) / 10)
    assert set(PLANTED[:2]) <= set(most_informative(codes, many).tolist())


def test_a_file_of_scipy_is_read(tmp_path: Path) -> None:
    codes, factors = planted(400, 300)
    factors.to_csv(tmp_path / "factors.csv", index=False)
    choice = TableChoice(factors=tmp_path / "factors.csv")
    for matrix in (codes, codes.tocsc()):
        sparse.save_npz(tmp_path / "codes.npz", matrix)
        frame = open_subject(tmp_path / "codes.npz", table=choice).rows[0].codes
        expected = open_subject((codes, factors)).rows[0].codes
        pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"indices": np.full(6_000, 10**6, np.int32)}, "indices do not make a sparse matrix"),
        ({"indptr": np.zeros(3, np.int32)}, "indices do not make a sparse matrix"),
        ({"shape": np.array([2**60, 2**60])}, "indices do not make"),
        ({"shape": np.array(3)}, "indices do not make"),
        ({"format": np.array(b"coo")}, "format is not csr or csc"),
        ({"data": np.full(6_000, np.nan)}, "code"),
    ],
)
def test_damaged_files_are_one_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    matrix = sparse.random(100, 600, 0.1, format="csr", random_state=0)
    whole = {name: getattr(matrix, name) for name in ("data", "indices", "indptr", "shape")}
    np.savez(tmp_path / "bad.npz", **(whole | {"format": b"csr"} | change))
    with pytest.raises(UserError, match=message) as caught:
        open_subject(tmp_path / "bad.npz", table=TableChoice(factors=np.arange(100) % 3))
    assert "\n" not in str(caught.value)


def test_a_factor_of_thousands_of_words_fits_into_memory() -> None:
    """Of the words of a text most are rare: the frequent ones choose, the others count as one."""
    codes, factors = planted(2_000, 400)
    words = [f"word {number}" for number in range(2_000)]
    for row in np.flatnonzero(factors["a"] == 1):
        words[row] = "the"
    kept = most_informative(codes, pd.DataFrame({"word": words}), 2)
    assert PLANTED[1] in kept
    assert most_informative(codes, pd.DataFrame({"word": words[::-1]}), 2).tolist() != kept.tolist()


def test_further_rows_are_scored_whether_sparse_or_not() -> None:
    codes, factors = planted(800, 300)
    parts = {"codes": codes[:400], "factors": factors[:400], "factors_test": factors[400:]}
    sparse_test, dense_test = (
        score(parts | {"codes_test": test}, metrics=["mig"], **QUICK)
        for test in (codes[400:], codes[400:].toarray())
    )
    assert values(sparse_test) == values(dense_test)
    assert "left out" not in sparse_test.data["notes"][0]


@pytest.mark.parametrize("fill", [np.nan, 1.0])
def test_columns_that_leave_out_other_values_than_zero_are_dense(fill: float) -> None:
    dense = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["z0", "z1"])
    frame = dense.astype(pd.SparseDtype(float, fill))
    factors = np.arange(60) % 3
    expected = score(dense, factors, metrics=["mig"], **QUICK)
    assert values(score(frame, factors, metrics=["mig"], **QUICK)) == values(expected)


def test_codes_that_are_no_finite_numbers_are_refused_also_where_not_kept() -> None:
    codes, factors = planted(400, 300)
    with pytest.raises(UserError, match="codes of complex128; give numbers"):
        score(codes.astype(complex), factors, metrics=["mig"])
    codes.data[0] = np.inf
    with pytest.raises(UserError, match="a code is infinite in some row"):
        score(codes, factors, metrics=["mig"])


def test_what_cannot_be_chosen_is_said() -> None:
    codes, factors = planted(400, 300)
    with pytest.raises(UserError, match="300 codes need factors"):
        score(codes, metrics=["kl"])
    with pytest.raises(UserError, match="no code tells anything"):
        score(sparse.csr_matrix((400, 300)), factors, metrics=["mig"])
    with pytest.raises(UserError, match="rows of codes for 3 rows"):
        score(codes, factors[:3], metrics=["mig"])
