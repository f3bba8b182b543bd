"""Anybody's model: a function in a Python file that returns an encoder, and perhaps a generator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.programs import run_file

__all__ = ["UserModel", "is_user_model", "load_model", "read_codes"]

CHUNK = 500
PROBABILITY = 1e-3
"""How far the sum of probabilities may be from 1."""


@dataclass(frozen=True)
class UserModel:
    """What a user's function returned.

    ``encode`` reads uint8 images ``(n, channels, height, width)``; ``generator``, where there is
    one, has ``codes`` (its `CodeSpace`) and ``generate(codes, noise)``. See docs/your-model.md.
    """

    name: str
    path: Path
    encode: Callable[[Tensor], Any]
    generator: Any = None


def is_user_model(text: str) -> bool:
    """Whether this is written FILE.py:FUNCTION."""
    path, _, function = text.rpartition(":")
    return path.endswith(".py") and function.isidentifier()


def load_model(text: str) -> UserModel:
    """Run FILE.py and call its FUNCTION, which takes nothing, for a model.

    A file is a program: it is run. Give only files that you would run yourself.

    Raises UserError where that cannot be done, or what comes back is no model.
    """
    name, _, function = text.rpartition(":")
    path = Path(name)
    if not path.is_file():
        raise UserError(f"no Python file at {path}")
    made = getattr(run_file(path), function, None)
    if not callable(made):
        raise UserError(f"{path} has no function {function!r}")
    try:
        returned = made()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{text}() failed: {_one_line(error)}") from error
    encoder, generator = returned if isinstance(returned, tuple) else (returned, None)
    if generator is None and hasattr(encoder, "generate"):
        generator = encoder
    encode = getattr(encoder, "encode", encoder)
    if not callable(encode):
        raise UserError(
            f"{text}() returned {type(encoder).__name__}; return an encoder, a function of images"
        )
    if generator is not None and not _draws(generator):
        raise UserError(
            f"{text}() returned a generator without `codes`, an infoeval.CodeSpace, and "
            "`generate(codes, noise)`"
        )
    for part in (encoder, generator):
        if isinstance(part, nn.Module):
            part.eval()
    return UserModel(text, path, encode, generator)


def _draws(generator: Any) -> bool:
    has_codes = isinstance(getattr(generator, "codes", None), CodeSpace)
    return has_codes and callable(getattr(generator, "generate", None))


def read_codes(model: UserModel, images: NDArray[np.uint8], seed: int) -> pd.DataFrame:
    """The codes of uint8 images ``(n, channels, height, width)``, a column for each code.

    Draws of an encoder that are torch's are the same for one seed. Raises UserError where it fails
    or returns something else than codes.
    """
    parts = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for start in range(0, len(images), CHUNK):
            chunk = torch.from_numpy(images[start : start + CHUNK].copy())
            try:
                found = model.encode(chunk)
            except UserError:
                raise
            except Exception as error:
                raise UserError(
                    f"{model.name}: the encoder failed on uint8 images {tuple(chunk.shape)}: "
                    f"{_one_line(error)}"
                ) from error
            parts.append(as_columns(found, len(chunk), model.name))
    if any(list(part.columns) != list(parts[0].columns) for part in parts):
        raise UserError(f"{model.name}: the encoder returned other codes for other images")
    return pd.concat(parts, ignore_index=True)


def as_columns(found: Any, count: int, name: str) -> pd.DataFrame:
    """Codes of `count` images, from an array ``(n, D)`` or a mapping from names to arrays.

    Whole numbers of an integer type are categories. In a mapping, ``(n, K)`` probabilities are a
    categorical code, the likeliest category, and other arrays of several columns as many codes.
    """
    if isinstance(found, Mapping):
        columns: dict[str, NDArray[Any]] = {}
        for key, value in found.items():
            array = _array(value, count, name)
            if array.ndim == 2 and _are_probabilities(array):
                columns[str(key)] = array.argmax(axis=1)
            elif array.ndim == 2 and array.shape[1] > 1:
                columns |= {f"{key} {number}": each for number, each in enumerate(array.T)}
            else:
                columns[str(key)] = array.reshape(count)
        return pd.DataFrame(columns)
    array = _array(found, count, name)
    array = array.reshape(count, -1)
    return pd.DataFrame(array, columns=[f"code {number}" for number in range(array.shape[1])])


def _array(value: Any, count: int, name: str) -> NDArray[Any]:
    if isinstance(value, Tensor):
        value = value.detach().float() if value.is_floating_point() else value.detach()
        value = value.cpu().numpy()
    wanted = f"return an array (images, codes), here ({count}, D)"
    if isinstance(value, tuple | list):
        raise UserError(f"{name}: the encoder returned a {type(value).__name__}; {wanted}")
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or len(array) != count:
        raise UserError(
            f"{name}: the encoder returned {array.dtype} of shape {array.shape}; {wanted}"
        )
    return array


def _are_probabilities(array: NDArray[Any]) -> bool:
    return bool(
        array.shape[1] > 1
        and array.dtype.kind == "f"
        and (array >= 0).all()
        and (abs(array.sum(axis=1) - 1) < PROBABILITY).all()
    )


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
