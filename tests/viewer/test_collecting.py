"""Every run is there once, with what its own files, its sweep and results say of it."""

import json
import shutil
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.viewer import FolderIndex, collect, scored_models
from infoeval.viewer.entries import AFTERWARDS, OWN, WHILE_TRAINING, CodeFacts, ModelEntry
from tests.viewer import folders
from tests.viewer.folders import LOG_TEN


def model(index: FolderIndex, name: str) -> ModelEntry:
    (found,) = (model for model in index.models if model.name == name)
    return found


def code(entry: ModelEntry, name: str) -> CodeFacts:
    (found,) = (code for code in entry.codes if code.name == name)
    return found


def test_every_run_is_there_once_in_natural_order(index: FolderIndex) -> None:
    assert [entry.name for entry in index.models] == [
        *("begun", "codes.npz", "lambda-0", "mnist/seed-0", "mnist/seed-1", "mnist/seed-2"),
    ]
    assert index.runs == 5
    assert index.summary == "five runs, one report"
    assert index.unread == ()


def test_a_run_says_what_it_is_and_how_far_it_got(index: FolderIndex) -> None:
    begun = model(index, "begun")
    assert (begun.trainer, begun.variant, begun.seed, begun.weight) == ("mnist", "default", 7, 1.0)
    assert (begun.step, begun.steps, begun.status, begun.seconds) == (1000, 3000, "unfinished", 100)
    assert (begun.images.name, begun.images.n) == ("mnist", 60_000)
    assert model(index, "lambda-0").status == "complete"
    failed = model(index, "mnist/seed-2")
    assert (failed.status, failed.reason) == ("failed", "training diverged")
    assert failed.files == ()


def test_without_results_the_history_says_what_codes_carry(index: FolderIndex) -> None:
    digit, slant = model(index, "begun").codes
    assert digit.entropy == pytest.approx(LOG_TEN)
    assert slant.entropy is None
    (reading,) = digit.readings
    assert reading.reader == WHILE_TRAINING
    assert reading.amount.value == pytest.approx(1000 / 1500)
    assert reading.amount.low is reading.amount.high is None


def test_a_sweep_s_bounds_come_before_the_history(index: FolderIndex) -> None:
    chosen = model(index, "mnist/seed-1")
    (reading,) = code(chosen, "digit").readings
    assert reading.reader == OWN
    assert (reading.amount.value, reading.amount.low, reading.amount.high) == (2.25, 2.1, 2.3)
    assert chosen.chosen
    assert chosen.agreement == 0.9
    assert not model(index, "mnist/seed-0").chosen


def test_results_of_a_run_are_joined_to_it(index: FolderIndex) -> None:
    scored = model(index, "mnist/seed-1")
    assert scored.files[0].path == "scores.json"
    error = code(scored, "digit").error
    assert error is not None
    assert (error.value, error.low, error.high) == pytest.approx((0.18, 0.15, 0.21))
    followed = code(scored, "slant").followed
    assert followed is not None
    assert (followed.factor, followed.verb, followed.amount.value) == ("angle", "follows", 0.9)


def test_a_report_is_joined_to_all_of_its_models(index: FolderIndex) -> None:
    (report,) = index.reports
    assert (report.page, report.document) == ("report.html", "report_files/metrics.json")
    assert [key for _, key in report.models] == ["mnist/seed-0", "lambda-0"]
    assert [said.topic for said in report.said] == ["digit", "slant", "width"]
    for name in ("mnist/seed-0", "lambda-0"):
        assert model(index, name).files[0].path == "report.html"
        first, second = code(model(index, name), "digit").readings
        assert (first.reader, second.reader) == (AFTERWARDS, OWN)


def test_what_is_no_run_has_a_row_of_its_own(index: FolderIndex) -> None:
    table = model(index, "codes.npz")
    assert table.kind == "table"
    assert [each.path for each in table.files] == ["table.json"]
    followed = code(table, "c_1").followed
    assert followed is not None
    assert followed.factor == "size"


