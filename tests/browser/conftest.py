"""Pages rendered once for all tests that open them, and the folder of the screenshots."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infoeval.reporting import write
from tests.browser import documents, first_screens
from tests.browser.opening import Browsers, Firefox, Shelf

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Rendered = Callable[[str], Path]
Shelves = dict["Browser | Firefox", Shelf]
Shown = Callable[..., "AbstractContextManager[Page]"]
MAKERS = {
    "complete": documents.complete,
    "seeds": documents.seeds,
    "comparison": documents.comparison,
    "bare": documents.bare,
    "table": first_screens.table,
    "encoder": first_screens.encoder,
    "generator": first_screens.generator,
    "directions": first_screens.directions,
    "three": first_screens.three,
    "paired_seeds": first_screens.paired_seeds,
    "five codes": documents.five_codes,
}


@pytest.fixture(scope="session")
def rendered(for_all_processes: Path, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Gives the page of one of ``tests.browser.documents`` by its name."""

    def page_of(name: str) -> Path:
        folder = for_all_processes / f"page-{name}"
        if not folder.exists():
            new = tmp_path_factory.mktemp(name)
            files = new / f"{name}_files"
            files.mkdir()
            document = MAKERS[name](files)
            (files / "metrics.json").write_text(json.dumps(document))
            write(document, files, new / f"{name}.html")
            # Another process may have been faster: its page is the same.
            with contextlib.suppress(OSError):
                new.rename(folder)
        return folder / f"{name}.html"

    return page_of


@pytest.fixture(scope="session")
def complete(rendered: Rendered) -> Path:
    """The page of one model and its baseline, with everything on it."""
    return rendered("complete")


@pytest.fixture(scope="session")
def shelves(browsers: Browsers) -> Iterator[Shelves]:
    """The pages that stay open in each browser."""
    shelves: Shelves = {}
    yield shelves
    for shelf in shelves.values():
        shelf.close()


@pytest.fixture
def shelf(browser: "Browser | Firefox", shelves: Shelves) -> Shelf:
    """The pages that stay open in the test's browser."""
    return shelves.setdefault(browser, Shelf(browser))


@pytest.fixture
def shown(shelf: Shelf, rendered: Rendered) -> Shown:
    """Shows such a page; a test that uses it changes nothing but what is folded."""

    def show(name: str, **settings: object) -> "AbstractContextManager[Page]":
        return shelf.shown(rendered(name), **settings)  # type: ignore[arg-type]

    return show


@pytest.fixture
def screenshots(browser: "Browser | Firefox") -> Path:
    """Where pictures of the pages are left: $INFOEVAL_SCREENSHOTS, else beside these tests."""
    folder = Path(os.environ.get("INFOEVAL_SCREENSHOTS") or Path(__file__).parent / "screenshots")
    folder = folder / "firefox" if isinstance(browser, Firefox) else folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder
