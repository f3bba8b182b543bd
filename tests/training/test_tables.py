"""The bundled trainers against the paper's appendix C, Tables 1 to 7, typed off the page here.

Where the paper contradicts itself: the last up-convolution of Tables 1, 4 and 6 has stride 2, C.2
and C.5 say how many codes there are, and layers of Table 6 without a stride keep the size.
"""

from functools import cache

import pytest
import torch

from infoeval import Trainer
from infoeval.codes import Categorical, Uniform
from infoeval.networks import Networks
from infoeval.training import choosing

Rows = list[tuple[tuple[int, ...], str, bool]]
"""Output shape of each row of a table, its activation, and whether it has batch normalisation."""

LEAKY, RELU = "leaky_relu", "relu"

SHARED: dict[str, Rows] = {
    "mnist": [
        ((64, 14, 14), LEAKY, False),
        ((128, 7, 7), LEAKY, True),
        ((1024,), LEAKY, True),
    ],
    "svhn": [
        ((64, 16, 16), LEAKY, False),
        ((128, 8, 8), LEAKY, True),
        ((256, 4, 4), LEAKY, True),
    ],
    "faces": [
        ((64, 16, 16), LEAKY, False),
        ((128, 8, 8), LEAKY, True),
        ((1024,), LEAKY, True),
    ],
    "chairs": [
        ((64, 32, 32), LEAKY, False),
        ((128, 16, 16), LEAKY, True),
        ((256, 8, 8), LEAKY, True),
        ((256, 8, 8), LEAKY, True),
        ((256, 8, 8), LEAKY, True),
        ((1024,), LEAKY, True),
    ],
}
SHARED["celeba"] = SHARED["svhn"]

GENERATOR: dict[str, Rows] = {
    "mnist": [
        ((1024,), RELU, True),
        ((128, 7, 7), RELU, True),
        ((64, 14, 14), RELU, True),
        ((1, 28, 28), "tanh", False),
    ],
    "svhn": [
        ((448, 2, 2), RELU, True),
        ((256, 4, 4), RELU, True),
        ((128, 8, 8), RELU, False),
        ((64, 16, 16), RELU, False),
        ((3, 32, 32), "tanh", False),
    ],
    "faces": [
        ((1024,), RELU, True),
        ((128, 8, 8), RELU, True),
        ((64, 16, 16), RELU, True),
        ((1, 32, 32), "sigmoid", False),
    ],
    "chairs": [
        ((1024,), RELU, True),
        ((256, 8, 8), RELU, True),
        ((256, 8, 8), RELU, True),
        ((256, 8, 8), RELU, True),
        ((128, 16, 16), RELU, True),
        ((64, 32, 32), RELU, True),
        ((1, 64, 64), "sigmoid", False),
    ],
}
GENERATOR["celeba"] = GENERATOR["svhn"]

RECOGNITION: dict[str, Rows] = {
    "mnist": [((128,), LEAKY, True)],
    "svhn": [((128,), LEAKY, True)],
    "celeba": [((128,), LEAKY, True)],
    "faces": [],
    "chairs": [],
}
# (categories of each categorical code, continuous codes, noise, width of G's input)
CODES = {
    "mnist": ([10], 2, 62, 74),
    "svhn": ([10] * 4, 4, 124, 168),
    "celeba": ([10] * 10, 0, 128, 228),
    "faces": ([], 5, 128, 133),
    "chairs": ([20] * 3, 1, 128, 189),
}
PARTS = {"shared": SHARED, "generator": GENERATOR, "recognition": RECOGNITION}


@cache
def load_trainer(name: str) -> Trainer:
    return choosing.load_trainer(name)


@cache
def networks_of(name: str) -> Networks:
    return load_trainer(name).networks().eval()


