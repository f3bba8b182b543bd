import copy
from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting import render
from tests.reporting.sample import comparison, five_seeds, sample


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="session")
def original(folder: Path) -> dict[str, Any]:
    return sample(folder)


@pytest.fixture(scope="session")
def page(original: dict[str, Any], folder: Path) -> str:
    """The page of the sample document, made once for the tests that only read it."""
    return render(original, folder)


@pytest.fixture
def document(original: dict[str, Any]) -> dict[str, Any]:
    """A sample document that a test may change."""
    return copy.deepcopy(original)


@pytest.fixture(scope="session")
def seeds_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of five seeds and their baseline."""
    folder = tmp_path_factory.mktemp("seeds")
    return render(five_seeds(folder), folder)


@pytest.fixture(scope="session")
def comparison_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of three models side by side."""
    folder = tmp_path_factory.mktemp("comparison")
    return render(comparison(folder), folder)
