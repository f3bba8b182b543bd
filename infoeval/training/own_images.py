"""A trainer for images that no trainer was written for: InfoGAN as a data discovery tool."""

from dataclasses import replace
from pathlib import Path

from infoeval.codes import Categorical, Code, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.networks import Layer, UpConvolution
from infoeval.trainer import Trainer
from infoeval.training.bundled import load_trainer

__all__ = ["DEFAULT_CODES", "SIDES", "parse_codes", "side_for", "trainer_for_images", "with_codes"]

DEFAULT_CODES = "10,u,u"
"""The codes that the paper gives MNIST."""
SIDES = (28, 32, 64)
"""Sides of the images that there are networks for."""
CONTINUOUS_WEIGHT = 0.1
"""Of a continuous code: its L_I has no ceiling, and with more G learns it before any image."""

# Tables 1, 4, 2 and 6: the networks for images of a side, and of a number of channels.
_NETWORKS = {
    (28, 1): "mnist",
    (28, 3): "mnist",
    (32, 1): "faces",
    (32, 3): "svhn",
    (64, 1): "chairs",
    (64, 3): "chairs",
}


def side_for(height: int, width: int) -> int:
    """Choose the side of the networks for images of a size: the nearest to the shorter side.

    >>> side_for(28, 28), side_for(32, 40), side_for(109, 89), side_for(8, 8)
    (28, 32, 64, 28)
    """
    return min(SIDES, key=lambda side: abs(side - min(height, width)))


def trainer_for_images(path: str, channels: int, side: int, codes: str = DEFAULT_CODES) -> Trainer:
    """Make a trainer for a folder or file of a user's own images.

    The networks are those that the paper has for images of this size, with as many channels as
    the images have; the rates are the paper's, and λ is 1.

    Args:
        path: the folder or file.
        channels: 1 for grey, 3 for RGB.
        side: 28, 32 or 64; images of other sizes are resized to it.
        codes: see `parse_codes`.

    Raises:
        UserError: no networks of that size, or codes that cannot be read.

    >>> list(trainer_for_images("holidays", 3, 28, "5,u").codes)
    ['category_1', 'continuous_1']

    """
    if (side, channels) not in _NETWORKS:
        sizes = ", ".join(map(str, SIDES))
        raise UserError(f"there are networks for images of side {sizes}, not {side}")
    like = load_trainer(_NETWORKS[side, channels])
    trainer = replace(
        like,
        name=Path(path).resolve().stem or "images",
        data=path,
        image_shape=(channels, side, side),
        generator=_drawing(like.generator, channels),
        information_weight=1.0,
        code_weights={},
        generator_rate=1e-3,
        discriminator_rate=2e-4,
        recognition_learns="with_discriminator",
        recognition_view=None,
        image_noise=0.1,
        variants={},
    )
    return with_codes(trainer, codes)


def with_codes(trainer: Trainer, codes: str) -> Trainer:
    """Give a trainer other codes: categories weigh 1 and continuous codes 0.1.

    The number of noise variables stays. Raises UserError as `parse_codes`.
    """
    parsed = parse_codes(codes)
    space = CodeSpace(noise=trainer.codes.noise, **parsed)
    weights = {
        name: CONTINUOUS_WEIGHT for name, code in parsed.items() if isinstance(code, Uniform)
    }
    return replace(trainer, codes=space, code_weights=weights, variants={})


def parse_codes(text: str) -> dict[str, Code]:
    """Read codes such as "10,10,u,u": a number of categories each, or u for one on [−1, 1].

    >>> list(parse_codes("10,3,u"))
    ['category_1', 'category_2', 'continuous_1']

    Raises UserError, in one line, for anything else.
    """
    codes: dict[str, Code] = {}
    for word in (word.strip().lower() for word in text.split(",")):
        if word in ("u", "uniform"):
            number = sum(isinstance(code, Uniform) for code in codes.values()) + 1
            codes[f"continuous_{number}"] = Uniform(-1, 1)
        elif word.isascii() and word.isdigit():
            number = sum(isinstance(code, Categorical) for code in codes.values()) + 1
            codes[f"category_{number}"] = Categorical(int(word))
        else:
            raise UserError(
                f"codes {text!r}: {word!r} is neither a number of categories nor u (uniform); "
                'write for example "10,10,u,u"'
            )
    return codes


def _drawing(generator: tuple[Layer, ...], channels: int) -> tuple[Layer, ...]:
    """The table of a generator with another number of channels."""
    *rows, last = generator
    assert isinstance(last, UpConvolution)
    return (*rows, replace(last, channels=channels))