def rows(name: str, part: str) -> Rows:
    """What the built network really gives, layer by layer; a reshape belongs to its FC layer."""
    trainer, networks = load_trainer(name), networks_of(name)
    inputs = {
        "shared": (1, *trainer.image_shape),
        "generator": (1, trainer.codes.input_width),
        "recognition": (1, *networks.shared.shape),
    }
    x = torch.zeros(inputs[part])
    found: Rows = []
    stack = getattr(networks, part)
    for block in stack.blocks:
        x = block(x)
        shape = tuple(x.shape[1:])
        if block.linear is None:
            found[-1] = (shape, *found[-1][1:])
        else:
            found.append((shape, block.activation, block.norm is not None))
    return found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", CODES)
def test_every_layer_is_that_of_the_table(name: str, part: str) -> None:
    trainer = load_trainer(name)
    expected = PARTS[part][name]
    if part == "recognition":
        expected = [*expected, ((trainer.codes.posterior_width,), "none", False)]
    assert rows(name, part) == expected


@pytest.mark.parametrize("name", CODES)
def test_kernels_are_four_by_four(name: str) -> None:
    trainer = load_trainer(name)
    kernels = {getattr(layer, "kernel", 4) for layer in (*trainer.shared, *trainer.generator)}
    assert kernels == {4}


@pytest.mark.parametrize("name", CODES)
def test_codes_and_the_width_of_the_generators_input(name: str) -> None:
    categories, continuous, noise, width = CODES[name]
    codes = load_trainer(name).codes
    sizes = [code.size for code in codes.values() if isinstance(code, Categorical)]
    bounds = [(code.low, code.high) for code in codes.values() if isinstance(code, Uniform)]
    assert sizes == categories
    assert bounds == [(-1, 1)] * continuous
    assert codes.noise == noise
    assert codes.input_width == width == noise + sum(categories) + continuous


@pytest.mark.parametrize("name", CODES)
def test_one_image_travels_through_all_networks(name: str) -> None:
    trainer = load_trainer(name)
    networks = networks_of(name)
    images = networks.generator(torch.zeros(1, trainer.codes.input_width))
    assert images.shape == (1, *trainer.image_shape)
    features = networks.shared(images)
    assert networks.discriminator(features).shape == (1, 1)
    assert networks.recognition(features).shape == (1, trainer.codes.posterior_width)


@pytest.mark.parametrize("name", ["svhn", "celeba"])
def test_settings_unless_noted_otherwise(name: str) -> None:
    """2e-4 for D and 1e-3 for G; λ of 1 for the categories, smaller for continuous codes."""
    trainer = load_trainer(name)
    assert (trainer.discriminator_rate, trainer.generator_rate) == (2e-4, 1e-3)
    assert trainer.information_weight == 1
    for code, weight in trainer.weights.items():
        assert weight == (1.0 if code in trainer.categorical_codes else 0.1)


@pytest.mark.parametrize(
    ("variant", "discriminator", "generator", "weight"),
    [
        ("azimuth", 2e-4, 5e-4, 0.2),
        ("elevation", 4e-4, 3e-4, 0.1),
        ("lighting", 8e-4, 3e-4, 0.1),
        ("width", 8e-4, 3e-4, 0.1),
        ("default", 2e-4, 5e-4, 0.2),
    ],
)
def test_table_5(variant: str, discriminator: float, generator: float, weight: float) -> None:
    trainer = load_trainer("faces").variant(variant)
    assert (trainer.discriminator_rate, trainer.generator_rate) == (discriminator, generator)
    assert trainer.information_weight == weight
    assert set(trainer.weights.values()) == {1.0}


@pytest.mark.parametrize(
    ("variant", "continuous", "discrete"),
    [("rotation", 10.0, 1.0), ("width", 0.05, 2.0), ("default", 10.0, 1.0)],
)
def test_table_7(variant: str, continuous: float, discrete: float) -> None:
    trainer = load_trainer("chairs").variant(variant)
    assert (trainer.discriminator_rate, trainer.generator_rate) == (2e-4, 1e-3)
    for code, weight in trainer.weights.items():
        expected = continuous if code == "continuous" else discrete
        assert trainer.information_weight * weight == expected
