"""The benchmark of names: what its codes move, what counts as right, and what its table says."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("names")


def test_a_planted_code_moves_its_factors_alone(names: ModuleType) -> None:
    drawn = []

    def draw(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        drawn.append(values)
        return np.zeros((len(values), 1, 4, 4), np.uint8)

    scene = names.Scene("made up", dict(names.SPRITES.factors), draw)
    parts = {"a": (names.Part("x"), names.Part("y", 0.6, -1)), "b": (names.Part("shape"),)}
    planted = names.Planted(scene, parts)
    assert [code.kind for code in planted.codes.values()] == ["continuous", "categorical"]
    noise = planted.codes.sample_noise(1, torch.Generator().manual_seed(0)).expand(5, -1)
    codes = {"a": torch.linspace(-1, 1, 5), "b": torch.tensor([0, 1, 2, 0, 1])}
    planted.generate(codes, noise)
    shape, scale, orientation, x, y = drawn[0].T
    assert shape.tolist() == [0, 1, 2, 0, 1]
    assert x == pytest.approx(np.linspace(0, 1, 5), abs=1e-3)
    assert y - y[-1] == pytest.approx(0.6 * np.linspace(1, 0, 5), abs=1e-3)
    assert np.ptp([scale, orientation], axis=1).tolist() == [0, 0]


def test_right_names_and_dead_codes_are_counted(names: ModuleType) -> None:
    def row(name: str, right: bool, **more: object) -> dict[str, object]:
        found = {"scene": "sprites", "unseen": False, "kind": "one factor", "can be named": True}
        return found | {"name": name, "right": right, **more}

    rows = [row("size", True)] * 3 + [row("slant", False), row("", False)]
    rows += [row("", False, scene="dead", kind="changes nothing")] * 2
    rows.append(row("texture", False, scene="dead", kind="changes pixels"))
    text = names.table(pd.DataFrame(rows))
    assert "| one factor | 5 | 4 | 3 | 75.0% (19.4% to 99.4%) | 60% |" in text
    assert text.endswith("1 of 3 dead codes were named.")


def test_every_name_of_a_factor_is_a_statistic_that_names_codes(names: ModuleType) -> None:
    from infoeval.reporting.naming_rule import GROUPS

    known = {name for group in GROUPS for kind in group for name in kind}
    for scene in (*names.CHOSEN_ON, *names.UNSEEN):
        for factor, drawn in scene.factors.items():
            assert set(drawn.names) <= known, (scene.name, factor)
