"""Anybody's model: a function in a Python file that returns an encoder, and perhaps a generator."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.python_files import run_file
from infoeval.subjects.model import Generator

__all__ = ["UserModel", "as_model", "find_model", "is_user_model", "load_model", "read_codes"]

CHUNK = 500
PROBABILITY = 5e-3
"""How far the sum of probabilities may be from 1: those of bfloat16 come to within 0.002."""

Array = NDArray[Any]
Arrays = dict[str, Array]
"""What an encoder returned: arrays ``(n, D)`` by name, or one of name `NAMELESS`."""
NAMELESS = ""


@dataclass(frozen=True)
class UserModel:
    """A user's encoder, and perhaps a generator.

    ``encode`` reads uint8 images ``(n, channels, height, width)``; ``generator``, where there is
    one, has ``codes`` (its `CodeSpace`) and ``generate(codes, noise)``. ``path`` is the file it
    came from, None for a model in memory. See docs/your-model.md.
    """

    name: str
    encode: Callable[[Tensor], Any]
    generator: Generator | None = None
    path: Path | None = None

    def __str__(self) -> str:
        """What it is called in messages."""
        return self.name


@dataclass(frozen=True)
class _Drawing:
    """A user's generator whose errors name the model, and which keeps no gradients."""

    name: str
    generator: Generator

    @property
    def codes(self) -> CodeSpace:
        return self.generator.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        with _users_code(f"{self.name}: the generator failed on {len(noise)} codes"):
            return self.generator.generate(codes, noise)


def is_user_model(text: str) -> bool:
    """Whether FILE.py:FUNCTION is meant, even where the function is missing or no name.

    >>> [is_user_model(text) for text in ("vae.py:encoder", "vae.py", "ckpt.pt", "a.py:1/ckpt.pt")]
    [True, True, False, False]
    """
    path, _, function = text.rpartition(":")
    return text.endswith(".py") or (path.endswith(".py") and not set(function) & set("/\\"))


def load_model(text: str) -> UserModel:
    """Run FILE.py and call its FUNCTION, which takes nothing, for a model.

    A file is a program: it is run. Give only files that you would run yourself.

    Raises UserError where that cannot be done, or what comes back is no model.
    """
    name, _, function = text.rpartition(":")
    if not function.isidentifier():
        file = text if text.endswith(".py") else name
        raise UserError(f"{text} is not a checkpoint; name a function, as in {file}:encoder")
    path = Path(name)
    if not path.is_file():
        raise UserError(f"no Python file at {path}")
    with _users_code(f"{text}() failed"):
        made = getattr(run_file(path), function, None)
        if not callable(made):
            raise UserError(f"{path} has no function {function!r}")
        if not _takes_nothing(made):
            raise UserError(f"{text} takes arguments; name a function of none that returns a model")
        return replace(as_model(made(), text), path=path)


def find_model(model: Any) -> UserModel:
    """A model that is in memory, called by its name or type, or that FILE.py:FUNCTION returns."""
    if isinstance(model, UserModel):
        return model
    if isinstance(model, str | Path):
        return load_model(str(model))
    named = model[0] if isinstance(model, tuple) and model else model
    return as_model(model, getattr(named, "__name__", type(named).__name__))


def as_model(returned: Any, name: str) -> UserModel:
    """Take an encoder, an object with ``encode``, or a pair of one and a generator, as a model.

    What has ``generate`` beside ``encode`` is both. Networks are put into evaluation mode.

    Raises UserError for anything else.
    """
    pair = returned if isinstance(returned, tuple) else (returned, None)
    if len(pair) != 2:
        raise UserError(f"{name} returned a tuple of {len(pair)}; a pair is (encoder, generator)")
    encoder, generator = pair
    if generator is None and hasattr(encoder, "generate"):
        generator = encoder
    encode = getattr(encoder, "encode", encoder)
    if not callable(encode):
        raise UserError(
            f"{name} returned {type(encoder).__name__}; return an encoder, a function of images"
        )
    if generator is not None and not _draws(generator):
        alone = "; for the encoder alone return its `encode`" if generator is encoder else ""
        raise UserError(
            f"{name} returned a generator without `codes`, an infoeval.CodeSpace, and "
            f"`generate(codes, noise)`{alone}"
        )
    for part in (encoder, getattr(encode, "__self__", None), generator):
        if isinstance(part, nn.Module):
            part.eval()
    return UserModel(name, encode, None if generator is None else _Drawing(name, generator))


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    except ValueError:  # some functions written in C do not tell
        return True
    return True


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
            with _users_code(
                f"{model.name}: the encoder failed on uint8 images {tuple(chunk.shape)}"
            ):
                found = model.encode(chunk)
            parts.append(arrays_of(found, len(chunk), model.name))
    return as_columns(_joined(parts, model.name), model.name)


