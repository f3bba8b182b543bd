"""What results were computed with: the machine, the versions, the file."""

import importlib.metadata
import os
import platform
import sys
from typing import Any

import numpy as np

import infoeval

__all__ = ["environment"]


def environment(device: str) -> dict[str, Any]:
    """Return what computed the results: versions, platform, ``device``, CPU threads.

    PyTorch's version is read from its package data, so that it need not be imported.

    >>> sorted(environment("cpu"))
    ['device', 'infoeval', 'numpy', 'platform', 'python', 'threads', 'torch']
    """
    return {
        "infoeval": infoeval.__version__,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "device": device,
        "threads": _threads(),
    }


def _threads() -> int:
    """Return the number of CPU threads: PyTorch's where it runs, else what it would take."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else os.cpu_count() or 1
