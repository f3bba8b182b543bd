"""A user's model: an encoder, a generator, or both, in memory or from a function in a file."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.arrays import as_array
from infoeval.codes import CodeSpace
from infoeval.data.image_set import CHANNELS, ImageSet
from infoeval.errors import UserError, described, unknown
from infoeval.files import sha256
from infoeval.python_files import run_file
from infoeval.subjects.protocols import Generator
from infoeval.subjects.subject import Array, Encoding, Reader, Subject

CHUNK = 500
PROBABILITY = 5e-3
"""The sum of probabilities may be this far from 1: those of bfloat16 come to within 0.002."""
_IMAGES = "return a tensor (n, channels, height, width) of images"
NAMELESS = ""
"""Name of the array of an encoder that returned one array, and no mapping."""


class UserModel(Subject):
    """A user's encoder, generator, or both.

    Args:
        model: a function of images or an object with `encode`; an object with `codes` (an
            `infoeval.CodeSpace`) and `generate(codes, noise)`; an object with all three; or a
            pair (encoder, generator), either of which may be None. Networks are put into
            evaluation mode. See docs/your-model.md.
        name: what it is called in results and messages.
        path: the file it came from; None for a model in memory.
        seed: of an encoder's random draws.

    Raises:
        UserError: anything else.

    """

    def __init__(self, model: Any, name: str, *, path: Path | None = None, seed: int = 0) -> None:
        self.name, self.path = name, path
        encoder, generator = _parts(model, name)
        self.encode = getattr(encoder, "encode", encoder)
        self.has_encoder = encoder is not None
        self._generator = None if generator is None else _UserGenerator(name, generator)
        self._reader = _UserEncoder(name, self.encode, seed)
        for part in (encoder, getattr(self.encode, "__self__", None), generator):
            if isinstance(part, nn.Module):
                part.eval()

    @cached_property
    def fingerprint(self) -> str | None:
        return None if self.path is None else sha256(self.path)

    @property
    def generator(self) -> Generator | None:
        return self._generator

    def reader(self, train: ImageSet) -> Reader:
        del train  # its statistics are what they are
        return self._reader


def names_function(text: str) -> bool:
    """Whether FILE.py:FUNCTION is meant, even where the function is missing or no name.

    >>> [names_function(text) for text in ("vae.py:encoder", "vae.py", "ckpt.pt", "a.py:1/ckpt.pt")]
    [True, True, False, False]
    """
    path, _, function = text.rpartition(":")
    return text.endswith(".py") or (path.endswith(".py") and not set(function) & set("/\\"))


def load_model(text: str, *, seed: int = 0) -> UserModel:
    """Return the model that FUNCTION of FILE.py returns, which is called without arguments.

    The file is run as a program. Give only files that you would run yourself.

    Raises UserError where it fails, or returns no model.
    """
    name, _, function = text.rpartition(":")
    if not function.isidentifier():
        file = text if text.endswith(".py") else name
        raise UserError(f"{text} is not a checkpoint; name a function, as in {file}:encoder")
    path = Path(name)
    if not path.is_file():
        raise UserError(f"no Python file at {path}")
    with _user_code(f"{text}() failed"):
        module = run_file(path)
        make = getattr(module, function, None)
        if not callable(make):
            known = [name for name, item in vars(module).items() if inspect.isfunction(item)]
            raise UserError(unknown(f"{path} has no function", function, known))
        if not _takes_no_arguments(make):
            raise UserError(f"{text} takes arguments; name a function of none that returns a model")
        return UserModel(make(), text, path=path, seed=seed)


def _parts(model: Any, name: str) -> tuple[Any, Any]:
    """Return the encoder and the generator of a user's model, either of which may be None."""
    pair = model if isinstance(model, tuple) else (model, None)
    if len(pair) != 2:
        raise UserError(
            f"{name}: a tuple of {len(pair)} is no model; a pair (encoder, generator) is"
        )
    encoder, generator = pair
    for part in pair:
        if inspect.isclass(part):
            raise UserError(
                f"{name}: {part.__name__} is a class; give an object, {part.__name__}()"
            )
    if generator is None and hasattr(encoder, "generate"):
        generator = encoder
        if not callable(getattr(encoder, "encode", encoder)):
            encoder = None
    unusable = encoder is not None and (
        isinstance(encoder, str) or not callable(getattr(encoder, "encode", encoder))
    )
    if unusable or (encoder is None and generator is None):
        what = "None" if encoder is None else type(encoder).__name__
        raise UserError(
            f"{name}: {what} is no model; give an encoder, a function of images, or a generator"
        )
    if generator is not None and not _is_generator(generator):
        alone = "; for the encoder alone give its `encode`" if generator is encoder else ""
        raise UserError(
            f"{name}: a generator needs `codes`, an infoeval.CodeSpace, and "
            f"`generate(codes, noise)`{alone}"
        )
    return encoder, generator


def _is_generator(generator: Any) -> bool:
    has_codes = isinstance(getattr(generator, "codes", None), CodeSpace)
    return has_codes and callable(getattr(generator, "generate", None))


