"""`--references`: the model between codes of known meaning, and the metrics that mislead."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import infoeval, of_json, succeeds


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three factors with one cause, and codes that are the factors under noise."""
    random = np.random.default_rng(0)
    factors = 2 * random.normal(size=(300, 1)) + random.normal(size=(300, 3))
    codes = factors + 0.5 * random.normal(size=factors.shape)
    path = tmp_path_factory.mktemp("table") / "codes.npz"
    np.savez(path, codes=codes, factors=factors)
    return path


CHOSEN = ("--metric", "code-factors", "--metric", "downstream-accuracy", "--metric", "mig")


def test_the_model_stands_between_its_references(table: Path) -> None:
    arguments = ("score", table, *CHOSEN, "--references", "--replicates", "4")
    text = succeeds(*arguments, COLUMNS="80").stdout
    _, section = text.split("references: codes of known meaning made of the same factors\n")
    lines = section.splitlines()
    (last,) = (place for place, line in enumerate(lines) if line.startswith("mig "))
    assert max(len(line.rstrip()) for line in lines[: last + 1]) <= 80
    assert " ".join(" ".join(lines[:2]).split()) == (
        "common exact metric noise cause rotated twice this model as here exact"
    )
    results = {each["metric"]: each for each in of_json(infoeval(*arguments, "--json"))["results"]}
    mig = lines[last].split()
    known = results["mig"]["details"]["references"]
    names = ("noise", "common cause", "rotated", "twice")
    assert mig[1:5] == [f"{known[name]:.2f}" for name in names]
    assert mig[5] == f"{results['mig']['value']:.2f}"
    assert mig[6] == f"({results['mig']['low']:.2f}–{results['mig']['high']:.2f})"
    assert mig[7:] == [f"{known[name]:.2f}" for name in ("exact as here", "exact")]
    assert "downstream-accuracy-" in section


def test_metrics_that_mislead_are_named_in_a_line_each(table: Path) -> None:
    text = succeeds("score", table, *CHOSEN, "--references", "--replicates", "0").stdout
    (line,) = [line for line in text.splitlines() if line.startswith("code-factors: not")]
    assert line.startswith(
        "code-factors: not to be trusted on this table: codes that all equal the factors' common "
        "cause score 0."
    )


@pytest.mark.parametrize("asked", [(), ("--no-references",)])
def test_score_has_no_references_by_default(table: Path, asked: tuple[str, ...]) -> None:
    text = succeeds("score", table, *CHOSEN, *asked, "--replicates", "0").stdout
    assert "references" not in text
    assert "trusted" not in text


def test_independent_factors_have_a_dash_for_the_cause(tmp_path: Path) -> None:
    factors = np.random.default_rng(0).normal(size=(300, 2))
    np.savez(tmp_path / "codes.npz", codes=factors, factors=factors)
    arguments = ("--metric", "mig", "--references", "--replicates", "0")
    text = succeeds("score", tmp_path / "codes.npz", *arguments).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("mig ") and "–" in line]
    assert line.split()[2] == "–"
