"""Latent spaces and the coordinates along directions of them: laws, images, what cannot be."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Normal, Uniform, UserError
from infoeval.subjects.directions_subject import AlongDirections, orthogonal_groups
from infoeval.subjects.latent_space import MappedLatent, NormalLatent, latent_space
from infoeval.subjects.opening import open_subject

SPACE = CodeSpace(size=Normal(2, 0.5), kind=Categorical(3), place=Uniform(-1, 1), noise=2)


class Columns:
    """A generator whose pixels are what it was given."""

    def __init__(self, codes: CodeSpace = SPACE) -> None:
        self.codes = codes

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return self.codes.encode(codes, noise)[:, None, None]


class TwoSteps:
    noise = 2

    def latent(self, noise: Tensor) -> Tensor:
        return torch.stack([3 + 2 * noise[:, 0], noise[:, 1], noise[:, 0] - noise[:, 1]], dim=1)

    def synthesize(self, w: Tensor) -> Tensor:
        return w[:, None, None]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_z_is_the_noise_and_the_normal_codes() -> None:
    latent = NormalLatent(Columns())
    assert (latent.dimension, latent.noise) == (3, 5)
    points, noise = latent.draw(4000, stream())
    drawn = latent.images(points, noise)[:, 0, 0]
    torch.testing.assert_close(drawn[:, :2], points[:, :2])
    torch.testing.assert_close(drawn[:, 2], 2 + 0.5 * points[:, 2])
    assert drawn[:, 3:6].sum(1).tolist() == [1] * 4000  # one category each
    torch.testing.assert_close(drawn[:, 3:6].mean(0), torch.full((3,), 1 / 3), atol=0.03, rtol=0)
    assert -1 <= drawn[:, 6].min() < -0.99
    assert 0.99 < drawn[:, 6].max() <= 1


def test_what_z_does_not_decide_is_decided_by_the_noise() -> None:
    latent = NormalLatent(Columns())
    points, noise = latent.draw(50, stream())
    moved = latent.images(points + 1, noise)[:, 0, 0]
    assert torch.equal(moved[:, 3:], latent.images(points, noise)[:, 0, 0, 3:])


def test_coordinates_move_the_point_along_their_directions_alone() -> None:
    latent = NormalLatent(Columns(CodeSpace(noise=5)))
    basis = torch.linalg.qr(torch.randn(5, 5, generator=stream(), dtype=torch.float64))[0].T
    along = AlongDirections(latent, basis[:2], ["a", "b"])
    assert list(along.codes.items()) == [("a", Normal()), ("b", Normal())]
    noise = torch.randn(20_000, along.codes.noise, generator=stream(1))
    codes = along.codes.sample(20_000, stream(2))
    points = along.generate(codes, noise)[:, 0, 0].double()
    torch.testing.assert_close((points @ basis[0]).float(), codes["a"], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close((points @ basis[1]).float(), codes["b"], atol=1e-5, rtol=1e-5)
    rest = noise[:, :5].double() @ basis[2:].T
    torch.testing.assert_close(points @ basis[2:].T, rest, atol=1e-5, rtol=1e-5)
    # All together they are the points of the prior.
    torch.testing.assert_close(torch.cov(points.T), torch.eye(5).double(), atol=0.05, rtol=0)


def test_w_has_the_law_of_its_samples() -> None:
    subject = open_subject(TwoSteps())
    assert subject.generator is not None
    assert subject.codes == CodeSpace(noise=2)
    latent = latent_space(subject.generator)
    assert isinstance(latent, MappedLatent)
    assert latent.dimension == 3
    (law, other) = latent.law(torch.eye(3)[[0, 2]])
    assert law.mean == pytest.approx(3, abs=0.1)
    assert law.deviation == pytest.approx(2, rel=0.05)
    assert other.deviation == pytest.approx(2**0.5, rel=0.05)
    noise = torch.randn(10, 2, generator=stream())
    drawn = AlongDirections(latent, torch.eye(3)[[0]], ["a"]).generate({"a": torch.ones(10)}, noise)
    assert drawn[:, 0, 0, 0].tolist() == [1] * 10
    torch.testing.assert_close(drawn[:, 0, 0, 1:], TwoSteps().latent(noise)[:, 1:])


def test_a_generator_in_two_steps_draws_and_has_a_z_as_well() -> None:
    generator = open_subject(TwoSteps()).generator
    assert generator is not None
    noise = torch.randn(4, 2, generator=stream())
    torch.testing.assert_close(
        generator.generate({}, noise), TwoSteps().synthesize(TwoSteps().latent(noise))
    )
    assert latent_space(generator, "z").dimension == 2


@pytest.mark.parametrize("noise", [None, 0, -1, 2.0, True])
def test_a_generator_in_two_steps_says_how_much_noise_it_takes(noise: Any) -> None:
    model = TwoSteps()
    model.noise = noise
    with pytest.raises(UserError, match="in two steps needs `noise`, the number"):
        open_subject(model)


def test_groups_are_orthogonal() -> None:
    vectors = torch.tensor([[1.0, 0, 0], [0.6, 0.8, 0], [0, 0, 1], [1.0, 0, 0]])
    assert orthogonal_groups(vectors) == [[0, 2], [1], [3]]
    with pytest.raises(UserError, match="orthogonal unit vectors"):
        AlongDirections(NormalLatent(Columns(CodeSpace(noise=3))), vectors[:2], ["a", "b"])
    with pytest.raises(UserError, match="orthogonal unit vectors"):
        AlongDirections(NormalLatent(Columns(CodeSpace(noise=3))), 2 * vectors[:1], ["a"])


def test_spaces_that_are_not_there() -> None:
    with pytest.raises(UserError, match="neither noise nor normal codes"):
        latent_space(Columns(CodeSpace(kind=Categorical(3), noise=0)))
    with pytest.raises(UserError, match=r"there is no w: the generator needs latent\(noise\)"):
        latent_space(Columns(), "w")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "latent returned NoneType; return w, a tensor"),
        (torch.zeros(3, 4), r"latent returned a tensor \(3, 4\)"),
        (torch.zeros(500), r"latent returned a tensor \(500,\)"),
        (torch.full((500, 2), torch.nan), "numbers that are not finite"),
    ],
)
def test_latent_that_returns_no_points(returned: Any, message: str) -> None:
    class Odd(TwoSteps):
        def latent(self, noise: Tensor) -> Tensor:
            return returned  # type: ignore[no-any-return]

    generator = open_subject(Odd()).generator
    assert generator is not None
    with pytest.raises(UserError, match=message):
        latent_space(generator)


def test_w_that_never_varies_has_no_law() -> None:
    class Constant(TwoSteps):
        def latent(self, noise: Tensor) -> Tensor:
            return torch.ones(len(noise), 3)

    generator = open_subject(Constant()).generator
    assert generator is not None
    with pytest.raises(UserError, match="w does not vary along one of the directions"):
        latent_space(generator).law(torch.eye(3))
