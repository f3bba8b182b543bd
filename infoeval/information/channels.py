"""Channels of known truth: codes to images, with I(c; x) known by a formula, in nats.

They test estimators of information. Each is a code space, a `render` for
`infoeval.information.estimate`, and the truth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from scipy import integrate, special
from torch import Tensor

from infoeval.codes import Categorical, Code, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.information.streams import Render

BLOB_DEVIATION = 0.06
"""Standard deviation of a blob, as a share of the image's width."""
BLOB_MARGIN = 0.15
"""A blob at −1 or 1 is this share of the width away from the edge."""


@dataclass(frozen=True)
class Channel:
    """A random map from codes to images whose information is known.

    `truth` is I(c_i; x) of each code and `joint` I(c; x) of all of them together, in nats.
    """

    name: str
    space: CodeSpace
    render: Render
    truth: Mapping[str, float]
    joint: float


def symmetric_noise(error: float, *, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel whose category is replaced by another with probability ε = `error`.

    Every category has an image. I = log K − h(ε) − ε log(K − 1).

    >>> round(symmetric_noise(0.1).truth["category"], 6)
    1.75778
    """
    render = replaced_categories(random_images(categories, size), error)
    truth = math.log(categories) - binary_entropy(error) - error * math.log(categories - 1)
    return channel_of_one(
        f"symmetric noise {error:g}", "category", Categorical(categories), render, truth
    )


def replaced_categories(prototypes: Tensor, error: float) -> Render:
    """Return a `render` that shows another category than the code's with probability `error`.

    `prototypes` are the images (K, 1, size, size) of the K categories; all others are equally
    likely.
    """
    categories = len(prototypes)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        right = codes["category"]
        wrong = torch.rand(len(right), generator=generator) < error
        other = torch.randint(1, categories, (len(right),), generator=generator)
        return prototypes[torch.where(wrong, (right + other) % categories, right)]

    return render


def blob_with_gaussian_noise(deviation: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at c + sN, c uniform on [−1, 1]: I = h(c + sN) − ½ log 2πe s².

    >>> round(blob_with_gaussian_noise(0.5).truth["position"], 6)
    0.418694
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        c = codes["position"]
        noise = deviation * torch.randn(len(c), generator=generator)
        return blobs(c + noise, size, 1 + 4 * deviation)

    truth = gaussian_noise_information(deviation)
    return channel_of_one(
        f"blob, gaussian noise {deviation:g}", "position", Uniform(-1, 1), render, truth
    )


def side_by_side(left: Channel, right: Channel) -> Channel:
    """Return two channels side by side in one image: the joint information is the sum."""
    if set(left.space) & set(right.space):
        raise UserError("two channels side by side need codes of different names")

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return torch.cat([left.render(codes, generator), right.render(codes, generator)], dim=3)

    space = CodeSpace(**dict(left.space), **dict(right.space), noise=0)
    name = f"{left.name} beside {right.name}"
    truth = {**left.truth, **right.truth}
    return Channel(name, space, render, truth, left.joint + right.joint)


def gaussian_noise_information(deviation: float) -> float:
    """Return I(c; c + sN) of c uniform on [−1, 1], nats, by quadrature.

    >>> round(gaussian_noise_information(0.1), 6)
    1.667113
    """

    def density(y: float) -> float:
        return 0.5 * float(special.ndtr((y + 1) / deviation) - special.ndtr((y - 1) / deviation))

    limit = 1 + 12 * deviation
    edges = [1 + k * deviation for k in (-6, 0, 6) if 0 < 1 + k * deviation < limit]
    half, _ = integrate.quad(
        lambda y: float(special.entr(density(y))), 0, limit, points=edges, limit=500
    )
    return 2 * half - 0.5 * math.log(2 * math.pi * math.e * deviation**2)


def binary_entropy(probability: float) -> float:
    """Return h(ε) = −ε log ε − (1 − ε) log(1 − ε), nats."""
    return float(special.entr(probability) + special.entr(1 - probability))


def channel_of_one(name: str, code_name: str, code: Code, render: Render, truth: float) -> Channel:
    """Return a channel of a single code."""
    return Channel(name, CodeSpace(**{code_name: code}, noise=0), render, {code_name: truth}, truth)


def random_images(count: int, size: int) -> Tensor:
    """Return `count` different smooth random images, (count, 1, size, size) uint8."""
    coarse = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    fine = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    return (255 * fine).round().to(torch.uint8)


def blobs(position: Tensor, size: int, reach: float) -> Tensor:
    """Return uint8 images of a bright blob, at positions −`reach` … `reach` from left to right."""
    pixels = (torch.arange(size) + 0.5) / size
    centre = 0.5 + (0.5 - BLOB_MARGIN) * position / reach
    across = torch.exp(-0.5 * ((pixels - centre[:, None]) / BLOB_DEVIATION).square())
    down = torch.exp(-0.5 * ((pixels - 0.5) / BLOB_DEVIATION).square())
    images = down[None, None, :, None] * across[:, None, None, :]
    return (255 * images).round().to(torch.uint8)
