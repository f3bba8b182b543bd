"""What tells whether a part that may be missing works: each probe runs in a process of its own.

The file is run as a program, so that a library that ends its process, hangs or prints ends no
command, and so that nothing of infoeval is imported that the probe does not need.
"""

import ctypes
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any


def torch() -> dict[str, Any]:
    """Return what torch can compute on, and the answers about what is built upon it."""
    import torch as library

    from infoeval.devices import has_bfloat16

    gpus = []
    if library.cuda.is_available():
        gpus = [library.cuda.get_device_name(at) for at in range(library.cuda.device_count())]
    return {
        "bfloat16": has_bfloat16(library.device("cpu")),
        "cuda": library.version.cuda,
        "gpus": gpus,
        "threads": library.get_num_threads(),
        "torchvision": _or_error(partial(answer_of, "torchvision")),
        "live": _or_error(live),
    }


def _or_error(probe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the answer of a probe, or the error that it raised."""
    try:
        return probe()
    except Exception as error:  # of a library that is not ours
        return {"error": str(error)}


def vtk() -> dict[str, Any]:
    """Return whether there is EGL, having opened a window that is not shown."""
    from infoeval.data.rendering.meshes import Stage

    Stage(8)
    with suppress(OSError):
        return {"egl": bool(ctypes.CDLL("libEGL.so.1"))}
    return {"egl": False}


def live() -> dict[str, Any]:
    """Return the folder of onnxruntime-web, whose files were checked."""
    from infoeval.live.runtime import find_runtime

    return {"folder": str(find_runtime())}


def data() -> dict[str, Any]:
    """Return the folder of the data sets, and which of them are there."""
    from infoeval.data import catalogue
    from infoeval.data.source import data_root

    entries = catalogue()
    return {
        "folder": str(data_root()),
        "present": [entry.name for entry in entries if entry.present],
        "absent": [entry.name for entry in entries if not entry.present],
    }


LOADED = {
    "torchvision": ("torchvision.datasets",),
    "onnxruntime": ("onnxruntime",),
    "onnx": ("onnx", "onnxscript"),
    "pyarrow": ("pyarrow.parquet",),
    "h5py": ("h5py",),
}
"""Packages that work if these modules can be loaded."""


def answer_of(name: str) -> dict[str, Any]:
    """Return the answer of a probe. Raises whatever the part that it is about raises."""
    if name in LOADED:
        for module in LOADED[name]:
            import_module(module)
        return {}
    return {probe.__name__: probe for probe in (torch, vtk, data)}[name]()


if __name__ == "__main__":
    print(f"\n{json.dumps(answer_of(sys.argv[1]))}")
