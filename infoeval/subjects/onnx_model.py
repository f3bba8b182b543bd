"""An encoder or a decoder in an ONNX file as a subject; no code of the file is run."""

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoeval.arrays import ROUNDING
from infoeval.codes import Code, CodeSpace, Normal, parse_codes
from infoeval.data.image_set import CHANNELS
from infoeval.errors import UserError, listing
from infoeval.files import sha256
from infoeval.subjects.adapter import adapt
from infoeval.subjects.onnx_choice import OnnxChoice
from infoeval.subjects.onnx_network import OnnxNetwork, Port
from infoeval.subjects.protocols import Encoder, Generator
from infoeval.subjects.user_model import UserModel


class OnnxModel(UserModel):
    """The encoder, the decoder, or both, in one or two ONNX files."""

    is_onnx = True

    def __init__(self, name: str, paths: Sequence[Path], choice: OnnxChoice, seed: int) -> None:
        parts: dict[str, Any] = {"encoder": None, "decoder": None}
        for path in paths:
            network = OnnxNetwork(path)
            role = _role(network)
            if parts[role] is not None:
                raise UserError(f"{name}: both files are {role}s; give an encoder and a decoder")
            parts[role] = (_encoder if role == "encoder" else _decoder)(network, choice)
        super().__init__((parts["encoder"], parts["decoder"]), name, path=paths[0], seed=seed)
        self.paths = paths

    @cached_property
    def fingerprint(self) -> str:
        digests = [sha256(path) for path in self.paths]
        return (
            digests[0]
            if len(digests) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest()
        )


def _role(network: OnnxNetwork) -> Literal["encoder", "decoder"]:
    """Return what a network is, by the form of its inputs and outputs.

    Raises UserError where it is neither, and where that cannot be told.
    """
    reads = [port for port in network.inputs if port.channels is not None]
    draws = [port for port in network.outputs if port.channels is not None]
    if reads and len(draws) < len(network.outputs):
        return "encoder"
    if draws and not reads:
        return "decoder"
    if reads:
        raise UserError(
            f"{network.path}: reads images and draws images; export its encoder, or its decoder"
        )
    sides = [ports[0].width for ports in (network.inputs, network.outputs) if _is_one_row(ports)]
    if len(sides) == 2 and sides[0] and sides[1]:
        return "encoder" if sides[0] > sides[1] else "decoder"
    described = ", ".join(
        f"{port.name} {port.shape}" for port in (*network.inputs, *network.outputs)
    )
    raise UserError(
        f"{network.path}: cannot tell what it is: an encoder has an input (n, channels, height, "
        f"width), and a decoder such an output; there are {described}"
    )


def _is_one_row(ports: Sequence[Port]) -> bool:
    """Return whether there is one port, of a row of numbers for each image."""
    return len(ports) == 1 and set(ports[0].shape[2:]) <= {1} and len(ports[0].shape) > 1


def _encoder(network: OnnxNetwork, choice: OnnxChoice) -> Encoder:
    """Return the encoder that a network is. Raises UserError for further inputs."""
    if len(network.inputs) != 1:
        names = [port.name for port in network.inputs]
        raise UserError(
            f"{network.path}: an encoder has one input, images; there are {listing(names)}"
        )
    (port,) = network.inputs
    channels, size = _form(port)
    kept = [out for out in network.outputs if out.channels is None]

    def encode(images: Tensor) -> Any:
        pixels = images.numpy()
        if port.channels == 3:
            pixels = pixels.transpose(0, 2, 3, 1)
        elif port.channels == 0:
            pixels = pixels[:, 0]
        elif port.channels is None:
            pixels = pixels.reshape(len(pixels), -1)
        _check_form(port, pixels.shape, network.path)
        found = network({port.name: pixels.astype(port.type)})
        codes = {out.name: found[out.name].reshape(len(pixels), -1) for out in kept}
        return codes if len(kept) > 1 else codes[kept[0].name]

    space = None if choice.prior is None else CodeSpace(noise=0, **parse_codes(choice.prior))
    ends = (0.0, 255.0) if port.type is np.uint8 else choice.ends
    adapted: Any = adapt(encode, codes=space, images=ends, size=size, channels=channels)
    return adapted  # type: ignore[no-any-return]


def _form(port: Port) -> tuple[int | None, tuple[int, int] | None]:
    """Return channels and size of the images that an input takes, where they are told."""
    if port.channels is None:  # rows of pixels
        for number in CHANNELS:
            side = round(((port.width or 0) / number) ** 0.5)
            if side and number * side * side == port.width:
                return number, (side, side)
        return None, None
    axes = {1: (1, 2, 3), 3: (3, 1, 2), 0: (None, 1, 2)}[port.channels]
    channels, height, width = (1 if axis is None else port.shape[axis] for axis in axes)
    return channels, None if height is None or width is None else (height, width)


