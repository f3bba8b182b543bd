"""Channels of known truth: the truths by another way, and renders that keep to them."""

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import special, stats
from torch import Tensor

from benchmarks.known_channels import (
    angle_with_normal_noise,
    angle_with_uniform_noise,
    blob_with_uniform_noise,
    bright_blocks,
    correlated_gaussians,
    erasure,
    flipped_pixels,
    folded,
    independent,
    merged,
    normal_with_gaussian_noise,
    sum_of_two,
    unequal_categories,
    unequal_erasure,
    wrapped_sum,
)
from infoeval import Categorical, Normal, Uniform
from infoeval.errors import UserError
from infoeval.information.channels import (
    Channel,
    blob_with_gaussian_noise,
    gaussian_noise_information,
    side_by_side,
    symmetric_noise,
)

NOISELESS = [merged(3, categories=5, size=8), sum_of_two(categories=3, size=8)]
NOISY = [
    symmetric_noise(0.3, size=8),
    symmetric_noise(0.4, categories=2, size=8),
    erasure(0.2, size=8),
    blob_with_uniform_noise(0.1, size=8),
    blob_with_gaussian_noise(0.1, size=8),
    correlated_gaussians(0.75, size=8),
    folded(0.1, size=8),
    flipped_pixels(0.2, size=8),
    independent(Categorical(4), size=8),
    independent(Uniform(3, 10), size=8),
    wrapped_sum(0.1, size=8),
    unequal_categories(0.1, size=8),
    unequal_erasure(0.2, size=8),
    normal_with_gaussian_noise(0.5, Normal(3, 2), size=8),
    angle_with_uniform_noise(1.0, size=8),
    angle_with_normal_noise(0.3, size=8),
    bright_blocks(4),
    side_by_side(symmetric_noise(0.1, size=8), blob_with_uniform_noise(0.1, size=8)),
]
ALL = [*NOISELESS, *NOISY]