def test_a_sweep_says_which_run_it_chose(index: FolderIndex) -> None:
    (sweep,) = index.sweeps
    assert (sweep.complete, sweep.failed) == (2, 1)
    assert [(choice.weight, choice.key) for choice in sweep.choices] == [(1.0, "mnist/seed-1")]


def test_the_newest_picture_of_the_categorical_code_is_shown(index: FolderIndex) -> None:
    picture = model(index, "begun").thumbnail
    assert picture is not None
    assert (picture.file, picture.code) == ("begun/samples/step-001000-digit.png", "digit")


# Which run results are of.


def test_a_folder_that_was_moved_and_renamed_is_known_by_hashes(
    whole: Path, index: FolderIndex, tmp_path: Path
) -> None:
    moved = shutil.copytree(whole / "mnist", tmp_path / "elsewhere")
    shutil.copy(whole / "scores.json", moved)
    found = collect(moved)
    assert [entry.name for entry in found.models] == ["seed-0", "seed-1", "seed-2"]
    assert code(model(found, "seed-1"), "digit") == code(model(index, "mnist/seed-1"), "digit")


def test_results_of_another_run_are_not_taken_for_its_own(tmp_path: Path) -> None:
    """A run of the same settings in a folder of the same name, but not the same weights."""
    ours = folders.run(tmp_path / "a" / "seed-0")
    theirs = folders.run(tmp_path / "b" / "seed-0")
    (theirs / "ckpt.pt").write_bytes(b"others")
    folders.scores(tmp_path / "a" / "scores.json", theirs)
    found = collect(ours.parent)
    assert [(entry.kind, len(entry.files)) for entry in found.models] == [
        ("checkpoint", 1),
        ("run", 3),
    ]


@pytest.mark.parametrize("differing", [{"seed": 5}, {"information_weight": 0.5}, {"trainer": "x"}])
def test_results_of_other_settings_are_not_joined(
    tmp_path: Path, differing: dict[str, object]
) -> None:
    run = folders.run(tmp_path / "seed-0")
    folders.scores(tmp_path / "scores.json", run, **differing)
    assert {entry.kind for entry in collect(tmp_path).models} == {"checkpoint", "run"}


def test_of_paths_that_fit_the_nearest_run_is_meant(tmp_path: Path) -> None:
    for sweep in ("a", "b"):
        run = folders.run(tmp_path / sweep / "seed-0")
        folders.scores(tmp_path / sweep / "scores.json", run, checkpoint="seed-0/ckpt.pt")
    found = collect(tmp_path)
    assert [entry.files[0].path for entry in found.models] == ["a/scores.json", "b/scores.json"]
    assert found.runs == len(found.models) == 2


def test_results_in_the_run_s_own_folder(tmp_path: Path) -> None:
    run = folders.run(tmp_path / "seed-0")
    folders.scores(run / "scores.json", run, checkpoint="ckpt.pt")
    (entry,) = collect(run).models
    assert (entry.name, entry.files[0].path) == ("seed-0", "scores.json")


def test_results_of_an_earlier_step_say_so(tmp_path: Path) -> None:
    run = folders.run(tmp_path / "seed-0")
    folders.report(tmp_path / "report.html", run, run)
    path = tmp_path / "report_files" / "metrics.json"
    document = json.loads(path.read_text())
    document["subject"]["step"] = 1500
    document["models"] = document["images"] = []
    path.write_text(json.dumps(document))
    (entry,) = collect(tmp_path).models
    assert {reading.step for reading in code(entry, "digit").readings} == {1500}
    assert entry.step == 3000


# Files that are no good.


def unread(folder: Path) -> dict[str, str]:
    return {each.path: each.reason for each in collect(folder).unread}


