"""Moving traversals as the page shows them."""

from dataclasses import dataclass
from pathlib import Path

from infoeval.report.page_images import read_image, still
from infoeval.results.document import Document, Model
from infoeval.results.image_entries import Animation

__all__ = ["Moving", "animations"]


@dataclass(frozen=True)
class Moving:
    """An animation; ``still`` is its first picture, for readers who want no motion."""

    model: Model
    title: str
    caption: str
    address: str
    still: str
    width: int
    height: int


def animations(document: Document, folder: Path) -> tuple[Moving, ...]:
    """Read every animation, in their order. Raises UserError for a missing or damaged file."""
    return tuple(
        _moving(picture, document, folder)
        for picture in document.images
        if isinstance(picture, Animation)
    )


def _moving(picture: Animation, document: Document, folder: Path) -> Moving:
    file = read_image(folder, picture.file)
    return Moving(
        model=document.all_models[picture.model],
        title=picture.title or picture.code or picture.file,
        caption=picture.caption,
        address=file.address,
        still=still(file),
        width=file.width,
        height=file.height,
    )
