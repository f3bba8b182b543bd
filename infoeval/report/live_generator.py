"""The generator inside the page: what `--live` left beside metrics.json, checked and inlined."""

import base64
import hashlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup

from infoeval import content
from infoeval.errors import UserError, quoted, shown
from infoeval.report import onnxruntime
from infoeval.report.grid_columns import CategoryOrder, Orders, magnified
from infoeval.report.page_images import read_beside
from infoeval.report.wording import minus
from infoeval.results import Document
from infoeval.results.file_entries import (
    EXAGGERATION,
    AngleSlider,
    CategoricalSlider,
    Live,
    NormalSlider,
    Reference,
    Slider,
)

_STEPS = 200
_CENTRAL = 2
"""Deviations from the mean within which a normal code has 95 % of its values."""
_LARGEST_MODEL = 256 * 2**20
_LARGEST_REFERENCE = 16 * 2**20
_LARGEST_LICENSE = 2**20

_GZIP = b"\x1f\x8b"

_AGAIN = "run `infoeval report --live` again"


@dataclass(frozen=True)
class CodeSlider:
    """A slider of a code: its numbers as they stand in the page.

    ``column`` is the first of the code's columns in the generator's input, ``categories`` how many
    it has there, None for a continuous code, whose prior runs from ``low`` to ``high``. An angle,
    ``circular``, has two: cosine and sine. ``prior`` says what the ends are. ``order`` has the
    category of each position, in Hungarian order, and ``matched`` what each is called there.
    """

    name: str
    column: int
    categories: int | None
    circular: bool
    prior: str
    low: str
    high: str
    least: str
    most: str
    step: str
    start: str
    order: tuple[int, ...] = field(default=(), kw_only=True)
    matched: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def columns(self) -> int:
        """The number of the code's columns in the generator's input."""
        return self.categories or (2 if self.circular else 1)


@dataclass(frozen=True)
class DataBlock:
    """Bytes in the page, as base64 text in an element of this id.

    ``unpacked``: the page unpacks them, by gzip, to this many bytes; None: they are not packed.
    """

    id: str
    text: Markup
    unpacked: int | None = None


@dataclass(frozen=True)
class LiveGenerator:
    """All that the template needs; ``width`` counts the values of the generator's input."""

    sliders: Sequence[CodeSlider]
    noise: int
    width: int
    rows: int
    channels: int
    image_height: int
    image_width: int
    tolerance: int
    runtime: str
    license: str
    runtime_blocks: Sequence[DataBlock]
    model_blocks: Sequence[DataBlock]
    script: Markup

    @property
    def scales(self) -> tuple[int, int]:
        """How many times larger an image is on a wide and on a narrow screen."""
        return magnified(self.image_width)

    @property
    def script_sources(self) -> tuple[str, ...]:
        """What the page's Content-Security-Policy must allow under ``script-src`` for it to run."""
        digest = base64.b64encode(hashlib.sha256(self.script.encode()).digest()).decode("ascii")
        return (f"'sha256-{digest}'", "'wasm-unsafe-eval'", "blob:")


def read_live(document: Document, folder: Path, orders: Orders) -> LiveGenerator | None:
    """Read the generator of a page from the files in ``folder``; None where there is none.

    A page runs onnxruntime-web only as it was published: anything else in that place is refused.
    The generator and the reference images are verified only against metrics.json, which may have
    the same untrusted author; the page says so.

    Raises UserError when a file that the entry ``live`` of metrics.json names is missing, too
    large, not a plain file of that folder, or not the one it was.
    """
    entry = document.live
    if entry is None:
        return None
    sliders = [_in_order(slider, orders.get((0, slider.name))) for slider in _sliders(entry)]
    width = entry.noise + sum(slider.columns for slider in sliders)
    image, reference = entry.image, entry.reference
    expected = reference.rows * (4 * width + image.channels * image.height * image.width)
    model = _read_named(entry, folder, _LARGEST_MODEL)
    if model.startswith(_GZIP):
        raise UserError(f"{quoted(entry.file)} is a gzip file, and no generator's: {_AGAIN}")
    images = _read_named(reference, folder, _LARGEST_REFERENCE)
    if len(images) != expected:
        raise UserError(
            f"{quoted(reference.file)} has {len(images):,} bytes, and {reference.rows} reference "
            f"images with their codes have {expected:,}: {_AGAIN}"
        )
    return LiveGenerator(
        sliders=sliders,
        noise=entry.noise,
        width=width,
        rows=reference.rows,
        channels=image.channels,
        image_height=image.height,
        image_width=image.width,
        tolerance=reference.tolerance,
        runtime=f"{onnxruntime.NAME} {onnxruntime.VERSION}",
        license=_license(folder),
        runtime_blocks=_runtime_blocks(entry, folder),
        model_blocks=[_block("live-model", model), _block("live-reference", images)],
        script=Markup((content.folder("reports") / "live.js").read_text(encoding="utf-8")),
    )


