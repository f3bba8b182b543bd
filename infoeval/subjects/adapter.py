"""A model made from a user's functions or torch modules, without a class of their own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn import functional

from infoeval.arrays import ROUNDING
from infoeval.codes import Code, CodeSpace, Normal, parse_codes
from infoeval.data.image_set import CHANNELS
from infoeval.errors import UserError, described, quoted, shown
from infoeval.subjects.found_networks import networks_in
from infoeval.subjects.protocols import Encoder, Generator, Model

Codes = int | str | Sequence[str] | Mapping[str, Code] | None
LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey, ITU-R 601."""
_CODES = "give a number of codes, a list of names, or a mapping from names to priors"
_ONE_TENSOR = (
    "decode is called with one tensor, the noise and then the codes, categories as one-hot: divide "
    "it as in decode=lambda z: net(z[:, :100], z[:, 100:].argmax(1))"
)
_OTHER_FORM = ("shape", "size", "channel", "dimension")
"""Words of torch's errors about images of another form."""


def adapt(
    encode: Callable[[Tensor], Any] | None = None,
    decode: Callable[[Tensor], Any] | None = None,
    codes: Codes = None,
    *,
    noise: int = 0,
    images: tuple[float, float] = (0, 1),
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    codes_first: bool = False,
    name: str | None = None,
) -> Encoder | Generator | Model:
    """Return a model made from an encoder, a decoder or both: functions, methods or torch modules.

    Networks in them, also those that a lambda uses, are put into evaluation mode, and tensors are
    moved to their device and back.

    Args:
        encode: called with float images (n, channels, height, width), scaled to `images`. It
            returns codes, or the posteriors of codes: see docs/your-model.md.
        decode: called with one float tensor (n, D): `noise` standard normal columns, then the
            codes in order, a categorical one in as many columns, one-hot, and an angle as cosine
            and sine. It returns images in the range `images`, or uint8: (n, channels, height,
            width), (n, height, width) if grey, or flattened, (n, pixels).
        codes: the codes of the decoder: a number of standard normal ones, called z0, z1, …; names
            of such codes; a text such as "10,n,n,u,a" (`infoeval.codes.parse_codes`); a mapping
            from names to priors; or a `CodeSpace`, with its own noise. None: noise alone.
        noise: the number of noise variables.
        images: the range of pixels that the networks know: (0, 1), (-1, 1) or (0, 255).
        size: height and width of the images that `encode` reads, one number if they are equal;
            others are resized. Also the form of flattened images that `decode` returns.
        channels: of the images that `encode` reads, 1 or 3; grey images become RGB, and RGB grey.
        codes_first: whether the codes precede the noise in what `decode` is called with.
        name: what results call the model; by default the class of the module or the function.

    Raises:
        UserError: nothing to adapt, or arguments that are not as above. The model raises it for
            images that `encode` cannot read, and for images of `decode` beyond their range.

    >>> model = adapt(decode=lambda z: z.reshape(-1, 1, 2, 2).sigmoid(), codes=4)
    >>> model.codes
    CodeSpace(z0=Normal(mean=0.0, deviation=1.0), z1=Normal(mean=0.0, deviation=1.0),
              z2=Normal(mean=0.0, deviation=1.0), z3=Normal(mean=0.0, deviation=1.0), noise=0)

    """
    if encode is None and decode is None:
        raise UserError("nothing to adapt: give encode, decode or both")
    for side, part in (("encode", encode), ("decode", decode)):
        if (part is not None and not callable(part)) or isinstance(part, type):
            raise UserError(f"{side} is no function of a tensor, nor a module: {quoted(part)}")
    form = _Form(images, size, channels)
    space = _space(codes, noise)
    if decode is not None and space is None:
        raise UserError(
            "say what decode is called with: codes=10 for ten standard normal codes, noise=100 for "
            'noise without codes, or codes="10,n,n" for a category of ten and two normal codes'
        )
    encoder = None if encode is None else _AdaptedEncoder(encode, form, space)
    generator = None
    if decode is not None and space is not None:
        generator = _AdaptedGenerator(decode, form, space, codes_first)
    if encoder and generator:
        made: _Named = _AdaptedModel(encoder, generator)
    else:
        made = encoder or generator  # type: ignore[assignment]
    made.__name__ = str(name or _name_of(decode if encode is None else encode))
    return made  # type: ignore[return-value]


