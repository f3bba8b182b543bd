"""Generators to export, and a folder that looks like onnxruntime-web."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infoeval.live import export
from infoeval.networks import Dense, Networks, Reshape, UpConvolution
from infoeval.reporting import onnxruntime
from infoeval.subjects.checkpoint_model import CheckpointModel
from tests.subjects.test_checkpoint_model import checkpoint_of
from tests.tiny import tiny_trainer

FAKE = {
    onnxruntime.SCRIPT: b"/*!\n * Copyright (c) Somebody. All rights reserved.\n */ script",
    onnxruntime.LOADER: b"loader",
    onnxruntime.WEBASSEMBLY: b"\0asm" * 1000,
}


def grey() -> CheckpointModel:
    """8×8 images through tanh, of layers wide enough for half precision."""
    generator = (
        Dense(64, "relu", batch_norm=True),
        Dense(2 * 2 * 16, "leaky_relu", batch_norm=True),
        Reshape(16, 2, 2),
        UpConvolution(8, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    )
    return CheckpointModel(checkpoint_of(tiny_trainer(generator=generator)))


def grey_file(folder: Path) -> bytes:
    """The ONNX file of `grey`, exported once for the processes that share the folder."""
    path = folder / "grey.onnx"
    if not path.exists():
        temporary = folder / secrets.token_hex(8)
        temporary.write_bytes(export.to_onnx(grey().networks))
        os.replace(temporary, path)
    return path.read_bytes()


@contextmanager
def exported_once(model: CheckpointModel, folder: Path) -> Iterator[None]:
    """Let the export of a `grey` take no time: its file is made once."""
    content = grey_file(folder)

    def exported(networks: Networks) -> bytes:
        assert networks is model.networks
        return content

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "to_onnx", exported)
        yield


def coloured() -> CheckpointModel:
    """Colour images through a sigmoid, with an odd kernel that needs a cut at the edge."""
    generator = (
        Dense(4 * 4 * 24, "relu"),
        Reshape(24, 4, 4),
        UpConvolution(12, "relu", batch_norm=True),
        UpConvolution(3, "sigmoid", kernel=4, stride=1),
    )
    return CheckpointModel(
        checkpoint_of(tiny_trainer(image_shape=(3, 8, 8), generator=generator), seed=1)
    )


def fake_runtime(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make a folder that stands for onnxruntime-web, and let its files be the right ones."""
    known = {name: (len(text), hashlib.sha256(text).hexdigest()) for name, text in FAKE.items()}
    patch.setattr(onnxruntime, "FILES", known)
    (folder / "dist").mkdir(parents=True)
    for name, text in FAKE.items():
        (folder / "dist" / name).write_bytes(text)
    about = {"name": onnxruntime.NAME, "version": onnxruntime.VERSION}
    (folder / "package.json").write_text(json.dumps(about))
    return folder