def _sliders(live: Live) -> list[CodeSlider]:
    sliders: list[CodeSlider] = []
    column = live.noise
    for code in live.codes:
        slider = _slider(code, column)
        column += slider.columns
        sliders.append(slider)
    return sliders


def _in_order(slider: CodeSlider, order: CategoryOrder | None) -> CodeSlider:
    """Return a slider whose positions are in Hungarian order, where there is one."""
    if order is None or len(order.categories) != slider.categories:
        return slider
    matched = tuple(f"code {k} → {order.classes[k] or 'no class'}" for k in order.categories)
    return replace(slider, order=order.categories, matched=matched)


def _slider(code: Slider, column: int) -> CodeSlider:
    if isinstance(code, CategoricalSlider):
        last = str(code.size - 1)
        ends = ("0", last, "0", last, "1", "0")
        return CodeSlider(code.name, column, code.size, False, "", *ends)
    if isinstance(code, AngleSlider):
        turn = 2 * math.pi
        numbers = (0.0, turn, 0.0, turn, turn / _STEPS, 0.0)
        prior, circular = "radians, once around", True
    elif isinstance(code, NormalSlider):
        mean, spread = code.mean, code.deviation * _CENTRAL
        low, high = mean - spread, mean + spread
        reach = spread * EXAGGERATION
        numbers = (low, high, mean - reach, mean + reach, 2 * reach / _STEPS, mean)
        prior, circular = f"95 % of the prior {_ends(low, high)}", False
    else:
        centre, reach = code.centre, code.reach
        numbers = (code.low, code.high, centre - reach, centre + reach, 2 * reach / _STEPS, centre)
        prior, circular = f"prior {_ends(code.low, code.high)}", False
    texts = (f"{number:.12g}" for number in numbers)
    return CodeSlider(code.name, column, None, circular, prior, *texts)


def _ends(low: float, high: float) -> str:
    return minus(f"{low:.12g} to {high:.12g}")


def _runtime_blocks(entry: Live, folder: Path) -> list[DataBlock]:
    given = (entry.runtime.name, entry.runtime.version)
    if given != (onnxruntime.NAME, onnxruntime.VERSION):
        raise UserError(
            f"metrics.json: live.runtime is {shown(' '.join(given))!r}, and pages run "
            f"{onnxruntime.NAME} {onnxruntime.VERSION}: {_AGAIN}"
        )
    place = _runtime_folder(folder)
    blocks = []
    for name, id_ in (
        (onnxruntime.SCRIPT, "live-script"),
        (onnxruntime.LOADER, "live-loader"),
        (onnxruntime.WEBASSEMBLY, "live-webassembly"),
    ):
        size, digest = onnxruntime.FILES[name]
        if name == onnxruntime.WEBASSEMBLY:
            stored = read_beside(place, f"{name}.gz", "file", size)
            plain = _unpacked(stored, size)
        else:
            stored = plain = read_beside(place, name, "file", size)
        if hashlib.sha256(plain).hexdigest() != digest:
            raise UserError(
                f"{onnxruntime.FOLDER}/{name} is not the published file of "
                f"{onnxruntime.NAME} {onnxruntime.VERSION}, and only that is run: {_AGAIN}"
            )
        blocks.append(_block(id_, stored, size if name == onnxruntime.WEBASSEMBLY else None))
    return blocks


def _runtime_folder(folder: Path) -> Path:
    place = folder / onnxruntime.FOLDER
    if not place.is_dir() or place.resolve().parent != folder.resolve():
        raise UserError(f"{onnxruntime.FOLDER} is missing in {folder}: {_AGAIN}")
    return place


def _unpacked(packed: bytes, size: int) -> bytes:
    """Return the content of a gzip file of this size, or nothing if it is another file."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(packed, size + 1)
    except zlib.error:
        return b""
    return content if unpacker.eof and not unpacker.unused_data else b""


def _license(folder: Path) -> str:
    stored = read_beside(_runtime_folder(folder), onnxruntime.LICENSE, "file", _LARGEST_LICENSE)
    return stored.decode("utf-8", "replace")


def _read_named(entry: Live | Reference, folder: Path, largest: int) -> bytes:
    """Read the file that an entry names, which must be the one whose SHA-256 it gives."""
    stored = read_beside(folder, entry.file, "file", largest)
    if hashlib.sha256(stored).hexdigest() != entry.sha256:
        raise UserError(
            f"{quoted(entry.file)} is not the file that metrics.json was written with: {_AGAIN}"
        )
    return stored


def _block(id_: str, stored: bytes, unpacked: int | None = None) -> DataBlock:
    return DataBlock(id_, Markup(base64.b64encode(stored).decode("ascii")), unpacked)
