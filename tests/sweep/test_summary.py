"""Many runs: what is read of them without labels, which one is chosen, and their table."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import CodeSpace, Uniform
from infoeval.cli.terminal.sweep_table import print_runs
from infoeval.data import ImageSet
from infoeval.results import Bound
from infoeval.subjects.opening import open_subject
from infoeval.sweep import Pick, Row, Summary
from infoeval.sweep.summary import summarise
from infoeval.sweep.unlabelled import UnlabelledScores, score_unlabelled
from tests.sweep.sweeping import train
from tests.tiny import tiny_images, tiny_trainer


def reading(seed: int, blur: float) -> UnlabelledScores:
    """One categorical code of 900 images, with a share of wrong readings."""
    random = np.random.default_rng(seed)
    truth = np.arange(900) % 5
    code = np.where(random.random(900) < blur, random.integers(0, 5, 900), truth)
    return UnlabelledScores({"digit": random.permutation(5)[code]}, {"digit": 1.0}, {"digit": 1.0})


def chosen(blurs: list[float | None], weight: float = 1.0) -> Summary:
    """What is chosen of runs that read so many images wrongly; None: of a failed run."""
    rows = [
        Row(f"seed-{n}", weight, n, "failed" if blur is None else "complete")
        for n, blur in enumerate(blurs)
    ]
    readings = [None if blur is None else reading(n, blur) for n, blur in enumerate(blurs)]
    data = {"name": "made"}
    return summarise(rows, readings, trainer="t", variant="v", data=data, images=900)


def test_the_choice_is_the_run_that_agrees_most_with_the_others() -> None:
    summary = chosen([0.4, None, 0.02, 1.0, 0.2])
    assert [row.picked for row in summary.rows] == [False, False, True, False, False]
    assert summary.picks[0].folder == "seed-2"
    assert summary.rows[1].agreement is None
    assert summary.measure is not None
    assert "renaming" in summary.measure


@pytest.mark.parametrize("blurs", [[], [0.1], [0.1, 0.2], [0.1, None, 0.2]])
def test_fewer_than_three_have_no_medoid(blurs: list[float | None]) -> None:
    summary = chosen([*blurs, None])
    assert summary.picks[0].folder is None
    assert "a medoid needs 3 complete runs" in summary.picks[0].reason
    assert not any(row.picked for row in summary.rows)


def test_of_two_runs_the_choice_is_that_with_the_largest_invariance_term(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = tiny_trainer(invariance_weight=1.0)
    summary = train(tmp_path, trainer=trainer, seeds=[0, 1], information_weights=[1.0, 0.0])
    terms = [row.invariance for row in summary.rows]
    assert None not in terms
    images = tiny_images()
    for row, term in zip(summary.rows, terms, strict=True):
        reader = open_subject(tmp_path / row.folder / "ckpt.pt").reader(images)
        found = score_unlabelled(reader, images, np.arange(len(images)), trainer)
        assert found.invariance == pytest.approx(term, abs=1e-6)
    best = int(np.argmax(terms[:2]))
    assert [row.picked for row in summary.rows] == [best == 0, best == 1, False, False]
    assert summary.picks[0].reason == "largest sum of invariance term and mean agreement"
    assert "without the information term" in summary.picks[1].reason
    print_runs(summary)
    shown = capsys.readouterr().out
    assert f"{terms[0]:.4f}" in shown
    assert "invariance: I(ĉ; ĉ′) of 40 training images" in shown


def test_the_choice_is_by_the_sum_of_invariance_term_and_agreement() -> None:
    """The first run agrees most, and the third has the largest term."""
    readings = [reading(n, blur) for n, blur in enumerate([0.0, 0.1, 0.3])]

    def picked(*terms: float) -> int:
        rows = [Row(f"r{n}", 1.0, n, "complete", invariance=term) for n, term in enumerate(terms)]
        summary = summarise(rows, readings, trainer="t", variant="v", data={}, images=900)
        return [row.picked for row in summary.rows].index(True)

    assert picked(2.0, 2.0, 2.0) == 0
    assert picked(2.0, 2.0, 2.05) == 0
    assert picked(2.0, 2.0, 2.5) == 2


def test_runs_without_the_information_term_are_never_chosen() -> None:
    summary = chosen([0.0, 0.0, 0.0], weight=0.0)
    assert summary.picks == (
        Pick(0.0, None, "runs without the information term are not chosen from"),
    )
    assert all(row.agreement == 1.0 for row in summary.rows)


def test_runs_of_other_weights_are_not_compared() -> None:
    rows = [Row(f"r{n}", float(n < 3), n, "complete") for n in range(6)]
    readings = [reading(n, 0.0 if n < 3 else 1.0) for n in range(6)]
    summary = summarise(rows, readings, trainer="t", variant="v", data={}, images=900)
    assert [row.agreement == 1.0 for row in summary.rows] == [True] * 3 + [False] * 3


def test_reading_continuous_codes(tmp_path: Path) -> None:
    codes = CodeSpace(a=Uniform(-1, 1), b=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(codes=codes, code_weights={})
    summary = train(tmp_path, trainer=trainer)
    assert summary.measure is not None
    assert "Spearman" in summary.measure
    assert summary.rows[0].augmentation_consistency == {}
    images = tiny_images()
    reader = open_subject(tmp_path / "seed-0" / "ckpt.pt").reader(images)
    found = score_unlabelled(reader, images, np.arange(len(images)))
    assert {name: code.dtype.kind for name, code in found.codes.items()} == {"a": "f", "b": "f"}


def test_what_is_read_of_images_that_are_all_equal(tmp_path: Path) -> None:
    train(tmp_path, seeds=[0])
    blank = ImageSet("blank", "train", np.zeros((30, 1, 8, 8), np.uint8))
    reader = open_subject(tmp_path / "seed-0" / "ckpt.pt").reader(tiny_images())
    found = score_unlabelled(reader, blank, np.arange(30))
    assert found.information["digit"] == pytest.approx(0, abs=1e-6)
    assert found.augmentation_consistency["digit"] == 1.0  # a blank image that is moved is blank
    assert len(set(found.codes["digit"])) == 1


def test_the_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = train(tmp_path)
    failed = replace(summary.rows[0], status="failed", reason="it [bold]burnt", bounds={})
    print_runs(replace(summary, rows=(failed, *summary.rows[1:])))
    shown = capsys.readouterr().out
    assert shown.count("← chosen") == sum(row.picked for row in summary.rows[1:])
    assert "seed-0 failed: it [bold]burnt" in shown
    assert "H(c)" in shown
    assert f"{summary.rows[1].bounds['digit'].value:.3f} ±" in shown
    assert f"chosen of λ = 1: {summary.picks[0].folder}" in shown


def test_the_table_of_runs_that_all_failed(capsys: pytest.CaptureFixture[str]) -> None:
    print_runs(chosen([None, None]))
    assert "a medoid needs 3 complete runs, not 0" in capsys.readouterr().out


def with_silent_codes(high: Sequence[float], names: Sequence[str] = ("digit",)) -> Summary:
    """Three runs of a categorical code, whose L_I reaches at most `high`, and a continuous one.

    The digit of seed 0 is that of seed 1, and the slant of seed 1 is that of seed 2.
    """
    random = np.random.default_rng(0)
    digits, slants = random.integers(0, 5, (3, 900)), random.random((3, 900))
    digits[0, :800], slants[2, :800] = digits[1, :800], slants[1, :800]
    rows, readings = [], []
    for seed, (digit, slant) in enumerate(zip(digits, slants, strict=True)):
        bounds = {"digit": Bound(-0.1, -0.2, high[seed], 0.95, np.log(5))}
        bounds |= {"slant": Bound(0.5, 0.4, 0.6, 0.95, np.log(2))}
        known = {name: bounds[name] for name in (*names, "slant")}
        rows.append(Row(f"seed-{seed}", 1.0, seed, "complete", bounds=known))
        readings.append(UnlabelledScores({"digit": digit, "slant": slant}, {}, {}))
    return summarise(rows, readings, trainer="t", variant="v", data={}, images=900)


def test_codes_that_carry_nothing_in_any_run_do_not_count() -> None:
    threshold = 0.05 * np.log(5)
    summary = with_silent_codes([0.0, 0.9 * threshold, -0.1])
    assert summary.measure is not None
    assert "Spearman" in summary.measure
    assert summary.picks[0].reason.endswith("; what carries nothing does not count: digit")
    assert summary.rows[0].agreement == pytest.approx(0, abs=0.1)
    for high in ([0.0, 1.1 * threshold, 0.0], [1.6, 1.6, 1.6]):
        summary = with_silent_codes(high)
        assert summary.measure is not None
        assert "renaming" in summary.measure
        assert summary.picks[0].reason == "highest mean agreement with the others"
        assert summary.rows[2].agreement == pytest.approx(0.2, abs=0.1)


def test_every_weight_says_what_its_runs_were_compared_by() -> None:
    """At λ = 0 no code carries anything, so all are compared; at 1 the continuous code is."""
    readings = [UnlabelledScores({"digit": np.arange(9) % 3, "slant": np.arange(9.0)}, {}, {})] * 6
    nothing, something = Bound(0, 0, 0, 0.95, np.log(3)), Bound(0.5, 0.4, 0.6, 0.95, np.log(2))
    rows = []
    for number in range(6):
        slant = something if number >= 3 else nothing
        bounds = {"digit": nothing, "slant": slant}
        rows.append(Row(f"r{number}", float(number >= 3), number, "complete", bounds=bounds))
    summary = summarise(rows, readings, trainer="t", variant="v", data={}, images=9)
    assert summary.measure is not None
    first, second = summary.measure.split("; ")
    assert first.startswith("for λ = 0 share of rows in the same category")
    assert second.startswith("for λ = 1 |Spearman|")


def test_a_code_of_which_nothing_is_known_counts() -> None:
    summary = with_silent_codes([0.0] * 3, names=())
    assert summary.measure is not None
    assert "renaming" in summary.measure


def test_codes_of_which_none_carries_anything_are_all_compared() -> None:
    """As at λ = 0, where the agreement is what chance gives."""
    nothing = {"digit": Bound(0.0, 0.0, 0.0, 0.95, np.log(5))}
    rows = [Row(f"r{n}", 0.0, n, "complete", bounds=nothing) for n in range(3)]
    readings = [reading(n, 0.0) for n in range(3)]
    summary = summarise(rows, readings, trainer="t", variant="v", data={}, images=900)
    assert all(row.agreement == 1.0 for row in summary.rows)


def test_codes_on_a_circle_are_compared_on_it() -> None:
    angle = np.random.default_rng(0).uniform(0, 6.28, 300)
    rows = [Row(f"seed-{n}", 1.0, n, "complete") for n in range(3)]
    readings = [UnlabelledScores({"turn": (angle + n) % 6.28}, {}, {}) for n in range(3)]
    more: dict[str, Any] = {"trainer": "t", "variant": "v", "data": {}, "images": 300}
    summary = summarise(rows, readings, angles={"turn"}, **more)
    assert [row.agreement for row in summary.rows] == pytest.approx([1, 1, 1])
    assert summarise(rows, readings, **more).rows[0].agreement != pytest.approx(1, abs=0.1)
