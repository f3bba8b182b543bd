"""Chromium, and pages opened in it from their files with the network off."""

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
WIDE, NARROW = 1280, 390
OWN = ("file:", "data:", "blob:", "about:")
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy ${event.effectiveDirective} stopped ${event.blockedURI}`);
});
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; without one the test is skipped, or fails where one must be."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("Playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        _missing("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
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
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
    **settings: Any,
) -> Iterator[Page]:
    """Open a page from its file; at the end, nothing may have gone wrong in it."""
    context = browser.new_context(
        offline=True,
        viewport={"width": width, "height": 900},
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
        # What happened in the browser is heard while it is being talked to.
        page.evaluate("() => new Promise((done) => setTimeout(done))" if script else "0")
        assert not troubles, "\n".join(troubles)
    finally:
        context.close()


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
