"""What the page unpacks for its live generator, with a small program in the runtime's place."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infoeval.reporting import onnxruntime, write
from tests.browser.opening import opened
from tests.reporting import live_sample
from tests.reporting.sample import sample, without_extras

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

# It draws black images, as the reference images are, and says how long the files were.
PROGRAM = b"""
globalThis.lengths = [];
globalThis.ort = {
  env: { wasm: {} },
  Tensor: class {},
  InferenceSession: {
    async create(bytes) {
      lengths.push(bytes.length);
      return { run: async () => ({ images: { dims: [2, 1, 4, 4], data: new Uint8Array(32) } }) };
    },
  },
};
"""
BOMB = gzip.compress(bytes(200_000_000), 1)


@pytest.fixture
def page_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with a live generator."""
    monkeypatch.setitem(live_sample.RUNTIME, onnxruntime.SCRIPT, PROGRAM)
    document: dict[str, Any] = without_extras(sample(tmp_path))
    document["live"] = live_sample.live_sample(tmp_path, monkeypatch)
    (tmp_path / "metrics.json").write_text(json.dumps(document))
    write(document, tmp_path, tmp_path / "page.html")
    return tmp_path / "page.html"


def exchange(page_file: Path, block: str, content: bytes) -> None:
    """Put other bytes into a block of the page."""
    text = base64.b64encode(content).decode()
    old = page_file.read_text()
    new = re.sub(rf'(id="{block}"[^>]*>)[^<]*', lambda found: found[1] + text, old)
    assert new != old
    page_file.write_text(new)


def status(page: Page, state: str) -> str:
    page.locator(f"#live-generator[data-state={state}]").wait_for(timeout=60_000)
    return page.locator("#live-status").inner_text()


def test_the_page_says_what_was_checked(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        assert "differ from the reference images by at most 0 of 255" in status(page, "ready")
        page.get_by_text("What was checked, and what that shows").click()
        said = page.locator("#live details").first.inner_text()
        assert "Whoever wrote one of the three could write the others." in said
        assert "It does not show that the generator is that of the checkpoint" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [(BOMB, "more than the 4000 bytes"), (gzip.compress(bytes(3999)), "less than the 4000 bytes")],
    ids=["bomb", "short"],
)
def test_no_more_is_unpacked_than_declared(
    browser: Browser, page_file: Path, content: bytes, reason: str
) -> None:
    exchange(page_file, "live-webassembly", content)
    with opened(browser, page_file) as page:
        assert reason in status(page, "failed")
        assert page.locator("#live input:enabled, #live button:enabled").count() == 0


def test_a_packed_generator_stays_packed(browser: Browser, page_file: Path) -> None:
    exchange(page_file, "live-model", BOMB)
    with opened(browser, page_file) as page:
        status(page, "ready")
        assert page.evaluate("lengths.at(-1)") == len(BOMB)
