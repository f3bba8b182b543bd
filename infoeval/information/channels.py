"""Channels of known truth: codes to images, with I(c; x) known by a formula, in nats.

They test estimators of information. Each is a code space, a `render` for
`infoeval.information.estimate`, and the truth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import integrate, special, stats
from torch import Tensor

from infoeval.codes import Categorical, Code, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.information.streams import Render

__all__ = [
    "Channel",
    "blob_with_gaussian_noise",
    "blob_with_uniform_noise",
    "correlated_gaussians",
    "erasure",
    "flipped_pixels",
    "folded",
    "independent",
    "merged",
    "side_by_side",
    "sum_of_two",
    "symmetric_noise",
    "wrapped_sum",
]

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
    prototypes = _prototypes(categories, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        right = codes["category"]
        wrong = _uniform(len(right), generator) < error
        other = torch.randint(1, categories, (len(right),), generator=generator)
        return prototypes[torch.where(wrong, (right + other) % categories, right)]

    truth = math.log(categories) - binary_entropy(error) - error * math.log(categories - 1)
    return _of_one(f"symmetric noise {error:g}", "category", Categorical(categories), render, truth)


def erasure(error: float, *, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel whose image is blank with probability ε = `error`: I = (1 − ε) log K.

    >>> round(erasure(0.2).truth["category"], 6)
    1.842068
    """
    prototypes = _prototypes(categories, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        shown = _uniform(len(codes["category"]), generator) >= error
        return prototypes[codes["category"]] * shown[:, None, None, None]

    truth = (1 - error) * math.log(categories)
    return _of_one(f"erasure {error:g}", "category", Categorical(categories), render, truth)


def merged(distinct: int, *, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel that shows category k as image f(k) = k mod `distinct`: I = H(f(c)).

    >>> round(merged(9).truth["category"], 6), round(merged(5).truth["category"], 6)
    (2.163956, 1.609438)
    """
    prototypes = _prototypes(distinct, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        del generator
        return prototypes[codes["category"] % distinct]

    shares = np.bincount(np.arange(categories) % distinct) / categories
    truth = float(special.entr(shares).sum())
    return _of_one(f"merged to {distinct}", "category", Categorical(categories), render, truth)


def blob_with_uniform_noise(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at c + 2U(−ε, ε), c uniform on [−1, 1].

    I = ε − log 2ε for the noise `width` ε ≤ 0.5, and 1/(4ε) above.

    >>> round(blob_with_uniform_noise(0.1).truth["position"], 6)
    1.709438
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        c = codes["position"]
        noise = 2 * width * (2 * _uniform(len(c), generator) - 1)
        return _blobs(c + noise, size, 1 + 2 * width)

    truth = width - math.log(2 * width) if width <= 0.5 else 1 / (4 * width)
    return _of_one(f"blob, uniform noise {width:g}", "position", Uniform(-1, 1), render, truth)


def blob_with_gaussian_noise(deviation: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at c + sN, c uniform on [−1, 1]: I = h(c + sN) − ½ log 2πe s².

    >>> round(blob_with_gaussian_noise(0.5).truth["position"], 6)
    0.418694
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        c = codes["position"]
        noise = deviation * torch.randn(len(c), generator=generator)
        return _blobs(c + noise, size, 1 + 4 * deviation)

    truth = gaussian_noise_information(deviation)
    return _of_one(f"blob, gaussian noise {deviation:g}", "position", Uniform(-1, 1), render, truth)


def correlated_gaussians(correlation: float, *, size: int = 28) -> Channel:
    """Return a channel from the rank of one Gaussian to that of another: I = −½ log(1 − ρ²).

    The code is the first one's rank, scaled to [−1, 1]; the blob is at that of the second, whose
    correlation with the first is ρ.

    >>> round(correlated_gaussians(0.75).truth["rank"], 6)
    0.413339
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        first = torch.special.ndtri(((codes["rank"] + 1) / 2).double().clamp(1e-9, 1 - 1e-9))
        noise = torch.randn(len(first), generator=generator)
        second = correlation * first + math.sqrt(1 - correlation**2) * noise
        return _blobs((2 * torch.special.ndtr(second) - 1).float(), size, 1.0)

    truth = -0.5 * math.log(1 - correlation**2)
    name = f"correlated gaussians {correlation:g}"
    return _of_one(name, "rank", Uniform(-1, 1), render, truth)


def folded(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at 2|c| − 1 + 2U(−ε, ε), where q(c|x) needs two peaks.

    The information is that of `blob_with_uniform_noise`, because 2|c| − 1 is uniform as well.
    """
    plain = blob_with_uniform_noise(width, size=size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return plain.render({"position": 2 * codes["position"].abs() - 1}, generator)

    truth = plain.joint
    return _of_one(f"folded blob {width:g}", "position", Uniform(-1, 1), render, truth)


def flipped_pixels(error: float, *, size: int = 28) -> Channel:
    """Return a channel of two inverse patterns, every pixel flipped with probability ε = `error`.

    The number of pixels that agree with the pattern is sufficient: I is that of two binomials.
    """
    pattern = torch.rand(1, size, size, generator=torch.Generator().manual_seed(0)) < 0.5

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        count = len(codes["side"])
        flips = torch.rand(count, 1, size, size, generator=generator) < error
        side = codes["side"].bool()[:, None, None, None]
        return 255 * (pattern ^ flips ^ side).to(torch.uint8)

    agreeing = np.arange(size**2 + 1)
    first = stats.binom.pmf(agreeing, size**2, 1 - error)
    both = (first + first[::-1]) / 2
    truth = float(special.rel_entr(first, both).sum())
    return _of_one(f"flipped pixels {error:g}", "side", Categorical(2), render, truth)


def independent(code: Code, *, size: int = 28) -> Channel:
    """Return a channel whose image is independent of the code: I = 0."""
    prototypes = _prototypes(10, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return prototypes[torch.randint(10, (len(codes["code"]),), generator=generator)]

    return _of_one(f"independent {code.kind}", "code", code, render, 0.0)


def sum_of_two(*, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel that shows (a + b) mod K: 0 nats for each code, log K for both together."""
    prototypes = _prototypes(categories, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        del generator
        return prototypes[(codes["first"] + codes["second"]) % categories]

    space = CodeSpace(first=Categorical(categories), second=Categorical(categories), noise=0)
    truth = {"first": 0.0, "second": 0.0}
    return Channel("sum of two", space, render, truth, math.log(categories))


def wrapped_sum(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at c + d + 2U(−ε, ε), wrapped to [−1, 1].

    The information is 0 for each code and −log 2ε for both together, for ε up to 0.5.
    """
    if not 0 < width <= 0.5:
        raise UserError(f"the noise of a wrapped sum must be above 0 and at most 0.5, not {width}")

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        total = codes["first"] + codes["second"]
        noise = 2 * width * (2 * _uniform(len(total), generator) - 1)
        return _blobs((total + noise + 1) % 2 - 1, size, 1.0)

    space = CodeSpace(first=Uniform(-1, 1), second=Uniform(-1, 1), noise=0)
    truth = {"first": 0.0, "second": 0.0}
    return Channel(f"wrapped sum {width:g}", space, render, truth, -math.log(2 * width))


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


def _of_one(name: str, code_name: str, code: Code, render: Render, truth: float) -> Channel:
    return Channel(name, CodeSpace(**{code_name: code}, noise=0), render, {code_name: truth}, truth)


def _prototypes(count: int, size: int) -> Tensor:
    """Return `count` different smooth random images, (count, 1, size, size) uint8."""
    coarse = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    fine = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    return (255 * fine).round().to(torch.uint8)


def _blobs(position: Tensor, size: int, reach: float) -> Tensor:
    """Return uint8 images of a bright blob, at positions −`reach` … `reach` from left to right."""
    pixels = (torch.arange(size) + 0.5) / size
    centre = 0.5 + (0.5 - BLOB_MARGIN) * position / reach
    across = torch.exp(-0.5 * ((pixels - centre[:, None]) / BLOB_DEVIATION).square())
    down = torch.exp(-0.5 * ((pixels - 0.5) / BLOB_DEVIATION).square())
    blobs = down[None, None, :, None] * across[:, None, None, :]
    return (255 * blobs).round().to(torch.uint8)


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator)
