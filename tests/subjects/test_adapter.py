"""Models made of strangers' functions: codes, scale, size and colour of images, first mistakes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli

import infoeval
from infoeval import Angle, Categorical, CodeSpace, Normal, Uniform, UserError, adapt
from infoeval.subjects.opening import open_subject

GREY = torch.arange(2 * 4 * 6, dtype=torch.uint8).reshape(2, 1, 4, 6)
RED = torch.tensor([255, 0, 0], dtype=torch.uint8)[:, None, None].expand(2, 3, 4, 4)


class Vae(nn.Module):
    """Reads 4×4 grey images as two codes, and draws them."""

    def __init__(self) -> None:
        super().__init__()
        self.reading, self.drawing = nn.Linear(16, 2), nn.Linear(2, 16)
        self.dropout = nn.Dropout(0.9)

    def encode(self, images: Tensor) -> Tensor:
        result: Tensor = self.dropout(self.reading(images.flatten(1)))
        return result

    def decode(self, codes: Tensor) -> Tensor:
        result: Tensor = self.drawing(codes).sigmoid()
        return result


def seen_by_encoder(pictures: Tensor, **options: Any) -> Tensor:
    """The floats that an encoder is called with."""
    return torch.as_tensor(adapt(lambda images: images, **options).encode(pictures))


def drawn(image: Any, **options: Any) -> Tensor:
    """What a decoder's images become, of two samples of three normal codes."""
    model: Any = adapt(decode=lambda z: image, codes=3, **options)
    codes = {name: torch.zeros(2) for name in model.codes}
    return torch.as_tensor(model.generate(codes, torch.zeros(2, 0)))


# Codes and noise.


@pytest.mark.parametrize(
    ("codes", "space"),
    [
        (2, CodeSpace(z0=Normal(), z1=Normal(), noise=0)),
        (["size", "turn"], CodeSpace(size=Normal(), turn=Normal(), noise=0)),
        (
            "3,u,n,a",
            CodeSpace(
                category_1=Categorical(3),
                continuous_1=Uniform(-1, 1),
                normal_1=Normal(),
                angle_1=Angle(),
                noise=0,
            ),
        ),
        ({"kind": Categorical(4)}, CodeSpace(kind=Categorical(4), noise=0)),
        (CodeSpace(kind=Categorical(4), noise=7), CodeSpace(kind=Categorical(4), noise=7)),
    ],
    ids=["number", "names", "text", "priors", "space"],
)
def test_codes(codes: Any, space: CodeSpace) -> None:
    model: Any = adapt(decode=lambda z: z, codes=codes)
    assert model.codes == space


@pytest.mark.parametrize("codes", [None, 0, {}])
def test_noise_alone(codes: Any) -> None:
    calls: list[Tensor] = []
    model: Any = adapt(decode=lambda z: [calls.append(z), z.sigmoid()][1], codes=codes, noise=16)
    noise = torch.randn(3, 16)
    subject = open_subject(model)
    assert subject.generator is not None
    assert subject.generator.generate({}, noise).shape == (3, 1, 4, 4)
    assert torch.equal(calls[0], noise)
    assert not subject.has_encoder


@pytest.mark.parametrize("codes_first", [False, True])
def test_one_tensor_of_noise_and_codes(codes_first: bool) -> None:
    calls: list[Tensor] = []

    def decode(z: Tensor) -> Tensor:
        calls.append(z)
        return torch.zeros(len(z), 1, 2, 2)

    space = {"kind": Categorical(3), "turn": Angle()}
    model: Any = adapt(decode=decode, codes=space, noise=2, codes_first=codes_first)
    codes = {"kind": torch.tensor([2, 0]), "turn": torch.tensor([0.0, torch.pi])}
    noise = torch.tensor([[5.0, 6.0], [7.0, 8.0]])
    model.generate(codes, noise)
    of_codes = torch.tensor([[0.0, 0, 1, 1, 0], [1, 0, 0, -1, 0]])
    expected = [of_codes, noise] if codes_first else [noise, of_codes]
    torch.testing.assert_close(calls[0], torch.cat(expected, 1), atol=1e-6, rtol=0)


def test_an_encoder_alone_may_name_its_codes() -> None:
    subject = open_subject(adapt(lambda images: images.flatten(1)[:, :2], codes=["size", "turn"]))
    assert subject.generator is None
    assert list(subject.codes or ()) == ["size", "turn"]
    columns = subject.reader(None).columns(np.zeros((2, 1, 4, 4), np.uint8))  # type: ignore[arg-type]
    assert list(columns) == ["size", "turn"]


# Networks.