def arrays_of(found: Any, count: int, name: str) -> Arrays:
    """The arrays ``(count, D)`` that an encoder returned for `count` images, by name.

    Raises UserError for what is no array of numbers for each image, nor a mapping to such arrays.
    """
    if not isinstance(found, Mapping):
        return {NAMELESS: _array(found, count, f"{name}: the encoder returned")}
    arrays: Arrays = {}
    for key, value in found.items():
        if str(key) in arrays:
            raise UserError(f"{name}: the encoder returned two codes called {str(key)!r}")
        arrays[str(key)] = _array(value, count, f"{name}: the encoder returned for {str(key)!r}")
    if not arrays:
        raise UserError(f"{name}: the encoder returned no codes")
    return arrays


def _joined(parts: Sequence[Arrays], name: str) -> Arrays:
    """The arrays of all images, which decide together what is a probability."""
    widths = [{key: array.shape[1] for key, array in part.items()} for part in parts]
    if any(each != widths[0] for each in widths):
        raise UserError(f"{name}: the encoder returned other codes for other images")
    return {key: np.concatenate([part[key] for part in parts]) for key in widths[0]}


def as_columns(arrays: Arrays, name: str) -> pd.DataFrame:
    """Codes by name, a column for each, of arrays ``(n, D)``.

    Whole numbers of an integer type and booleans are categories. Named probabilities ``(n, K)`` are
    a categorical code, the likeliest category; other named arrays of several columns are as many
    codes, called "name 0", "name 1" and so on. What has no name is called "code 0", "code 1" and
    so on, and is never taken for probabilities.

    Raises UserError where two codes have one name.
    """
    columns: list[tuple[str, Array]] = []
    for key, array in arrays.items():
        if key != NAMELESS and _are_probabilities(array):
            columns.append((key, array.argmax(axis=1)))
        elif key != NAMELESS and array.shape[1] == 1:
            columns.append((key, array[:, 0]))
        else:
            columns += [(f"{key or 'code'} {number}", each) for number, each in enumerate(array.T)]
    named = dict(columns)
    if len(named) < len(columns):
        raise UserError(f"{name}: the encoder returned two codes of one name in {list(arrays)}")
    return pd.DataFrame(named)


def _array(value: Any, count: int, returned: str) -> Array:
    """What is returned for `count` images as an array (count, D) of numbers."""
    wanted = f"return an array (images, codes), here ({count}, D)"
    if isinstance(value, tuple | list):
        raise UserError(f"{returned} a {type(value).__name__}; {wanted}")
    with _users_code(f"{returned} {type(value).__name__}; {wanted}"):
        array = _as_numpy(value)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or len(array) != count:
        raise UserError(f"{returned} {array.dtype} of shape {array.shape}; {wanted}")
    if array.size == 0:
        raise UserError(f"{returned} no codes; {wanted}")
    return array.reshape(count, -1)


def _as_numpy(value: Any) -> Array:
    if isinstance(value, Tensor):
        value = value.detach().float() if value.is_floating_point() else value.detach()
        value = value.cpu().numpy()
    return np.asarray(value)


def _are_probabilities(array: Array) -> bool:
    """Whether every row has two or more numbers of 0 or more, and a sum of 1."""
    if array.shape[1] < 2 or not (array >= 0).all():
        return False
    return bool((abs(array.sum(axis=1, dtype=np.float64) - 1) < PROBABILITY).all())


@contextmanager
def _users_code(what: str) -> Iterator[None]:
    """Run a user's code: what it raises becomes one line that says `what`.

    What it prints goes to the standard error: the standard output may be JSON for machines.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
        raise UserError(f"{what}: {why}") from error
