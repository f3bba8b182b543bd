"""Which category tells an attribute: planted posteriors of known areas."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def attributes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("attributes")


def planted(n: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Posteriors of a category whose values 3 and 0 have the attribute, and of one of noise."""
    random = np.random.default_rng(seed)
    told, noise = random.integers(0, 4, n), random.integers(0, 4, n)
    columns = {
        name: pd.DataFrame(np.eye(4)[values]) for name, values in (("told", told), ("noise", noise))
    }
    return pd.concat(columns, axis=1), pd.Series(np.isin(told, [0, 3]).astype(float))


def test_the_category_that_tells_an_attribute_has_an_area_of_one(
    attributes: ModuleType,
) -> None:
    columns, known = zip(planted(800, 0), planted(400, 1), strict=True)
    has = dict(zip(("train", "test"), known, strict=True))
    has["test"][:50] = np.nan  # not known
    scores = attributes.category_scores(dict(zip(has, columns, strict=True)), has)
    assert scores["test"]["told"].tolist() == [
        float(value) for value in planted(400, 1)[1].tolist()
    ]
    found = attributes.areas(scores["test"], has["test"])
    assert found["told"] == 1
    assert found["noise"] == pytest.approx(0.5, abs=0.1)
    assert attributes.area(1 - scores["test"]["told"], has["test"])["value"] == 0, (
        "its order was learned"
    )
