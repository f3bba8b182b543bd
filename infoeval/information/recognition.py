"""The post hoc Q: a network that reads codes from 8-bit images, each alone and in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infoeval.codes import Categorical, Code, CodeSpace
from infoeval.devices import has_bfloat16
from infoeval.information.posteriors import CONTINUOUS, families, standard_values

__all__ = [
    "Heads",
    "JointHeads",
    "PostHocRecognition",
    "Reading",
    "joint_readings",
    "log_ratios",
    "readings",
]

SMALLEST_MAP = 8
"""Convolutions halve the image until its shorter side is at most this."""
HATS = 32
"""Hat functions that describe a continuous code to the heads that read another one given it."""


@dataclass(frozen=True)
class Reading:
    """One code read from an image, given the codes in `given`.

    >>> str(Reading("slant")), str(Reading("slant", ("digit",)))
    ('slant', 'slant | digit')
    """

    code: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " | ".join([self.code, *([", ".join(self.given)] if self.given else [])])


def readings(space: CodeSpace) -> list[Reading]:
    """Every code by itself, then every code but the first given all those before it."""
    return [*map(Reading, space), *joint_readings(space)[1:]]


def joint_readings(space: CodeSpace) -> list[Reading]:
    """The factors of q(c|x) = q(c_1|x) q(c_2|x, c_1) …, in the space's order."""
    names = tuple(space)
    return [Reading(name, names[:position]) for position, name in enumerate(names)]


class PostHocRecognition(nn.Module):
    """Q for images of one size: a convolutional trunk and a head for every reading.

    Args:
        space: the latent codes.
        images: some uint8 images (n, channels, height, width), to centre and scale pixels by.
        width: channels of the first convolution; all other layers grow with it.

    """

    def __init__(self, space: CodeSpace, images: Tensor, width: int) -> None:
        super().__init__()
        self.trunk = Trunk(images, width)
        self.heads = JointHeads(space, self.trunk.width)

    def forward(
        self, images: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Reading, Tensor]:
        """See `Heads.forward`; `noise` (n,) is the deviation of pixel noise already in `images`."""
        # bfloat16 is for the trunk: casting costs more than it saves on the small heads.
        fast = has_bfloat16(images.device)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=fast):
            features = self.trunk(images, noise)
        return self.heads(features.float(), codes)  # type: ignore[no-any-return]


