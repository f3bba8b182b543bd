"""The generator in the page runs from its file, without the network, and is the checkpoint's."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from infoeval.errors import UserError
from infoeval.live import TOLERANCE, find_runtime, write_live
from infoeval.reporting import write
from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.browser.opening import BOTH, NARROW, WIDE, Scheme, Shelf, opened
from tests.live import models
from tests.reporting.sample import sample, without_extras

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

# A canvas that is read often would be drawn otherwise, so what is read is a copy of it.
PIXELS = """
() => [...document.querySelectorAll("#live canvas")].map((canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
})
"""
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def model() -> CheckpointModel:
    return models.grey()


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, model: CheckpointModel, for_all_processes: Path
) -> Path:
    """A folder with metrics.json and all that a live page needs."""
    pytest.importorskip("onnx", reason="the extra live is not installed")
    pytest.importorskip("onnxscript", reason="the extra live is not installed")
    try:
        runtime = find_runtime()
    except UserError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("live")
    document = without_extras(sample(folder))
    with models.exported_once(model, for_all_processes):
        document["live"] = write_live(model, folder, runtime=runtime, seed=0)
    (folder / "metrics.json").write_text(json.dumps(document))
    write(document, folder, folder / "page.html")
    return folder


@pytest.fixture
def document(home: Path) -> dict[str, Any]:
    """A metrics.json that a test may change."""
    return copy.deepcopy(json.loads((home / "metrics.json").read_text()))


def wait(page: Page, state: str) -> None:
    page.locator("#live-generator:not([data-state=loading])").wait_for(timeout=60_000)
    said = page.locator("#live-status").inner_text()
    assert page.locator("#live-generator").get_attribute("data-state") == state, said


def images(page: Page) -> np.ndarray[Any, np.dtype[np.int64]]:
    """What the canvases show, (rows, height, width, 4), once the last drawing is done."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
    return np.array(page.evaluate(PIXELS)).reshape(-1, 8, 8, 4)


def move(page: Page, slider: int, value: float) -> None:
    page.locator(f"#live-code-{slider}").fill(str(value))


@BOTH
def test_generator_runs_offline_and_says_how_exact_it_is(shelf: Shelf, home: Path) -> None:
    with shelf.shown(home / "page.html") as page:
        wait(page, "ready")
        status = page.locator("#live-status").inner_text()
        found = re.search(r"by at most (\d+) of 255 grey levels", status)
        assert found
        assert int(found[1]) <= TOLERANCE
        assert page.locator("#live input:disabled, #live button:disabled").count() == 0
        assert images(page)[..., 3].min() == 255


@BOTH
def test_sliders_show_what_the_checkpoint_draws(
    shelf: Shelf, home: Path, document: dict[str, Any], model: CheckpointModel
) -> None:
    reference = document["live"]["reference"]
    width, rows = model.codes.input_width, reference["rows"]
    stored = (home / reference["file"]).read_bytes()
    noise = np.frombuffer(stored[: 4 * rows * width], "<f4").reshape(rows, width)[:, :3]
    with shelf.shown(home / "page.html") as page:
        wait(page, "ready")
        for digit, slant in ((0, 0.0), (2, 0.0), (2, -1.5), (3, 2.0), (0, 0.0)):
            move(page, 0, digit)
            move(page, 1, slant)
            shown = images(page)
            codes = {"digit": torch.full((rows,), digit), "slant": torch.full((rows,), slant)}
            wanted = model.generate(codes, torch.tensor(noise)).numpy().astype(int)
            assert np.abs(shown[..., 0] - wanted[:, 0]).max() <= TOLERANCE, (digit, slant)
            assert np.array_equal(shown[..., 0], shown[..., 1])


def test_each_slider_and_new_noise_change_the_images(browser: Browser, home: Path) -> None:
    with opened(browser, home / "page.html") as page:
        wait(page, "ready")
        seen = [images(page)]
        move(page, 0, 1)
        seen.append(images(page))
        move(page, 1, 1.5)
        seen.append(images(page))
        page.get_by_role("button", name="New noise").click()
        seen.append(images(page))
        for before, after in pairwise(seen):
            changed = np.abs(before - after).max(axis=(1, 2, 3)) > TOLERANCE
            assert changed.mean() > 0.5
        output = page.locator("output[for=live-code-1]")
        assert output.inner_text() == "1.5, beyond"
        page.locator("#live-code-1").press("Home")
        assert output.inner_text() == "−2, beyond"
        move(page, 1, -1)
        assert output.inner_text() == "−1"


MATCHING = [2, 0, 3, 1]
"""The class of each code: in Hungarian order the codes are 1, 3, 0, 2."""


def with_images_in_advance(home: Path, document: dict[str, Any]) -> Path:
    """Render the page with sliders over images of it and of a baseline, and codes matched."""
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8 * 20), dtype=np.uint8)
    Image.fromarray(pixels).save(home / "sprites.png")
    codes = [
        {"name": "digit", "values": [0, 1, 2, 3], "start": 0},
        {"name": "slant", "values": [-1, -0.5, 0, 0.5, 1], "start": 2},
    ]
    entry = {"kind": "sprites", "file": "sprites.png", "noise": 0, "joint": True, "codes": codes}
    entry |= {"width": 8, "height": 8, "columns": 20}
    results = sample(home)["results"]
    (accuracy,) = (each for each in results if each["metric"] == "cluster-acc")
    confusion = [[90 if cls == matched else 2 for cls in range(4)] for matched in MATCHING]
    accuracy["details"] |= {"confusion": confusion, "matching": MATCHING, "class_names": []}
    document["results"] = [accuracy, *document["results"]]
    document["models"] = [{"role": "baseline", "subject": {}, "results": []}]
    document["images"] = [entry | {"model": 0}, entry | {"model": 1}]
    write(document, home, home / "one-control.html")
    return home / "one-control.html"


