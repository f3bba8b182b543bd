"""What Q is shown of an image: bits, and pixels that outliers do not rule."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace
from infoeval.information.budgets import ALL_INPUTS, BUDGETS, Budget
from infoeval.information.channels import Channel, channel_of_one, symmetric_noise
from infoeval.information.pixel_inputs import BITS, CLIPPED, PIXELS, pixel_input, possible_inputs
from infoeval.information.post_hoc import estimate
from infoeval.information.q_training import Fit, fit, new_network
from infoeval.information.streams import JOINT, Source, Stream

SEARCH = Budget(
    "search", (4,), (80, 160), 64, 2, 2_000, 2_000, 4_000, 4_000, 2, 2, inputs=ALL_INPUTS
)
PIXELS_ALONE = replace(SEARCH, inputs=(PIXELS,))
CPU = torch.device("cpu")


def random_levels(count: int, size: int = 8, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, size, size), generator=generator, dtype=torch.uint8)


def last_bit(size: int = 8) -> Channel:
    """A category of two in the last bit of one pixel of random images."""

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        count = len(codes["side"])
        shape = (count, 1, size, size)
        images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        images[:, 0, 3, 2] = (images[:, 0, 3, 2] & 254) + codes["side"].to(torch.uint8)
        return images

    return channel_of_one("last bit", "side", Categorical(2), render, math.log(2))


def heavy_tails(size: int = 8) -> Channel:
    """A faint pattern of two under noise of Student's t(2) law in every pixel; truth unknown."""
    pattern = torch.rand(size, size, generator=torch.Generator().manual_seed(0)) < 0.5

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        normal, *others = torch.randn(3, len(codes["side"]), size, size, generator=generator)
        spread = ((others[0].square() + others[1].square()) / 2).clamp_min(1e-12).sqrt()
        side = codes["side"].bool()[:, None, None]
        return (0.45 + 0.02 * (pattern ^ side) + 0.03 * normal / spread).clamp(0, 1)[:, None]

    return channel_of_one("heavy tails", "side", Categorical(2), render, math.log(2))


def fitted(channel: Channel, budget: Budget) -> Fit:
    return fit(Source(channel.space, channel.render, 0), budget, CPU, lambda text, share: None)


