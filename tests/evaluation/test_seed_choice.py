"""Which seed a report shows first."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.evaluation.pages import report
from tests.evaluation.reports import document_of, entries

CHEAP: Any = {"device": "cpu", "metrics": ["mi-own"], "formats": ["json"]}


def test_seeds_stand_beside_the_one_most_like_the_others(runs: Path, tmp_path: Path) -> None:
    report([runs], tmp_path / "page.html", **CHEAP)
    document = document_of(tmp_path / "page.html")
    assert document["arrangement"] == "seeds"
    assert "without labels" in document["reason"]
    seeds = [document["subject"]["seed"]]
    seeds += [each["subject"]["seed"] for each in document["models"] if each["role"] == "seed"]
    assert sorted(seeds) == [2, 10, 11]
    assert [each["role"] for each in document["models"]] == ["seed", "seed", "baseline"]
    drawn = {
        (entry["kind"], entry["model"]) for entry in entries(tmp_path / "page.html", "sprites")
    }
    assert drawn == {("sprites", number) for number in range(4)}


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
    with pytest.raises(UserError, match="no model is of that seed; there are 2, 10, 11"):
        report([runs], tmp_path / "page.html", show=3, **CHEAP)


@pytest.mark.usefixtures("without_pictures")
def test_two_seeds_are_too_few_for_a_choice(runs: Path, tmp_path: Path) -> None:
    two = [runs / f"lambda-1-seed-{seed}" for seed in (11, 2)]
    report(two, tmp_path / "page.html", **CHEAP)
    document = document_of(tmp_path / "page.html")
    assert document["subject"]["seed"] == 11
    assert document["reason"] == "the first one given"
