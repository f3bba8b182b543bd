"""What a report can be given: folders, seeds, baselines, users' models, and what it refuses."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.evaluation.context import Context
from infoeval.evaluation.invariance_of_images import invariance_of_images
from infoeval.evaluation.options import Options
from infoeval.evaluation.pages import report
from infoeval.evaluation.report_inputs import ReportInputs, information_weight, open_inputs
from infoeval.results import Document
from infoeval.subjects.opening import open_subject
from tests.evaluation.conftest import Training
from tests.evaluation.reports import document_of, entries

CHEAP: Any = {"device": "cpu", "metrics": ["mi-own"], "formats": ["json"]}


def opened(models: list[Path]) -> ReportInputs:
    return open_inputs(models, [], Context(Options(device="cpu")))


def test_a_folder_of_runs_is_sorted_into_seeds_and_baselines(runs: Path) -> None:
    inputs = opened([runs])
    assert [subject.checkpoint.seed for subject in inputs.subjects] == [2, 10, 11]
    assert [information_weight(subject) for subject in inputs.subjects] == [1, 1, 1]
    assert [subject.checkpoint.seed for subject in inputs.baselines] == [2]
    assert [information_weight(subject) for subject in inputs.baselines] == [0]


def test_a_folder_of_one_run_is_its_checkpoint(subject: Path) -> None:
    (found,) = opened([subject.parent]).subjects
    assert found.path == subject


def test_runs_of_no_information_alone_are_what_it_is_about(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "lambda-0-seed-2", tmp_path / "seed-2")
    inputs = opened([tmp_path])
    assert (len(inputs.subjects), len(inputs.baselines)) == (1, 0)


def test_models_that_do_not_belong_together(
    subject: Path, twin: Path, trained: Training, tmp_path: Path
) -> None:
    other = trained("other-trainer", 1, name="other")
    codes = CodeSpace(number=Categorical(4), slant=Uniform(-1, 1), noise=3)
    renamed = trained("other-codes", 1, codes=codes, code_weights={})
    np.savez(tmp_path / "codes.npz", codes=np.arange(9.0), factors=np.arange(9.0))
    for wrong, why in (
        (other, "different trainers"),
        (renamed, "different codes"),
        (twin, "different λ, 1 and 0"),
        (subject, "both of seed 0"),
        (tmp_path / "codes.npz", "not both checkpoints"),
    ):
        with pytest.raises(UserError, match=why) as caught:
            report([subject, wrong], tmp_path / "page.html", **CHEAP)
        assert "infoeval compare A B -o page.html" in str(caught.value)


OTHER_CODES = {
    "other name": CodeSpace(number=Categorical(4), slant=Uniform(-1, 1), noise=3),
    "other range": CodeSpace(digit=Categorical(4), slant=Uniform(-2, 1), noise=3),
    "other noise": CodeSpace(digit=Categorical(4), slant=Uniform(-1, 1), noise=4),
    "other order": CodeSpace(slant=Uniform(-1, 1), digit=Categorical(4), noise=3),
}


@pytest.mark.parametrize("name", OTHER_CODES)
def test_a_twin_has_the_same_codes(
    trained: Training, subject: Path, tmp_path: Path, name: str
) -> None:
    settings = {"codes": OTHER_CODES[name], "code_weights": {}, "information_weight": 0.0}
    other = trained(name, **settings)
    with pytest.raises(UserError, match="other codes"):
        report(subject, tmp_path / "page.html", baselines=[other], **CHEAP)
    assert not list(tmp_path.iterdir())


def test_a_twin_has_no_information_term(runs: Path, subject: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no baseline: its λ is 1, not 0"):
        report(subject, tmp_path / "page.html", baselines=[runs / "lambda-1-seed-2"], **CHEAP)


def test_a_folder_without_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no ckpt\.pt"):
        report(tmp_path, tmp_path / "page.html", **CHEAP)


def test_codes_of_a_file(tmp_path: Path) -> None:
    factors = np.random.default_rng(0).normal(size=(400, 2))
    np.savez(tmp_path / "codes.npz", codes=factors * 2, factors=factors)
    report(
        str(tmp_path / "codes.npz"),
        tmp_path / "page.html",
        metrics=["mig"],
        replicates=5,
        formats=["json", "csv"],
    )
    document = document_of(tmp_path / "page.html")
    assert document["subject"]["codes"] == str(tmp_path / "codes.npz")
    assert document["images"] == []
    assert "codes" not in document
    with pytest.raises(UserError, match="mi does not apply: codes of a file have no generator"):
        report(tmp_path / "codes.npz", tmp_path / "page.html", information="quick")


MODEL = """
import torch
from infoeval import Categorical, CodeSpace

class Both:
    codes = CodeSpace(kind=Categorical(4), noise=2)

    def generate(self, codes, noise):
        place = torch.arange(64).reshape(1, 1, 8, 8)
        kind = codes["kind"][:, None, None, None]
        return (kind + place % 7 + noise[:, :1, None, None].abs()) / 99

    def encode(self, images):
        return {"kind": images.float().mean((1, 2, 3)).long() % 4}

