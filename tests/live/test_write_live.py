"""What `--live` leaves beside metrics.json."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from infoeval import live
from infoeval.errors import UserError
from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.live.models import exported_once, fake_runtime

pytest.importorskip("onnx", reason="the extra live is not installed")
pytest.importorskip("onnxscript", reason="the extra live is not installed")


@pytest.fixture(scope="module", autouse=True)
def _exported_once(grey: CheckpointModel, for_all_processes: Path) -> Iterator[None]:
    """An export takes seconds, and all of these tests are of one generator."""
    with exported_once(grey, for_all_processes):
        yield


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return fake_runtime(tmp_path / "package", monkeypatch)


def test_entry_names_the_files_and_the_codes(
    grey: CheckpointModel, runtime: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    entry = live.write_live(grey, folder, runtime=runtime, seed=3)
    assert entry["codes"] == [
        {"name": "digit", "kind": "categorical", "size": 4},
        {"name": "slant", "kind": "continuous", "low": -1, "high": 1},
    ]
    assert entry["noise"] == 3
    assert entry["image"] == {"channels": 1, "height": 8, "width": 8}
    for named in (entry, entry["reference"]):
        content = (folder / named["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == named["sha256"]
    text = json.dumps(entry)
    assert str(tmp_path) not in text
    assert json.loads(text) == entry

    again = tmp_path / "again"
    assert live.write_live(grey, again, runtime=runtime, seed=3) == entry
    assert live.write_live(grey, again, runtime=runtime, seed=4) != entry


def test_reference_is_what_the_checkpoint_draws(
    grey: CheckpointModel, runtime: Path, tmp_path: Path
) -> None:
    entry = live.write_live(grey, tmp_path, runtime=runtime, seed=0)
    stored = (tmp_path / entry["reference"]["file"]).read_bytes()
    rows, width = entry["reference"]["rows"], grey.codes.input_width
    encoded = np.frombuffer(stored[: 4 * rows * width], "<f4").reshape(rows, width)
    images = np.frombuffer(stored[4 * rows * width :], np.uint8).reshape(rows, 1, 8, 8)
    codes = {
        "digit": torch.from_numpy(encoded[:, 3:7].argmax(1)),
        "slant": torch.tensor(encoded[:, 7]),
    }
    wanted = grey.generate(codes, torch.tensor(encoded[:, :3]))
    assert np.array_equal(images, wanted.numpy())
    assert len(set(codes["digit"].tolist())) > 1
    assert np.ptp(encoded[:, 7]) > 0.5


def test_only_checkpoints_can_be_put_into_a_page(
    grey: CheckpointModel, runtime: Path, tmp_path: Path
) -> None:
    class Other:
        codes = grey.codes
        generate = grey.generate

    with pytest.raises(UserError, match="needs a checkpoint of infoeval's own"):
        live.write_live(Other(), tmp_path / "files", runtime=runtime, seed=0)
    assert not (tmp_path / "files").exists()


def test_absent_runtime_is_told_before_the_export(grey: CheckpointModel, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="npm install"):
        live.write_live(grey, tmp_path / "files", runtime=tmp_path / "nowhere", seed=0)
    assert not (tmp_path / "files").exists()


def test_a_generator_that_half_precision_harms_is_refused(
    grey: CheckpointModel, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TOLERANCE", -1)
    with pytest.raises(UserError, match=r"change by \d+ of 255 grey levels"):
        live.write_live(grey, tmp_path / "files", runtime=runtime, seed=0)
    assert not (tmp_path / "files").exists()