def _name_of(function: Any) -> str:
    """Return the class of the module that a function is, or is a method of, or its own name."""
    owner = getattr(function, "__self__", function)
    if isinstance(owner, nn.Module):
        return type(owner).__name__
    own = getattr(function, "__name__", "<lambda>")
    return "model" if own == "<lambda>" else str(own)


def _space(codes: Codes, noise: int) -> CodeSpace | None:
    """Return the codes and noise that `adapt` was given; None where there is neither."""
    if isinstance(codes, CodeSpace):
        if noise not in (0, codes.noise):
            raise UserError(f"noise is {noise}, but codes have noise={codes.noise}; give one")
        return codes
    named: Mapping[str, Code]
    number = type(codes) is int and codes >= 0
    if not number and (isinstance(codes, int | Code) or not isinstance(codes, Iterable | None)):
        raise UserError(f"codes is {quoted(codes)}; {_CODES}")
    if codes is None or isinstance(codes, int):
        named = {f"z{number}": Normal() for number in range(codes or 0)}
    elif isinstance(codes, str):
        named = parse_codes(codes)
    elif isinstance(codes, Mapping):
        named = codes
    else:
        named = dict.fromkeys(codes, Normal())
    if not all(isinstance(name, str) for name in named):
        raise UserError(f"codes is {quoted(codes)}; {_CODES}")
    if not isinstance(codes, str | int | None) and len(named) < len(codes):
        raise UserError(f"codes is {quoted(codes)}: two codes have one name")
    if not all(isinstance(code, Code) for code in named.values()):
        raise UserError(
            f"codes map names to priors, such as infoeval.Normal(), not {quoted(dict(named))}"
        )
    if "noise" in named:
        raise UserError("no code can be called noise: give its name another word")
    return CodeSpace(noise=noise, **named) if named or noise else None


class _Form:
    """The pixel range, size and colour of the images that a user's networks know."""

    def __init__(
        self,
        pixels: tuple[float, float],
        size: int | tuple[int, int] | None,
        channels: int | None,
    ) -> None:
        try:
            self.low, self.high = map(float, pixels)
            sides = (size, size) if isinstance(size, int) else size
            self.size = None if sides is None else (index(sides[0]), index(sides[1]))
            if sides is not None and len(sides) != 2:
                raise ValueError
        except (TypeError, ValueError, IndexError) as error:
            raise UserError("give images=(low, high) and size=(height, width)") from error
        if not self.low < self.high:
            raise UserError(f"images={pixels}: give the darkest value first, as in images=(-1, 1)")
        if self.size is not None and min(self.size) < 1:
            raise UserError(f"size={size}: give height and width in pixels")
        if channels not in (None, *CHANNELS):
            raise UserError(f"channels={channels}: give 1 for grey or 3 for RGB")
        self.channels = channels

    def to_network(self, images: Tensor) -> Tensor:
        """Return uint8 images as floats of the range, size and colour of the network."""
        scaled = images.float() / 255
        if self.channels == 3 and scaled.shape[1] == 1:
            scaled = scaled.expand(-1, 3, -1, -1)
        elif self.channels == 1 and scaled.shape[1] == 3:
            luma = torch.tensor(LUMA, device=scaled.device)
            scaled = (scaled * luma[:, None, None]).sum(1, keepdim=True)
        if self.size is not None and self.size != tuple(scaled.shape[2:]):
            shrinks = all(new <= old for new, old in zip(self.size, scaled.shape[2:], strict=True))
            mode = "area" if shrinks else "bilinear"
            scaled = functional.interpolate(scaled, self.size, mode=mode).clamp(0, 1)
        return self.low + (self.high - self.low) * scaled

    def from_network(self, images: Tensor) -> Tensor:
        """Return decoded images as floats from 0 to 1, or as uint8 where they are that."""
        images = self._unflattened(images)
        if images.dtype == torch.uint8:
            return images
        scaled = (images.float() - self.low) / (self.high - self.low)
        low, high = images.min().item(), images.max().item()
        if not scaled.isfinite().all():
            raise UserError("decode returned pixels that are not finite (NaN or inf)")
        if not (scaled.min() >= -ROUNDING and scaled.max() <= 1 + ROUNDING):
            raise UserError(
                f"decode returned pixels from {low:.3g} to {high:.3g}, and images=({self.low:g}, "
                f"{self.high:g}); {_cure(low, high)}"
            )
        return scaled.clamp(0, 1)

    def _unflattened(self, images: Tensor) -> Tensor:
        """Return flattened images with their axes, where those can be told; others unchanged."""
        if images.ndim == 3:
            return images[:, None]
        if images.ndim != 2:
            return images
        pixels = images.shape[1]
        for channels in CHANNELS:
            side = round((pixels / channels) ** 0.5)
            height, width = self.size or (side, side)
            if channels * height * width == pixels and self.channels in (None, channels):
                return images.reshape(-1, channels, height, width)
        return images