def test_a_vae_in_one_line() -> None:
    vae = Vae().train()
    model: Any = adapt(vae.encode, vae.decode, codes=2, size=4, channels=1)
    assert not vae.training
    subject = open_subject(model)
    generator = subject.generator
    assert generator is not None
    z = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    images = generator.generate({"z0": z[:, 0], "z1": z[:, 1]}, torch.zeros(2, 0))
    with torch.no_grad():
        torch.testing.assert_close(images, vae.decode(z).reshape(2, 1, 4, 4))
    columns = subject.reader(None).columns(np.full((3, 3, 8, 8), 255, np.uint8))  # type: ignore[arg-type]
    assert list(columns) == ["z0", "z1"]


def test_results_call_a_model_by_its_name_or_class() -> None:
    class Decoder(nn.Linear):
        def decode(self, z: Tensor) -> Tensor:
            return self(z).sigmoid()

    network = Decoder(2, 16)
    calls: list[tuple[Any, str]] = [
        (network, "Decoder"),
        (network.decode, "Decoder"),
        (torch.sigmoid, "sigmoid"),
        (lambda z: network(z), "model"),
    ]
    for decode, name in calls:
        assert str(open_subject(adapt(decode=decode, codes=2))) == name
        assert str(open_subject(adapt(decode, decode, codes=2))) == name
    assert str(open_subject(adapt(decode=network, codes=2, name="β = 4"))) == "β = 4"


def test_lambdas_have_their_networks_put_into_evaluation_mode_and_type() -> None:
    network = nn.Sequential(nn.ConvTranspose2d(3, 1, 4), nn.BatchNorm2d(1), nn.Sigmoid()).double()
    model: Any = adapt(decode=lambda z: network(z[:, :, None, None]), codes=3)
    assert not network.training
    images = model.generate({name: torch.randn(2) for name in model.codes}, torch.zeros(2, 0))
    assert (images.shape, images.dtype) == ((2, 1, 4, 4), torch.float32)


# Images.


@pytest.mark.parametrize("pixels", [(0, 1), (-1, 1), (0, 255)])
def test_the_range_of_pixels(pixels: tuple[float, float]) -> None:
    low, high = pixels
    seen = seen_by_encoder(GREY, images=pixels)
    torch.testing.assert_close(seen, low + (high - low) * GREY.float() / 255)
    image = torch.tensor([low, high, (low + high) / 2, low]).reshape(1, 1, 2, 2).expand(2, 3, 2, 2)
    assert drawn(image, images=pixels)[0, 0].tolist() == [[0, 1], [0.5, 0]]


def test_colour_and_size_of_what_is_read() -> None:
    torch.testing.assert_close(
        seen_by_encoder(RED, channels=1), torch.full((2, 1, 4, 4), 0.299), atol=1e-6, rtol=0
    )
    assert torch.equal(seen_by_encoder(GREY, channels=3)[:, 2:], seen_by_encoder(GREY))
    halved = seen_by_encoder(GREY, size=(2, 3))
    blocks = (GREY.float() / 255).reshape(2, 1, 2, 2, 3, 2).mean((3, 5))
    torch.testing.assert_close(halved, blocks)
    corner = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    corner[..., 0, 0] = 255
    assert seen_by_encoder(corner, size=1).item() == 1 / 16  # not those in the middle alone
    larger = seen_by_encoder(RED, size=9)
    assert larger.shape == (2, 3, 9, 9)
    torch.testing.assert_close(larger[:, 0], torch.ones(2, 9, 9))
    assert larger[:, 1:].eq(0).all()


@pytest.mark.parametrize(
    ("shape", "options", "form"),
    [
        ((2, 784), {}, (2, 1, 28, 28)),
        ((2, 3072), {}, (2, 3, 32, 32)),
        ((2, 24), {"size": (4, 6)}, (2, 1, 4, 6)),
        ((2, 72), {"size": (4, 6)}, (2, 3, 4, 6)),
        ((2, 4, 6), {}, (2, 1, 4, 6)),
    ],
)
def test_flattened_images(shape: Any, options: Any, form: Any) -> None:
    values = torch.rand(shape)
    assert torch.equal(drawn(values, **options), values.reshape(form))


def test_other_images() -> None:
    assert torch.equal(drawn(GREY), GREY)
    assert torch.equal(drawn(GREY.numpy()), GREY)
    shares = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(drawn(Bernoulli(probs=shares)), shares)
    assert drawn(torch.tensor([-5e-5, 1 + 5e-5]).expand(2, 1, 1, 2)).tolist()[0] == [[[0, 1]]]


def label(model: Any) -> Tensor:
    """What a decoder of a code c draws of its first category."""
    return torch.as_tensor(
        model.generate({"c": torch.zeros(1, dtype=torch.int64)}, torch.zeros(1, 0))
    )


