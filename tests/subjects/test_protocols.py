"""What a model has to offer, and what is drawn from a generator."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

import infoeval
from infoeval import Categorical, CodeSpace, Uniform
from infoeval.subjects import protocols
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.protocols import render_of, sample


class Shades:
    """Draws one pixel: the code, and the noise beside it."""

    codes = CodeSpace(kind=Categorical(3), level=Uniform(-1, 1), noise=2)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return torch.stack([codes["kind"].float(), codes["level"], noise[:, 0]], 1)[:, None, None]


def test_public_names_are_there() -> None:
    assert all(hasattr(infoeval, name) for name in infoeval.__all__)
    assert infoeval.Model is protocols.Model
    with pytest.raises(AttributeError, match="no attribute 'Modell'"):
        infoeval.Modell  # noqa: B018


def test_a_checkpoint_has_all_that_a_model_has_to_have() -> None:
    for protocol in (infoeval.Encoder, infoeval.Generator, infoeval.Model):
        names = [name for name in vars(protocol) if not name.startswith("_")]
        assert all(hasattr(CheckpointModel, name) for name in names)
    assert set(dir(infoeval.Model)) >= {"codes", "encode", "generate"}


def test_a_sample_is_the_codes_and_their_images() -> None:
    codes, images = sample(Shades(), 50, torch.Generator().manual_seed(3))
    assert list(codes) == ["kind", "level"]
    assert torch.equal(images[:, 0, 0, 0], codes["kind"].float())
    assert torch.equal(images[:, 0, 0, 1], codes["level"])
    again = sample(Shades(), 50, torch.Generator().manual_seed(3))[1]
    assert torch.equal(images, again)
    assert not torch.equal(images, sample(Shades(), 50, torch.Generator().manual_seed(4))[1])


def test_a_generator_as_a_function_of_codes_and_randomness() -> None:
    render = render_of(Shades())
    codes = Shades.codes.sample(20, torch.Generator().manual_seed(0))
    first, again, other = (render(codes, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first[..., :2], other[..., :2])
    assert not torch.equal(first[..., 2], other[..., 2])
