"""A run that nothing disturbed, for all that is compared with it."""

import shutil
from pathlib import Path

import pytest

from tests.training.running import train


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run that nothing disturbed."""
    return train(tmp_path_factory.mktemp("unbroken"))


@pytest.fixture
def finished(unbroken: Path, tmp_path: Path) -> Path:
    """A copy of the folder of a finished run."""
    return Path(shutil.copytree(unbroken.parent, tmp_path / "finished"))
