"""Browsers, and pages opened in it from their files with the network off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW, HEIGHT = 1280, 390, 900
Scheme = Literal["light", "dark"]
OWN = ("file:", "data:", "blob:", "about:")
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy ${event.effectiveDirective} stopped ${event.blockedURI}`);
});
"""
FOLDS = "[...document.querySelectorAll('details')].map((one) => one.open)"
AS_OPENED = """
(folds) => {
  document.querySelectorAll("details").forEach((one, at) => { one.open = folds[at] });
  scrollTo({ top: 0, left: 0, behavior: "instant" });
}
"""


@contextmanager
def started(name: str) -> Iterator[Browser]:
    """Start the system's Chromium, or Playwright's own Firefox: it can drive no other.

    Without it the test is skipped, or fails where Chromium must be.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("Playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if name == "chromium" and program is None:
        _missing("there is no Chromium")
    with sync_playwright() as playwright:
        if name == "chromium":
            browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        elif Path(playwright.firefox.executable_path).exists():
            browser = playwright.firefox.launch()
        else:
            pytest.skip("Playwright's Firefox is not installed")
        yield browser
        browser.close()


def _missing(why: str) -> None:
    if os.environ.get("INFOEVAL_BROWSER") == "required":
        pytest.fail(f"{why}, and INFOEVAL_BROWSER asks for it")
    pytest.skip(why)


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    *,
    width: int = WIDE,
    scheme: Scheme = "light",
    script: bool = True,
    **settings: Any,
) -> Iterator[Page]:
    """Open a page from its file; at the end, nothing may have gone wrong in it."""
    context = browser.new_context(
        offline=True,
        viewport={"width": width, "height": HEIGHT},
        color_scheme=scheme,
        java_script_enabled=script,
        **settings,
    )
    try:
        context.add_init_script(TELL_VIOLATIONS)
        troubles = _listen(context)
        page = context.new_page()
        page.goto(path.as_uri())
        yield page
        _hear(page, troubles, script)
    finally:
        context.close()


class Shelf:
    """Pages that stay open for the tests that do no more than look at them and unfold them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._open: dict[tuple[Path, bool], tuple[Page, list[str], list[bool]]] = {}

    @contextmanager
    def shown(
        self,
        path: Path,
        *,
        width: int = WIDE,
        scheme: Scheme = "light",
        script: bool = True,
    ) -> Iterator[Page]:
        """Show a page as it is when it is opened; by the end, nothing may have gone wrong in it.

        What went wrong while it was opened is told by every test that looks at it.
        """
        if (path, script) not in self._open:
            self._open[path, script] = self._put(path, script)
        page, troubles, folds = self._open[path, script]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, media="null")
        page.evaluate(AS_OPENED, folds)
        try:
            yield page
        except BaseException:
            del self._open[path, script]
            page.context.close()
            raise
        _hear(page, troubles, script)

    def _put(self, path: Path, script: bool) -> tuple[Page, list[str], list[bool]]:
        context = self.browser.new_context(offline=True, java_script_enabled=script)
        context.add_init_script(TELL_VIOLATIONS)
        troubles = _listen(context)
        page = context.new_page()
        page.goto(path.as_uri())
        return page, troubles, page.evaluate(FOLDS)

    def close(self) -> None:
        for page, _, _ in self._open.values():
            page.context.close()


def _hear(page: Page, troubles: list[str], script: bool) -> None:
    # What happened in the browser is heard while it is being talked to.
    page.evaluate("() => new Promise((done) => setTimeout(done))" if script else "0")
    assert not troubles, "\n".join(troubles)


def _listen(context: BrowserContext) -> list[str]:
    """Collect complaints, requests that leave the file, dialogs, downloads and further windows."""
    troubles: list[str] = []

    def listen(page: Page) -> None:
        if len(context.pages) > 1:
            troubles.append(f"window: {page.url}")
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("download", lambda download: troubles.append(f"download: {download.url[:200]}"))

    context.on("page", listen)
    context.on(
        "console",
        lambda message: (
            troubles.append(f"console {message.type}: {message.text}")
            if message.type in ("error", "warning")
            else None
        ),
    )
    context.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog}"), dialog.dismiss()))
    context.on(
        "request",
        lambda request: (
            None if request.url.startswith(OWN) else troubles.append(f"request: {request.url}")
        ),
    )
    return troubles