def draw(channel: Channel, count: int, seed: int = 0) -> tuple[dict[str, Tensor], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    codes = channel.space.sample(count, generator)
    return codes, channel.render(codes, generator)


def kinds(images: Tensor) -> NDArray[np.int64]:
    """Which of the distinct images each one is."""
    flat = images.flatten(1).double()
    key = torch.rand(flat.shape[1], generator=torch.Generator().manual_seed(5)).double()
    return np.unique((flat @ key).numpy().round(3), return_inverse=True)[1].ravel()


def places(images: Tensor, bins: int) -> NDArray[np.int64]:
    """The blob's centre of mass, in bins of equal counts."""
    columns = images.float().sum((1, 2)).numpy()
    centre = columns @ np.arange(columns.shape[1]) / columns.sum(1)
    return (stats.rankdata(centre, "ordinal") - 1).astype(int) * bins // len(centre)


def cut(values: Tensor, bins: int) -> NDArray[np.int64]:
    return (stats.rankdata(values.numpy(), "ordinal") - 1).astype(int) * bins // len(values)


def of_table(table: NDArray[np.float64]) -> float:
    joint = table / table.sum()
    return float(special.rel_entr(joint, joint.sum(1, keepdims=True) * joint.sum(0)).sum())


def plug_in(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    return of_table(table)


@pytest.mark.parametrize(
    ("channel", "truth"),
    [
        (symmetric_noise(0), 2.302585),
        (symmetric_noise(0.1), 1.757780),
        (symmetric_noise(0.3), 1.032553),
        (symmetric_noise(0.9), 0),
        (erasure(0.2), 1.842068),
        (merged(9), 2.163956),
        (merged(5), 1.609438),
        (blob_with_uniform_noise(0.02), 3.238876),
        (blob_with_uniform_noise(0.1), 1.709438),
        (blob_with_uniform_noise(0.75), 0.333333),
        (blob_with_gaussian_noise(0.05), 2.315101),
        (blob_with_gaussian_noise(0.1), 1.667113),
        (blob_with_gaussian_noise(0.5), 0.418694),
        (correlated_gaussians(0.75), 0.413339),
        (folded(0.1), 1.709438),
        (independent(Categorical(10)), 0),
        (sum_of_two(), 2.302585),
        (unequal_erasure(0.2), 1.113857),
        (normal_with_gaussian_noise(0.5), 0.804719),
        (normal_with_gaussian_noise(1.0, Normal(3, 2)), 0.346574),
        (angle_with_uniform_noise(1.0), 1.837877),
        (angle_with_uniform_noise(2 * math.pi), 0),
    ],
    ids=lambda value: value.name if isinstance(value, Channel) else "",
)
def test_the_truths_are_those_of_the_table(channel: Channel, truth: float) -> None:
    assert channel.joint == pytest.approx(truth, abs=1e-5)
    if len(channel.space) == 1:
        assert list(channel.truth.values()) == [channel.joint]


@pytest.mark.parametrize("categories", [2, 3, 10])
@pytest.mark.parametrize("error", [0, 0.05, 0.5, 0.95, 1])
def test_categorical_truths_are_those_of_the_channel_matrix(categories: int, error: float) -> None:
    right = np.eye(categories)
    noisy = (1 - error) * right + error * (1 - right) / (categories - 1)
    assert symmetric_noise(error, categories=categories).joint == pytest.approx(
        of_table(noisy), abs=1e-9
    )
    erased = np.hstack([(1 - error) * right, np.full((categories, 1), error)])
    assert erasure(error, categories=categories).joint == pytest.approx(of_table(erased), abs=1e-9)


@pytest.mark.parametrize(("categories", "distinct"), [(5, 3), (10, 1), (7, 7), (4, 6)])
def test_merged_truth_is_that_of_the_channel_matrix(categories: int, distinct: int) -> None:
    matrix = np.zeros((categories, distinct))
    matrix[np.arange(categories), np.arange(categories) % distinct] = 1
    channel = merged(distinct, categories=categories)
    assert channel.joint == pytest.approx(of_table(matrix), abs=1e-9)


@pytest.mark.parametrize("error", [0, 0.1, 0.35, 0.5, 0.8])
def test_flipped_pixels_truth_is_that_of_all_sixteen_images(error: float) -> None:
    pattern = torch.rand(1, 2, 2, generator=torch.Generator().manual_seed(0)) < 0.5
    first = pattern.flatten().numpy()
    matrix = np.zeros((2, 16))
    for column, image in enumerate(itertools.product([False, True], repeat=4)):
        for side in (0, 1):
            flips = int(((first ^ bool(side)) != np.array(image)).sum())
            matrix[side, column] = error**flips * (1 - error) ** (4 - flips)
    channel = flipped_pixels(error, size=2)
    assert channel.joint == pytest.approx(of_table(matrix), abs=1e-9)


def test_blob_truths_by_quadrature_over_code_and_place() -> None:
    c = np.linspace(-1, 1, 1001)[:-1] + 0.001
    for deviation in (0.05, 0.3, 1.0):
        y = np.linspace(-1 - 8 * deviation, 1 + 8 * deviation, 2001)
        density = stats.norm.pdf(y, c[:, None], deviation)
        ratio = special.rel_entr(density, density.mean(0)).sum(1) * (y[1] - y[0])
        truth = blob_with_gaussian_noise(deviation).joint
        assert truth == pytest.approx(ratio.mean(), abs=1e-4)
    for width in (0.1, 0.5, 1.5):
        y = np.linspace(-1 - 2 * width, 1 + 2 * width, 4001)
        density = (np.abs(y - c[:, None]) < 2 * width) / (4 * width)
        ratio = special.rel_entr(density, density.mean(0)).sum(1) * (y[1] - y[0])
        truth = blob_with_uniform_noise(width).joint
        assert truth == pytest.approx(ratio.mean(), abs=5e-3)


def test_gaussian_noise_truth_at_its_limits() -> None:
    for deviation in (1e-4, 1e-3, 1e-2):
        # The ends of the support add to h(y) only in proportion to the deviation.
        narrow = math.log(2) - 0.5 * math.log(2 * math.pi * math.e * deviation**2)
        assert gaussian_noise_information(deviation) == pytest.approx(narrow, abs=deviation)
    for deviation in (10.0, 100.0):
        wide = 0.5 * math.log1p(1 / 3 / deviation**2)
        assert gaussian_noise_information(deviation) == pytest.approx(wide, rel=1e-2)


@pytest.mark.parametrize("width", [0.1, 0.25, 0.5])
def test_wrapped_sum_truth_is_that_of_noise_on_a_circle(width: float) -> None:
    cells = 4000
    circle = np.zeros(cells)
    steps = np.arange(round(2 * width * cells))  # cells of the noise's support, 4ε of 2
    np.add.at(circle, steps % cells, 1)
    density = circle / circle.sum()
    truth = math.log(cells) - float(special.entr(density).sum())
    assert wrapped_sum(width).joint == pytest.approx(truth, abs=1e-3)


@pytest.mark.parametrize("error", [0, 0.1, 0.5, 1])
def test_unequal_truths_are_those_of_the_channel_matrix(error: float) -> None:
    p = np.array([0.6, 0.3, 0.1])
    right = np.eye(3)
    noisy = (1 - error) * right + error * (1 - right) / 2
    found = unequal_categories(error, tuple(p)).joint
    assert found == pytest.approx(of_table(p[:, None] * noisy), abs=1e-9)
    erased = np.hstack([(1 - error) * right, np.full((3, 1), error)])
    found = unequal_erasure(error, tuple(p)).joint
    assert found == pytest.approx(of_table(p[:, None] * erased), abs=1e-9)


def test_wrapped_noise_says_what_unwrapped_noise_does_until_it_meets_itself() -> None:
    narrow = math.log(2 * math.pi) - 0.5 * math.log(2 * math.pi * math.e * 0.3**2)
    assert angle_with_normal_noise(0.3).joint == pytest.approx(narrow, abs=1e-5)
    wide = math.log(2 * math.pi) - 0.5 * math.log(2 * math.pi * math.e * 3**2)
    assert wide < 0 < angle_with_normal_noise(3).joint < 0.01


@pytest.mark.parametrize("channel", [angle_with_uniform_noise(1.0), angle_with_normal_noise(0.3)])
def test_rendered_angles_carry_the_truth(channel: Channel) -> None:
    """The angle of the images' centre of mass, in 40 bins: a little less."""
    codes, images = draw(channel, 20_000)
    pixels = np.arange(28) - 13.5
    weights = images[:, 0].double().numpy()
    seen = np.arctan2((weights.sum(2) @ pixels), (weights.sum(1) @ pixels)) % (2 * math.pi)
    turn = 2 * math.pi / 40
    cells = (codes["angle"].double().numpy() // turn).astype(int)
    found = plug_in(cells, (seen // turn).astype(int)) - 39 * 39 / 40_000
    assert channel.joint - 0.08 * channel.joint < found < channel.joint + 0.02


@pytest.mark.parametrize("width", [0.0, -1.0, 6.3, math.nan])
def test_noise_of_an_angle_that_is_wider_than_a_turn_is_refused(width: float) -> None:
    with pytest.raises(UserError, match="noise of an angle"):
        angle_with_uniform_noise(width)


@pytest.mark.parametrize("width", [0.0, -0.1, 0.75, math.nan])
def test_wrapped_sum_of_noise_that_reaches_around_is_refused(width: float) -> None:
    with pytest.raises(UserError, match="wrapped sum"):
        wrapped_sum(width)


@pytest.mark.parametrize("channel", ALL, ids=lambda channel: channel.name)
def test_renders_are_eight_bit_images_that_the_generator_decides(channel: Channel) -> None:
    state = torch.get_rng_state()
    codes, images = draw(channel, 50)
    assert images.dtype == torch.uint8
    assert images.shape[:3] == (50, 1, 8)
    assert torch.equal(images, draw(channel, 50)[1])
    copies = {name: values.clone() for name, values in codes.items()}
    other = channel.render(codes, torch.Generator().manual_seed(99))
    assert torch.equal(other, channel.render(copies, torch.Generator().manual_seed(99)))
    assert all(torch.equal(values, copies[name]) for name, values in codes.items())
    assert torch.equal(images, other) == (channel in NOISELESS)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("channel", ALL, ids=lambda channel: channel.name)
def test_no_code_says_more_than_all_of_them(channel: Channel) -> None:
    assert set(channel.truth) == set(channel.space)
    assert 0 <= sum(channel.truth.values()) <= channel.joint + 1e-12


@pytest.mark.parametrize("size", [8, 28])
def test_ten_pictures_are_all_different_and_none_is_empty(size: int) -> None:
    channel = merged(10, size=size)
    images = channel.render({"category": torch.arange(10)}, torch.Generator())
    assert images.shape == (10, 1, size, size)
    assert len(set(kinds(images))) == 10
    assert images.flatten(1).max(1).values.min() > 50


def test_shares_of_wrong_and_erased_labels() -> None:
    clean = merged(10, size=8).render({"category": torch.arange(10)}, torch.Generator())
    codes, images = draw(symmetric_noise(0.3, size=8), 20_000)
    shown = (images[:, None] == clean).flatten(2).all(2).int()
    assert shown.sum(1).eq(1).all()
    step = (shown.argmax(1) - codes["category"]) % 10
    shares = torch.bincount(step, minlength=10) / 20_000
    expected = torch.tensor([0.7] + [0.3 / 9] * 9)
    assert (shares - expected).abs().max() < 0.013  # four standard deviations of 0.7
    codes, images = draw(erasure(0.2, size=8), 20_000)
    empty = images.flatten(1).eq(0).all(1)
    assert empty.float().mean() == pytest.approx(0.2, abs=0.0115)
    assert torch.equal(images[~empty], clean[codes["category"][~empty]])


def test_share_of_flipped_pixels() -> None:
    _, images = draw(flipped_pixels(0.2, size=8), 5_000)
    codes, clean = draw(flipped_pixels(0, size=8), 5_000)
    assert set(images.unique().tolist()) == {0, 255}
    assert (images != clean).float().mean() == pytest.approx(0.2, abs=0.003)
    assert torch.equal(clean[codes["side"] == 0][0], 255 - clean[codes["side"] == 1][0])


@pytest.mark.parametrize(
    "channel",
    [
        symmetric_noise(0.3, size=8),
        symmetric_noise(0.9, size=8),
        erasure(0.2, size=8),
        merged(9, size=8),
        flipped_pixels(0.35, size=2),
        independent(Categorical(10), size=8),
        unequal_categories(0.1, size=8),
        unequal_erasure(0.2, size=8),
    ],
    ids=lambda channel: channel.name,
)
def test_rendered_categories_carry_the_truth(channel: Channel) -> None:
    codes, images = draw(channel, 50_000)
    (name,) = channel.space
    seen = kinds(images)
    found = plug_in(codes[name].numpy(), seen)
    bias = (channel.space[name].size - 1) * seen.max() / (2 * 50_000)
    assert found - bias == pytest.approx(channel.joint, abs=0.015)


@pytest.mark.parametrize(
    "channel",
    [
        blob_with_uniform_noise(0.1, size=16),
        blob_with_uniform_noise(0.75, size=16),
        blob_with_gaussian_noise(0.1, size=16),
        blob_with_gaussian_noise(0.5, size=16),
        correlated_gaussians(0.75, size=16),
        correlated_gaussians(-0.75, size=16),
        folded(0.2, size=16),
        independent(Uniform(3, 10), size=16),
        normal_with_gaussian_noise(0.5, Normal(3, 2), size=16),
    ],
    ids=lambda channel: channel.name,
)
def test_rendered_blobs_carry_the_truth(channel: Channel) -> None:
    """What 40 by 40 bins leave of it: a little less."""
    codes, images = draw(channel, 40_000)
    (name,) = channel.space
    seen = kinds(images) if channel.name.startswith("independent") else places(images, 40)
    found = plug_in(cut(codes[name], 40), seen) - 39 * seen.max() / 80_000
    assert channel.joint - 0.08 * channel.joint - 0.02 < found < channel.joint + 0.02


def test_folded_codes_look_like_their_mirror_images() -> None:
    channel = folded(0.1, size=8)
    codes, _ = draw(channel, 100)
    right = channel.render(codes, torch.Generator().manual_seed(3))
    left = channel.render({"position": -codes["position"]}, torch.Generator().manual_seed(3))
    assert torch.equal(left, right)


def test_two_codes_that_only_speak_together() -> None:
    codes, images = draw(sum_of_two(categories=5, size=8), 20_000)
    seen = kinds(images)
    first, second = codes["first"].numpy(), codes["second"].numpy()
    for alone in (first, second):
        # Twice n times the plug-in estimate is chi-square with 16 degrees of freedom.
        assert 40_000 * plug_in(alone, seen) < stats.chi2.ppf(0.9999, 16)
    assert plug_in(5 * first + second, seen) == pytest.approx(math.log(5), abs=0.001)

    channel = wrapped_sum(0.1, size=16)
    codes, images = draw(channel, 40_000)
    seen = places(images, 20)
    for alone in codes.values():
        assert 80_000 * plug_in(cut(alone, 20), seen) < stats.chi2.ppf(0.9999, 19 * 19)
    total = (codes["first"] + codes["second"] + 1) % 2
    found = plug_in(cut(total, 40), places(images, 40)) - 39 * 39 / 80_000
    assert channel.joint - 0.15 < found < channel.joint + 0.02


def test_side_by_side_adds_up() -> None:
    left, right = symmetric_noise(0.1, size=8), blob_with_uniform_noise(0.1, size=8)
    both = side_by_side(left, right)
    assert both.truth == {**left.truth, **right.truth}
    assert both.joint == left.joint + right.joint
    generator = torch.Generator().manual_seed(0)
    codes = both.space.sample(30, generator)
    images = draw(both, 30)[1]
    assert images.shape == (30, 1, 8, 16)
    assert torch.equal(images[..., :8], left.render(codes, generator))
    assert torch.equal(images[..., 8:], right.render(codes, generator))


def test_side_by_side_needs_different_names() -> None:
    with pytest.raises(UserError, match="different names"):
        side_by_side(symmetric_noise(0.1), erasure(0.1))