def _takes_no_arguments(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    except ValueError:  # some functions written in C have no signature
        return True
    return True


class _UserGenerator:
    """A user's generator whose errors name the model, and which keeps no gradients.

    `generate` raises UserError where it fails, and for tensors that are no images by their form.
    """

    def __init__(self, name: str, generator: Generator) -> None:
        self.name, self.generator = name, generator

    @property
    def codes(self) -> CodeSpace:
        return self.generator.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        with _user_code(f"{self.name}: the generator failed on {len(noise)} codes"):
            images = self.generator.generate(codes, noise)
        returned = f"{self.name}: the generator returned"
        if not isinstance(images, Tensor):
            raise UserError(f"{returned} {type(images).__name__}; {_IMAGES}")
        shape = tuple(images.shape)
        channels_last = len(shape) == 4 and shape[1] not in CHANNELS and shape[3] in CHANNELS
        if len(shape) != 4 or channels_last:
            raise UserError(f"{returned} a tensor {shape}; {_IMAGES}")
        return images


class _UserEncoder(Reader):
    """A user's encoder; torch's random draws in it are the same for the same seed."""

    def __init__(self, name: str, encode: Callable[[Tensor], Any], seed: int) -> None:
        super().__init__()
        self.name, self.encoder, self.seed = name, encode, seed
        self._widths: dict[str, int] = {}

    def read(self, images: NDArray[np.uint8]) -> dict[str, Array]:
        chunks = []
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(self.seed)
            for start in range(0, len(images), CHUNK):
                part = torch.from_numpy(images[start : start + CHUNK].copy())
                failed = f"{self.name}: the encoder failed on uint8 images {tuple(part.shape)}"
                with _user_code(failed):
                    codes = self.encoder(part)
                chunks.append(_arrays(codes, len(part), self.name))
        for chunk in chunks:
            widths = {key: array.shape[1] for key, array in chunk.items()}
            if widths != (self._widths or widths):
                raise UserError(f"{self.name}: the encoder returned other codes for other images")
            self._widths = widths
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in self._widths}

    def encoding(self, arrays: Mapping[str, Array]) -> Encoding:
        return Encoding(_columns(arrays, self.name))


def _columns(arrays: Mapping[str, Array], name: str) -> pd.DataFrame:
    """Return a column for each code of arrays ``(n, D)``.

    Integers and booleans are categories. Named probabilities ``(n, K)`` are one categorical code,
    the likeliest category; other named arrays of several columns are that many codes, called
    "name 0", "name 1" and so on. Columns of an array without a name are codes, called "code 0",
    "code 1" and so on, even where they look like probabilities.

    Raises UserError where two codes have one name.
    """
    columns: list[tuple[str, Array]] = []
    for key, array in arrays.items():
        if key != NAMELESS and _are_probabilities(array):
            columns.append((key, array.argmax(axis=1)))
        elif key != NAMELESS and array.shape[1] == 1:
            columns.append((key, array[:, 0]))
        else:
            parts = enumerate(array.T)
            columns += [(f"{key or 'code'} {number}", column) for number, column in parts]
    named = dict(columns)
    if len(named) < len(columns):
        raise UserError(f"{name}: the encoder returned two codes of one name in {list(arrays)}")
    return pd.DataFrame(named)


def _are_probabilities(array: Array) -> bool:
    """Whether every row has two or more numbers of 0 or more, and a sum of 1."""
    if array.shape[1] < 2 or not (array >= 0).all():
        return False
    return bool((abs(array.sum(axis=1, dtype=np.float64) - 1) < PROBABILITY).all())


def _arrays(codes: Any, count: int, name: str) -> dict[str, Array]:
    """Return the codes of `count` images as arrays ``(count, D)`` by name.

    Raises UserError unless they are an array of numbers, or a mapping to such arrays.
    """
    if not isinstance(codes, Mapping):
        return {NAMELESS: _array(codes, count, f"{name}: the encoder returned")}
    arrays: dict[str, Array] = {}
    for key, value in codes.items():
        if str(key) in arrays:
            raise UserError(f"{name}: the encoder returned two codes called {str(key)!r}")
        arrays[str(key)] = _array(value, count, f"{name}: the encoder returned for {str(key)!r}")
    if not arrays:
        raise UserError(f"{name}: the encoder returned no codes")
    return arrays


def _array(value: Any, count: int, returned: str) -> Array:
    """Return the codes of `count` images as an array (count, D) of numbers."""
    wanted = f"return an array (images, codes), here ({count}, D)"
    if value is None or isinstance(value, tuple | list | str):
        what = "nothing" if value is None else f"a {type(value).__name__}"
        raise UserError(f"{returned} {what}; {wanted}")
    with _user_code(f"{returned} {type(value).__name__}; {wanted}"):
        array = as_array(value, returned)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or len(array) != count:
        raise UserError(f"{returned} {array.dtype} of shape {array.shape}; {wanted}")
    if array.size == 0:
        raise UserError(f"{returned} no codes; {wanted}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{returned} numbers that are not finite (NaN or inf)")
    return array.reshape(count, -1)


@contextmanager
def _user_code(failed: str) -> Iterator[None]:
    """Run a user's code: what it raises becomes one line that begins with `failed`.

    What it prints goes to the standard error: the standard output may be JSON for machines.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        why = described(error)
        cure = "; make them floats, as in images.float() / 255" if "Byte" in why else ""
        raise UserError(f"{failed}: {why}{cure}") from error