@pytest.mark.parametrize("name", ALL_INPUTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_inputs_have_their_channels_and_are_finite(name: str, channels: int) -> None:
    images = random_levels(40).expand(-1, channels, -1, -1)
    flat = torch.zeros_like(images)
    for example in (images, flat):
        shown = pixel_input(name, example)
        for given, noise in (
            (images, None),
            (images.float() + 300 * torch.randn(images.shape), torch.full((40,), 0.5)),
        ):
            seen = shown(given, noise)
            assert seen.shape == (40, shown.channels, 8, 8)
            assert seen.dtype == torch.float32
            assert bool(seen.isfinite().all())
        assert not list(shown.parameters())


def test_bits_are_those_of_the_grey_level() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    bits = pixel_input(BITS, images)(images)[:, 1:, 0, 0]
    assert set(bits.unique().tolist()) == {-1, 1}
    values = ((bits + 1) / 2) @ (2.0 ** torch.arange(8))
    assert torch.equal(values, torch.arange(256.0))


def test_bits_of_noisy_images_are_those_of_the_rounded_level() -> None:
    images = random_levels(20)
    shown = pixel_input(BITS, images)
    noise = torch.full((20,), 0.1)
    near = images.float() + 0.4 * (2 * torch.rand(images.shape) - 1)
    assert torch.equal(shown(near, noise)[:, 1:], shown(images)[:, 1:])
    beyond = torch.full((20, 1, 8, 8), 300.0)
    assert bool((shown(beyond, noise)[:, 1:] == 1).all())


def test_clipped_pixels_hardly_depend_on_outliers() -> None:
    generator = torch.Generator().manual_seed(0)
    images = (128 + 10 * torch.randn(500, 1, 8, 8, generator=generator)).to(torch.uint8)
    spoiled = images.clone()
    spoiled[:25] = 255
    plain, robust = (pixel_input(name, spoiled) for name in (PIXELS, CLIPPED))
    clean = {name: pixel_input(name, images) for name in (PIXELS, CLIPPED)}
    rest = images[25:]
    moved = (robust(rest) - clean[CLIPPED](rest)).abs().mean()
    assert moved < 0.1
    assert (plain(rest) - clean[PIXELS](rest)).abs().mean() > 3 * moved
    assert robust(spoiled).abs().max() <= 2
    # The second channel of what is far out is near nothing.
    assert robust(spoiled)[:25, 1].abs().max() < 0.3
    assert robust(rest)[:, 1].abs().max() > 1


def test_clipped_pixels_do_not_mind_brightness() -> None:
    images = random_levels(100) // 2
    brighter = images + 90
    one, other = (pixel_input(CLIPPED, each)(each) for each in (images, brighter))
    assert torch.allclose(one, other, atol=1e-4)


def test_every_budget_tries_all_inputs() -> None:
    # Other tests add cheaper budgets of their own.
    for budget in (BUDGETS[name] for name in ("quick", "standard", "strict")):
        assert budget.inputs == ALL_INPUTS == (PIXELS, BITS, CLIPPED)
        assert len({type(pixel_input(name, random_levels(5))) for name in budget.inputs}) == 3


def test_large_images_are_not_shown_as_bits() -> None:
    small = torch.zeros(2, 1, 128, 128, dtype=torch.uint8)
    large = torch.zeros(2, 1, 128, 129, dtype=torch.uint8)
    assert possible_inputs(ALL_INPUTS, small) == list(ALL_INPUTS)
    assert possible_inputs(ALL_INPUTS, large) == [PIXELS, CLIPPED]


def test_a_code_in_the_last_bit_of_a_pixel_is_found() -> None:
    channel = last_bit()
    alone = fitted(channel, PIXELS_ALONE)
    assert alone.curve["side"][-1].value < 0.01
    found = fitted(channel, SEARCH)
    assert found.input == BITS
    assert found.curve["side"][-1].input == BITS
    assert found.curve["side"][-1].value > 0.95 * math.log(2)


def test_a_code_under_noise_of_heavy_tails_is_found() -> None:
    channel = heavy_tails()
    alone, found = fitted(channel, PIXELS_ALONE), fitted(channel, SEARCH)
    assert found.input == CLIPPED
    values = [each.curve["side"][-1].value for each in (alone, found)]
    assert values[1] > values[0] + 0.1
    # What another input gained counts as what the search may miss.
    by_input = max(point.gain or 0 for point in found.curve["side"] if point.input == CLIPPED)
    left = channel.space["side"].entropy - values[1]
    assert found.missed["side"] >= min(by_input, left) - 1e-9
    assert not found.converged("side")


def test_the_estimate_names_the_input_and_the_highest_information() -> None:
    channel = last_bit()
    found = estimate(channel.space, channel.render, budget=SEARCH, device="cpu")["side"]
    assert found.input == BITS
    assert found.highest == channel.space["side"].entropy
    assert found.low > 0.6
    assert found.low <= channel.joint
    assert found.certified <= channel.joint
    assert found.high <= found.highest


def test_the_noise_curve_is_that_of_pixels() -> None:
    """A bit is lost under noise, and the Q that reads it is not the one that is trained on."""
    found = fitted(last_bit(), SEARCH)
    assert found.of_pixels is not None
    assert found.of_pixels.trunk.shown.channels == 1
    plain = fitted(symmetric_noise(0.1, categories=3, size=8), SEARCH)
    assert plain.of_pixels is None or plain.input != PIXELS


def test_the_search_tries_inputs_on_the_samples_of_the_first_round() -> None:
    drawn: list[int] = []

    class Watched(Source):
        def chunk(self, stream: Stream, number: int) -> tuple[dict[str, Tensor], Tensor]:
            if stream is Stream.TRAIN:
                drawn.append(number)
            assert stream in (Stream.INIT, Stream.TRAIN, Stream.VALIDATION)
            return super().chunk(stream, number)

    channel = symmetric_noise(0.1, categories=3, size=8)
    reports: list[float] = []
    source = Watched(channel.space, channel.render, 0)
    result = fit(source, SEARCH, CPU, lambda text, share: reports.append(share))
    tried = [point.input for point in result.curve[JOINT] if point.steps == SEARCH.rounds[0]]
    assert tried == [PIXELS, PIXELS, BITS, CLIPPED]
    chunks = math.ceil(80 * 64 / 2 / 2_000)
    assert [drawn.count(number) for number in range(chunks)] == [4 * 2] * chunks
    assert reports == sorted(reports)
    assert reports[-1] == 1


def test_inputs_are_read_from_a_network_that_was_saved() -> None:
    source = Source(CodeSpace(side=Categorical(2), noise=0), last_bit().render, 0)
    for name in ALL_INPUTS:
        first = new_network(source, 2, CPU, name).eval()
        other = new_network(source, 2, CPU, name).eval()
        for values in other.parameters():
            values.data.zero_()
        other.load_state_dict(first.state_dict())
        images = random_levels(6)
        codes = {"side": torch.zeros(6, dtype=torch.long)}
        for target, parameters in first(images, codes).items():
            assert torch.equal(parameters, other(images, codes)[target])
