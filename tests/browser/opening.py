"""Browsers, and pages opened in them from their files with the network off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, BrowserType, Locator, Page, Playwright

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
BOTH = pytest.mark.parametrize("browser", list(PROGRAMS), indirect=True)
"""Marks a test that looks at what browsers can differ in: it runs in each, others in Chromium."""
DRIVER = {
    "NODE_OPTIONS": f"--require={Path(__file__).with_name('firefox.cjs')}",
    # Without scripts Firefox never says that the fonts of a page are there.
    "PW_TEST_SCREENSHOT_NO_FONTS_READY": "1",
}
"""Settings of Playwright's driver."""
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


class Browsers:
    """The system's browsers, each started when it is first asked for and closed at the end.

    Without the browser the test is skipped, or fails where INFOEVAL_BROWSER is "required".
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[str, Browser | Firefox] = {}
        self._playwright: Playwright | None = None

    def named(self, name: str) -> Browser | Firefox:
        """Return "chromium" or "firefox"."""
        if name not in self._running:
            program = next(filter(None, map(shutil.which, PROGRAMS[name])), None)
            if program is None:
                _missing(f"there is no {name.capitalize()}")
            self._running[name] = self._started(name, str(program))
            self._stack.callback(self._running[name].close)
        return self._running[name]

    def _started(self, name: str, program: str) -> Browser | Firefox:
        if self._playwright is None:
            try:
                from playwright.sync_api import sync_playwright
            except ImportError:
                _missing("Playwright is not installed")
            with pytest.MonkeyPatch.context() as patch:
                for variable, value in DRIVER.items():
                    patch.setenv(variable, value)
                self._playwright = self._stack.enter_context(sync_playwright())
        if name == "firefox":
            return Firefox(self._playwright.firefox, program)
        return self._playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))

    def close(self) -> None:
        self._stack.close()


class Firefox:
    """The system's Firefox by WebDriver BiDi: one process with scripts, and one without.

    It cannot show a dark page, nor a page as on paper.
    """

    def __init__(self, kind: BrowserType, program: str) -> None:
        self._kind, self._program = kind, program
        self._running: dict[bool, Browser] = {}

    def new_context(self, *, java_script_enabled: bool = True, **settings: Any) -> BrowserContext:
        if java_script_enabled not in self._running:
            self._running[java_script_enabled] = self._kind.launch(
                channel="moz-firefox",
                executable_path=self._program,
                firefox_user_prefs={"javascript.enabled": java_script_enabled},
            )
        return self._running[java_script_enabled].new_context(**settings)

    def close(self) -> None:
        for browser in self._running.values():
            browser.close()


def _missing(why: str) -> NoReturn:
    if os.environ.get("INFOEVAL_BROWSER") == "required":
        pytest.fail(f"{why}, and INFOEVAL_BROWSER asks for it")
    pytest.skip(why)


@contextmanager
def opened(
    browser: Browser | Firefox,
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


def click(element: Locator) -> None:
    """Click the middle of an element, also in Firefox without scripts.

    There Playwright's own click would wait for ever until the element stands still.
    """
    element.evaluate("(one) => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = element.bounding_box()
    assert box is not None
    element.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def printed(page: Page, path: Path) -> list[str]:
    """Print a page on A4 and return the text of each sheet."""
    from pypdf import PdfReader

    # Playwright gives a length in inches to Firefox, which takes it for centimetres.
    browser = page.context.browser
    unit = "in" if browser and browser.browser_type.name == "firefox" else "cm"
    page.pdf(path=path, width=f"21{unit}", height=f"29.7{unit}")
    sheets = PdfReader(path).pages
    assert float(sheets[0].mediabox.width) == pytest.approx(595, abs=2)
    return [sheet.extract_text() for sheet in sheets]


class Shelf:
    """Pages that stay open for the tests that do no more than look at them and unfold them."""

    def __init__(self, browser: Browser | Firefox) -> None:
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
        context = self.browser.new_context(
            offline=True, color_scheme="light", java_script_enabled=script
        )
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