def _check_form(port: Port, shape: tuple[int, ...], path: Path) -> None:
    """Raise UserError for images that an input does not take."""
    wanted = port.shape[1:]
    if len(wanted) != len(shape) - 1 or any(
        size not in (None, there) for size, there in zip(wanted, shape[1:], strict=True)
    ):
        raise UserError(f"{path}: {port.name} takes images of shape {wanted}, not {shape[1:]}")


def _decoder(network: OnnxNetwork, choice: OnnxChoice) -> Generator:
    """Return the generator that a network is."""
    draws = [port for port in network.outputs if port.channels is not None]
    output = (draws or network.outputs)[0]
    layout = _layout(network, choice)

    def decode(values: Tensor) -> Tensor:
        start, inputs = 0, {}
        for port, width in zip(network.inputs, layout.columns, strict=True):
            part = values[:, start : start + width].numpy()
            start += width
            if port.is_class:
                part = part.argmax(axis=1)
            shape = [-1 if size is None else size for size in port.shape[1:]]
            inputs[port.name] = part.reshape(len(values), *shape).astype(port.type)
        return _images(network(inputs)[output.name], output, choice, network.path)

    adapted: Any = adapt(
        decode=decode, codes=layout.space, images=choice.ends, codes_first=layout.codes_first
    )
    return adapted  # type: ignore[no-any-return]


def _images(found: Any, output: Port, choice: OnnxChoice, path: Path) -> Tensor:
    """Return images (n, channels, height, width), uint8 or in the range that was chosen."""
    if output.channels in (2, 3):
        # What lies behind the three colours is opaque.
        found = np.moveaxis(found[..., :3] if found.shape[-1] == 4 else found, -1, 1)
    images = torch.from_numpy(np.ascontiguousarray(found))
    if images.dtype == torch.uint8:
        return images
    low, high = choice.ends
    least, most = float(images.min()), float(images.max())
    if not bool(images.isfinite().all()):
        raise UserError(f"{path}: draws pixels that are not finite (NaN or inf)")
    near = ROUNDING * (high - low)
    if not (low - near <= least and most <= high + near):
        raise UserError(
            f"{path}: draws pixels from {least:.3g} to {most:.3g}, not from {low:g} to {high:g}; "
            "say what is black and white with --image-range, or export it with a last sigmoid"
        )
    return images


class _Layout(NamedTuple):
    """The codes of a decoder, whether they precede the noise, and the columns of each input."""

    space: CodeSpace
    codes_first: bool
    columns: list[int]


def _layout(network: OnnxNetwork, choice: OnnxChoice) -> _Layout:
    """Return how codes and noise fill the inputs of a decoder.

    Raises UserError where the codes that were chosen do not fit.
    """
    inputs, path = network.inputs, network.path
    widths = [port.width for port in inputs if not port.is_class]
    if choice.prior is None:
        unclear = [port.name for port in inputs if port.is_class or port.width is None]
        if unclear:
            raise UserError(
                f"{path}: {unclear[0]} is a class, or of any width; say what the inputs are with "
                "--prior, as in 10 for a code of ten categories, the rest being noise"
            )
        columns = [width for width in widths if width is not None]
        codes: dict[str, Code] = {f"z{number}": Normal() for number in range(sum(columns))}
        return _Layout(CodeSpace(noise=0, **codes), False, columns)
    codes = parse_codes(choice.prior)
    noise = 0
    if None not in widths:
        classes = [code.input_width for code in codes.values() if code.is_categorical]
        as_columns = sum(code.input_width for code in codes.values())
        as_columns -= sum(classes[: len(inputs) - len(widths)])
        noise = sum(width or 0 for width in widths) - as_columns
    for codes_first in (False, True) if noise >= 0 else ():
        found = _columns(inputs, codes, noise, codes_first)
        if found is not None:
            return _Layout(CodeSpace(noise=noise, **codes), codes_first, found)
    described = ", ".join(
        f"{port.name} ({'a class' if port.is_class else port.width or 'any width'})"
        for port in inputs
    )
    raise UserError(
        f"{path}: --prior {choice.prior} does not fit its inputs, {described}: give the codes in "
        "their order; what is left of the inputs is noise, before the codes or behind them"
    )


def _columns(
    inputs: Sequence[Port], codes: Mapping[str, Code], noise: int, codes_first: bool
) -> list[int] | None:
    """Return the columns of each input, none of which has a part of a code; None if it cannot be.

    A class has the columns of a categorical code.
    """
    of_codes = [(code.input_width, code.is_categorical) for code in codes.values()]
    of_noise = [(1, False)] * noise
    left = deque([*of_codes, *of_noise] if codes_first else [*of_noise, *of_codes])
    columns = []
    for port in inputs:
        taken = 0
        if port.is_class:
            taken, categorical = left.popleft() if left else (0, False)
            if not categorical:
                return None
        while left and not port.is_class and (port.width is None or taken < port.width):
            taken += left.popleft()[0]
        if port.width is not None and not port.is_class and taken != port.width:
            return None
        columns.append(taken)
    return None if left else columns
