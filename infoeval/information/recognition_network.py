"""The post hoc Q: a network that reads codes from 8-bit images, each alone and given others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infoeval.codes import Code, CodeSpace
from infoeval.devices import has_bfloat16
from infoeval.information.pixel_inputs import PIXELS, CentredPixels, pixel_input
from infoeval.information.posteriors import MOST_CODES, Family, families_of

SMALLEST_MAP = 8
"""Convolutions halve the image until its shorter side is at most this."""
HATS = 32
"""Number of hat functions that represent a continuous code as the input of a head."""


@dataclass(frozen=True)
class Conditional:
    """One of the distributions that Q models: q(code | x), or q(code | x, given)."""

    code: str
    given: tuple[str, ...] = ()


def conditionals(space: CodeSpace) -> list[Conditional]:
    """Return q(c_i|x) of every code, then the other factors of `chain_rule`."""
    return [*map(Conditional, space), *_given_others(space)]


def chain_rule(space: CodeSpace) -> list[Conditional]:
    """Return the factors of q(c|x) = q(c_1|x) q(c_2|x, c_1) …, in the space's order.

    Of more than `MOST_CODES` codes the factors are q(c_i|x): independent codes have no redundancy,
    so that the sum of their information is a lower bound on that of all together.
    """
    names = tuple(space)
    known = len(names) if len(names) <= MOST_CODES else 0
    return [Conditional(name, names[: min(place, known)]) for place, name in enumerate(names)]


def _given_others(space: CodeSpace) -> list[Conditional]:
    return [target for target in chain_rule(space) if target.given]


class RecognitionNetwork(nn.Module):
    """Q for images of one size: a convolutional trunk and a head for every conditional.

    Args:
        space: the latent codes.
        images: some uint8 images (n, channels, height, width), to centre and scale pixels by.
        width: channels of the first convolution; all other layers grow with it.
        shown: what it reads of an image, a name of `pixel_inputs`.

    """

    def __init__(self, space: CodeSpace, images: Tensor, width: int, shown: str = PIXELS) -> None:
        super().__init__()
        self.trunk = Trunk(images, width, shown)
        self.heads = JointHeads(space, self.trunk.width)

    def forward(
        self, images: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Conditional, Tensor]:
        """See `Heads.forward`; `noise` (n,) is the deviation of the pixel noise in `images`."""
        # Only the trunk runs in bfloat16: casting costs more than it saves on the small heads.
        fast = has_bfloat16(images.device)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=fast):
            features = self.trunk(images, noise)
        return self.heads(features.float(), codes)  # type: ignore[no-any-return]


class Trunk(nn.Module):
    """Images to features: strided convolutions beside one linear map of all pixels.

    The linear map is there for weak signals under pixel noise: the best detector of a pattern in
    noise is a weighted sum of all pixels, which convolutions learn slowly.
    """

    def __init__(self, images: Tensor, width: int, shown: str = PIXELS) -> None:
        super().__init__()
        self.shown = pixel_input(shown, images)
        self.deviation: Tensor
        self.register_buffer("deviation", CentredPixels(images).deviation)
        channels = self.shown.channels
        height, columns = images.shape[2:]
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
        """Return features (n, width) of images: uint8, or noisy floats on the same scale."""
        x = self.shown(images, noise)
        features = self.pixels(x.flatten(1))
        if len(self.convolutions):
            x = self.convolutions(x.contiguous(memory_format=torch.channels_last))
            features = features + self.map(x.flatten(1))
        if noise is not None:
            features = features + self.level(torch.log1p(noise / self.deviation)[:, None])
        return self.hidden(features)  # type: ignore[no-any-return]


class Heads(nn.Module):
    """A linear layer for q(c_i|x) of every code: features to the parameters of all families."""

    def __init__(self, space: CodeSpace, features: int) -> None:
        super().__init__()
        self.space = space
        self.widths = {name: sum(f.width for f in families_of(space, name)) for name in space}
        self.alone = _zeroed(nn.Linear(features, sum(self.widths.values())))

    def forward(self, features: Tensor, codes: Mapping[str, Tensor]) -> dict[Conditional, Tensor]:
        """Return the parameters (n, width) of each conditional, its families side by side.

        `codes` are the true ones, on which conditionals of other codes depend.
        """
        del codes
        parameters = torch.split(self.alone(features), list(self.widths.values()), dim=1)
        return {Conditional(name): part for name, part in zip(self.space, parameters, strict=True)}


class JointHeads(Heads):
    """Heads for all `conditionals`: of each code alone, and given all codes before it.

    A head that is given other codes adds a correction to the parameters of the head without them,
    so that it learns only what these codes add.
    """

    def __init__(self, space: CodeSpace, features: int) -> None:
        super().__init__(space, features)
        self.given = nn.ModuleList(
            Correction(features, [space[other] for other in target.given], self.widths[target.code])
            for target in _given_others(space)
        )

    def forward(self, features: Tensor, codes: Mapping[str, Tensor]) -> dict[Conditional, Tensor]:
        """See `Heads.forward`."""
        parameters = super().forward(features, codes)
        for target, correction in zip(_given_others(self.space), self.given, strict=True):
            context = [code_features(self.space[other], codes[other]) for other in target.given]
            alone = parameters[Conditional(target.code)].detach()
            parameters[target] = alone + correction(features, torch.cat(context, 1))
        return parameters


class Correction(nn.Module):
    """The change of a head's parameters when other codes are known; zero before training."""

    def __init__(self, features: int, given: Sequence[Code], outputs: int) -> None:
        super().__init__()
        context = sum(code_features_width(code) for code in given)
        self.read = nn.Linear(features, features)
        self.scale = _zeroed(nn.Linear(context, features))
        self.shift = nn.Linear(context, features)
        self.output = nn.Sequential(
            nn.ReLU(),
            nn.Linear(features, features),
            nn.ReLU(),
            _zeroed(nn.Linear(features, outputs)),
        )

    def forward(self, features: Tensor, context: Tensor) -> Tensor:
        mixed = self.read(features) * (1 + self.scale(context)) + self.shift(context)
        return self.output(mixed)  # type: ignore[no-any-return]


