"""Odd users of scores and reports: each mistake is one clear error, and odd values are kept."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, evaluation
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.evaluation.options import Options, ReportOptions
from infoeval.evaluation.requests import Request, parse
from infoeval.subjects.opening import open_subject
from tests.evaluation.reports import document_of
from tests.evaluation.scoring import score, store, table


@pytest.fixture
def codes(tmp_path: Path) -> str:
    return store(tmp_path / "codes.npz", **table())


def model(images: Tensor) -> Tensor:
    return images[:, 0, 0, 0].float()


class Reads:
    """A model of three categories, whose encoder reads those that `read` makes of its images."""

    codes = CodeSpace(kind=Categorical(3), noise=0)

    def __init__(self, read: Any) -> None:
        self.read = read

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        return {"kind": self.read(images[:, 0, 0, 0].long() // 100)}

    def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        grey = codes["kind"].float() / 3 + 0 * noise.sum(1)
        return grey[:, None, None, None].expand(-1, 1, 8, 8)


@pytest.fixture
def classes(tmp_path: Path) -> str:
    """Images whose pixels are a hundred times their class, of three."""
    labels = np.arange(90) % 3
    images = np.repeat(100 * labels.astype(np.uint8), 64).reshape(90, 8, 8)
    return store(tmp_path / "classes.npz", images=images, labels=np.array(["x", "y", "z"])[labels])


@pytest.mark.parametrize(
    ("read", "names", "right"),
    [
        (lambda kind: kind, ["0", "1", "2"], True),
        (lambda kind: kind - 1, ["-1", "0", "1"], True),
        (lambda kind: 3 * kind, ["0", "3", "6"], True),
        (lambda kind: kind > 0, ["0", "1", "2"], False),
    ],
)
def test_an_encoder_may_read_other_categories_than_those_of_the_prior(
    classes: str, read: Any, names: list[str], right: bool
) -> None:
    (result,) = score(Reads(read), ["cluster-acc"], data=classes).results
    assert result.details["category_names"] == names
    assert (result.value == 1) is right


def test_a_gallery_goes_by_the_names_of_categories(classes: str, tmp_path: Path) -> None:
    """Category 2 of the prior is not the third that occurs."""
    reads = Reads(lambda kind: torch.tensor([0, 2, 7])[kind])
    page = pages.report(reads, tmp_path / "page.html", metrics=["cluster-acc"], data=classes)
    (gallery,) = (item for item in document_of(page)["images"] if item["kind"] == "gallery")
    assert [cell and cell["label"] for cell in gallery["cells"][0]] == ["x", None, "y"]
    assert [cell and cell["right"] for cell in gallery["cells"][0]] == [True, None, True]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "budget": ({"budget": "quik"}, r"no budget 'quik' \(did you mean 'quick'\?\); there are quick"),
    "information": (
        {"information": "quik"},
        r"no budget 'quik' \(did you mean 'quick'\?\); there are quick",
    ),
    "batch norm": ({"batch_norm": "wild"}, "batch_norm must be real or running or generated"),
    "types": ({"code_types": "continuous"}, r"must be a list, such as \['continuous'\]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_options_that_cannot_be(name: str) -> None:
    options, message = WRONG[name]
    with pytest.raises(UserError, match=message):
        Options(**options)


def test_report_options_that_cannot_be() -> None:
    with pytest.raises(UserError, match="animation must be gif or webp, not 'mp4'"):
        ReportOptions(animation="mp4")
    with pytest.raises(UserError, match="formats must be a list"):
        ReportOptions(formats="html")


def test_an_unknown_option_is_named(codes: str) -> None:
    for function in (evaluation.score, evaluation.compare):
        with pytest.raises(TypeError, match="replicate"):
            function([codes, codes], metrics=["mig"], replicate=3)


def test_a_metric_is_asked_for_once(codes: str) -> None:
    assert parse(["mig", "mig:", "mig"]) == [Request("mig")]
    assert parse("mig") == [Request("mig")]
    assert len(score(codes, "mig", replicates=0).results) == 1


def test_simulate_is_true_or_false(codes: str) -> None:
    with pytest.raises(UserError, match="simulate is true or false, not 'no'"):
        score(codes, ["factor-vae:simulate=no"])


def test_information_of_several_models_is_refused(codes: str) -> None:
    with pytest.raises(UserError, match="mi is about one model"):
        score([codes, codes], information="quick")


def test_data_have_a_use_where_one_of_several_reads_images(codes: str, classes: str) -> None:
    def encode(images: Tensor) -> Tensor:
        return images[:, 0, 0, :2].float() + torch.arange(len(images))[:, None] % 2

    comparison = evaluation.compare([codes, encode], metrics=["mig"], data=classes, replicates=0)
    assert [difference.metric for difference in comparison.differences] == ["mig"]
    for function in (score, evaluation.compare):
        with pytest.raises(UserError, match="--data has no use"):
            function([codes, codes], metrics=["mig"], data=classes)


def test_a_comparison_takes_folders(subject: Path, twin: Path, runs: Path) -> None:
    options: Any = {"device": "cpu", "metrics": ["mi-own"]}
    files = evaluation.compare([subject, twin], **options)
    folders = evaluation.compare([subject.parent, twin.parent], **options)
    assert folders.differences == files.differences
    assert len(evaluation.compare([runs], **options).documents) == 4
    with pytest.raises(UserError, match="two models or more"):
        evaluation.compare(str(subject), **options)


def test_single_files_stand_for_lists(subject: Path, twin: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.json"
    scores.write_text(evaluation.score(subject, metrics=["mi-own"], device="cpu").to_json())
    page = pages.report(
        subject,
        tmp_path / "page.html",
        baselines=str(twin.parent),
        scores=str(scores),
        metrics=["mi-own"],
        device="cpu",
    )
    assert [entry["role"] for entry in document_of(page)["models"]] == ["baseline"]


def test_an_error_in_a_comparison_names_the_model(codes: str, tmp_path: Path) -> None:
    words = store(tmp_path / "words.npz", codes=np.array(["a", "b"] * 100))
    with pytest.raises(UserError, match=r"words\.npz: mig does not apply: there are no factors"):
        evaluation.compare([codes, words], metrics=["mig"])
    with pytest.raises(UserError, match=r"^model reads images: give a data set with --data"):
        evaluation.compare([codes, open_subject(model)], metrics=["mig"])


def test_the_same_model_twice_differs_by_nothing(codes: str) -> None:
    comparison = evaluation.compare([codes, codes], metrics=["mig"], replicates=4)
    (difference,) = comparison.differences
    assert difference.difference == 0
    assert difference.low is not None
    assert difference.high is not None
    assert difference.low < 0 < difference.high


def test_figures_have_a_place_before_anything_is_scored(codes: str, tmp_path: Path) -> None:
    for place in (codes, f"{codes}/figures"):
        with pytest.raises(UserError, match="is a file, not a folder"):
            pages.report("nothing.npz", tmp_path / "page.html", figures=place)


def test_a_metrics_json_that_is_none_is_named(codes: str, tmp_path: Path) -> None:
    comparison = evaluation.compare([codes, codes], metrics=["mig"], replicates=0)
    for content in (comparison.to_json(), json.dumps({"steps": 3})):
        (tmp_path / "odd.json").write_text(content)
        with pytest.raises(UserError, match=r"cannot read .*odd\.json: not a results document"):
            pages.report(tmp_path / "odd.json", tmp_path / "page.html")
