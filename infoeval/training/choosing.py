"""What to train: a bundled trainer, a Python file, or networks for a user's own images.

For images that no trainer was written for, InfoGAN is a data discovery tool: the networks are
those that the paper has for images of their size, or narrower ones where there is little time.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoeval import content
from infoeval.codes import CodeSpace, parse_codes
from infoeval.errors import UserError, unknown
from infoeval.files import in_home
from infoeval.networks import Dense, Layer, UpConvolution
from infoeval.python_files import run_file
from infoeval.trainer import Trainer

if TYPE_CHECKING:
    from infoeval.checkpoint import Checkpoint
    from infoeval.training.time_budget import TimeBudget

DEFAULT_CODES = "10,u,u"
"""The codes that the paper gives MNIST."""
CONTINUOUS_WEIGHT = 0.1
"""Weight of a continuous code: its L_I has no ceiling, and G would learn it before any image."""

IN_MEMORY = "images in memory"
"""The name of the data of a trainer that was chosen for images in memory."""
_IMAGE_FILES = (".npz", ".mat", ".h5", ".zip", ".tar")

# Tables 1, 4, 2 and 6: by side, the networks for images of 1 and of 3 channels.
_NETWORKS = {
    28: {1: "mnist", 3: "mnist"},
    32: {1: "faces", 3: "svhn"},
    64: {1: "chairs", 3: "chairs"},
}
SIDES = tuple(_NETWORKS)
"""Sides of the images that there are networks for."""
VARIANTS = {"default": 1, "half": 2, "small": 4}
"""How many times fewer channels than the paper's the networks have."""
_NARROW_STEPS = 4000
_TRIED = {64: (64, 32), 32: (32,), 28: (28,)}
"""By the side nearest to the images: the sides of networks that may fit the time."""


@dataclass(frozen=True)
class Choice:
    """A trainer; the shape that images are resized to; of a user's own, a line that describes both.

    `shape` is (channels, height, width), see `infoeval.data.load`; None: they must have it.
    `variant` is that of the trainer. If it was chosen to fit `minutes`, a step takes `seconds`.
    """

    trainer: Trainer
    shape: tuple[int, int, int] | None = None
    decided: str = ""
    variant: str = "default"
    minutes: float | None = None
    seconds: float | None = None

    @property
    def estimate(self) -> str:
        """What was chosen and about how long it takes, with the options that repeat it; or ""."""
        if self.minutes is None or self.seconds is None:
            return ""
        trainer, side = self.trainer, self.trainer.image_shape[1]
        minutes = trainer.steps * self.seconds / 60
        took = f"{minutes:,.0f} min" if minutes >= 2 else f"{60 * minutes:,.0f} s"
        channels = {2: "half the channels", 4: "a quarter of the channels"}
        of_networks = channels.get(VARIANTS[self.variant], "all channels")
        variant = "" if self.variant == "default" else f" --variant {self.variant}"
        return (
            f"{'within' if minutes <= self.minutes else 'longer than'} {self.minutes:g} min: "
            f"{trainer.steps:,} steps of {trainer.batch} images at {side}×{side}, networks with "
            f"{of_networks}, about {took} ({1000 * self.seconds:,.0f} ms a step here); to repeat "
            f"it: --size {side}{variant} --batch {trainer.batch} --steps {trainer.steps}"
        )

    def changed(self, **settings: Any) -> "Choice":
        """Return the choice with those settings of its trainer that are not None.

        Raises UserError for other `data` than the images that the trainer was made for.
        """
        if self.decided and settings.get("data") is not None:
            raise UserError(f"{self.trainer.data} are the images: --data has no use")
        given = {name: value for name, value in settings.items() if value is not None}
        return replace(self, trainer=replace(self.trainer, **given))


