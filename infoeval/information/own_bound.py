"""The checkpoint's own L_I(G, Q), eq. 5, on fresh samples: what the paper plots in Figure 1."""

from dataclasses import dataclass

import numpy as np
import torch

from infoeval.intervals import normal_interval
from infoeval.metrics.registry import metric
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition
from infoeval.subjects.protocols import sample

__all__ = ["LowerBound", "own_lower_bound"]


@dataclass(frozen=True)
class LowerBound:
    """L_I of one code by the checkpoint's own Q, nats.

    `value` is H(c) + mean log q(c|x) over `count` fresh samples; `low` and `high` are its
    normal-theory interval at `level`, for the sampling of codes and noise alone. In expectation it
    is a lower bound on I(c; G(z, c)), so only sampling error lifts it above H(c) of a categorical
    code.
    """

    value: float
    low: float
    high: float
    level: float
    count: int
    entropy: float


@metric(
    "mi-own",
    kind="recognition",
    range="up to H(c)",
    summary="the checkpoint's own L_I of each code, fresh samples, nats",
    use="what training maximised, as in figure 1 of the InfoGAN paper",
    pitfalls="a weak Q of its own makes it low, far below 0 where it is sure and wrong: see mi",
)
@torch.no_grad()
def own_lower_bound(
    model: CheckpointModel, *, count: int = 20_000, seed: int = 0, level: float = 0.95
) -> dict[str, LowerBound]:
    """Return L_I of each code, from 8-bit images of freshly drawn codes and noise.

    Q's batch-norm statistics are estimated on generated images of another stream, because
    generated images are what Q was trained on. The generator runs on its running statistics.

    Args:
        model: a checkpoint's model.
        count: fresh samples.
        seed: of both streams.
        level: of the interval.

    """
    streams = [
        torch.Generator().manual_seed(int(state))
        for state in np.random.SeedSequence(seed).generate_state(2)
    ]
    _, calibration = sample(model, min(count, 10_000), streams[0])
    recognition = Recognition(model.networks, calibration)
    codes, images = sample(model, count, streams[1])
    log_q = model.codes.log_likelihood(recognition(images).cpu(), codes)
    return {
        name: LowerBound(
            *normal_interval(code.entropy + log_q[name].double().numpy(), level),
            level=level,
            count=count,
            entropy=code.entropy,
        )
        for name, code in model.codes.items()
    }
