"""The published JSON Schema: up to date, and true of everything that infoeval writes."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from infoeval import Categorical, CodeSpace, evaluation
from infoeval.data import load
from infoeval.evaluation import pages
from infoeval.information.budgets import BUDGETS
from infoeval.results.__main__ import schema
from infoeval.sweep import train_many
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.reporting.live_sample import live_sample
from tests.reporting.sample import comparison, five_seeds, sample
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "results.schema.json"
CHEAP: dict[str, Any] = {"samples": 300, "replicates": 4, "device": "cpu"}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    plain = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(plain)
    return Draft202012Validator(plain)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images, a table of codes and factors, and two checkpoints."""
    folder = tmp_path_factory.mktemp("home")
    images = tiny_images(200)
    names = np.array(images.label_names)
    np.savez(folder / "images.npz", images=images.images, labels=names[images.labels])
    random = np.random.default_rng(0)
    factors = random.normal(size=(300, 2))
    noisy = factors + 0.3 * random.normal(size=factors.shape)
    np.savez(folder / "table.npz", codes=noisy, factors=factors)
    for name, changes in (("model", {}), ("twin", {"information_weight": 0.0})):
        trainer = tiny_trainer(data=str(folder / "images.npz"), **changes)
        train(trainer, load(trainer.data), folder / name, RunOptions(device="cpu"))
    return folder


def check(validator: Draft202012Validator, text: str, kind: str) -> dict[str, Any]:
    """Check a JSON text against the schema, and against the part that is meant for its kind."""
    plain: dict[str, Any] = json.loads(text)
    validator.validate(plain)
    validator.evolve(schema=validator.schema | {"anyOf": [{"$ref": f"#/$defs/{kind}"}]}).validate(
        plain
    )
    return plain


def test_the_published_schema_is_up_to_date() -> None:
    """Made by `python -m infoeval.results > docs/results.schema.json`."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()


def test_scores_of_a_table(validator: Draft202012Validator, home: Path) -> None:
    document = evaluation.score(home / "table.npz", metrics=None, **CHEAP)
    plain = check(validator, document.to_json(), "Document")
    assert {"mig", "code-factors"} <= {result["metric"] for result in plain["results"]}


def test_scores_of_a_checkpoint(
    validator: Draft202012Validator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)
    path = home / "model" / "ckpt.pt"
    document = evaluation.score(path, metrics=["mi", "cluster-acc"], budget="tiny", **CHEAP)
    plain = check(validator, document.to_json(), "Document")
    assert {"mi", "mi-synergy", "cluster-acc"} <= {each["metric"] for each in plain["results"]}


class InMemory:
    codes = CodeSpace(kind=Categorical(2), noise=1)

    def encode(self, images: Any) -> Any:
        return {"kind": (images.float().mean((1, 2, 3)) > 75).long()}


def test_scores_of_a_users_model(validator: Draft202012Validator, home: Path) -> None:
    document = evaluation.score(InMemory(), metrics=None, data=str(home / "images.npz"), **CHEAP)
    check(validator, document.to_json(), "Document")


def test_a_comparison(validator: Draft202012Validator, home: Path) -> None:
    paths = [home / name / "ckpt.pt" for name in ("model", "twin", "model")]
    found = evaluation.compare(paths, metrics=["mi-own"], **CHEAP)
    plain = check(validator, found.to_json(), "Comparison")
    assert len(plain["others"]) == 1


def test_a_report(validator: Draft202012Validator, home: Path, tmp_path: Path) -> None:
    model, twin = (home / name / "ckpt.pt" for name in ("model", "twin"))
    pages.report(model, tmp_path / "page.html", baselines=[twin], animation="gif", device="cpu")
    text = (tmp_path / "page_files" / "metrics.json").read_text()
    plain = check(validator, text, "Document")
    assert {image["kind"] for image in plain["images"]} >= {"traversal", "sprites", "gallery"}
    assert plain["models"][0]["role"] == "baseline"


def test_a_summary(validator: Draft202012Validator, tmp_path: Path) -> None:
    options = RunOptions(device="cpu")
    train_many(tiny_trainer(), tiny_images(), tmp_path, options, seeds=[0, 1, 2], samples=50)
    plain = check(validator, (tmp_path / "summary.json").read_text(), "Summary")
    assert len(plain["rows"]) == 3


@pytest.mark.parametrize("make", [sample, five_seeds, comparison])
def test_the_samples_of_the_reports_tests(
    validator: Draft202012Validator, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have every kind of result; so what the page is tested with is what is written."""
    document = make(tmp_path) | {"live": live_sample(tmp_path, monkeypatch)}
    check(validator, json.dumps(document), "Document")


@pytest.mark.parametrize(
    "path",
    [
        ("results", 0, "value"),
        ("results", 0, "unit"),
        ("codes", 0, "kind"),
        ("subject",),
        ("schema_version",),
        ("images", 0, "rows"),
        ("differences", 0, "difference"),
        ("models", 0, "role"),
    ],
)
def test_what_is_damaged_does_not_fit(
    validator: Draft202012Validator, tmp_path: Path, path: tuple[Any, ...]
) -> None:
    plain = copy.deepcopy(comparison(tmp_path))
    place: Any = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = {"of": "another type"} if path[-1] != "subject" else 3
    assert not validator.is_valid(plain)
    del place[path[-1]]
    assert not validator.is_valid(plain)


def test_damaged_details_do_not_fit(validator: Draft202012Validator, tmp_path: Path) -> None:
    plain = sample(tmp_path)
    (accuracy, *_) = (r for r in plain["results"] if r["metric"] == "cluster-acc")
    del accuracy["details"]["matching"]
    assert not validator.is_valid(plain)
