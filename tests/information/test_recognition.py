"""The post hoc Q: which codes each head reads, and what it may know."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.information.posteriors import CONTINUOUS, families, standard_values
from infoeval.information.q_training import read
from infoeval.information.recognition import (
    PostHocRecognition,
    Reading,
    describe,
    described_width,
    joint_readings,
    log_ratios,
    readings,
)

SPACE = CodeSpace(slant=Uniform(3, 10), digit=Categorical(5), width=Uniform(-1, 1), noise=0)


def pictures(count: int, channels: int = 1, height: int = 8, columns: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, height, columns)
    return torch.randint(256, shape, generator=generator, dtype=torch.uint8)


def network(images: Tensor, space: CodeSpace = SPACE, *, loud: bool = False) -> PostHocRecognition:
    """A small Q; a loud one has random weights everywhere, also where it starts out silent."""
    torch.manual_seed(0)
    made = PostHocRecognition(space, images, 4).eval()
    made.reduced = False
    if loud:
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return made


def codes_of(space: CodeSpace, count: int, seed: int = 2) -> dict[str, Tensor]:
    return space.sample(count, torch.Generator().manual_seed(seed))


def test_readings_alone_and_in_turn() -> None:
    assert [str(reading) for reading in readings(SPACE)] == [
        "slant",
        "digit",
        "width",
        "digit | slant",
        "width | slant, digit",
    ]
    assert [str(reading) for reading in joint_readings(SPACE)] == [
        "slant",
        "digit | slant",
        "width | slant, digit",
    ]
    single = CodeSpace(a=Categorical(2), noise=3)
    assert readings(single) == joint_readings(single) == [Reading("a")]


def test_the_network_has_a_head_for_every_reading() -> None:
    images = pictures(6)
    with torch.no_grad():
        found = network(images)(images, codes_of(SPACE, 6))
    assert set(found) == set(readings(SPACE))
    for reading, parameters in found.items():
        width = sum(family.width for family in families(SPACE[reading.code]))
        assert parameters.shape == (6, width)
        assert parameters.dtype == torch.float32


def test_heads_start_out_silent() -> None:
    """Every parameter is 0: a uniform law by softmax and bins, for the others their middle."""
    images = pictures(6)
    codes = codes_of(SPACE, 6)
    with torch.no_grad():
        found = network(images)(images, codes)
        ratios = log_ratios(SPACE, found, codes)
    assert all(bool((parameters == 0).all()) for parameters in found.values())
    for reading, each in ratios.items():
        assert each[0].abs().max() < 1e-5, reading
        assert bool(torch.equal(each, ratios[Reading(reading.code)]))


def test_log_ratios_are_those_of_the_families_one_by_one() -> None:
    images = pictures(7)
    codes = codes_of(SPACE, 7)
    with torch.no_grad():
        found = network(images, loud=True)(images, codes)
        ratios = log_ratios(SPACE, found, codes)
    assert list(ratios) == list(found)
    for reading, each in ratios.items():
        code = SPACE[reading.code]
        assert each.shape == (len(families(code)), 7)
        start = 0
        for family, row in zip(families(code), each, strict=True):
            own = found[reading][:, start : start + family.width]
            start += family.width
            for k in range(7):
                value = standard_values(code, codes[reading.code][k : k + 1])
                one = float(family.log_ratio(own[k : k + 1], value))
                assert float(row[k]) == pytest.approx(one, abs=1e-3, rel=1e-4)
        assert start == found[reading].shape[1]


def test_a_head_knows_only_the_codes_it_is_given() -> None:
    images = pictures(20)
    q = network(images, loud=True)
    codes = codes_of(SPACE, 20)
    with torch.no_grad():
        before = q(images, codes)
        for changed in SPACE:
            other = {**codes, changed: codes_of(SPACE, 20, seed=9)[changed]}
            after = q(images, other)
            for reading in readings(SPACE):
                differs = (before[reading] - after[reading]).abs().amax(1) > 1e-6
                moved = other[changed] != codes[changed]
                assert bool(differs.any()) == (changed in reading.given), (reading, changed)
                if changed in reading.given:
                    assert torch.equal(differs, moved)


def test_a_conditional_head_does_not_move_the_head_that_is_alone() -> None:
    images = pictures(5)
    q = network(images, loud=True)
    codes = codes_of(SPACE, 5)
    q(images, codes)[Reading("width", ("slant", "digit"))].sum().backward()
    alone = [parameter.grad for parameter in q.heads.alone.parameters()]
    assert all(grad is None or not grad.any() for grad in alone)
    assert all(parameter.grad is not None for parameter in q.heads.given[1].parameters())


@pytest.mark.parametrize(
    "size",
    [(1, 1, 1), (3, 1, 1), (1, 2, 9), (1, 8, 8), (3, 9, 17), (1, 28, 28), (1, 40, 24), (3, 24, 40)],
)
@pytest.mark.parametrize("constant", [False, True])
def test_images_of_any_size(size: tuple[int, int, int], constant: bool) -> None:
    images = pictures(5, *size)
    if constant:
        images = torch.full_like(images, 7)
    space = CodeSpace(a=Categorical(3), b=Uniform(-1, 1), noise=0)
    codes = codes_of(space, 5)
    for reduced in (False, True):
        q = network(images, space, loud=True).train()
        q.reduced = reduced
        for noise in (None, torch.full((5,), 0.1)):
            found = q(images if noise is None else images.float() + 3.3, codes, noise)
            ratios = log_ratios(space, found, codes)
            assert all(bool(each.isfinite().all()) for each in ratios.values())
            torch.stack([each.sum() for each in ratios.values()]).sum().backward()
        assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in q.parameters())


def test_floats_without_noise_are_read_like_bytes() -> None:
    images = pictures(8)
    q = network(images, loud=True)
    codes = codes_of(SPACE, 8)
    with torch.no_grad():
        bytes_, floats = q(images, codes), q(images.float(), codes)
        still = q(images.float(), codes, torch.zeros(8))
    for reading in readings(SPACE):
        assert torch.equal(bytes_[reading], floats[reading])
        torch.testing.assert_close(bytes_[reading], still[reading], rtol=1e-4, atol=1e-3)


def test_the_level_of_noise_is_told_for_each_image() -> None:
    images = pictures(6).float()
    q = network(images.to(torch.uint8), loud=True)
    codes = codes_of(SPACE, 6)
    levels = torch.tensor([0.01, 0.1, 0.5, 0.01, 0.1, 0.5])
    with torch.no_grad():
        together = q(images, codes, levels)
        for k in range(6):
            own = {name: values[k : k + 1] for name, values in codes.items()}
            one = q(images[k : k + 1], own, levels[k : k + 1])
            for reading, parameters in one.items():
                expected = together[reading][k]
                torch.testing.assert_close(parameters[0], expected, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("reduced", [False, True])
def test_the_order_of_a_batch_does_not_matter(reduced: bool) -> None:
    images = pictures(40, 3, 16, 12)
    q = network(images, loud=True)
    q.reduced = reduced
    codes = codes_of(SPACE, 40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        first = q(images, codes)
        second = q(images[order], {name: values[order] for name, values in codes.items()})
    for reading in readings(SPACE):
        scale = float(first[reading].abs().max())
        difference = (first[reading][order] - second[reading]).abs().max()
        assert difference < (0.05 if reduced else 1e-4) * scale


def test_read_puts_chunks_together() -> None:
    images = pictures(12)
    q = network(images, loud=True)
    codes = codes_of(SPACE, 12)
    halves = [
        ({name: values[part] for name, values in codes.items()}, images[part])
        for part in (slice(0, 5), slice(5, 12))
    ]
    whole, parts = read(q, SPACE, [(codes, images)]), read(q, SPACE, halves)
    for reading in readings(SPACE):
        assert whole[reading].dtype == np.float64
        np.testing.assert_allclose(whole[reading], parts[reading], rtol=1e-3, atol=1e-2)


def test_known_codes_are_described_one_to_one() -> None:
    digit = describe(SPACE["digit"], torch.arange(5))
    assert torch.equal(digit, torch.eye(5))
    assert described_width(SPACE["digit"]) == 5
    values = torch.linspace(3, 10, 97)
    hats = describe(SPACE["slant"], values)
    assert hats.shape == (97, described_width(SPACE["slant"]))
    assert hats.min() >= 0
    torch.testing.assert_close(hats.sum(1), torch.ones(97))
    places = torch.arange(hats.shape[1]) / (hats.shape[1] - 1)
    torch.testing.assert_close(3 + 7 * hats @ places, values)


def test_boxes_are_nearly_silent_at_first_too() -> None:
    """The continuous families that cannot be uniform at least start within the prior's reach."""
    for family in CONTINUOUS:
        u = (torch.arange(1000) + 0.5) / 1000
        mean = float(family.log_ratio(torch.zeros(1000, family.width), u).mean())
        assert -1 < mean <= 1e-6, family.name
        assert math.isfinite(mean)
