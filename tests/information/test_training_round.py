"""One round of training: its batches and its learning rate."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from infoeval import CodeSpace, Uniform
from infoeval.information.budgets import Budget
from infoeval.information.streams import CHUNK, Source, Stream
from infoeval.information.training_round import _batches, _share_of_rate, chunks_of_round

CPU = torch.device("cpu")
TINY = Budget("tiny", (4,), (10, 15), 64, 2, 2_000, 2_000, 2_000, 2_000, 5, 5)


@pytest.mark.parametrize(("steps", "passes"), [(7, 1), (100, 1), (100, 3), (400, 2)])
def test_batches_use_every_sample_equally_often(steps: int, passes: int) -> None:
    space = CodeSpace(a=Uniform(0, 1), noise=0)
    source = Source(space, lambda codes, _: codes["a"].view(-1, 1, 1, 1), 0)
    budget = replace(TINY, passes=passes)
    chunks = chunks_of_round(budget, steps)
    assert chunks == math.ceil(steps * 64 / passes / CHUNK)
    batches = list(_batches(source, 3, steps, budget, torch.Generator().manual_seed(0), CPU))
    assert len(batches) == steps
    codes = torch.cat([each["a"] for each, _ in batches])
    images = torch.cat([each for _, each in batches]).flatten()
    assert torch.equal((codes * 255).round(), images.float())
    drawn = torch.cat([source.chunk(Stream.TRAIN, 3 + n)[0]["a"] for n in range(chunks)])
    assert np.isin(codes.numpy(), drawn.numpy()).all()
    often = np.unique(codes.numpy(), return_counts=True)[1]
    assert often.max() <= passes + 1 + 1  # equal floats occur
    assert len(codes) > 0.95 * 64 * steps


def test_the_rate_warms_up_and_decays() -> None:
    for steps in (1, 3, 20, 1000):
        rates = [_share_of_rate(step, steps) for step in range(steps)]
        peak = int(np.argmax(rates))
        assert all(rate > 0 for rate in rates)
        assert rates[: peak + 1] == sorted(rates[: peak + 1])
        assert rates[peak:] == sorted(rates[peak:], reverse=True)
        if steps >= 20:
            assert rates[-1] < 0.02 * rates[peak]
