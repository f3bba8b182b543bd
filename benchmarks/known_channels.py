"""Further channels of known truth, on which `information.py` tests the estimate of information.

They have noise in the category, the position or the pixels, and ambiguous or joint codes.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from scipy import special, stats
from torch import Tensor

from infoeval.codes import Categorical, Code, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.information.channels import Channel, blobs, channel_of_one, random_images


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