def code_features_width(code: Code) -> int:
    """Return the number of columns of `code_features`."""
    return code.input_width if code.is_categorical else HATS


def code_features(code: Code, values: Tensor) -> Tensor:
    """Return a known code as input of a head, (n, width): one-hot, or hat functions.

    The hats of an angle are wrapped: the last one's neighbour is the first.
    """
    if code.is_categorical:
        return code.encode(values)
    centres = torch.arange(HATS, device=values.device)
    unit = code.standardised(values).float()
    if code.is_circular:
        away = (unit[:, None] * HATS - centres).abs()
        return (1 - torch.minimum(away, HATS - away)).clamp_min(0)
    return (1 - (unit[:, None] * (HATS - 1) - centres).abs()).clamp_min(0)


def log_ratios(
    space: CodeSpace,
    parameters: Mapping[Conditional, Tensor],
    codes: Mapping[str, Tensor],
    kept: Mapping[Conditional, tuple[int, ...]] | None = None,
) -> dict[Conditional, Tensor]:
    """Return log q(c|x, …)/p(c) of each conditional, nats, (families, n).

    `kept` are the numbers of the families that are wanted of each conditional; None: all of them.
    """
    ratios = {}
    alike: dict[tuple[tuple[Family, ...], tuple[int, ...]], list[Conditional]] = {}
    for target, values in parameters.items():
        kind = families_of(space, target.code)
        if space[target.code].is_categorical:
            ratios[target] = kind[0].log_ratio(values, codes[target.code])[None]
        else:
            numbers = kept[target] if kept else tuple(range(len(kind)))
            alike.setdefault((kind, numbers), []).append(target)
    for (kind, numbers), targets in alike.items():
        # All of them in one call a family: the operations are small and many.
        stacked = torch.stack([parameters[target] for target in targets])
        unit = torch.stack([space[t.code].standardised(codes[t.code]) for t in targets])
        parts = torch.split(stacked, [family.width for family in kind], dim=-1)
        of_families = torch.stack([kind[n].log_ratio(parts[n], unit) for n in numbers])
        ratios |= dict(zip(targets, of_families.unbind(1), strict=True))
    return {target: ratios[target] for target in parameters}


def _zeroed(layer: nn.Linear) -> nn.Linear:
    """Return the layer with all weights at zero, so that it adds nothing before it is trained."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
