"""The live generator of a report: its files, and the entry `live` of metrics.json."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoeval.errors import UserError
from infoeval.files import write_bytes
from infoeval.live.runtime import copy_runtime, find_runtime
from infoeval.reporting import onnxruntime
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.protocols import Generator

__all__ = ["ROWS", "TOLERANCE", "find_runtime", "write_live"]

ROWS = 10
"""The page shows this many noise vectors in a row, and has as many reference images."""

TOLERANCE = 2
"""The page's images may differ from the checkpoint's by this many of 255 grey levels.

Half-precision weights change a pixel by 1 at most, on a thousand images of each bundled trainer's
generator; 8-bit weights would change some by 60.
"""

_MODEL, _REFERENCE = "generator.onnx", "generator-reference.bin"
_CHECKED = 2  # ONNX's own evaluator takes half a second an image


def write_live(
    model: CheckpointModel | Generator, folder: Path, *, runtime: Path | None, seed: int
) -> dict[str, Any]:
    """Return the entry `live` of metrics.json, after writing its files into `folder`.

    Args:
        model: a checkpoint's model.
        folder: the folder of metrics.json.
        runtime: the folder of onnxruntime-web; None: see `find_runtime`.
        seed: of the codes and noise of the reference images, by which the page checks itself.

    Raises:
        UserError: the model is not a checkpoint of infoeval's, onnxruntime-web or the packages of
            the extra `live` are missing, or half precision changes the images too much.

    """
    if not isinstance(model, CheckpointModel):
        raise UserError(
            "--live needs a checkpoint of infoeval's own: the generator of another model is a "
            "program, which cannot be put into a page; leave --live out"
        )
    source = find_runtime(runtime)
    from infoeval.live.export import OPSET, run, to_onnx

    space = model.codes
    random = torch.Generator().manual_seed(seed)
    codes = space.sample(ROWS, random)
    noise = space.sample_noise(ROWS, random)
    images = model.generate(codes, noise).cpu().numpy()
    encoded = space.encode(codes, noise).numpy().astype("<f4")
    content = to_onnx(model.networks)
    drawn = run(content, encoded[:_CHECKED])
    worst = int(np.abs(drawn.astype(int) - images[:_CHECKED]).max())
    if worst > TOLERANCE:
        raise UserError(
            f"the generator's weights lose too much in half precision: its images change by "
            f"{worst} of 255 grey levels, and {TOLERANCE} are allowed; leave --live out"
        )
    reference = encoded.tobytes() + images.tobytes()
    write_bytes(folder / _MODEL, content)
    write_bytes(folder / _REFERENCE, reference)
    copy_runtime(source, folder)
    channels, height, width = model.networks.image_shape
    return {
        "file": _MODEL,
        "sha256": hashlib.sha256(content).hexdigest(),
        "opset": OPSET,
        "weights": "float16",
        "runtime": {"name": onnxruntime.NAME, "version": onnxruntime.VERSION},
        "codes": [
            {"name": name, "kind": code.kind, **code.numbers} for name, code in space.items()
        ],
        "noise": space.noise,
        "image": {"channels": channels, "height": height, "width": width},
        "reference": {
            "file": _REFERENCE,
            "sha256": hashlib.sha256(reference).hexdigest(),
            "rows": ROWS,
            "tolerance": TOLERANCE,
        },
    }