def test_there_is_one_control_in_hungarian_order(
    browser: Browser, home: Path, document: dict[str, Any], model: CheckpointModel
) -> None:
    reference = document["live"]["reference"]
    width, rows = model.codes.input_width, reference["rows"]
    stored = (home / reference["file"]).read_bytes()
    noise = np.frombuffer(stored[: 4 * rows * width], "<f4").reshape(rows, width)[:, :3]

    def drawn(digit: int, slant: float) -> np.ndarray[Any, Any]:
        codes = {"digit": torch.full((rows,), digit), "slant": torch.full((rows,), slant)}
        return model.generate(codes, torch.tensor(noise)).numpy().astype(int)[:, 0]

    with opened(browser, with_images_in_advance(home, document)) as page:
        wait(page, "ready")
        assert page.get_by_role("slider").count() == 2
        assert not page.locator("[data-model='0']").is_visible()
        move(page, 0, 1)
        move(page, 1, 0.6)
        assert page.locator("output[for=live-code-0]").inner_text() == "code 3 → 1"
        assert np.abs(images(page)[..., 0] - drawn(3, 0.6)).max() <= TOLERANCE
        other = page.locator("[data-model='1'] img")
        assert other.is_visible()
        # Nothing is matched to the other model's categories, so they keep their order.
        assert other.evaluate("(one) => one.style.objectPosition") == f"{-8 * (1 * 5 + 3)}px 0px"
        page.locator("#live input[data-order='raw']").check()
        assert page.locator("output[for=live-code-0]").inner_text() == "1"
        assert np.abs(images(page)[..., 0] - drawn(1, 0.6)).max() <= TOLERANCE


def test_images_in_advance_have_their_sliders_where_the_generator_fails(
    browser: Browser, home: Path, document: dict[str, Any]
) -> None:
    document["live"]["image"] |= {"height": 4, "width": 16}
    with opened(browser, with_images_in_advance(home, document)) as page:
        wait(page, "failed")
        assert page.get_by_role("slider").count() == 2
        assert page.locator("[data-sizes]").get_by_role("slider").count() == 2
        assert page.locator("[data-model='0']").is_visible()


def changed_page(
    home: Path, document: dict[str, Any], named: dict[str, Any], content: bytes
) -> Path:
    """Render the page with another content of the file that `named` names."""
    path = home / "changed.bin"
    path.write_bytes(content)
    named |= {"file": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    write(document, home, home / "changed.html")
    return home / "changed.html"


def test_an_altered_reference_keeps_the_sliders_off(
    browser: Browser, home: Path, document: dict[str, Any]
) -> None:
    reference = document["live"]["reference"]
    content = bytearray((home / reference["file"]).read_bytes())
    content[-1] ^= 0x80
    page_file = changed_page(home, document, reference, bytes(content))
    with opened(browser, page_file) as page:
        wait(page, "failed")
        said = page.locator("#live-status").inner_text()
        assert re.search(r"differ from the reference images by 12[789] of 255 grey levels", said)
        assert page.locator("#live input:enabled, #live button:enabled").count() == 0


def test_a_damaged_generator_keeps_the_sliders_off(
    browser: Browser, home: Path, document: dict[str, Any]
) -> None:
    page_file = changed_page(home, document, document["live"], b"no ONNX file")
    with opened(browser, page_file) as page:
        wait(page, "failed")
        assert page.locator("#live-status").inner_text().startswith("The generator is off: ")
        assert page.locator("#live input:enabled, #live button:enabled").count() == 0


def test_another_image_size_keeps_the_sliders_off(
    browser: Browser, home: Path, document: dict[str, Any]
) -> None:
    document["live"]["image"] |= {"height": 4, "width": 16}
    write(document, home, home / "flat.html")
    with opened(browser, home / "flat.html") as page:
        wait(page, "failed")
        assert "another size" in page.locator("#live-status").inner_text()


def test_a_hostile_code_name_stays_text(
    browser: Browser, home: Path, document: dict[str, Any]
) -> None:
    document["live"]["codes"][0]["name"] = HOSTILE
    write(document, home, home / "hostile.html")
    with opened(browser, home / "hostile.html") as page:
        wait(page, "ready")
        assert page.get_by_label(HOSTILE).count() == 1
        assert page.locator("img[src=x]").count() == 0


def test_without_script_there_is_text_and_no_control(browser: Browser, home: Path) -> None:
    with opened(browser, home / "page.html", script=False) as page:
        assert "needs JavaScript" in page.locator("#live-status").inner_text()
        for control in page.locator("#live input, #live button, #live canvas").all():
            assert not control.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_section_is_accessible(shelf: Shelf, home: Path, scheme: Scheme) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    with shelf.shown(home / "page.html", scheme=scheme) as page:
        wait(page, "ready")
        found = axe.Axe().run(page, context="#live")
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_screenshot_is_left_behind(shelf: Shelf, home: Path, screenshots: Path, width: int) -> None:
    with shelf.shown(home / "page.html", width=width) as page:
        wait(page, "ready")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        size = "wide" if width == WIDE else "narrow"
        page.locator("#live").screenshot(path=screenshots / f"live-{size}.png")
