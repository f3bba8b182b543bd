"""What metrics.json holds of subjects, and the images that are drawn of them."""

from pathlib import Path

import numpy as np
import pytest

from infoeval import Trainer
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.traversals import tile, traverse
from tests.evaluation.reports import document_of, entries, pixels
from tests.tiny import tiny_trainer


def test_codes_and_history_are_told(page: Path) -> None:
    document = document_of(page)
    digit, slant = document["codes"]
    assert (digit["name"], digit["kind"], digit["size"]) == ("digit", "categorical", 4)
    assert (slant["name"], slant["kind"]) == ("slant", "continuous")
    assert (slant["low"], slant["high"]) == (-1, 1)
    assert [code["entropy"] for code in (digit, slant)] == pytest.approx([np.log(4), np.log(2)])
    assert document["history"]["step"] == [2, 4, 6, 8]
    training = document["training"]
    assert (training["steps"], training["batch"]) == (8, 8)
    seconds = document["history"]["seconds"][-1]
    assert training["images_per_second"] == pytest.approx(8 * 8 / seconds)
    assert Trainer.from_dict(training["config"]).codes == tiny_trainer().codes


def test_traversals_are_of_the_same_noise_for_both_models(
    pair: Path, subject: Path, twin: Path
) -> None:
    wanted = [
        (number, code, stretch)
        for number in (0, 1)
        for code, stretch in (("digit", 1.0), ("slant", 1.0), ("slant", 2.0))
    ]
    found = entries(pair, "traversal")
    assert len(found) == len(wanted)
    for entry, (number, code, stretch) in zip(found, wanted, strict=True):
        assert (entry["model"], entry["code"]) == (number, code)
        model = CheckpointModel.open((subject, twin)[number])
        grid, values = traverse(model.codes, model.generate, code, stretch=stretch, seed=0)
        assert np.array_equal(pixels(pair, entry)[:, :, 0], tile(grid, gap=entry["gap"])[:, :, 0])
        assert len(np.unique(grid)) > 20, "a grey picture tests nothing"
        assert (entry["rows"], entry["columns"]) == (5, len(values))
        assert len(entry["column_labels"]) == len(values)
        limits = (-stretch, stretch) if code == "slant" else (None, None)
        assert (entry["low"], entry["high"]) == limits
