"""The post hoc Q: which codes each head predicts, and from what."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.information.lower_bound import family_log_ratios
from infoeval.information.posteriors import CONTINUOUS, MOST_CODES, families, families_of
from infoeval.information.recognition_network import (
    Conditional,
    RecognitionNetwork,
    chain_rule,
    code_features,
    code_features_width,
    conditionals,
    log_ratios,
)

SPACE = CodeSpace(slant=Uniform(3, 10), digit=Categorical(5), width=Uniform(-1, 1), noise=0)


def random_images(count: int, channels: int = 1, height: int = 8, columns: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, height, columns)
    return torch.randint(256, shape, generator=generator, dtype=torch.uint8)


def network(
    images: Tensor, space: CodeSpace = SPACE, *, trained: bool = False
) -> RecognitionNetwork:
    """A small Q; `trained` gives it random weights everywhere, also where it starts at zero."""
    torch.manual_seed(0)
    made = RecognitionNetwork(space, images, 4).eval()
    if trained:
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return made


def codes_of(space: CodeSpace, count: int, seed: int = 2) -> dict[str, Tensor]:
    return space.sample(count, torch.Generator().manual_seed(seed))


def test_readings_alone_and_in_turn() -> None:
    slant, digit = Conditional("slant"), Conditional("digit", ("slant",))
    width = Conditional("width", ("slant", "digit"))
    alone = [slant, Conditional("digit"), Conditional("width")]
    assert conditionals(SPACE) == [*alone, digit, width]
    assert chain_rule(SPACE) == [slant, digit, width]
    single = CodeSpace(a=Categorical(2), noise=3)
    assert conditionals(single) == chain_rule(single) == [Conditional("a")]


def test_many_codes_are_read_alone_and_by_no_mixture() -> None:
    few, many = (
        CodeSpace(**{f"c{number}": Uniform(0, 1) for number in range(count)}, noise=0)
        for count in (MOST_CODES, MOST_CODES + 1)
    )
    assert len(conditionals(few)) == 2 * MOST_CODES - 1
    assert conditionals(many) == chain_rule(many) == [Conditional(name) for name in many]
    assert families_of(few, "c1") == CONTINUOUS
    quick = families_of(many, "c1")
    assert [family.name for family in quick] == ["bins", "truncated gaussian", "gaussian"]
    assert quick[0].width < CONTINUOUS[0].width / 4


def test_the_network_has_a_head_for_every_reading() -> None:
    images = random_images(6)
    with torch.no_grad():
        outputs = network(images)(images, codes_of(SPACE, 6))
    assert set(outputs) == set(conditionals(SPACE))
    for target, parameters in outputs.items():
        width = sum(family.width for family in families(SPACE[target.code]))
        assert parameters.shape == (6, width)
        assert parameters.dtype == torch.float32


def test_heads_start_at_zero() -> None:
    """Every parameter is 0: a uniform law by softmax and bins, for the others their middle."""
    images = random_images(6)
    codes = codes_of(SPACE, 6)
    with torch.no_grad():
        outputs = network(images)(images, codes)
        ratios = log_ratios(SPACE, outputs, codes)
    assert all(bool((parameters == 0).all()) for parameters in outputs.values())
    for target, ratio in ratios.items():
        assert ratio[0].abs().max() < 1e-5, target
        assert bool(torch.equal(ratio, ratios[Conditional(target.code)]))


def test_log_ratios_are_those_of_the_families_one_by_one() -> None:
    images = random_images(7)
    codes = codes_of(SPACE, 7)
    with torch.no_grad():
        outputs = network(images, trained=True)(images, codes)
        ratios = log_ratios(SPACE, outputs, codes)
    assert list(ratios) == list(outputs)
    for target, rows in ratios.items():
        code = SPACE[target.code]
        assert rows.shape == (len(families(code)), 7)
        start = 0
        for family, row in zip(families(code), rows, strict=True):
            selected = outputs[target][:, start : start + family.width]
            start += family.width
            for k in range(7):
                value = code.standardised(codes[target.code][k : k + 1])
                one = float(family.log_ratio(selected[k : k + 1], value))
                assert float(row[k]) == pytest.approx(one, abs=1e-3, rel=1e-4)
        assert start == outputs[target].shape[1]


def test_a_head_knows_only_the_codes_it_is_given() -> None:
    images = random_images(20)
    q = network(images, trained=True)
    codes = codes_of(SPACE, 20)
    with torch.no_grad():
        before = q(images, codes)
        for changed in SPACE:
            other = {**codes, changed: codes_of(SPACE, 20, seed=9)[changed]}
            after = q(images, other)
            for target in conditionals(SPACE):
                differs = (before[target] - after[target]).abs().amax(1) > 1e-6
                moved = other[changed] != codes[changed]
                assert bool(differs.any()) == (changed in target.given), (target, changed)
                if changed in target.given:
                    assert torch.equal(differs, moved)


def test_a_conditional_head_does_not_move_the_head_that_is_alone() -> None:
    images = random_images(5)
    q = network(images, trained=True)
    codes = codes_of(SPACE, 5)
    q(images, codes)[Conditional("width", ("slant", "digit"))].sum().backward()
    alone = [parameter.grad for parameter in q.heads.alone.parameters()]
    assert all(grad is None or not grad.any() for grad in alone)
    assert all(parameter.grad is not None for parameter in q.heads.given[1].parameters())


@pytest.mark.parametrize(
    "size",
    [(1, 1, 1), (3, 1, 1), (1, 2, 9), (1, 8, 8), (3, 9, 17), (1, 28, 28), (1, 40, 24), (3, 24, 40)],
)
@pytest.mark.parametrize("constant", [False, True])
def test_images_of_any_size(size: tuple[int, int, int], constant: bool) -> None:
    images = random_images(5, *size)
    if constant:
        images = torch.full_like(images, 7)
    space = CodeSpace(a=Categorical(3), b=Uniform(-1, 1), noise=0)
    codes = codes_of(space, 5)
    q = network(images, space, trained=True).train()
    for noise in (None, torch.full((5,), 0.1)):
        outputs = q(images if noise is None else images.float() + 3.3, codes, noise)
        ratios = log_ratios(space, outputs, codes)
        assert all(bool(ratio.isfinite().all()) for ratio in ratios.values())
        torch.stack([ratio.sum() for ratio in ratios.values()]).sum().backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in q.parameters())


def test_floats_without_noise_are_read_like_bytes() -> None:
    images = random_images(8)
    q = network(images, trained=True)
    codes = codes_of(SPACE, 8)
    with torch.no_grad():
        bytes_, floats = q(images, codes), q(images.float(), codes)
        still = q(images.float(), codes, torch.zeros(8))
    for target in conditionals(SPACE):
        assert torch.equal(bytes_[target], floats[target])
        torch.testing.assert_close(bytes_[target], still[target], rtol=1e-4, atol=1e-3)


def test_the_level_of_noise_is_an_input_for_each_image() -> None:
    images = random_images(6).float()
    q = network(images.to(torch.uint8), trained=True)
    codes = codes_of(SPACE, 6)
    levels = torch.tensor([0.01, 0.1, 0.5, 0.01, 0.1, 0.5])
    with torch.no_grad():
        together = q(images, codes, levels)
        for k in range(6):
            single = {name: values[k : k + 1] for name, values in codes.items()}
            one = q(images[k : k + 1], single, levels[k : k + 1])
            for target, parameters in one.items():
                expected = together[target][k]
                torch.testing.assert_close(parameters[0], expected, rtol=1e-3, atol=1e-2)


def test_the_order_of_a_batch_does_not_matter() -> None:
    images = random_images(40, 3, 16, 12)
    q = network(images, trained=True)
    codes = codes_of(SPACE, 40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        first = q(images, codes)
        second = q(images[order], {name: values[order] for name, values in codes.items()})
    for target in conditionals(SPACE):
        scale = float(first[target].abs().max())
        difference = (first[target][order] - second[target]).abs().max()
        assert difference < 1e-4 * scale


def test_log_ratios_of_chunks_are_joined() -> None:
    images = random_images(12)
    q = network(images, trained=True)
    codes = codes_of(SPACE, 12)
    halves = [
        ({name: values[part] for name, values in codes.items()}, images[part])
        for part in (slice(0, 5), slice(5, 12))
    ]
    whole, parts = (
        family_log_ratios(q, SPACE, [(codes, images)]),
        family_log_ratios(q, SPACE, halves),
    )
    for target in conditionals(SPACE):
        assert whole[target].dtype == np.float64
        np.testing.assert_allclose(whole[target], parts[target], rtol=1e-3, atol=1e-2)


def test_code_features_are_one_to_one() -> None:
    digit = code_features(SPACE["digit"], torch.arange(5))
    assert torch.equal(digit, torch.eye(5))
    assert code_features_width(SPACE["digit"]) == 5
    values = torch.linspace(3, 10, 97)
    hats = code_features(SPACE["slant"], values)
    assert hats.shape == (97, code_features_width(SPACE["slant"]))
    assert hats.min() >= 0
    torch.testing.assert_close(hats.sum(1), torch.ones(97))
    places = torch.arange(hats.shape[1]) / (hats.shape[1] - 1)
    torch.testing.assert_close(3 + 7 * hats @ places, values)


def test_other_families_start_near_the_prior() -> None:
    """The continuous families that cannot be uniform at least start within the prior's reach."""
    for family in CONTINUOUS:
        u = (torch.arange(1000) + 0.5) / 1000
        mean = float(family.log_ratio(torch.zeros(1000, family.width), u).mean())
        assert -1 < mean <= 1e-6, family.name
        assert math.isfinite(mean)
