"""The ONNX file draws what the generator draws, and tells nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.live import TOLERANCE
from infoeval.subjects.checkpoint_model import CheckpointModel

onnx = pytest.importorskip("onnx", reason="the extra live is not installed")
pytest.importorskip("onnxscript", reason="the extra live is not installed")

from infoeval.live.export import OPSET, run, to_onnx  # noqa: E402
from tests.live.models import grey_file  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def content(for_all_processes: Path) -> bytes:
    return grey_file(for_all_processes)


def inputs(model: CheckpointModel, count: int) -> NDArray[np.float32]:
    """Codes and noise of the prior, the continuous codes at twice their range."""
    random = torch.Generator().manual_seed(count)
    codes = model.codes.sample(count, random)
    codes["slant"] = codes["slant"] * 2
    return model.codes.encode(codes, model.codes.sample_noise(count, random)).numpy()


@torch.no_grad()
def drawn(model: CheckpointModel, encoded: NDArray[np.float32]) -> NDArray[np.uint8]:
    networks = model.networks
    return networks.unscale(networks.generator(torch.from_numpy(encoded))).numpy()


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    assert first.shape == second.shape
    assert first.dtype == second.dtype == np.uint8
    return int(np.abs(first.astype(int) - second).max())


@pytest.mark.parametrize("name", ["grey", "coloured"])
def test_file_draws_what_the_generator_draws(
    name: str, content: bytes, request: pytest.FixtureRequest
) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    model: CheckpointModel = request.getfixturevalue(name)
    exported = content if name == "grey" else to_onnx(model.networks)
    session = runtime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    for count in (1, 7, 300):
        encoded = inputs(model, count)
        wanted = drawn(model, encoded)
        (images,) = session.run(None, {"encoded": encoded})
        assert difference(images, wanted) <= TOLERANCE
        assert difference(run(exported, encoded[:2]), wanted[:2]) <= TOLERANCE
    assert np.ptp(wanted) > 200
    assert (wanted.std(axis=0) > 10).any(), "all images are the same: nothing was compared"


def test_equal_weights_give_equal_bytes_and_stay_as_they_are(
    grey: CheckpointModel, content: bytes
) -> None:
    before = {name: value.clone() for name, value in grey.networks.state_dict().items()}
    assert to_onnx(grey.networks) == content
    after = grey.networks.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not grey.networks.training


def texts(message: Any) -> Iterator[tuple[str, str]]:
    """Every text in a file, with the name of its field."""
    for field, value in message.ListFields():
        for item in value if isinstance(value, list) or hasattr(value, "add") else [value]:
            if hasattr(item, "ListFields"):
                yield field.name, ""
                yield from texts(item)
            elif isinstance(item, str):
                yield field.name, item


def test_file_tells_nothing_of_the_machine(content: bytes) -> None:
    found = set(texts(onnx.load_from_string(content)))
    names = {name for name, _ in found}
    assert {"node", "initializer", "op_type", "producer_name"} <= names
    assert not names & {"doc_string", "metadata_props", "stack_trace", "functions"}
    assert not [text for _, text in found if "/" in text or "\\" in text or ".py" in text]
    assert str(ROOT).encode() not in content
    assert str(Path.home()).encode() + b"/" not in content


def test_file_has_one_input_and_one_output(grey: CheckpointModel, content: bytes) -> None:
    model = onnx.load_from_string(content)
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"encoded": ["n", grey.codes.input_width], "images": ["n", 1, 8, 8]}
    assert [(item.domain, item.version) for item in model.opset_import] == [("", OPSET)]


def test_large_weights_are_stored_in_half_precision(content: bytes) -> None:
    tensors = onnx.load_from_string(content).graph.initializer
    sizes: dict[int, list[int]] = {}
    for tensor in tensors:
        sizes.setdefault(tensor.data_type, []).append(int(np.prod(tensor.dims)))
    assert min(sizes[onnx.TensorProto.FLOAT16]) >= 1000
    assert max(sizes[onnx.TensorProto.FLOAT]) < 1000


def test_weights_beyond_half_precision_stay_as_they_are() -> None:
    from tests.live import models

    model = models.grey()
    with torch.no_grad():
        weight = model.networks.generator.blocks[1].linear.weight
        weight[0, 0] = 1e6
    encoded = inputs(model, 2)
    assert difference(run(to_onnx(model.networks), encoded), drawn(model, encoded)) <= TOLERANCE


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_missing_package_is_one_line(
    grey: CheckpointModel, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"{package}: .*pip install 'infoeval\[live\]'"):
        to_onnx(grey.networks)
