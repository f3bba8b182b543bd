import pytest

from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.live import models


@pytest.fixture(scope="session")
def grey() -> CheckpointModel:
    return models.grey()


@pytest.fixture(scope="session")
def coloured() -> CheckpointModel:
    return models.coloured()
