"""One folder with everything in it, for tests that only read it."""

from pathlib import Path

import pytest

from infoeval.viewer import FolderIndex, collect
from tests.viewer import folders


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.whole(tmp_path_factory.mktemp("whole") / "runs")


@pytest.fixture(scope="package")
def index(whole: Path) -> FolderIndex:
    return collect(whole)