open("ran", "a").write("once ")
model = Both
"""


def test_a_users_generator_has_pictures(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    report(
        "model.py:model",
        "page.html",
        metrics=["cluster-nmi"],
        information="tiny",
        data=str(home / "images.npz"),
        formats=["json"],
    )
    assert Path("ran").read_text() == "once "
    document = document_of(Path("page.html"))
    assert [code["name"] for code in document["codes"]] == ["kind"]
    assert document["subject"]["model"] == "model.py:model"
    assert {each["metric"] for each in document["results"]} == {"cluster-nmi", "mi"}
    kinds = [entry["kind"] for entry in document["images"]]
    assert kinds == ["traversal", "sprites", "sprites", "sprites", "gallery"]


@pytest.mark.usefixtures("without_pictures")
def test_progress_names_the_model(subject: Path, twin: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def progress(text: str, share: float | None) -> None:
        told.append(text)

    report(subject, tmp_path / "page.html", baselines=[twin], progress=progress, **CHEAP)
    for path in (subject, twin):
        assert any(text.startswith(f"{path}: L_I") for text in told)
    told.clear()
    report(subject, tmp_path / "page.html", progress=progress, **CHEAP)
    assert any(text.startswith("L_I") for text in told)


def test_what_live_needs_is_checked_before_scoring(subject: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(UserError, match="onnxruntime-web"):
        report(
            subject,
            tmp_path / "page.html",
            live=True,
            runtime=tmp_path / "nothing",
            progress=lambda text, share: told.append(text),
            **CHEAP,
        )
    assert not any("L_I" in text for text in told)
    assert not list(tmp_path.iterdir())
    np.savez(tmp_path / "codes.npz", codes=np.arange(9.0), factors=np.arange(9.0))
    with pytest.raises(UserError, match="--live needs a checkpoint"):
        report(tmp_path / "codes.npz", tmp_path / "page.html", live=True)


def test_information_is_measured_beside_the_rest(subject: Path, tmp_path: Path) -> None:
    report(subject, tmp_path / "page.html", information="tiny", device="cpu", formats=["json"])
    document = document_of(tmp_path / "page.html")
    metrics = {result["metric"] for result in document["results"]}
    assert metrics >= {"mi", "mi-own", "mi-refitted", "cluster-acc", "real-sorting"}
    assert "mi" not in {each["metric"] for each in document["skipped"]}
    found = [each for each in document["results"] if each["metric"] == "mi"]
    assert {each["settings"]["budget"] for each in found} == {"tiny"}


# Which seed is shown first.


def test_seeds_stand_beside_the_one_most_like_the_others(runs: Path, tmp_path: Path) -> None:
    report([runs], tmp_path / "page.html", **CHEAP)
    document = document_of(tmp_path / "page.html")
    assert document["arrangement"] == "seeds"
    assert "without labels" in document["reason"]
    seeds = [document["subject"]["seed"]]
    seeds += [each["subject"]["seed"] for each in document["models"] if each["role"] == "seed"]
    assert sorted(seeds) == [2, 10, 11]
    assert [each["role"] for each in document["models"]] == ["seed", "seed", "baseline"]
    assert ["alignment" in each for each in document["models"]] == [True, True, False]
    drawn = [
        (entry["model"], entry["noise"]) for entry in entries(tmp_path / "page.html", "sprites")
    ]
    assert drawn == [(0, 0), (3, 0), (1, 0), (2, 0)], "of four models, one noise each"


@pytest.mark.usefixtures("without_pictures")
def test_the_choice_reads_no_labels(runs: Path, home: Path, tmp_path: Path) -> None:
    """Other labels, and other scores with them, leave the choice as it is."""
    with np.load(home / "images.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    shuffled = np.random.default_rng(0).permutation(labels)
    np.savez(tmp_path / "shuffled.npz", images=images, labels=shuffled)
    found = []
    for data in (home / "images.npz", tmp_path / "shuffled.npz"):
        report([runs], tmp_path / "page.html", data=str(data), **CHEAP)
        document = document_of(tmp_path / "page.html")
        found.append((document["subject"]["seed"], document["reason"]))
    assert found[0] == found[1]


@pytest.mark.usefixtures("without_pictures")
def test_the_choice_does_not_depend_on_the_order(runs: Path, tmp_path: Path) -> None:
    folders = [runs / f"lambda-1-seed-{seed}" for seed in (2, 10, 11)]
    shown = set()
    for order in (folders, folders[::-1], folders[1:] + folders[:1]):
        report(order, tmp_path / "page.html", **CHEAP)
        shown.add(document_of(tmp_path / "page.html")["subject"]["seed"])
    assert len(shown) == 1


@pytest.mark.usefixtures("without_pictures")
def test_a_seed_can_be_shown_by_name(runs: Path, tmp_path: Path) -> None:
    for seed in (2, 11):
        report([runs], tmp_path / "page.html", show=seed, **CHEAP)
        document = document_of(tmp_path / "page.html")
        assert document["subject"]["seed"] == seed
        assert document["reason"] == f"seed {seed}, as asked for"
    with pytest.raises(UserError, match="no model is of that seed; the seeds are 2, 10, 11"):
        report([runs], tmp_path / "page.html", show=3, **CHEAP)


@pytest.mark.usefixtures("without_pictures")
def test_two_seeds_are_too_few_for_a_choice(runs: Path, tmp_path: Path) -> None:
    two = [runs / f"lambda-1-seed-{seed}" for seed in (11, 2)]
    report(two, tmp_path / "page.html", **CHEAP)
    document = document_of(tmp_path / "page.html")
    assert document["subject"]["seed"] == 11
    assert document["reason"] == "the first one given"


@pytest.mark.usefixtures("without_pictures")
def test_seeds_with_an_invariance_term_are_chosen_by_it(trained: Training, tmp_path: Path) -> None:
    """Of two seeds already, which agree equally much, in either order."""
    seeds, terms = (3, 4), []
    paths = [trained(f"invariant-{seed}", seed, invariance_weight=1.0) for seed in seeds]
    for path in paths:
        found = open_subject(path)
        assert found.checkpoint is not None
        images = Context(Options(device="cpu")).splits(found).train
        term = invariance_of_images(
            found.reader(images), images, np.arange(len(images)), found.checkpoint.trainer
        )
        terms.append(term)
    best = seeds[int(np.argmax(terms))]
    for order in (paths, paths[::-1]):
        report(order, tmp_path / "page.html", **CHEAP)
        document = document_of(tmp_path / "page.html")
        assert document["subject"]["seed"] == best
        assert document["reason"].startswith(
            "largest sum of invariance term and mean agreement with the other seeds "
            f"({max(terms):.3f} nats and "
        )
        assert document["reason"].endswith(f"on {len(images)} training images, without labels")


# Results that were scored before.


@pytest.fixture(scope="module")
def scored(subject: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scored") / "scores.json"
    evaluation.score(subject, device="cpu", seed=3).save(path)
    return path


@pytest.fixture
def no_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("was scored again")

    monkeypatch.setattr("infoeval.evaluation.make_report.score_inputs", refuse)


@pytest.mark.usefixtures("no_scoring")
def test_what_was_scored_before_is_not_scored_again(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    page = pages.report(subject, tmp_path / "page.html", scores=[scored], device="cpu")
    document = document_of(page)
    given = json.loads(scored.read_text())
    assert document["results"] == given["results"]
    assert document["environment"] == given["environment"]
    assert entries(page, "traversal"), "pictures are drawn all the same"


def test_other_models_are_scored(subject: Path, twin: Path, scored: Path, tmp_path: Path) -> None:
    page = pages.report(twin.parent / "ckpt.pt", tmp_path / "page.html", device="cpu")
    (alone,) = [document_of(page)["results"]]
    both = pages.report(
        subject, tmp_path / "both.html", baselines=[twin], scores=[scored], device="cpu"
    )
    document = document_of(both)
    assert document["results"] == json.loads(scored.read_text())["results"]
    (baseline,) = document["models"]
    assert [result["value"] for result in baseline["results"]] == [
        result["value"] for result in alone
    ]


@pytest.mark.usefixtures("no_scoring")
def test_files_of_one_model_are_joined_and_the_first_counts(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    whole = Document.read(scored)
    own = [result for result in whole.results if result.metric == "mi-own"]
    rest = tuple(result for result in whole.results if result.metric != "mi-own")
    lower = (replace(own[0], value=own[0].low),)
    first = whole.model_copy(update={"results": lower})
    first.save(tmp_path / "first.json")
    whole.save(tmp_path / "second.json")
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    page = pages.report(subject, tmp_path / "page.html", scores=files, device="cpu")
    found = {
        (each["metric"], each["target"]): each["value"] for each in document_of(page)["results"]
    }
    assert found[(own[0].metric, own[0].target)] == own[0].low
    assert len(found) == len(own) + len(rest) == len(whole.results)


def test_a_skipped_metric_that_another_file_has_is_not_skipped(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    whole = Document.read(scored)
    assert "mi" in {each.metric for each in whole.skipped}
    trained_on = whole.data | {"split": "train"}
    mi = replace(whole.results[0], metric="mi")
    changes = {"data": trained_on, "results": (mi,), "skipped": ()}
    whole.model_copy(update=changes).save(tmp_path / "mi.json")
    files = [tmp_path / "mi.json", scored]
    page = pages.report(subject, tmp_path / "page.html", scores=files, device="cpu")
    assert "mi" not in {each["metric"] for each in document_of(page)["skipped"]}
    assert document_of(page)["data"] == whole.data, "the images that were scored"


def test_scores_of_another_model_are_refused(twin: Path, scored: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"scores\.json is of none of the models given"):
        pages.report(twin, tmp_path / "page.html", scores=[scored], device="cpu")
    assert not (tmp_path / "page.html").exists()


def test_what_is_no_scoring_is_refused(subject: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("[]")
    with pytest.raises(UserError, match=r"odd\.json"):
        pages.report(subject, tmp_path / "page.html", scores=[tmp_path / "odd.json"])
