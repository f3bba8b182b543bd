"""The benchmark of several roundings: what the codes of style of a known generator change."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def rounding(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("rounding")


class Strokes:
    """Draws a bar: one code leans it, another does nothing, the noise decides how bright it is."""

    codes = CodeSpace(digit=Categorical(2), style_1=Uniform(-1, 1), style_2=Uniform(-1, 1), noise=1)

    def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        y, x = torch.meshgrid(torch.arange(16.0) - 7.5, torch.arange(16.0) - 7.5, indexing="ij")
        away = x + 0.5 * codes["style_1"][:, None, None] * y  # to the right for each pixel up
        width = 2 + codes["digit"][:, None, None]
        light = torch.exp(-((away / width) ** 2)) * (150 + 50 * noise[:, :, None].sigmoid())
        return light[:, None].round().to(torch.uint8)


def test_styles_of_a_known_generator(rounding: ModuleType) -> None:
    found = rounding.follow_styles(Strokes())
    assert found["style_1 × slant"] == pytest.approx(1, abs=1e-6)
    assert found["style_1 × slant low"] == pytest.approx(1, abs=1e-6)
    # A bar is as wide as it leans, to either side.
    assert abs(found["style_1 × width"]) < 0.1
    for factor in ("slant", "width", "ink"):
        assert found[f"style_2 × {factor}"] == 0


def row(**changes: Any) -> dict[str, Any]:
    """The row of a run whose first style is a slant and whose second is told by nothing."""
    made = {"rounding": "avx2", "seed": 3, "processor seconds": 9.0}
    made |= {"error": 0.03, "error low": 0.01, "error high": 0.05, "L_I digit": 2.3}
    for style, slant in (("style_1", -0.8), ("style_2", 0.9)):
        bound = 0.5 if style == "style_1" else 0.05
        made |= {f"L_I {style}": bound, f"L_I {style} low": bound - 0.01}
        made |= {f"L_I {style} high": bound + 0.01}
        for factor, value in (("slant", slant), ("width", 0.3), ("ink", -0.2)):
            key = f"{style} × {factor}"
            made |= {key: value, f"{key} low": value - 0.05, f"{key} high": value + 0.05}
    return made | changes


def test_a_style_has_a_name_if_it_carries_and_changes_something(rounding: ModuleType) -> None:
    assert rounding.name_styles(row()) == "style_1 slant -0.80"
    assert rounding.name_styles(row(**{"L_I style_1 low": 0.09})) == ""
    assert rounding.name_styles(row(**{"style_1 × slant high": -0.49})) == ""
    both = row(**{"L_I style_2 low": 0.2})
    assert rounding.name_styles(both) == "style_1 slant -0.80, style_2 slant +0.90"


def test_choices_are_counted(rounding: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    terms, errors = (6.7, 6.6, 6.5, 6.8, 6.4), (0.02, 0.09, 0.01, 0.06, 0.5)
    runs = pd.DataFrame({"rounding": "avx2", "invariance": terms, "error": errors})
    alike = np.full((5, 5), 0.9) + 0.1 * np.eye(5)
    rounding.print_choices(rounding.Unlabelled(runs, alike), 2)
    # The fourth is in four of the ten pairs, and the second is chosen in two of the others.
    assert capsys.readouterr().out == (
        "avx2: chosen of 2, error at most 5% in 4 of 10 (40.0%), 9.00 % at most; of 2 runs in a "
        "row: 2.00, 6.00 %\n"
    )
    # The first agrees with the others so much more that it is chosen of all.
    alike[0, 1:] = alike[1:, 0] = 1.1
    assert rounding.Unlabelled(runs, alike).choose(range(5)) == 0


def test_the_summary_counts_runs(rounding: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(), row(seed=4, error=0.051, **{"L_I style_1 low": 0.0})]
    rounding.print_summary(pd.DataFrame([*rows, row(rounding="bfloat16")]))
    *_, first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "avx2: error 3.00 to 5.10 %, median 4.05 %; at most 5% in 1 of 2; a code of style has a "
        "name in 1"
    )
    assert second.startswith("bfloat16: error 3.00 to 3.00 %")
