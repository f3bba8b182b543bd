"""Where the tests find the real data sets, the reference arrays, a GPU and a browser."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.opening import Browsers, Firefox

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: "Producer"
) -> "LoadFileScheduling | None":
    """Give the files that open browsers to one process, as each process has to start its own.

    Of the other files each is kept together, as `--dist loadfile` does.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/browser" if file.startswith("tests/browser/") else file

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was imported: looking through it takes 7 % of the suite."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# Tiny networks gain nothing from threads, and lose much when cores are shared. Besides, sums are
# added in the same order only with the same number of threads.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _one_thread_again() -> Iterator[None]:
    """No test leaves more threads to the next one."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def for_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that the processes of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "for-all-processes"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache_of_prepared_data(for_all_processes: Path) -> Iterator[None]:
    """Tests prepare data once for all of them, in a folder of their own, never in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFOEVAL_CACHE", str(for_all_processes / "prepared"))
        yield


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


@pytest.fixture(scope="session")
def gpu() -> torch.device:
    """The first CUDA device."""
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return torch.device("cuda:0")


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """The browsers of a process, which its tests share."""
    running = Browsers()
    yield running
    running.close()


@pytest.fixture
def browser(browsers: Browsers, request: pytest.FixtureRequest) -> "Browser | Firefox":
    """The system's Chromium, or the browser that the test asks for."""
    return browsers.named(getattr(request, "param", "chromium"))
