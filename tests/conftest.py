"""Where the tests find the real data sets and the reference arrays."""

import os
from pathlib import Path

import pytest
import torch

# Tiny networks gain nothing from threads, and lose much when cores are shared.
torch.set_num_threads(1)

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def _existing(folder: Path) -> Path:
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true" and _SHARED.is_dir():
        pytest.fail(f"{folder} is missing although {_SHARED} is there")
    pytest.skip(f"{folder} is not there")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Root of the real data sets: $INFOEVAL_DATA, else ../shared/data beside the checkout."""
    return _existing(Path(os.environ.get("INFOEVAL_DATA") or _SHARED / "data"))


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """Folder of the reference arrays: ../shared/fixtures beside the checkout."""
    return _existing(_SHARED / "fixtures")