class Trunk(nn.Module):
    """Images to features: strided convolutions beside one linear map of all pixels.

    The linear map is there for codes that hide in pixel noise: the best reading of a pattern
    under noise is a weighted sum of all pixels, which convolutions learn slowly.
    """

    def __init__(self, images: Tensor, width: int) -> None:
        super().__init__()
        pixels = images.float() / 255
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", pixels.mean(0, keepdim=True))
        spread = (pixels - self.mean).square().mean().sqrt()
        self.register_buffer("deviation", spread.clamp_min(0.5 / 255))
        channels, height, columns = images.shape[1:]
        self.width = 8 * width
        self.pixels = nn.Linear(channels * height * columns, self.width)
        layers: list[nn.Module] = []
        grown = width
        while min(height, columns) > SMALLEST_MAP:
            layers += [nn.Conv2d(channels, grown, 4, 2, 1), nn.ReLU()]
            channels, height, columns = grown, height // 2, columns // 2
            grown = min(2 * grown, 4 * width)
        self.convolutions = nn.Sequential(*layers)
        self.map = nn.Linear(channels * height * columns, self.width, bias=False)
        self.level = nn.Linear(1, self.width, bias=False)
        nn.init.zeros_(self.level.weight)
        self.hidden = nn.Sequential(
            nn.LayerNorm(self.width), nn.ReLU(), nn.Linear(self.width, self.width), nn.ReLU()
        )

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Features (n, width) of images: uint8, or floats of the same scale with noise in them."""
        centred = images.float() / 255 - self.mean
        if noise is None:
            x = centred / self.deviation
        else:
            spread = (self.deviation.square() + noise.square()).sqrt()
            x = centred / spread[:, None, None, None]
        features = self.pixels(x.flatten(1))
        if len(self.convolutions):
            x = self.convolutions(x.contiguous(memory_format=torch.channels_last))
            features = features + self.map(x.flatten(1))
        if noise is not None:
            features = features + self.level(torch.log1p(noise / self.deviation)[:, None])
        return self.hidden(features)  # type: ignore[no-any-return]


class Heads(nn.Module):
    """From features to the parameters of every family of q, for every code by itself."""

    def __init__(self, space: CodeSpace, features: int) -> None:
        super().__init__()
        self.space = space
        self.widths = {name: sum(f.width for f in families(code)) for name, code in space.items()}
        self.alone = nn.ModuleList(
            _silent(nn.Linear(features, self.widths[name])) for name in space
        )

    def forward(self, features: Tensor, codes: Mapping[str, Tensor]) -> dict[Reading, Tensor]:
        """The parameters (n, width) of each reading's families, one after the other.

        `codes` are the true ones: what a reading is given, it is given truly.
        """
        del codes
        heads = zip(self.space, self.alone, strict=True)
        return {Reading(name): head(features) for name, head in heads}


class JointHeads(Heads):
    """Heads for every reading: each code by itself, and given all codes before it.

    A head that is given other codes adds a correction to the parameters of the head that is not,
    so that what it finds beyond is what the codes tell of each other through the image.
    """

    def __init__(self, space: CodeSpace, features: int) -> None:
        super().__init__(space, features)
        self.given = nn.ModuleList(
            Correction(
                features, [space[other] for other in reading.given], self.widths[reading.code]
            )
            for reading in joint_readings(space)[1:]
        )

    def forward(self, features: Tensor, codes: Mapping[str, Tensor]) -> dict[Reading, Tensor]:
        """See `Heads.forward`."""
        found = super().forward(features, codes)
        for reading, correction in zip(joint_readings(self.space)[1:], self.given, strict=True):
            context = [describe(self.space[other], codes[other]) for other in reading.given]
            alone = found[Reading(reading.code)].detach()
            found[reading] = alone + correction(features, torch.cat(context, 1))
        return found


class Correction(nn.Module):
    """What a head's parameters change by when other codes are known; nothing at first."""

    def __init__(self, features: int, given: Sequence[Code], outputs: int) -> None:
        super().__init__()
        context = sum(described_width(code) for code in given)
        self.read = nn.Linear(features, features)
        self.scale = _silent(nn.Linear(context, features))
        self.shift = nn.Linear(context, features)
        self.output = nn.Sequential(
            nn.ReLU(),
            nn.Linear(features, features),
            nn.ReLU(),
            _silent(nn.Linear(features, outputs)),
        )

    def forward(self, features: Tensor, context: Tensor) -> Tensor:
        mixed = self.read(features) * (1 + self.scale(context)) + self.shift(context)
        return self.output(mixed)  # type: ignore[no-any-return]


def described_width(code: Code) -> int:
    """Columns of `describe`."""
    return code.size if isinstance(code, Categorical) else HATS


def describe(code: Code, values: Tensor) -> Tensor:
    """A known code as input of a head, (n, width): one-hot, or hat functions over the range."""
    if isinstance(code, Categorical):
        return code.encode(values)
    places = torch.arange(HATS, device=values.device)
    unit = standard_values(code, values)
    return (1 - (unit[:, None] * (HATS - 1) - places).abs()).clamp_min(0)


def log_ratios(
    space: CodeSpace, parameters: Mapping[Reading, Tensor], codes: Mapping[str, Tensor]
) -> dict[Reading, Tensor]:
    """log q(c|x, …)/p(c) by every family, nats, (families, n), of each reading."""
    found = {}
    continuous = []
    for reading, values in parameters.items():
        code = space[reading.code]
        if isinstance(code, Categorical):
            family = families(code)[0]
            found[reading] = family.log_ratio(values, codes[reading.code])[None]
        else:
            continuous.append(reading)
    if continuous:
        # All of them in one call a family: the operations are small and many.
        stacked = torch.stack([parameters[reading] for reading in continuous])
        unit = torch.stack([standard_values(space[r.code], codes[r.code]) for r in continuous])
        parts = torch.split(stacked, [family.width for family in CONTINUOUS], dim=-1)
        each = torch.stack([f.log_ratio(p, unit) for f, p in zip(CONTINUOUS, parts, strict=True)])
        found |= dict(zip(continuous, each.unbind(1), strict=True))
    return {reading: found[reading] for reading in parameters}


def _silent(layer: nn.Linear) -> nn.Linear:
    """A layer that says nothing until it has learned something."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
