"""Further channels of known truth, on which `information.py` tests the estimate of information.

They have noise in the category, the position or the pixels, other priors than equally likely
categories and uniform positions, and ambiguous or joint codes.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy import special, stats
from torch import Tensor

from infoeval.codes import Angle, Categorical, Code, CodeSpace, Normal, Uniform
from infoeval.errors import UserError
from infoeval.information.channels import (
    Channel,
    binary_entropy,
    blobs,
    channel_of_one,
    gaussian_noise_information,
    random_images,
    replaced_categories,
)

UNEQUAL = (0.4, 0.3, 0.15, 0.1, 0.05)
"""Probabilities of five categories."""
RING, RING_BLOB_DEVIATION = 0.25, 0.15
"""Distance of a blob on a ring from the image's centre, and its deviation, as shares of the width.

The blob is wide, so that Q reads the place at once: what is tested is the noise of the angle.
"""


def erasure(error: float, *, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel whose image is blank with probability ε = `error`: I = (1 − ε) log K."""
    prototypes = random_images(categories, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        shown = torch.rand(len(codes["category"]), generator=generator) >= error
        return prototypes[codes["category"]] * shown[:, None, None, None]

    truth = (1 - error) * math.log(categories)
    return channel_of_one(f"erasure {error:g}", "category", Categorical(categories), render, truth)


def merged(distinct: int, *, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel that shows category k as image f(k) = k mod `distinct`: I = H(f(c))."""
    prototypes = random_images(distinct, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        del generator
        return prototypes[codes["category"] % distinct]

    shares = np.bincount(np.arange(categories) % distinct) / categories
    truth = float(special.entr(shares).sum())
    return channel_of_one(
        f"merged to {distinct}", "category", Categorical(categories), render, truth
    )


def unequal_categories(
    error: float, probabilities: Sequence[float] = UNEQUAL, *, size: int = 28
) -> Channel:
    """Return a channel whose category, of given probabilities p, is replaced by another.

    With probability ε = `error` by each of the K − 1 others equally often:
    I = H(y) − h(ε) − ε log(K − 1), where y is shown with probability (1 − ε)p + ε(1 − p)/(K − 1).
    """
    categories = len(probabilities)
    render = replaced_categories(random_images(categories, size), error)
    p = np.array(probabilities)
    shown = (1 - error) * p + error * (1 - p) / (categories - 1)
    truth = float(special.entr(shown).sum())
    truth -= binary_entropy(error) + error * math.log(categories - 1)
    code = Categorical(categories, tuple(probabilities))
    return channel_of_one(f"unequal categories {error:g}", "category", code, render, truth)


def unequal_erasure(
    error: float, probabilities: Sequence[float] = UNEQUAL, *, size: int = 28
) -> Channel:
    """Return an `erasure` channel of categories of given probabilities: I = (1 − ε) H(c)."""
    code = Categorical(len(probabilities), tuple(probabilities))
    plain = erasure(error, categories=code.size, size=size)
    truth = (1 - error) * code.entropy
    return channel_of_one(f"unequal erasure {error:g}", "category", code, plain.render, truth)


def normal_with_gaussian_noise(
    deviation: float, prior: Normal | None = None, *, size: int = 28
) -> Channel:
    """Return a channel of a normal code under normal noise: I = ½ log(1 + σ²/τ²).

    τ is σ times `deviation`. The blob's place is the rank of their sum, which loses nothing.
    """
    code = prior or Normal()

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        z = (codes["position"] - code.mean) / code.deviation
        total = z + deviation * torch.randn(len(z), generator=generator)
        rank = torch.special.ndtr(total / math.sqrt(1 + deviation**2))
        return blobs(2 * rank - 1, size, 1.0)

    truth = 0.5 * math.log1p(1 / deviation**2)
    return channel_of_one(f"normal, noise {deviation:g}", "position", code, render, truth)


def angle_with_uniform_noise(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob on a ring at c + U(−w/2, w/2), wrapped: I = log(2π/w).

    The noise has the `width` w, up to a whole turn of 2π.
    """
    if not 0 < width <= 2 * math.pi:
        raise UserError(f"the noise of an angle must be above 0 and at most 2π wide, not {width}")

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        noise = width * (torch.rand(len(codes["angle"]), generator=generator) - 0.5)
        return ring_blobs(codes["angle"] + noise, size)

    truth = math.log(2 * math.pi / width)
    return channel_of_one(f"angle, uniform noise {width:g}", "angle", Angle(), render, truth)


def angle_with_normal_noise(deviation: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob on a ring at c + sN, wrapped: I = log 2π − h(sN mod 2π)."""

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        noise = deviation * torch.randn(len(codes["angle"]), generator=generator)
        return ring_blobs(codes["angle"] + noise, size)

    turns = 2 * math.pi * np.arange(-20, 21)
    angles = 2 * math.pi * (np.arange(20_000) + 0.5) / 20_000
    density = stats.norm.pdf(angles[:, None] + turns, scale=deviation).sum(1)
    truth = float(math.log(2 * math.pi) - 2 * math.pi * special.entr(density).mean())
    return channel_of_one(f"angle, normal noise {deviation:g}", "angle", Angle(), render, truth)


def ring_blobs(angle: Tensor, size: int) -> Tensor:
    """Return uint8 images of a bright blob on a ring, at angles in radians."""
    pixels = (torch.arange(size) + 0.5) / size
    across, down = (
        torch.exp(-0.5 * ((pixels - 0.5 - RING * place[:, None]) / RING_BLOB_DEVIATION).square())
        for place in (angle.cos(), angle.sin())
    )
    images = down[:, None, :, None] * across[:, None, None, :]
    return (255 * images).round().to(torch.uint8)


def blob_with_uniform_noise(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at c + 2U(−ε, ε), c uniform on [−1, 1].

    I = ε − log 2ε for the noise `width` ε ≤ 0.5, and 1/(4ε) above.
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        c = codes["position"]
        noise = 2 * width * (2 * torch.rand(len(c), generator=generator) - 1)
        return blobs(c + noise, size, 1 + 2 * width)

    truth = width - math.log(2 * width) if width <= 0.5 else 1 / (4 * width)
    return channel_of_one(
        f"blob, uniform noise {width:g}", "position", Uniform(-1, 1), render, truth
    )


def correlated_gaussians(correlation: float, *, size: int = 28) -> Channel:
    """Return a channel from the rank of one Gaussian to that of another: I = −½ log(1 − ρ²).

    The code is the first one's rank, scaled to [−1, 1]; the blob is at that of the second, whose
    correlation with the first is ρ.
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        first = torch.special.ndtri(((codes["rank"] + 1) / 2).double().clamp(1e-9, 1 - 1e-9))
        noise = torch.randn(len(first), generator=generator)
        second = correlation * first + math.sqrt(1 - correlation**2) * noise
        return blobs((2 * torch.special.ndtr(second) - 1).float(), size, 1.0)

    truth = -0.5 * math.log(1 - correlation**2)
    name = f"correlated gaussians {correlation:g}"
    return channel_of_one(name, "rank", Uniform(-1, 1), render, truth)


def folded(width: float, *, size: int = 28) -> Channel:
    """Return a channel with a blob at 2|c| − 1 + 2U(−ε, ε), where q(c|x) needs two peaks.

    The information is that of `blob_with_uniform_noise`, because 2|c| − 1 is uniform as well.
    """
    plain = blob_with_uniform_noise(width, size=size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return plain.render({"position": 2 * codes["position"].abs() - 1}, generator)

    truth = plain.joint
    return channel_of_one(f"folded blob {width:g}", "position", Uniform(-1, 1), render, truth)


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
    return channel_of_one(f"flipped pixels {error:g}", "side", Categorical(2), render, truth)


def independent(code: Code, *, size: int = 28) -> Channel:
    """Return a channel whose image is independent of the code: I = 0."""
    prototypes = random_images(10, size)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return prototypes[torch.randint(10, (len(codes["code"]),), generator=generator)]

    return channel_of_one(f"independent {code.kind}", "code", code, render, 0.0)


def sum_of_two(*, categories: int = 10, size: int = 28) -> Channel:
    """Return a channel that shows (a + b) mod K: 0 nats for each code, log K for both together."""
    prototypes = random_images(categories, size)

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
        noise = 2 * width * (2 * torch.rand(len(total), generator=generator) - 1)
        return blobs((total + noise + 1) % 2 - 1, size, 1.0)

    space = CodeSpace(first=Uniform(-1, 1), second=Uniform(-1, 1), noise=0)
    truth = {"first": 0.0, "second": 0.0}
    return Channel(f"wrapped sum {width:g}", space, render, truth, -math.log(2 * width))


def bright_blocks(count: int, *, deviation: float = 0.2, block: int = 4) -> Channel:
    """Return a channel of many codes: each is the brightness of one block, with Gaussian noise.

    Blocks lie in rows of ⌈√`count`⌉. Of each code I = h(c + sN) − ½ log 2πe s², s = `deviation`,
    but for noise that leaves the range of grey levels, and all codes are independent.
    """
    side = math.ceil(math.sqrt(count))
    names = [f"block_{number}" for number in range(count)]

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        values = torch.stack([codes[name] for name in names], 1)
        seen = values + deviation * torch.randn(values.shape, generator=generator)
        # Six deviations of noise fit into the range.
        grey = 0.5 + 0.5 * seen / (1 + 6 * deviation)
        blocks = torch.nn.functional.pad(grey, (0, side * side - count)).clamp(0, 1)
        images = (255 * blocks).round().to(torch.uint8).view(-1, 1, side, side)
        return images.repeat_interleave(block, 2).repeat_interleave(block, 3)

    truth = dict.fromkeys(names, gaussian_noise_information(deviation))
    space = CodeSpace(**{name: Uniform(-1, 1) for name in names}, noise=0)
    return Channel(f"{count} bright blocks", space, render, truth, sum(truth.values()))
