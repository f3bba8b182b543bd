"""The checkpoint's own bound, on channels whose information is known."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import Tensor

from infoeval import Categorical, CodeSpace, Trainer, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.information.checkpoint_information import (
    LowerBound,
    estimate_checkpoint,
    own_lower_bound,
    source_of,
)
from infoeval.information.streams import Stream
from infoeval.networks import Dense, Reshape
from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.tiny import TINY_BUDGET, tiny_trainer

LOG_4 = math.log(4)

CHANNEL = Trainer(
    name="channel",
    data="none",
    image_shape=(1, 1, 4),
    codes=CodeSpace(k=Categorical(4), noise=1),
    generator=(Dense(5, "relu"), Dense(4, "tanh"), Reshape(1, 1, 4)),
    shared=(Dense(4),),
)
"""Four pixels, one for each category; Q's logits are 100 times the pixels in [−1, 1].

A hidden unit that is positive noise times `erasing` blackens all four: at 0 the code is always
readable; at a million it is lost half of the time.
"""


def model_of(trainer: Trainer, weights: dict[str, Tensor]) -> CheckpointModel:
    state = trainer.networks().state_dict()
    for name, value in weights.items():
        state[name] = value.expand_as(state[name])
    return CheckpointModel(Checkpoint(trainer, "", 0, 0, state, {}, Tensor(), {}, {}, {}, {}))


def channel(erasing: float = 0.0, reading: float = 100.0) -> CheckpointModel:
    first = torch.zeros(5, 5)  # from noise and one-hot code to the five hidden units
    first[:4, 1:] = torch.eye(4)
    first[4, 0] = erasing
    second = torch.cat([40 * torch.eye(4), -torch.ones(4, 1)], dim=1)
    weights = {
        "generator.blocks.0.linear.weight": first,
        "generator.blocks.0.linear.bias": torch.zeros(5),
        "generator.blocks.1.linear.weight": second,
        "generator.blocks.1.linear.bias": torch.tensor(-20.0),
        "shared.blocks.0.linear.weight": torch.eye(4),
        "shared.blocks.0.linear.bias": torch.zeros(4),
        "recognition.blocks.0.linear.weight": reading * torch.eye(4),
        "recognition.blocks.0.linear.bias": torch.zeros(4),
    }
    return model_of(CHANNEL, weights)


def test_a_perfect_channel_carries_the_whole_entropy() -> None:
    bound = own_lower_bound(channel(), count=100)["k"]
    assert bound.value == pytest.approx(LOG_4, abs=1e-6)
    assert (bound.low, bound.high) == pytest.approx((LOG_4, LOG_4), abs=1e-6)
    assert (bound.entropy, bound.count, bound.level) == (LOG_4, 100, 0.95)


def test_a_q_that_reads_nothing_has_zero() -> None:
    bound = own_lower_bound(channel(reading=0), count=100)["k"]
    assert bound.value == pytest.approx(0, abs=1e-6)
    assert (bound.low, bound.high) == pytest.approx((0, 0), abs=1e-6)


def test_a_q_that_reads_the_wrong_category_is_far_below_zero() -> None:
    assert own_lower_bound(channel(reading=-1), count=100)["k"].value < -0.5


def test_an_erasure_channel_carries_half_of_it() -> None:
    """Half of the images are black, and Q is uniform there: ½ log 4 nats."""
    bound = own_lower_bound(channel(erasing=1e6), count=4000)["k"]
    assert bound.value == pytest.approx(LOG_4 / 2, abs=0.05)
    assert bound.low < LOG_4 / 2 < bound.high


def test_the_interval_is_that_of_a_mean() -> None:
    """log q is 0 or −log 4, so that value and count say what the interval has to be."""
    for level, width in ((0.95, 1.959964), (0.5, 0.67449)):
        bound = own_lower_bound(channel(erasing=1e6), count=50, level=level)["k"]
        kept = bound.value / LOG_4
        deviation = LOG_4 * math.sqrt(kept * (1 - kept) * 50 / 49)
        half = width * deviation / math.sqrt(50)
        assert bound.high - bound.value == pytest.approx(half, rel=1e-4)
        assert bound.value - bound.low == pytest.approx(half, rel=1e-4)
        assert bound.level == level


def test_the_interval_contains_the_truth_as_often_as_it_says() -> None:
    """Between the 0.1 and 99.9 % quantiles of what 100 intervals at 80 % would do."""
    model = channel(erasing=1e6)
    hits = 0
    for seed in range(100):
        bound = own_lower_bound(model, count=100, seed=seed, level=0.8)["k"]
        hits += bound.low <= LOG_4 / 2 <= bound.high
    low, high = stats.binom.ppf([0.001, 0.999], 100, 0.8)
    assert low <= hits <= high


def test_the_own_q_is_tested_on_the_samples_of_its_new_heads() -> None:
    """Beside the whole estimate it reads the test stream, not what heads are fitted to."""
    model = channel(erasing=1e6)
    found = estimate_checkpoint(model, budget=TINY_BUDGET, seed=3, device="cpu").own["k"]
    chunks = source_of(model, 3).chunks(Stream.TEST, TINY_BUDGET.test)
    shown = torch.cat([images.flatten(1).float() for _, images in chunks])
    readable = float((shown.max(1).values > 0).float().mean())
    assert found.count == len(shown)
    assert found.value == pytest.approx(readable * LOG_4, abs=1e-4)


def test_the_seed_decides() -> None:
    model = channel(erasing=1e6)

    def value(seed: int) -> LowerBound:
        return own_lower_bound(model, count=200, seed=seed)["k"]

    torch.manual_seed(1)
    first = value(3)
    torch.manual_seed(2)
    assert value(3) == first
    assert len({value(seed).value for seed in range(5)}) > 2


def test_a_generator_that_ignores_the_codes_carries_nothing() -> None:
    """A confident Q pays for it: on average the bound is below zero for every code."""
    trainer = tiny_trainer()
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0))
    weights = networks.state_dict()
    for name, value in weights.items():
        if name.endswith("linear.weight"):
            value.mul_(10)
    first = weights["generator.blocks.0.linear.weight"]
    first[:, trainer.codes.noise :] = 0
    for name, bound in own_lower_bound(model_of(trainer, weights), count=500).items():
        assert bound.value < 0, name
        assert bound.low < bound.value < bound.high


def test_a_continuous_code_read_exactly() -> None:
    """One pixel is c in 256 steps and q a Gaussian around it of σ = 0.1."""
    trainer = replace(
        CHANNEL,
        image_shape=(1, 1, 1),
        codes=CodeSpace(a=Uniform(-0.9, 0.9, sigma=0.1), noise=1),
        generator=(Dense(1), Reshape(1, 1, 1)),
        shared=(Dense(1),),
    )
    one, zero = torch.ones(1), torch.zeros(1)
    weights = {
        "generator.blocks.0.linear.weight": torch.tensor([[0.0, 1.0]]),
        "generator.blocks.0.linear.bias": zero,
        "shared.blocks.0.linear.weight": one,
        "shared.blocks.0.linear.bias": zero,
        "recognition.blocks.0.linear.weight": one,
        "recognition.blocks.0.linear.bias": zero,
    }
    bound = own_lower_bound(model_of(trainer, weights), count=500)["a"]
    expected = math.log(1.8) - 0.5 * math.log(2 * math.pi * 0.01)
    assert bound.entropy == pytest.approx(math.log(1.8))
    # The rounding to 8 bits costs (1/255)² / 6 / 0.01 nats, no more than 0.0003.
    assert bound.value == pytest.approx(expected, abs=5e-4)
    assert bound.value < expected


def test_images_are_read_in_8_bits() -> None:
    """What a float image would still tell, a picture file does not: c shrunk to half a grey."""
    trainer = replace(CHANNEL, generator=(Dense(4), Reshape(1, 1, 4)))
    state = channel().networks.state_dict()
    weights = {name: value for name, value in state.items() if not name.startswith("generator")}
    weights["recognition.blocks.0.linear.weight"] = 1e5 * torch.eye(4)
    weights["generator.blocks.0.linear.weight"] = torch.cat(
        [torch.zeros(4, 1), 1e-3 * torch.eye(4)], dim=1
    )
    weights["generator.blocks.0.linear.bias"] = torch.tensor(1 / 255)
    bound = own_lower_bound(model_of(trainer, weights), count=100)["k"]
    assert bound.value == pytest.approx(0, abs=1e-3)


def test_statistics_come_from_another_stream_of_generated_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = channel(erasing=1e6)
    drawn: list[Tensor] = []
    generate: Callable[..., Tensor] = model.generate

    def watch(codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        drawn.append(noise)
        return generate(codes, noise)

    monkeypatch.setattr(model, "generate", watch)
    own_lower_bound(model, count=50)
    assert [len(noise) for noise in drawn] == [50, 50]
    assert not set(drawn[0].flatten().tolist()) & set(drawn[1].flatten().tolist())


def test_the_model_is_left_as_it_was() -> None:
    trainer = tiny_trainer()
    weights = trainer.networks().initialise(torch.Generator().manual_seed(0)).state_dict()
    model = model_of(trainer, weights)
    before = {name: value.clone() for name, value in model.networks.state_dict().items()}
    own_lower_bound(model, count=60)
    after = model.networks.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
