"""Pages rendered once for all tests that open them, and the folder of the screenshots."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from infoeval.report import write
from tests.browser import documents

Rendered = Callable[[str], Path]
MAKERS = {
    "complete": documents.complete,
    "seeds": documents.seeds,
    "comparison": documents.comparison,
    "bare": documents.bare,
}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Gives the page of one of ``tests.browser.documents`` by its name."""
    home = tmp_path_factory.mktemp("pages")
    made: dict[str, Path] = {}

    def render(name: str) -> Path:
        if name not in made:
            files = home / f"{name}_files"
            files.mkdir()
            made[name] = home / f"{name}.html"
            document = MAKERS[name](files)
            (files / "metrics.json").write_text(json.dumps(document))
            write(document, files, made[name])
        return made[name]

    return render


@pytest.fixture(scope="session")
def complete(rendered: Rendered) -> Path:
    """The page of one model and its baseline, with everything on it."""
    return rendered("complete")


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures of the pages are left: $INFOEVAL_SCREENSHOTS, else beside these tests."""
    folder = Path(os.environ.get("INFOEVAL_SCREENSHOTS") or Path(__file__).parent / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
