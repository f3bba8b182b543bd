"""What to train: a bundled trainer, a Python file, or networks chosen for a user's own images."""

import os
from dataclasses import dataclass
from pathlib import Path

from infoeval import content
from infoeval.errors import UserError
from infoeval.trainer import Trainer
from infoeval.training.bundled import load_trainer
from infoeval.training.own_images import DEFAULT_CODES, side_for, trainer_for_images, with_codes

__all__ = ["Choice", "choose_trainer"]


@dataclass(frozen=True)
class Choice:
    """A trainer, and where its networks were chosen for images, what was decided, in one line.

    `shape` is then the form that these images are to be brought to; see `infoeval.data.load`.
    """

    trainer: Trainer
    shape: tuple[int, int, int] | None = None
    decided: str = ""


def choose_trainer(
    name: str,
    *,
    variant: str = "default",
    codes: str | None = None,
    size: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    skip_broken: bool = False,
) -> Choice:
    """Find a trainer by name or file, or make one for images by name or path.

    Args:
        name: a bundled trainer, a Python file (which is run), or images: a data set's name, a
            folder or a `.npz` file. A bundled trainer wins over images called the same; write
            `./mnist` for such a folder.
        variant: of the trainer.
        codes: other codes than the trainer's, such as "10,10,u,u"; see `parse_codes`.
        size: side of the networks for images, 28, 32 or 64; None: the nearest to theirs.
        data_dir: where the named data sets lie.
        skip_broken: whether pictures that cannot be read are passed over.

    Raises:
        UserError: no such trainer, variant or images, or options that do not go together.

    """
    if not _names_images(name):
        trainer = load_trainer(name).variant(variant)
        if size is not None:
            raise UserError(f"{trainer.name} has its own image size; --size is for your own images")
        return Choice(trainer if codes is None else with_codes(trainer, codes))
    # Here and below: who trains on a bundled trainer waits for no data set to be imported.
    from infoeval.data import describe_form, form_of

    if variant != "default":
        raise UserError(f"networks for your own images have no variant {variant!r}")
    sizes, channels = form_of(name, root=data_dir, skip_broken=skip_broken)
    side = size or side_for(*min(sizes, key=min))
    trainer = trainer_for_images(name, channels, side, codes or DEFAULT_CODES)
    found = describe_form(sizes, channels)
    fits = sizes == {trainer.image_shape[1:]}
    resized = "" if fits else f", resized to {side}×{side}"
    chosen = ", ".join(trainer.codes)
    return Choice(trainer, trainer.image_shape, f"images of {found}{resized}; codes {chosen}")


def _names_images(name: str) -> bool:
    """Whether a name is of images: neither a trainer nor a Python file, and there are some."""
    if name in content.trainers() or name.endswith(".py"):
        return False
    from infoeval.data import names

    path = Path(name).expanduser()
    is_file = path.suffix.lower() in (".npz", ".mat", ".h5") and path.is_file()
    return is_file or path.is_dir() or name in names()
