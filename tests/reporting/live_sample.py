"""The entry `live` of metrics.json and its files, without a generator or the runtime."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting import onnxruntime

RUNTIME = {
    onnxruntime.SCRIPT: b"/* script */ </script><img>",
    onnxruntime.LOADER: b"loader",
    onnxruntime.WEBASSEMBLY: b"\0asm" * 1000,
}
ROWS, WIDTH, PIXELS = 2, 3 + 4 + 1, 16


def live_sample(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Write the files into ``folder``, let their runtime be the known one, return the entry."""
    known = {name: (len(text), hashlib.sha256(text).hexdigest()) for name, text in RUNTIME.items()}
    patch.setattr(onnxruntime, "FILES", known)
    place = folder / onnxruntime.FOLDER
    place.mkdir(exist_ok=True)
    for name, text in RUNTIME.items():
        (place / name).write_bytes(text)
    packed = gzip.compress(RUNTIME[onnxruntime.WEBASSEMBLY], mtime=0)
    (place / f"{onnxruntime.WEBASSEMBLY}.gz").write_bytes(packed)
    (place / onnxruntime.WEBASSEMBLY).unlink()
    (place / onnxruntime.LICENSE).write_text("Their </pre><b>licence</b>")
    return {
        "file": "generator.onnx",
        "sha256": _write(folder / "generator.onnx", b"the weights"),
        "opset": 20,
        "weights": "float16",
        "runtime": {"name": onnxruntime.NAME, "version": onnxruntime.VERSION},
        "codes": [
            {"name": "digit", "kind": "categorical", "size": 4},
            {"name": "slant", "kind": "continuous", "low": -1.0, "high": 1.0},
        ],
        "noise": 3,
        "image": {"channels": 1, "height": 4, "width": 4},
        "reference": {
            "file": "reference.bin",
            "sha256": _write(folder / "reference.bin", bytes(ROWS * (4 * WIDTH + PIXELS))),
            "rows": ROWS,
            "tolerance": 2,
        },
    }


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