def test_damaged_files_are_told_and_the_run_stays(tmp_path: Path) -> None:
    run = folders.run(tmp_path / "run")
    (run / "config.json").write_text('{"seed": 0, "trainer": {"name": 3}}')
    (run / "history.csv").write_text("step,seconds\n5\n")
    (run / "samples" / "step-003000-digit.png").write_bytes(b"\x89PNG nothing")
    (tmp_path / "summary.json").write_text('{"rows": 5}')
    (tmp_path / "cut.json").write_text('{"results": [')
    (tmp_path / "metrics.json").write_text('{"schema_version": 1, "results": [{"value": 1}]}')
    (tmp_path / "later.json").write_text('{"schema_version": 99, "results": []}')
    (tmp_path / "deep.json").write_text('{"a":' * 100_000)
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xff"}')
    found = unread(tmp_path)
    assert found["run/config.json"] == "trainer.name must be text"
    assert found["run/history.csv"] == "its last line does not fit its first"
    assert "damaged" in found["run/samples/step-003000-digit.png"]
    assert "must be" in found["summary.json"] or "missing" in found["summary.json"]
    assert "not JSON" in found["cut.json"]
    assert found["metrics.json"] == "subject is missing"
    assert "this infoeval reads 1" in found["later.json"]
    assert "nested too deeply" in found["deep.json"]
    assert found["latin.json"] == "not UTF-8 text"
    (entry,) = collect(tmp_path).models
    assert (entry.name, entry.trainer, entry.status) == ("run", None, "")


def test_files_of_other_programs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "list.json").write_text("[1, 2]")
    found = collect(tmp_path)
    assert found.models == found.unread == found.reports == ()


def test_numbers_that_are_none_are_not_shown(tmp_path: Path) -> None:
    run = folders.run(tmp_path / "run")
    (run / "history.csv").write_text("step,information_digit,information_slant\n100,nan,inf\n")
    config = folders.config()
    config["trainer"]["information_weight"] = float("nan")
    (run / "config.json").write_text(json.dumps(config))
    (entry,) = collect(tmp_path).models
    assert entry.weight is None
    assert [code.readings for code in entry.codes] == [(), ()]
    assert json.loads(json.dumps(collect(tmp_path).to_dict(), allow_nan=False))


def test_names_in_a_summary_lead_nowhere(tmp_path: Path) -> None:
    folders.sweep(tmp_path / "mnist")
    path = tmp_path / "mnist" / "summary.json"
    summary = json.loads(path.read_text())
    for row, name in zip(summary["rows"], ("../../etc", "/etc", "seed-1"), strict=True):
        row["folder"] = name
    path.write_text(json.dumps(summary))
    found = collect(tmp_path)
    assert [entry.name for entry in found.models] == ["mnist/seed-0", "mnist/seed-1"]
    assert {file.path.split("/")[0] for entry in found.models for file in entry.files} == {"mnist"}


def test_a_comparison_is_about_its_models(tmp_path: Path) -> None:
    runs = [folders.run(tmp_path / f"seed-{seed}", seed) for seed in (0, 1)]
    both = [
        json.loads(folders.scores(tmp_path / "parts" / f"{run.name}.json", run).read_text())
        for run in runs
    ]
    shutil.rmtree(tmp_path / "parts")
    whole = {"schema_version": 1, "first": both[0], "second": both[1], "differences": []}
    (tmp_path / "compare.json").write_text(json.dumps(whole))
    found = collect(tmp_path)
    assert [entry.files[0].path for entry in found.models] == ["compare.json"] * 2
    (tmp_path / "compare.json").write_text(json.dumps(whole | {"second": 3}))
    assert list(unread(tmp_path)) == ["compare.json"]


def test_a_file_of_very_many_results_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.scores(tmp_path / "scores.json", folders.run(tmp_path / "run"))
    monkeypatch.setattr(scored_models, "MOST_RESULTS", 1)
    assert unread(tmp_path) == {"scores.json": "it has more than 1 results"}


@pytest.mark.parametrize(("name", "reason"), [("nothing", "does not exist"), ("file", "no")])
def test_no_folder(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=reason):
        collect(tmp_path / name)