def choose_trainer(
    name: Any,
    *,
    variant: str = "default",
    codes: str | None = None,
    size: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    skip_broken: bool = False,
    budget: "TimeBudget | None" = None,
    begun: "Checkpoint | None" = None,
) -> Choice:
    """Return the trainer of a name or file, or one made for images given by name or path.

    Args:
        name: a bundled trainer, a Python file (which is run), or images: a data set's name, a
            folder or a `.npz` file. A bundled trainer wins over images of the same name; write
            `./mnist` for such a folder. Or images in memory, or a trainer itself.
        variant: of the trainer; of networks for images "half" or "small".
        codes: other codes than the trainer's, such as "10,10,u,u"; see `parse_codes`.
        size: side of the networks for images, 28, 32 or 64; None: the nearest to theirs.
        data_dir: where the named data sets lie.
        skip_broken: whether image files that cannot be read are skipped.
        budget: the time that a training of images may take, which decides on their networks where
            size or variant are not given; None: any time.
        begun: the run of images that is resumed, whose networks, batch and steps are kept; nothing
            is timed then.

    Raises:
        UserError: no such trainer, variant or images, options that exclude each other, or too
            little time.

    """
    if isinstance(name, Trainer) or not _names_images(name):
        trainer = (name if isinstance(name, Trainer) else load_trainer(name)).variant(variant)
        if size is not None:
            raise UserError(f"{trainer.name} has its own image size; --size is for your own images")
        if budget is not None and budget.minutes is not None:
            raise UserError(f"{trainer.name} has its own networks: --minutes is for your images")
        shape = trainer.image_shape if trainer.resized else None
        trainer = trainer if codes is None else with_codes(trainer, codes)
        return Choice(trainer, shape, variant=variant)
    # Imported here and below, because a bundled trainer needs no data set to be chosen.
    from infoeval.data import describe_form, form_of

    if variant not in VARIANTS:
        known = list(VARIANTS)
        raise UserError(unknown("networks for your own images have no variant", variant, known))
    sizes, channels = form_of(name, root=data_dir, skip_broken=skip_broken)
    nearest = side_for(*min(sizes, key=min))
    called = name if isinstance(name, str) else IN_MEMORY

    def networks(side: int, variant: str) -> Trainer:
        return trainer_for_images(called, channels, side, codes or DEFAULT_CODES, variant)

    minutes = seconds = None
    if begun is not None and begun.trainer.image_shape[1] in SIDES and begun.variant in VARIANTS:
        kept = begun.trainer
        variant = begun.variant if variant == "default" else variant
        trainer = networks(size or kept.image_shape[1], variant)
        trainer = replace(trainer, batch=kept.batch, steps=kept.steps)
    elif begun is None and budget is not None and budget.limit is not None:
        tried = _to_try(nearest, size, variant)
        place, trainer, seconds = budget.fit([networks(*each) for each in tried])
        variant, minutes = tried[place][1], budget.limit
    else:
        trainer = networks(size or nearest, variant)
    form, side = describe_form(sizes, channels), trainer.image_shape[1]
    resized = "" if sizes == {trainer.image_shape[1:]} else f", resized to {side}×{side}"
    decided = f"images of {form}{resized}; codes {', '.join(trainer.codes)}"
    return Choice(trainer, trainer.image_shape, decided, variant, minutes, seconds)


def _to_try(nearest: int, size: int | None, variant: str) -> list[tuple[int, str]]:
    """Return the sides and variants that may fit the time, the smallest networks first."""
    sides = _TRIED[nearest] if size is None else (size,)
    variants = tuple(VARIANTS) if variant == "default" else (variant,)
    tried = [(side, each) for side in sides for each in variants]
    # At half the size, more channels and a larger batch take as long.
    skipped = [(side, "small") for side in sides[:-1]] if len(variants) > 1 else []
    return [each for each in reversed(tried) if each not in skipped]


def load_trainer(name: str) -> Trainer:
    """Return the bundled trainer called `name`, or `trainer` of the Python file at this path.

    The file is executed: give only files that you would run yourself.

    Raises UserError if there is no such trainer or file, or the file fails or defines no trainer.
    """
    bundled = content.trainers()
    if name in bundled:
        path = bundled[name]
    elif name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"no trainer file at {path}")
    else:
        raise UserError(
            f"{unknown('no trainer called', name, bundled)}; or give a Python file, a folder of "
            "images or a .npz file"
        )
    trainer = getattr(run_file(path), "trainer", None)
    if not isinstance(trainer, Trainer):
        raise UserError(f"{path} defines no `trainer = Trainer(...)`")
    return trainer


