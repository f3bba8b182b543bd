"""A generator as an ONNX file: codes and noise in, 8-bit images out."""

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.errors import UserError
from infoeval.networks import Networks

if TYPE_CHECKING:
    import onnx

OPSET = 20
INPUT, OUTPUT = "encoded", "images"

_LARGE = 1000
"""Tensors of this many values or more, which take most of the bytes, are stored as float16."""


class _ByteGenerator(nn.Module):
    """G followed by the conversion to 8-bit pixels."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.networks = networks

    def forward(self, encoded: Tensor) -> Tensor:
        return self.networks.unscale(self.networks.evaluated_generator(encoded))


def to_onnx(networks: Networks) -> bytes:
    """Return the generator as an ONNX file; equal weights give equal bytes.

    The file has one input, `encoded` (n, input_width) float32, as `CodeSpace.encode` returns it,
    and one output, `images` (n, channels, height, width) uint8. Weights are stored in half
    precision and cast to single precision. The file contains nothing about the machine.

    Raises UserError when the packages of the extra `live` are not installed.
    """
    _check_packages()
    import onnx

    module = _ByteGenerator(copy.deepcopy(networks).cpu()).eval()
    example = torch.zeros(2, networks.codes.input_width)
    count = torch.export.Dim("n")
    program = torch.onnx.export(
        module,
        (example,),
        dynamo=True,
        verbose=False,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: count},),
        opset_version=OPSET,
        external_data=False,
    )
    assert program is not None
    graph = program.model_proto.graph
    weights, casts = _halved(graph.initializer)
    tensor = onnx.helper.make_tensor_value_info
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [*casts, *(_bare(node) for node in graph.node)],
            "generator",
            [tensor(INPUT, onnx.TensorProto.FLOAT, ["n", networks.codes.input_width])],
            [tensor(OUTPUT, onnx.TensorProto.UINT8, ["n", *networks.image_shape])],
            weights,
        ),
        producer_name="infoeval",
        ir_version=program.model_proto.ir_version,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)  # type: ignore[no-any-return]


def run(content: bytes, encoded: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the images that an ONNX file draws, by ONNX's slow reference evaluator."""
    _check_packages()
    import onnx
    from onnx.reference import ReferenceEvaluator

    (images,) = ReferenceEvaluator(onnx.load_from_string(content)).run(None, {INPUT: encoded})
    return np.asarray(images, dtype=np.uint8)


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401, torch's exporter imports it
    except ImportError as error:
        raise UserError(
            f"--live needs the package {error.name}: install with `pip install 'infoeval[live]'`"
        ) from error


def _bare(node: "onnx.NodeProto") -> "onnx.NodeProto":
    """Return a copy of a node without the source locations that the exporter adds."""
    import onnx

    bare = onnx.NodeProto(op_type=node.op_type, domain=node.domain)
    bare.input.extend(node.input)
    bare.output.extend(node.output)
    bare.attribute.extend(node.attribute)
    for attribute in bare.attribute:
        attribute.ClearField("doc_string")
    return bare


def _halved(
    tensors: "Iterable[onnx.TensorProto]",
) -> "tuple[list[onnx.TensorProto], list[onnx.NodeProto]]":
    """Return the weights, large ones in half precision, and the nodes that cast those to single."""
    import onnx

    stored, casts = [], []
    for tensor in tensors:
        values = onnx.numpy_helper.to_array(tensor)
        name = tensor.name
        with np.errstate(over="ignore"):
            half = values.astype(np.float16) if values.dtype == np.float32 else values
        if half is not values and values.size >= _LARGE and np.isfinite(half).all():
            values, name = half, f"{tensor.name}.half"
            casts.append(
                onnx.helper.make_node("Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT)
            )
        stored.append(onnx.numpy_helper.from_array(values, name))
    return stored, casts