def _cure(low: float, high: float) -> str:
    """Return what to say of pixels beyond their range."""
    for known in ((-1, 1), (0, 255)):
        if known[0] - ROUNDING <= low and high <= known[1] + ROUNDING:
            return f"if that is their scale, say so by images={known}"
    return (
        "end with a sigmoid, as in decode=lambda z: net(z).sigmoid(), or say what the darkest and "
        "the brightest value are, as in images=(-1, 1)"
    )


class _Networks:
    """A user's function, with its networks in evaluation mode."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        self.function = function
        self.networks: list[nn.Module] = networks_in(function)
        for network in self.networks:
            network.eval()

    def __call__(self, values: Tensor) -> Any:
        """Return what the function makes of a float tensor, on the device of its networks."""
        weights = (weight for network in self.networks for weight in network.parameters())
        floats = next((weight for weight in weights if weight.is_floating_point()), values)
        return self.function(values.to(floats.device, floats.dtype))


class _Named:
    """What has a name, as functions have."""

    __name__: str


class _AdaptedEncoder(_Named):
    """An encoder that is called with uint8 images; `codes` are known where they were given."""

    def __init__(
        self, function: Callable[[Tensor], Any], form: _Form, codes: CodeSpace | None
    ) -> None:
        self.networks, self.form, self.codes = _Networks(function), form, codes

    def encode(self, images: Tensor) -> Any:
        """Return what the user's function returns. Raises UserError where it fails."""
        given = self.form.to_network(images)
        try:
            return self.networks(given)
        except UserError:
            raise
        except Exception as error:
            why = described(error)
            cure = ""
            if any(word in why.lower() for word in _OTHER_FORM):
                cure = (
                    "; for another size give size=(height, width), for another colour channels=1 "
                    "or 3, and for rows of pixels encode=lambda images: net(images.flatten(1))"
                )
            raise UserError(f"encode failed on floats {tuple(given.shape)}: {why}{cure}") from error


class _AdaptedGenerator(_Named):
    """A generator that calls a user's function with one tensor, of noise and codes."""

    def __init__(
        self, function: Callable[[Tensor], Any], form: _Form, codes: CodeSpace, codes_first: bool
    ) -> None:
        self.networks, self.form, self.codes = _Networks(function), form, codes
        self.codes_first = codes_first

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images, floats from 0 to 1 or uint8. Raises UserError where it fails."""
        given = self.codes.encode(codes, noise)
        if self.codes_first:
            given = given.roll(-self.codes.noise, dims=1)
        try:
            images = self.networks(given)
        except UserError:
            raise
        except Exception as error:
            why = described(error)
            cure = ""
            if "conv" in why and "input" in why:
                cure = "; for (n, D, 1, 1) give decode=lambda z: net(z[:, :, None, None])"
            elif "positional argument" in why or "'indices'" in why:
                cure = f"; {_ONE_TENSOR}"
            raise UserError(f"decode failed on floats {tuple(given.shape)}: {why}{cure}") from error
        if isinstance(images, Distribution):
            images = images.mean
        if isinstance(images, np.ndarray) and images.dtype.kind in "biuf":
            images = torch.from_numpy(images.copy())
        if not isinstance(images, Tensor):
            inner = "[0]" if isinstance(images, tuple | list) else ".sample"
            if isinstance(images, Mapping):
                inner = f"[{shown(next(iter(images), 'sample'))!r}]"
            raise UserError(
                f"decode returned {type(images).__name__}; return a tensor of images, as in "
                f"decode=lambda z: net(z){inner}"
            )
        return self.form.from_network(images).to(noise.device)


class _AdaptedModel(_Named):
    """An adapted encoder and generator in one."""

    def __init__(self, encoder: _AdaptedEncoder, generator: _AdaptedGenerator) -> None:
        self.codes = generator.codes
        self.encoder, self.generator = encoder, generator

    def encode(self, images: Tensor) -> Any:
        """Return what the user's `encode` returns."""
        return self.encoder.encode(images)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images, floats from 0 to 1 or uint8."""
        return self.generator.generate(codes, noise)
