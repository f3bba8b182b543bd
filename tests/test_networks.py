"""Layer tables and the networks made of them, against Table 1 and plain torch functions."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from infoeval import Categorical, CodeSpace, Trainer, Uniform, UserError
from infoeval.networks import (
    BatchNorm,
    Block,
    Convolution,
    Dense,
    Layer,
    Networks,
    Reshape,
    SameConvolution,
    SameUpConvolution,
    Stack,
    UpConvolution,
    table_from_data,
    table_to_data,
)
from infoeval.training.choosing import load_trainer
from tests.tiny import tiny_trainer

KERNELS = [(4, 2), (4, 1), (5, 2), (5, 1), (3, 1), (3, 2), (2, 2), (1, 1), (7, 4)]
"""Kernel and stride, with even and odd differences."""


@pytest.fixture(scope="module")
def mnist() -> Trainer:
    return load_trainer("mnist")


def networks_of(trainer: Trainer, seed: int = 0) -> Networks:
    return trainer.networks().initialise(torch.Generator().manual_seed(seed))


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in module.named_parameters()}


def size(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def inputs(networks: Networks, count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    codes = networks.codes.sample(count, generator)
    return networks.codes.encode(codes, networks.codes.sample_noise(count, generator))


def test_the_generator_of_mnist_is_that_of_table_1(mnist: Trainer) -> None:
    with torch.device("meta"):
        generator = mnist.networks().generator
    assert mnist.codes.input_width == 74
    assert shapes(generator) == {
        "blocks.0.linear.weight": (1024, 74),
        "blocks.0.norm.norm.weight": (1024,),
        "blocks.0.norm.norm.bias": (1024,),
        "blocks.1.linear.weight": (6272, 1024),
        "blocks.1.norm.norm.weight": (6272,),
        "blocks.1.norm.norm.bias": (6272,),
        "blocks.3.linear.weight": (128, 64, 4, 4),
        "blocks.3.norm.norm.weight": (64,),
        "blocks.3.norm.norm.bias": (64,),
        "blocks.4.linear.weight": (64, 1, 4, 4),
        "blocks.4.linear.bias": (1,),
    }
    assert size(generator) == 6_645_121
    activations = [block.activation for block in generator.blocks]
    assert activations == ["relu", "relu", "none", "relu", "tanh"]


def test_d_and_q_of_mnist_are_those_of_table_1(mnist: Trainer) -> None:
    with torch.device("meta"):
        networks = mnist.networks()
    assert shapes(networks.shared) == {
        "blocks.0.linear.weight": (64, 1, 4, 4),
        "blocks.0.linear.bias": (64,),
        "blocks.1.linear.weight": (128, 64, 4, 4),
        "blocks.1.norm.norm.weight": (128,),
        "blocks.1.norm.norm.bias": (128,),
        "blocks.2.linear.weight": (1024, 6272),
        "blocks.2.norm.norm.weight": (1024,),
        "blocks.2.norm.norm.bias": (1024,),
    }
    assert shapes(networks.discriminator) == {
        "blocks.0.linear.weight": (1, 1024),
        "blocks.0.linear.bias": (1,),
    }
    # Ten logits, and mean and log σ of each of two continuous codes.
    assert shapes(networks.recognition) == {
        "blocks.0.linear.weight": (128, 1024),
        "blocks.0.norm.norm.weight": (128,),
        "blocks.0.norm.norm.bias": (128,),
        "blocks.1.linear.weight": (14, 128),
        "blocks.1.linear.bias": (14,),
    }
    assert [block.activation for block in networks.shared.blocks] == ["leaky_relu"] * 3
    assert [block.activation for block in networks.recognition.blocks] == ["leaky_relu", "none"]
    assert size(networks.shared) == 6_556_992
    assert size(networks.recognition) == 133_134
    assert size(networks) == 6_645_121 + 6_556_992 + 1_025 + 133_134


@torch.no_grad()
def test_images_of_mnist_have_the_sizes_of_table_1(mnist: Trainer) -> None:
    networks, x = mnist.networks().eval(), torch.zeros(2, 74)
    sizes = [(1024,), (6272,), (128, 7, 7), (64, 14, 14), (1, 28, 28)]
    for block, expected in zip(networks.generator.blocks, sizes, strict=True):
        x = block(x)
        assert tuple(x.shape) == (2, *expected)
    for block, expected in zip(
        networks.shared.blocks, [(64, 14, 14), (128, 7, 7), (1024,)], strict=True
    ):
        x = block(x)
        assert tuple(x.shape) == (2, *expected)
    assert tuple(networks.discriminator(x).shape) == (2, 1)
    assert tuple(networks.recognition(x).shape) == (2, 14)


@pytest.mark.parametrize("name", ["generator", "shared", "recognition"])
def test_a_layer_has_a_bias_or_batch_norm_never_both(name: str) -> None:
    blocks = getattr(tiny_trainer().networks(), name).blocks
    for block in blocks:
        if block.linear is not None:
            assert (block.linear.bias is None) == (block.norm is not None)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("none", [-2.0, 0.0, 3.0]),
        ("relu", [0.0, 0.0, 3.0]),
        ("leaky_relu", [-0.2, 0.0, 3.0]),
        ("tanh", [-0.9640276, 0.0, 0.9950548]),
        ("sigmoid", [0.1192029, 0.5, 0.9525741]),
    ],
)
def test_activations(activation: Any, expected: list[float]) -> None:
    block = Block(Dense(3, activation), (3,))
    assert isinstance(block.linear, nn.Linear)
    nn.init.eye_(block.linear.weight)
    nn.init.zeros_(block.linear.bias)
    assert block(torch.tensor([[-2.0, 0.0, 3.0]]))[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("kernel", "stride"), KERNELS)
def test_convolution_is_a_plain_one_with_its_odd_padding_last(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    layer = SameConvolution(2, 3, kernel, stride, bias=True).double()
    x = torch.randn(2, 2, 8, 4, dtype=torch.float64)
    before = (kernel - stride) // 2
    after = kernel - stride - before
    padded = functional.pad(x, (before, after, before, after))
    expected = functional.conv2d(padded, layer.weight, layer.bias, stride)
    assert tuple(expected.shape) == (2, 3, 8 // stride, 4 // stride)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(("kernel", "stride"), KERNELS)
def test_up_convolution_is_the_adjoint_of_convolution(kernel: int, stride: int) -> None:
    """⟨conv x, y⟩ = ⟨x, upconv y⟩ for the same weights, and so the gradient of one is the other."""
    torch.manual_seed(0)
    down = SameConvolution(2, 3, kernel, stride, bias=False).double()
    up = SameUpConvolution(3, 2, kernel, stride, bias=False).double()
    up.weight.data = down.weight.data
    x = torch.randn(2, 2, 8, 4, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, 3, 8 // stride, 4 // stride, dtype=torch.float64)
    product = (down(x) * y).sum()
    torch.testing.assert_close(product, (x * up(y)).sum())
    torch.testing.assert_close(torch.autograd.grad(product, x)[0], up(y))


@pytest.mark.parametrize("kind", [Convolution, UpConvolution])
def test_stride_1_with_an_even_kernel_keeps_the_size(
    kind: type[Convolution] | type[UpConvolution],
) -> None:
    """The 4×4 layers of stride 1 in Table 6."""
    stack = Stack([kind(5, kernel=4, stride=1)], (2, 8, 8))
    assert stack.shape == (5, 8, 8)
    assert tuple(stack(torch.randn(1, 2, 8, 8)).shape) == (1, 5, 8, 8)


@pytest.mark.parametrize(("kernel", "stride"), KERNELS)
def test_predicted_shapes_are_the_real_ones(kernel: int, stride: int) -> None:
    down = Stack([Convolution(3, kernel=kernel, stride=stride)], (2, 8, 4))
    assert tuple(down(torch.zeros(1, 2, 8, 4)).shape[1:]) == down.shape
    up = Stack([UpConvolution(3, kernel=kernel, stride=stride)], (2, 8, 4))
    assert tuple(up(torch.zeros(1, 2, 8, 4)).shape[1:]) == up.shape


@pytest.mark.parametrize("image", [False, True])
def test_batch_norm_in_groups_is_two_separate_passes(image: bool) -> None:
    torch.manual_seed(0)
    shape = (6, 3, 4, 4) if image else (6, 3)
    first, second = torch.randn(shape), 5 + 3 * torch.randn(shape)
    together, apart = BatchNorm(3, image), BatchNorm(3, image)
    x = torch.cat([first, second]).requires_grad_()
    parts = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    found = together(x, 2)
    expected = torch.cat([apart(part, 1) for part in parts])
    assert torch.equal(found, expected)
    weights = torch.randn(found.shape)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    assert x.grad is not None
    gradients = [part.grad for part in parts if part.grad is not None]
    assert torch.equal(x.grad, torch.cat(gradients))
    torch.testing.assert_close(together.norm.weight.grad, apart.norm.weight.grad)
    for name, value in apart.norm.state_dict().items():
        assert torch.equal(together.norm.state_dict()[name], value), name


def test_batch_norm_of_a_trained_layer_knows_no_groups() -> None:
    norm = BatchNorm(3, image=False)
    norm(torch.randn(8, 3), 1)
    x = torch.randn(8, 3)
    assert torch.equal(norm.eval()(x, 2), norm(x, 1))


def test_shared_layers_in_groups_are_separate_passes() -> None:
    networks = networks_of(tiny_trainer())
    first, second = torch.randn(6, 1, 8, 8), 2 + torch.randn(6, 1, 8, 8)
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    found = networks.shared(torch.cat([first, second]), groups=2)
    after = {name: value.clone() for name, value in networks.state_dict().items()}
    networks.load_state_dict(before)
    expected = torch.cat([networks.shared(first), networks.shared(second)])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for name, value in networks.state_dict().items():
        torch.testing.assert_close(after[name], value)
    mixed = networks.shared(torch.cat([first, second]))
    assert float((mixed - expected).detach().abs().max()) > 0.1


def test_the_two_heads_have_nothing_in_common() -> None:
    networks = networks_of(tiny_trainer()).eval()
    heads = [set(networks.discriminator.parameters()), set(networks.recognition.parameters())]
    assert not heads[0] & heads[1]
    features = networks.shared(torch.randn(5, 1, 8, 8))
    logit, posterior = networks.discriminator(features), networks.recognition(features)
    assert tuple(logit.shape) == (5, 1)
    assert tuple(posterior.shape) == (5, networks.codes.posterior_width)
    with torch.no_grad():
        for parameter in networks.recognition.parameters():
            parameter.add_(1)
    assert torch.equal(networks.discriminator(features), logit)
    changed = networks.recognition(features)
    assert bool((changed != posterior).all())
    with torch.no_grad():
        for parameter in networks.discriminator.parameters():
            parameter.add_(1)
    assert torch.equal(networks.recognition(features), changed)
    assert bool((networks.discriminator(features) != logit).all())


def test_initial_weights_are_a_function_of_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = networks_of(tiny_trainer(), seed=3).state_dict()
    torch.manual_seed(2)
    again = networks_of(tiny_trainer(), seed=3).state_dict()
    other = networks_of(tiny_trainer(), seed=4).state_dict()
    for name, value in first.items():
        assert torch.equal(value, again[name]), name
        if name.endswith("linear.weight"):
            assert not torch.equal(value, other[name]), name


def test_initial_weights_are_those_of_dcgan(mnist: Trainer) -> None:
    networks = Networks(mnist.codes, (1, 4, 4), (Dense(16), Reshape(1, 4, 4)), (Dense(900),))
    networks.initialise(torch.Generator().manual_seed(0))
    weight = networks.shared.blocks[0].linear.weight
    assert float(weight.detach().mean()) == pytest.approx(0, abs=1e-3)
    assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.03)
    for name, value in networks.named_parameters():
        if name.endswith("bias"):
            assert not value.any()


@pytest.mark.parametrize(("activation", "low"), [("tanh", -1.0), ("sigmoid", 0.0), ("none", -1.0)])
def test_the_last_activation_decides_the_pixel_range(activation: Any, low: float) -> None:
    table = (Dense(64), Reshape(1, 8, 8), Convolution(1, activation, kernel=1, stride=1))
    networks = networks_of(tiny_trainer(generator=table))
    assert networks.pixel_range == (low, 1.0)
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    scaled = networks.scale(every)
    assert scaled.dtype == torch.float32
    assert float(scaled.min()) == low
    assert float(scaled.max()) == pytest.approx(1.0)
    assert torch.equal(networks.unscale(scaled), every)
    assert every[0, 0, 0, :3].tolist() == [0, 1, 2]


def test_a_reshape_at_the_end_does_not_hide_the_sigmoid() -> None:
    """G ends in a sigmoid here too: its images lie in [0, 1]."""
    table = (Dense(64, "sigmoid"), Reshape(1, 8, 8))
    assert networks_of(tiny_trainer(generator=table)).pixel_range == (0.0, 1.0)


def test_pixels_out_of_range_are_clipped() -> None:
    networks = networks_of(tiny_trainer())
    drawn = networks.unscale(torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0]).reshape(1, 1, 1, 5))
    assert drawn.flatten().tolist() == [0, 0, 128, 255, 255]


def test_the_order_of_memory_does_not_matter() -> None:
    table = (Dense(2 * 2 * 8, "relu"), Reshape(8, 2, 2), UpConvolution(4), UpConvolution(3, "tanh"))
    networks = networks_of(tiny_trainer(image_shape=(3, 8, 8), generator=table)).eval()

    def outputs(images: Tensor) -> list[Tensor]:
        features = networks.shared(images)
        return [networks.discriminator(features), networks.recognition(features)]

    drawn = networks.generator(inputs(networks, 5))
    plain = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    last = plain.contiguous(memory_format=torch.channels_last)
    assert plain.stride() != last.stride()
    expected = outputs(plain)
    torch.testing.assert_close(outputs(last), expected)
    networks.to(memory_format=torch.channels_last)
    torch.testing.assert_close(outputs(plain), expected)
    torch.testing.assert_close(outputs(last), expected)
    torch.testing.assert_close(networks.generator(inputs(networks, 5)), drawn)


def test_vectors_hold_rows_then_columns_then_channels() -> None:
    vector = torch.arange(24.0).reshape(1, 24)
    image = Block(Reshape(2, 3, 4), (24,))(vector)
    assert tuple(image.shape) == (1, 2, 3, 4)
    assert image[0, :, 0, 0].tolist() == [0, 1]
    assert image[0, 0, 0].tolist() == [0, 2, 4, 6]
    assert image[0, 0, :, 0].tolist() == [0, 8, 16]
    dense = Block(Dense(24), (2, 3, 4))
    assert isinstance(dense.linear, nn.Linear)
    nn.init.eye_(dense.linear.weight)
    nn.init.zeros_(dense.linear.bias)
    assert torch.equal(dense(image), vector)
    assert torch.equal(dense(image.contiguous()), vector)
    assert torch.equal(dense(image.contiguous(memory_format=torch.channels_last)), vector)


def test_tables_as_plain_data() -> None:
    table = (
        Dense(12, "relu", batch_norm=True),
        Reshape(3, 2, 2),
        UpConvolution(5, "leaky_relu", batch_norm=True, kernel=3, stride=1),
        Convolution(1, "tanh"),
    )
    data = json.loads(json.dumps(table_to_data(table)))
    assert [row["layer"] for row in data] == ["dense", "reshape", "up_convolution", "convolution"]
    assert table_from_data(data) == table


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        "dense",
        [5],
        [None],
        ["dense"],
        [{}],
        [{"width": 3}],
        [{"layer": "attention"}],
        [{"layer": []}],
        [{"layer": "dense"}],
        [{"layer": "dense", "width": 3, "channels": 3}],
    ],
)
def test_data_that_are_no_table(data: Any) -> None:
    with pytest.raises(UserError, match="not a layer table") as caught:
        table_from_data(data)
    assert "\n" not in str(caught.value)


GOOD = (Dense(64), Reshape(1, 8, 8))


@pytest.mark.parametrize(
    ("generator", "shared"),
    [
        ((), (Dense(3),)),
        ((Dense(64),), (Dense(3),)),
        ((Dense(64), Reshape(1, 4, 16)), (Dense(3),)),
        ((Dense(63), Reshape(1, 8, 8)), (Dense(3),)),
        ((Dense(64), Reshape(1, 8, 8), UpConvolution(1)), (Dense(3),)),
        ((UpConvolution(1),), (Dense(3),)),
        (GOOD, (Dense(0),)),
        (GOOD, (Dense(-3),)),
        (GOOD, (Dense("3"),)),
        (GOOD, (Dense(2.0),)),
        (GOOD, (Dense(10**9),)),
        (GOOD, (Dense(3, "gelu"),)),
        (GOOD, (Dense(3), Convolution(3))),
        (GOOD, (Convolution(0),)),
        (GOOD, (Convolution(3, stride=3),)),
        (GOOD, (Convolution(3, stride=0),)),
        (GOOD, (Convolution(3, kernel=2, stride=4),)),
        (GOOD, (Convolution(3, kernel=100),)),
        (GOOD, (Convolution(3, kernel="4"),)),
        (GOOD, (Convolution(3, stride=2.0),)),
        (GOOD, (Convolution(3, kernel=8, stride=8), Convolution(3))),
        ((Dense(16), Reshape(-8, -2, 1), UpConvolution(1)), (Dense(3),)),
        ((Dense(16), Reshape(4.0, 2, 2), UpConvolution(1), UpConvolution(1)), (Dense(3),)),
        ((Dense(16), Reshape(None, 2, 2), UpConvolution(1)), (Dense(3),)),
        (GOOD, ("dense",)),
    ],
)
def test_tables_that_make_no_network(generator: Any, shared: Any) -> None:
    codes = CodeSpace(k=Categorical(3), a=Uniform(-1, 1), noise=2)
    with torch.device("meta"), pytest.raises(UserError) as caught:
        Networks(codes, (1, 8, 8), generator, shared)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 10


def test_a_generator_for_other_images_says_both_sizes() -> None:
    with pytest.raises(UserError, match=r"\(1, 8, 8\).*\(3, 8, 8\)"):
        tiny_trainer(image_shape=(3, 8, 8)).networks()


def pyramid(channels: int) -> Networks:
    """The networks of 1,024 × 1,024 images: from 4 pixels a side, doubled eight times."""
    widths = [512, 512, 256, 256, 128, 64, 64]
    grow = [UpConvolution(width, "relu", batch_norm=True) for width in widths]
    shrink = [Convolution(width, "leaky_relu") for width in [*reversed(widths)]]
    return Networks(
        CodeSpace(k=Categorical(1000), noise=512),
        (channels, 1024, 1024),
        (Dense(512 * 16, "relu"), Reshape(512, 4, 4), *grow, UpConvolution(channels, "tanh")),
        (*shrink, Dense(1024, "leaky_relu")),
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_networks_for_large_images_are_within_the_bounds(channels: int) -> None:
    with torch.device("meta"):
        networks = pyramid(channels)
        assert networks.generator(torch.zeros(2, 1512)).shape == (2, channels, 1024, 1024)
    assert networks.activations == 64 * 512 * 512


TOO_LARGE: dict[str, tuple[tuple[Layer, ...], tuple[int, ...], str]] = {
    "weights": ((Dense(20_000), Dense(20_000)), (8,), "268,435,456 weights"),
    "kernels": ((Convolution(10**4, kernel=64, stride=64),), (64, 64, 64), "268,435,456 weights"),
    "values": ((UpConvolution(64, kernel=4, stride=2),), (1, 1024, 1024), "67,108,864 values"),
    "work": ((Convolution(64, kernel=64, stride=1),), (64, 256, 256), "274,877,906,944 products"),
    "layers": ((Dense(2),) * 201, (2,), "200 layers"),
}


@pytest.mark.parametrize(("table", "shape", "reason"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_tables_that_no_memory_holds_are_refused_before_a_layer_is_built(
    table: tuple[Layer, ...], shape: tuple[int, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: object, **__: object) -> None:
        raise AssertionError("a layer was built")

    for name in ("Linear", "Conv2d", "ConvTranspose2d"):
        monkeypatch.setattr(f"infoeval.networks.nn.{name}.__init__", build)
    with pytest.raises(UserError, match=f"at most {reason}"):
        Stack(table, shape)