def side_for(height: int, width: int) -> int:
    """Return the side of the networks for images of a size: the nearest to the shorter side.

    >>> side_for(28, 28), side_for(32, 40), side_for(109, 89), side_for(8, 8)
    (28, 32, 64, 28)
    """
    return min(SIDES, key=lambda side: abs(side - min(height, width)))


def trainer_for_images(
    path: str, channels: int, side: int, codes: str = DEFAULT_CODES, variant: str = "default"
) -> Trainer:
    """Return a trainer for a folder or file of a user's own images.

    The networks are those of the paper for images of this size, with as many channels as the
    images have; the rates are the paper's, and λ is 1. Those of the variants are narrower, with
    smaller batches; D learns faster, the noise on images decreases, and pictures are drawn by a
    moving average of G.

    Args:
        path: the folder or file.
        channels: 1 for grey, 3 for RGB.
        side: 28, 32 or 64; images of other sizes are resized to it.
        codes: see `parse_codes`.
        variant: "default", "half" or "small".

    Raises:
        UserError: no networks of that size, or codes that cannot be read.

    >>> list(trainer_for_images("holidays", 3, 28, "5,u").codes)
    ['category_1', 'continuous_1']

    """
    if channels not in _NETWORKS.get(side, {}):
        sizes = ", ".join(map(str, SIDES))
        raise UserError(f"there are networks for images of side {sizes}, not {side}")
    like = load_trainer(_NETWORKS[side][channels])
    *rows, last = like.generator
    assert isinstance(last, UpConvolution)
    trainer = replace(
        like,
        name=Path(path).resolve().stem or "images",
        data=path,
        image_shape=(channels, side, side),
        generator=(*rows, replace(last, channels=channels)),
        information_weight=1.0,
        code_weights={},
        generator_rate=1e-3,
        discriminator_rate=2e-4,
        recognition_learns="with_discriminator",
        recognition_view=None,
        image_noise=0.1,
        variants={},
    )
    if variant != "default":
        times = VARIANTS[variant]
        # As in the narrower variants of `svhn`: with the slower D and lasting noise of above, G
        # draws one image for each category, and speckles.
        trainer = replace(
            trainer,
            generator=(*_narrower(rows, times), trainer.generator[-1]),
            shared=_narrower(trainer.shared, times),
            recognition=_narrower(trainer.recognition, times),
            discriminator_rate=5e-4,
            image_noise_half_life=400,
            generator_average=0.99,
            batch=trainer.batch // times,
            steps=_NARROW_STEPS,
        )
    return with_codes(trainer, codes)


def _narrower(table: Sequence[Layer], times: int) -> tuple[Layer, ...]:
    """Return a layer table with so many times fewer channels, batch-normalised wherever G grows.

    So are those of the narrower variants of `svhn`.
    """
    narrower: list[Layer] = []
    for row in table:
        if isinstance(row, Dense):
            narrower.append(replace(row, width=row.width // times))
        elif isinstance(row, UpConvolution):
            narrower.append(replace(row, channels=row.channels // times, batch_norm=True))
        else:
            narrower.append(replace(row, channels=row.channels // times))
    return tuple(narrower)


def with_codes(trainer: Trainer, codes: str) -> Trainer:
    """Return the trainer with other codes: categories weigh 1 and continuous codes 0.1.

    The number of noise variables stays. Raises UserError as `parse_codes`.
    """
    parsed = parse_codes(codes)
    space = CodeSpace(noise=trainer.codes.noise, **parsed)
    weights = {name: CONTINUOUS_WEIGHT for name, code in parsed.items() if not code.is_categorical}
    return replace(trainer, codes=space, code_weights=weights, variants={})


def _names_images(name: Any) -> bool:
    """Return whether these are images, by name, path or in memory, and no trainer or Python file.

    Paths where nothing is, and files of other kinds, are refused as images, which says why.
    """
    if not isinstance(name, str):
        return True
    if name in content.trainers() or name.endswith(".py"):
        return False
    from infoeval.data import names

    path = in_home(name)
    is_path = path.exists() or os.sep in name or path.suffix.lower() in _IMAGE_FILES
    return is_path or name in names()
