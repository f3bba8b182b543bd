"""ONNX files that are not run: each is refused in one line, before anything parses it."""

import time
from contextlib import suppress

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.subjects import onnx_check
from infoeval.subjects.onnx_check import MOST_NODES, check_onnx

onnx = pytest.importorskip("onnx")
FLOAT, EXTERNAL = 1, 1


def proto(nodes=None, weights=(), functions=()):
    helper = onnx.helper
    ports = [helper.make_tensor_value_info(name, FLOAT, ["n", 4]) for name in "xy"]
    nodes = [helper.make_node("Relu", ["x"], ["y"])] if nodes is None else nodes
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], list(weights))
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=sets, functions=functions)


def node(operator, domain=None, **attributes):
    return onnx.helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes)


def function(name, *called):
    sets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("own", 1)]
    return onnx.helper.make_function("own", name, ["x"], ["y"], list(called), sets)


def tensor(**fields):
    weight = onnx.TensorProto(name="w", data_type=FLOAT)
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(weight, name).extend(value)
        else:
            setattr(weight, name, value)
    return weight


def external():
    weight = tensor(dims=[4], data_location=EXTERNAL)
    weight.external_data.add(key="location", value="../../../../etc/passwd")
    return weight


def refused(model) -> str:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    with pytest.raises(UserError) as caught:
        check_onnx(content, "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")
    return str(caught.value)


def test_standard_operators_and_functions_of_them_are_let_through() -> None:
    weights = [
        onnx.numpy_helper.from_array(np.ones((3, 4), np.float32), "a"),
        tensor(dims=[2, 2], float_data=[1.0, 2.0, 3.0, 4.0]),
        onnx.numpy_helper.from_array(np.array(7), "scalar"),
        onnx.numpy_helper.from_array(np.zeros((0, 5), np.float32), "empty"),
        onnx.helper.make_tensor("words", onnx.TensorProto.STRING, [2], [b"", b"b"]),
        onnx.helper.make_tensor("four", onnx.TensorProto.INT4, [5], [1, 2, 3, 4, 5]),
    ]
    model = proto([node("twice", "own")], weights, [function("twice", node("Relu"), node("Relu"))])
    check_onnx(model.SerializeToString(), "net.onnx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no graph"),
        (b"\x00" * 100, "no ONNX file"),
        (b"PK\x03\x04 a zip file", "no ONNX file"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "no ONNX file"),  # 2^64 - 1 bytes
        (b"\x3a\x05\x0a", "no ONNX file"),
        (b"\x38\x01", "no ONNX file"),  # the graph is a number
        (b"\x08" + b"\xff" * 20, "no ONNX file"),
    ],
)
def test_what_is_no_protobuf_of_a_model_is_refused(content: bytes, message: str) -> None:
    assert message in refused(content)


def test_every_truncation_is_refused_or_has_less_in_it() -> None:
    content = proto().SerializeToString()
    for size in range(len(content)):
        with suppress(UserError):
            check_onnx(content[:size], "net.onnx")


def test_weights_in_another_file_are_not_read() -> None:
    assert "external_data=False" in refused(proto(weights=[external()]))
    inside = node("Constant", value=external())
    assert "another file" in refused(proto([inside]))
    subgraph = proto([inside]).graph
    assert "another file" in refused(proto([node("If", then_branch=subgraph)]))
    assert "another file" in refused(proto([node("f", "own")], functions=[function("f", inside)]))


def test_operators_of_others_are_not_run() -> None:
    assert "'Evil' of 'own'" in refused(proto([node("Evil", "own")]))
    assert "'FusedConv' of 'com.microsoft'" in refused(proto([node("FusedConv", "com.microsoft")]))
    subgraph = proto([node("Evil", "own")]).graph
    assert "'Evil'" in refused(proto([node("If", then_branch=subgraph)]))
    for name in ("Loop", "Scan"):
        assert "loops are not run" in refused(proto([node(name, "ai.onnx")]))


@pytest.mark.parametrize("dims", [[2**40], [2**20, 2**20, 2**20], [-1], [2**63 - 1], [40]])
def test_a_tensor_that_declares_more_than_it_holds_is_refused(dims: list[int]) -> None:
    assert "declares" in refused(proto(weights=[tensor(dims=dims, raw_data=b"\0\0\0\0")]))
    assert "declares" in refused(proto(weights=[tensor(dims=dims, float_data=[1.0])]))
    assert "declares" in refused(proto([node("ConstantOfShape", value=tensor(dims=dims))]))


def test_two_graphs_are_not_merged() -> None:
    content = proto().SerializeToString()
    assert "no ONNX file" in refused(content + content)


def test_functions_that_would_grow_without_end_are_refused_at_once() -> None:
    """Twice the one before, sixty times: 2^60 operations in some kilobytes."""
    functions = [function("f0", node("Relu"))]
    for number in range(1, 60):
        call = node(f"f{number - 1}", "own")
        functions.append(function(f"f{number}", call, call))
    started = time.perf_counter()
    assert f"at most {MOST_NODES:,}" in refused(proto([node("f59", "own")], functions=functions))
    circle = [function("a", node("b", "own")), function("b", node("a", "own"))]
    assert "call themselves" in refused(proto([node("a", "own")], functions=circle))
    assert "twice" in refused(proto([node("a", "own")], functions=[function("a"), function("a")]))
    assert time.perf_counter() - started < 5


def test_graphs_deep_in_each_other_and_structure_without_end_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = proto().graph
    for _ in range(12):
        outer = onnx.GraphProto(name="g")
        outer.node.append(node("If", then_branch=graph))
        graph = outer
    assert "deep in each other" in refused(proto(list(graph.node)))
    assert "beside its weights" in refused(proto([node("Relu", words="a" * 2**25)]))
    monkeypatch.setattr(onnx_check, "MOST_FIELDS", 1000)
    assert "more than 1,000 fields" in refused(proto([node("Relu")] * 300))
