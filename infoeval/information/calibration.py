"""From a trained Q to the one that is scored: a family, a temperature, and a bounded loss."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize
from torch import Tensor, nn

from infoeval.codes import Categorical, Code, CodeSpace
from infoeval.information.posteriors import Family, families, standard_values
from infoeval.information.recognition import Reading

__all__ = ["PRIOR_SHARE", "Head", "bounded", "calibrate", "largest_log_ratio"]

PRIOR_SHARE = 0.001
"""q' = 0.999 q + 0.001 p(c): costs at most 0.001 nats and bounds the loss."""
LARGEST_RATIO = 4096.0
"""q(c|x)/p(c) of a continuous code counts as no more than this, which bounds it above.

What is cut off only makes q a density of less than 1 in all: the bound stays a lower bound.
"""
TEMPERATURES = (0.25, 4.0)


@dataclass(frozen=True)
class Head:
    """How one reading is scored: by which family of q, at which temperature."""

    family: Family
    temperature: float


def bounded(log_ratio: NDArray[np.float64], code: Code) -> NDArray[np.float64]:
    """log q'(c|x)/p(c), nats, of q' = 0.999 q + 0.001 p, from log q(c|x)/p(c).

    >>> bounded(np.array([-np.inf]), Categorical(10)).round(4)
    array([-6.9078])
    """
    cut = np.minimum(log_ratio, math.log(_largest_ratio(code)))
    return np.logaddexp(math.log1p(-PRIOR_SHARE) + cut, math.log(PRIOR_SHARE))


def largest_log_ratio(code: Code) -> float:
    """The largest value of `bounded`, nats; log `PRIOR_SHARE` is the smallest.

    >>> round(largest_log_ratio(Categorical(10)), 6)
    2.301685
    """
    return math.log((1 - PRIOR_SHARE) * _largest_ratio(code) + PRIOR_SHARE)


def calibrate(
    network: nn.Module,
    space: CodeSpace,
    chosen: dict[Reading, int],
    chunks: Sequence[tuple[dict[str, Tensor], Tensor]],
    noise: Sequence[Tensor] | None = None,
) -> dict[Reading, Head]:
    """Fit one temperature a head on samples of its own, by maximum likelihood.

    Args:
        network: Q, from (images, codes, noise) to parameters.
        space: the latent codes.
        chosen: the number of each reading's family.
        chunks: the calibration samples.
        noise: the deviation of the pixel noise in the images of each chunk.

    """
    parameters: dict[Reading, list[Tensor]] = {reading: [] for reading in chosen}
    device = next(network.parameters()).device
    with torch.no_grad():
        for number, (codes, images) in enumerate(chunks):
            on_device = {name: values.to(device) for name, values in codes.items()}
            level = noise[number].to(device) if noise else None
            found = network(images.to(device), on_device, level)
            for reading, family in chosen.items():
                parameters[reading].append(part(found[reading], space[reading.code], family))
    values = {name: torch.cat([codes[name] for codes, _ in chunks]).to(device) for name in space}
    return {
        reading: _fit_temperature(
            families(space[reading.code])[family],
            torch.cat(parameters[reading]),
            values[reading.code],
            space[reading.code],
        )
        for reading, family in chosen.items()
    }


def part(parameters: Tensor, code: Code, family: int) -> Tensor:
    """The parameters (n, width) of one family of a reading, from those of all."""
    return torch.split(parameters, [each.width for each in families(code)], dim=-1)[family]


def head_log_ratio(
    head: Head, parameters: Tensor, values: Tensor, code: Code
) -> NDArray[np.float64]:
    """log q'(c|x)/p(c), nats, (n,), of a head's own parameters and codes."""
    found = head.family.log_ratio(parameters, standard_values(code, values), head.temperature)
    return bounded(found.double().cpu().numpy(), code)


@torch.no_grad()
def _fit_temperature(family: Family, parameters: Tensor, values: Tensor, code: Code) -> Head:
    def loss(log_temperature: float) -> float:
        head = Head(family, math.exp(log_temperature))
        return -float(head_log_ratio(head, parameters, values, code).mean())

    limits = (math.log(TEMPERATURES[0]), math.log(TEMPERATURES[1]))
    best = optimize.minimize_scalar(loss, bounds=limits, method="bounded", options={"xatol": 0.01})
    # A temperature that does not help is not used: 1 is the trained one.
    temperature = math.exp(float(best.x)) if best.fun < loss(0.0) else 1.0
    return Head(family, temperature)


def _largest_ratio(code: Code) -> float:
    return float(code.size) if isinstance(code, Categorical) else LARGEST_RATIO
