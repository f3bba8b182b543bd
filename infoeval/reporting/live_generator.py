"""The generator inside the page: what `--live` left beside metrics.json, checked and inlined."""

import base64
import hashlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup

from infoeval.errors import UserError, quoted, shown
from infoeval.reporting import onnxruntime
from infoeval.reporting.grid_columns import CategoryOrder, Orders, magnified
from infoeval.reporting.page_images import read_beside
from infoeval.reporting.page_template import own_script, source_of
from infoeval.reporting.wording import minus
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

    entry: Live
    sliders: Sequence[CodeSlider]
    width: int
    runtime: str
    license: str
    runtime_blocks: Sequence[DataBlock]
    model_blocks: Sequence[DataBlock]
    script: Markup

    @property
    def scales(self) -> tuple[int, int]:
        """How many times larger an image is on a wide and on a narrow screen."""
        return magnified(self.entry.image.width)

    @property
    def script_sources(self) -> tuple[str, ...]:
        """What the page's Content-Security-Policy must allow under ``script-src`` for it to run."""
        return source_of(self.script), "'wasm-unsafe-eval'", "blob:"


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
    sliders: list[CodeSlider] = []
    width = entry.noise
    for code in entry.codes:
        sliders.append(_in_order(_slider(code, width), orders.get((0, code.name))))
        width += sliders[-1].columns
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
    place = _runtime_folder(folder)
    license_ = read_beside(place, onnxruntime.LICENSE, "file", _LARGEST_LICENSE)
    return LiveGenerator(
        entry=entry,
        sliders=sliders,
        width=width,
        runtime=f"{onnxruntime.NAME} {onnxruntime.VERSION}",
        license=license_.decode("utf-8", "replace"),
        runtime_blocks=_runtime_blocks(entry, folder),
        model_blocks=[_block("live-model", model), _block("live-reference", images)],
        script=own_script("live.js"),
    )


def _in_order(slider: CodeSlider, order: CategoryOrder | None) -> CodeSlider:
    """Return a slider whose positions are in Hungarian order, where there is one."""
    if order is None or len(order.categories) != slider.categories:
        return slider
    matched = tuple(f"code {k} → {order.classes[k] or 'no class'}" for k in order.categories)
    return replace(slider, order=order.categories, matched=matched)


def _slider(code: Slider, column: int) -> CodeSlider:
    if isinstance(code, CategoricalSlider):
        last = str(code.size - 1)
        return CodeSlider(
            code.name, column, code.size, False, "", *("0", last, "0", last, "1", "0")
        )
    if isinstance(code, AngleSlider):
        turn = 2 * math.pi
        numbers = [0.0, turn, 0.0, turn, turn / _STEPS, 0.0]
        prior = "radians, once around"
    else:
        if isinstance(code, NormalSlider):
            centre, spread = code.mean, code.deviation * _CENTRAL
            low, high, reach = centre - spread, centre + spread, spread * EXAGGERATION
        else:
            low, high, centre, reach = code.low, code.high, code.centre, code.reach
        numbers = [low, high, centre - reach, centre + reach, 2 * reach / _STEPS, centre]
        whose = "95 % of the prior" if isinstance(code, NormalSlider) else "prior"
        prior = f"{whose} {minus(f'{low:.12g} to {high:.12g}')}"
    texts = (f"{number:.12g}" for number in numbers)
    return CodeSlider(code.name, column, None, isinstance(code, AngleSlider), prior, *texts)


def _runtime_blocks(entry: Live, folder: Path) -> list[DataBlock]:
    given = (entry.runtime.name, entry.runtime.version)
    if given != (onnxruntime.NAME, onnxruntime.VERSION):
        raise UserError(
            f"metrics.json: live.runtime is {shown(' '.join(given))!r}, and pages run "
            f"{onnxruntime.NAME} {onnxruntime.VERSION}: {_AGAIN}"
        )
    place = _runtime_folder(folder)
    blocks = []
    for name, id_, packed in (
        (onnxruntime.SCRIPT, "live-script", False),
        (onnxruntime.LOADER, "live-loader", False),
        (onnxruntime.WEBASSEMBLY, "live-webassembly", True),
    ):
        size, digest = onnxruntime.FILES[name]
        stored = read_beside(place, f"{name}.gz" if packed else name, "file", size)
        plain = _unpacked(stored, size) if packed else stored
        if hashlib.sha256(plain).hexdigest() != digest:
            raise UserError(
                f"{onnxruntime.FOLDER}/{name} is not the published file of "
                f"{onnxruntime.NAME} {onnxruntime.VERSION}, and only that is run: {_AGAIN}"
            )
        blocks.append(_block(id_, stored, size if packed else None))
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
