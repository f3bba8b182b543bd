"""A network in an ONNX file: its inputs and outputs, and its numbers by onnxruntime."""

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.data.image_set import CHANNELS
from infoeval.errors import UserError, listing, one_line
from infoeval.subjects.onnx_check import LARGEST_FILE, check_onnx

CHUNK = 500
"""Rows computed at once, fewer where they are large."""
MOST_VALUES = 2**23
"""Values of inputs or of outputs at once; layers inside have tens of times as many."""
MOST_MEMORY = 4 * 2**30
"""Bytes that networks may take while they compute."""
_OPAQUE = 4
"""Channels of colours with an alpha, as canvases of browsers have."""
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}

Array = NDArray[Any]


class Port(NamedTuple):
    """An input or output: its name, type, and shape; None for an axis of any size."""

    name: str
    type: type[np.generic]
    shape: tuple[int | None, ...]

    @property
    def is_class(self) -> bool:
        """Whether it is a whole number a row, the number of a class."""
        return self.type in (np.int32, np.int64) and self.width == 1

    @property
    def width(self) -> int | None:
        """Values a row; None where that is not told."""
        sizes = [size for size in self.shape[1:] if size is not None]
        return math.prod(sizes) if len(sizes) == len(self.shape) - 1 else None

    @property
    def channels(self) -> int | None:
        """The axis that has the channels of images: 0 where they have none; None of no images.

        The first axis is the batch, except of one image (height, width, channels).
        """
        if self.is_one_image:
            return 2
        if len(self.shape) == 3:
            return 0
        if len(self.shape) != 4:
            return None
        first, middle, last = self.shape[1:]
        if (middle, last) == (1, 1):  # z of a convolution
            return None
        if first in (*CHANNELS, None):
            return 1
        return 3 if last in (*CHANNELS, _OPAQUE) else None

    @property
    def is_one_image(self) -> bool:
        """Whether it is one image, its channels last, without an axis for more."""
        if len(self.shape) != 3 or self.shape[2] not in (3, _OPAQUE):
            return False
        return all(size is not None and size > _OPAQUE for size in self.shape[:2])


class OnnxNetwork:
    """A network in a file, of which nothing but operators of the ONNX standard is run.

    Args:
        path: the file.

    Raises:
        UserError: where onnxruntime is missing, a file that cannot be read, one that `check_onnx`
            refuses, and inputs or outputs that are no arrays of numbers.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path)
        check_onnx(content, str(path))
        self.session = _session(content, path)
        self.inputs = [self._port(port) for port in self.session.get_inputs()]
        self.outputs = [self._port(port) for port in self.session.get_outputs()]
        self.batch = self._fixed_batch()
        self._largest = max((port.width or 0 for port in (*self.inputs, *self.outputs)), default=1)

    def _fixed_batch(self) -> int | None:
        """Return how many rows it computes at once; None for any number."""
        if any(port.is_one_image for port in self.outputs):
            return 1
        sizes = {port.shape[0] for port in self.inputs if port.shape[0] is not None}
        if len(sizes) > 1:
            raise UserError(f"{self.path}: has inputs of {listing(sorted(sizes))} rows")
        return sizes.pop() if sizes else None

    def _port(self, described: Any) -> Port:
        name, kind = str(described.name), str(described.type)
        if kind not in _TYPES:
            raise UserError(f"{self.path}: {name} is {kind}, not an array of numbers")
        shape = tuple(
            size if isinstance(size, int) and size > 0 else None for size in described.shape
        )
        if not shape:
            raise UserError(f"{self.path}: {name} is a single number, without an axis for a batch")
        if math.prod(size or 1 for size in shape) > MOST_VALUES:
            raise UserError(f"{self.path}: {name} has the shape {shape}: too large")
        return Port(name, _TYPES[kind], shape)

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs for n rows by name. Raises UserError where the network fails."""
        count = len(next(iter(inputs.values())))
        rows = self.batch or max(1, min(CHUNK, MOST_VALUES // max(self._largest, 1)))
        parts = [
            self._part({name: array[start : start + rows] for name, array in inputs.items()})
            for start in range(0, count, rows)
        ]
        return {
            port.name: np.concatenate([part[port.name] for part in parts]) for port in self.outputs
        }

    def _part(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs for a few rows, of a fixed batch filled up with the last."""
        count = len(next(iter(inputs.values())))
        missing = (self.batch or count) - count
        if missing:
            inputs = {k: np.concatenate([v, v[-1:].repeat(missing, 0)]) for k, v in inputs.items()}
        try:
            found = self.session.run([port.name for port in self.outputs], dict(inputs))
        except Exception as error:
            raise UserError(f"{self.path}: the network fails: {_reason(error)}") from error
        outputs = {}
        for port, array in zip(self.outputs, found, strict=True):
            rows = array[None] if port.is_one_image else array
            if np.ndim(rows) == 0 or len(rows) != count + missing:
                raise UserError(
                    f"{self.path}: {port.name} has shape {np.shape(array)} for {count + missing} "
                    "rows; export the network with a dynamic batch axis"
                )
            outputs[port.name] = rows[:count]
        return outputs


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path}: more than {LARGEST_FILE:,} bytes, the limit")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def _session(content: bytes, path: Path) -> Any:
    """Return onnxruntime's session of a file that was checked; on the CPU, in bounded memory."""
    onnxruntime = _onnxruntime(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        # With a fallback it would print what fails, and try the same again.
        return onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:
        raise UserError(f"{path}: is no network that onnxruntime runs: {_reason(error)}") from error


def _onnxruntime(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise UserError(
            f"{path}: .onnx files are run with onnxruntime: pip install 'infoeval[onnx]'"
        ) from None
    _bound_memory()
    return onnxruntime


@cache
def _bound_memory() -> None:
    """Let all networks of this process together take at most `MOST_MEMORY`.

    A constant of any size takes a few bytes in a file.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    info = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    settings = {"max_mem": MOST_MEMORY, "arena_extend_strategy": 1}
    settings |= {"initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}
    onnxruntime.create_and_register_allocator(info, onnxruntime.OrtArenaCfg(settings))


def _reason(error: Exception) -> str:
    """Return what onnxruntime says, without its codes and source files."""
    text = one_line(error)
    if "Available memory of" in str(error) or "llocate" in str(error):
        return f"it needs more than {MOST_MEMORY // 2**30} GiB of memory"
    return re.sub(
        r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text.rpartition("Status Message: ")[2]
    )