IMAGES = torch.zeros(2, 1, 4, 4)
MISTAKES: dict[str, tuple[Any, str]] = {
    "tanh": (lambda: drawn(IMAGES - 1), r"pixels from -1 to -1, .* by images=\(-1, 1\)$"),
    "bytes": (lambda: drawn(IMAGES + 254), r"254, and images=\(0, 1\); .* images=\(0, 255\)$"),
    "logits": (lambda: drawn(IMAGES - 9), r"end with a sigmoid"),
    "not finite": (lambda: drawn(IMAGES / 0), r"pixels that are not finite"),
    "tuple": (
        lambda: drawn((IMAGES, IMAGES)),
        r"returned tuple; .*net\(z\)\[0\]",
    ),
    "mapping": (lambda: drawn({"sample": IMAGES}), r"returned dict; .*net\(z\)\['sample'\]$"),
    "output": (lambda: drawn(SimpleNamespace(sample=IMAGES)), r"net\(z\).sample$"),
    "objects": (lambda: drawn(np.array([None])), r"returned ndarray; return a tensor"),
    "two arguments": (
        lambda: label(adapt(decode=lambda z, label: z, codes={"c": Categorical(2)})),
        r"missing 1 required .* as one-hot: .*z\[:, 100:\].argmax\(1\)\)$",
    ),
    "label as one-hot": (
        lambda: label(adapt(decode=nn.Embedding(2, 4), codes={"c": Categorical(2)})),
        r"Long.*z\[:, 100:\].argmax\(1\)\)$",
    ),
    "maps": (
        lambda: adapt(decode=nn.ConvTranspose2d(3, 1, 4), noise=3).generate({}, torch.zeros(2, 3)),
        r"give decode=lambda z: net\(z\[:, :, None, None\]\)$",
    ),
    "size": (
        lambda: adapt(Vae().encode).encode(GREY),
        r"failed on floats \(2, 1, 4, 6\): RuntimeError: mat1 .* give size=\(height, width\)",
    ),
    "colour": (
        lambda: adapt(nn.Conv2d(3, 4, 2)).encode(GREY),
        r"expected input.* for another colour channels=1 or 3",
    ),
    "nothing": (lambda: adapt(), "nothing to adapt"),
    "class": (lambda: adapt(Vae), "encode is no function of a tensor"),
    "object": (lambda: adapt(decode=3), "decode is no function"),
    "no codes": (lambda: adapt(decode=abs), "codes=10 for ten standard normal codes, noise=100"),
    "truth": (lambda: adapt(abs, codes=True), "codes is True"),
    "negative": (lambda: adapt(abs, codes=-1), "codes is -1"),
    "fraction": (lambda: adapt(abs, codes=4.0), "codes is 4.0; give a number"),
    "one prior": (lambda: adapt(abs, codes=Normal()), "codes is Normal.*; give a number"),
    "list of priors": (lambda: adapt(abs, codes=[Normal(), Normal()]), "mapping from names"),
    "numbers as names": (lambda: adapt(abs, codes={0: Normal()}), "mapping from names"),
    "one name twice": (lambda: adapt(abs, codes=["a", "b", "a"]), "two codes have one name"),
    "called noise": (lambda: adapt(abs, codes=["noise"]), "no code can be called noise"),
    "no prior": (lambda: adapt(abs, codes={"a": 3}), r"such as infoeval.Normal\(\)"),
    "text": (lambda: adapt(abs, codes="10,q"), "'q' is neither"),
    "two noises": (
        lambda: adapt(abs, codes=CodeSpace(a=Normal(), noise=2), noise=3),
        "noise is 3, but codes have noise=2",
    ),
    "range": (lambda: adapt(abs, images=(1, 0)), "darkest value first"),
    "one number": (lambda: adapt(abs, images=1), r"give images=\(low, high\)"),
    "no size": (lambda: adapt(abs, size=0), "height and width in pixels"),
    "size as text": (lambda: adapt(abs, size="16"), r"size=\(height, width\)"),
    "three sizes": (lambda: adapt(abs, size=(1, 16, 16)), r"size=\(height, width\)"),
    "channels": (lambda: adapt(abs, channels=2), "1 for grey or 3 for RGB"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_first_mistakes_are_one_line(case: str) -> None:
    mistake, message = MISTAKES[case]
    with pytest.raises(UserError, match=message) as caught:
        mistake()
    assert "\n" not in str(caught.value)


def test_the_users_own_errors_pass() -> None:
    def fail(values: Tensor) -> Tensor:
        raise UserError("the weights are missing")

    for call in (
        lambda: adapt(fail).encode(GREY),
        lambda: adapt(decode=fail, noise=1).generate({}, torch.zeros(1, 1)),
    ):
        with pytest.raises(UserError, match=r"^the weights are missing$"):
            call()  # type: ignore[no-untyped-call]


def test_it_is_public() -> None:
    assert infoeval.adapt is adapt
    assert "adapt" in infoeval.__all__
