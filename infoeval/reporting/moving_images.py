"""Sliders over images that were generated in advance, and animations.

The page's script moves the sliders; without it the page shows the images of their start, and the
controls are hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infoeval.errors import UserError, quoted
from infoeval.reporting.grid_columns import CategoryOrder, Orders, magnified
from infoeval.reporting.page_images import ImageContent, read_image, still
from infoeval.reporting.wording import listed, minus
from infoeval.results import Document, ModelResults
from infoeval.results.file_entries import Animation, SliderEntry, Sprites


@dataclass(frozen=True)
class Control:
    """A code's slider.

    ``labels`` are what its positions are called in raw order, ``matched`` in Hungarian order
    (None where there is no such order); ``start`` is the first position in the order shown first.
    ``values`` are those of the code, in raw order.
    """

    name: str
    values: tuple[float, ...]
    labels: tuple[str, ...]
    matched: tuple[str, ...] | None
    start: int

    @property
    def text(self) -> str:
        """The label of the slider's start."""
        return (self.matched or self.labels)[self.start]


@dataclass(frozen=True)
class Window:
    """An image of sprites of which one shows, at first the one whose corner is at (x, y)."""

    address: str
    noise: int
    x: int
    y: int


@dataclass(frozen=True)
class SpriteRow:
    """The windows of a model, one for each noise; ``orders`` has its categories for each slider.

    ``start`` names the categories that are shown first.
    """

    model: ModelResults
    windows: tuple[Window, ...]
    orders: tuple[tuple[int, ...], ...]
    start: str

    @property
    def orders_text(self) -> str:
        """The orders as the script reads them: "7 3 0;;"."""
        return ";".join(" ".join(map(str, order)) for order in self.orders)


@dataclass(frozen=True)
class Panel:
    """Sliders, and all windows whose image they choose: of sprites ``like`` these."""

    controls: tuple[Control, ...]
    rows: tuple[SpriteRow, ...]
    like: Sprites

    @property
    def scales(self) -> tuple[int, int]:
        """How many times larger an image is on a wide and on a narrow screen."""
        return magnified(self.like.width)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of positions of each slider."""
        return tuple(len(control.labels) for control in self.controls)

    @property
    def standing(self) -> str:
        """The positions of the sliders at the start, as text."""
        if not self.like.joint:
            return "each image's own values"
        return listed([f"{control.name}: {control.text}" for control in self.controls])

    @property
    def ordered(self) -> bool:
        """Whether a slider has a Hungarian order."""
        return any(control.matched for control in self.controls)


def panels(document: Document, folder: Path, orders: Orders) -> tuple[Panel, ...]:
    """Return a panel of sliders for all sprites that have the same ones."""
    groups: dict[object, list[Sprites]] = {}
    for image in document.images:
        if isinstance(image, Sprites) and image.codes:
            positions = tuple((slider.name, slider.values, slider.texts) for slider in image.codes)
            shape = image.joint, image.width, image.height, image.columns
            groups.setdefault((positions, shape), []).append(image)
    return tuple(_panel(group, document, folder, orders) for group in groups.values())


def _panel(group: list[Sprites], document: Document, folder: Path, orders: Orders) -> Panel:
    first = group[0]
    indices = sorted({sprites.model for sprites in group})
    leading = [orders.get((indices[0], slider.name)) for slider in first.codes]
    controls = tuple(
        _control(slider, order, first.joint)
        for slider, order in zip(first.codes, leading, strict=True)
    )
    rows = []
    for index in indices:
        sprites = sorted((s for s in group if s.model == index), key=lambda image: image.noise)
        rows.append(_row(document.all_models[index], sprites, controls, folder, orders))
    return Panel(controls, tuple(rows), first)


def _row(
    model: ModelResults,
    sprites: list[Sprites],
    controls: Sequence[Control],
    folder: Path,
    orders: Orders,
) -> SpriteRow:
    """Return the windows of a model's sprites, by noise."""
    first = sprites[0]
    own = [
        _usable(orders.get((model.index, slider.name)), slider) if control.matched else None
        for slider, control in zip(first.codes, controls, strict=True)
    ]
    positions = [
        order.categories[control.start] if order else control.start
        for order, control in zip(own, controls, strict=True)
    ]
    return SpriteRow(
        model=model,
        windows=tuple(_window(image, folder, positions) for image in sprites),
        orders=tuple(order.categories if order else () for order in own),
        start=", ".join(
            f"{control.name}: code {control.labels[position]}"
            for control, position, order in zip(controls, positions, own, strict=True)
            if order and first.joint
        ),
    )


def _control(slider: SliderEntry, order: CategoryOrder | None, joint: bool) -> Control:
    usable = _usable(order, slider)
    # Where each noise has its own values, no position is right for all of them.
    start = slider.start if joint else (len(slider.values) - 1) // 2
    if usable is None:
        return Control(slider.name, slider.values, tuple(map(minus, slider.texts)), None, start)
    matched = tuple(
        f"code {slider.texts[category]} → {usable.classes[category] or 'no class'}"
        for category in usable.categories
    )
    place = usable.categories.index(start)
    return Control(slider.name, slider.values, slider.texts, matched, place)


def _usable(order: CategoryOrder | None, slider: SliderEntry) -> CategoryOrder | None:
    """Return the order where the slider stands at every category once."""
    count = len(slider.values)
    if order is None or len(order.categories) != count or slider.values != tuple(range(count)):
        return None
    return order


def _window(sprites: Sprites, folder: Path, positions: Sequence[int]) -> Window:
    file = read_image(folder, sprites.file)
    rows = -(-sprites.count // sprites.columns)
    wanted = sprites.columns * sprites.width, rows * sprites.height
    if (file.width, file.height) != wanted:
        raise UserError(
            f"image {quoted(file.name)} has {file.width} x {file.height} pixels, and metrics.json "
            f"says {wanted[0]} x {wanted[1]}: make it again"
        )
    row, column = divmod(_number(sprites, positions), sprites.columns)
    return Window(file.address, sprites.noise, column * sprites.width, row * sprites.height)


def _number(sprites: Sprites, positions: Sequence[int]) -> int:
    """Return which sprite shows the positions; where not joint, one of the noise's own values."""
    if not sprites.joint:
        return sprites.codes[0].start
    number = 0
    for slider, position in zip(sprites.codes, positions, strict=True):
        number = number * len(slider.values) + position
    return number


@dataclass(frozen=True)
class Moving:
    """An animation; ``still`` is its first frame, for readers who want no motion."""

    model: ModelResults
    title: str
    caption: str
    file: ImageContent
    still: str


def animations(document: Document, folder: Path) -> tuple[Moving, ...]:
    """Read every animation, in their order. Raises UserError for a missing or damaged file."""
    moving = []
    for image in document.images:
        if isinstance(image, Animation):
            file, title = read_image(folder, image.file), image.title or image.code or image.file
            model = document.all_models[image.model]
            moving.append(Moving(model, title, image.caption, file, still(file)))
    return tuple(moving)
