"""The codes that the outputs of an encoder are: columns with names, and posteriors."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.subjects.encoder_outputs import NAMELESS, Kind
from infoeval.subjects.subject import Array, Encoding, GaussianPosterior

PROBABILITY = 5e-3
"""The sum of probabilities may be this far from 1: those of bfloat16 come to within 0.002."""


def encoding_of(
    arrays: Mapping[str, Array], kinds: Mapping[str, Kind], space: CodeSpace | None, name: str
) -> Encoding:
    """Return the codes that outputs are, a column each, and the posteriors that are known.

    Means are the columns of Gaussian posteriors, and the likeliest category that of probabilities;
    named arrays whose rows are probabilities are such a code, too. Integers and booleans are
    categories. Other arrays of several columns are that many codes, called "name 0", "name 1" and
    so on, or "code 0", "code 1" without a name, unless the codes of `space` have their names.

    Raises UserError where two codes have one name.
    """
    columns: list[tuple[str, Array]] = []
    posteriors: dict[str, Array] = {}
    gaussians: dict[str, GaussianPosterior] = {}
    for key, array in arrays.items():
        kind = kinds[key]
        if kind == "probabilities" or (key != NAMELESS and kind == "values" and _is_share(array)):
            code = key or _only_name(space, array.shape[1])
            posteriors[code] = array / array.sum(axis=1, keepdims=True, dtype=np.float64)
            columns.append((code, array.argmax(axis=1)))
            continue
        values = array
        if kind in ("gaussian", "pair"):
            values, log_variances = np.split(array, 2, axis=1)
        names = _names(key, values.shape[1], space)
        columns += zip(names, values.T, strict=True)
        if values is not array:
            pairs = zip(values.T, log_variances.T, strict=True)
            gaussians |= dict(zip(names, (GaussianPosterior(*pair) for pair in pairs), strict=True))
    frame = pd.DataFrame(dict(columns))
    if frame.shape[1] < len(columns):
        raise UserError(f"{name}: the encoder returned two codes of one name in {list(arrays)}")
    if space is not None and set(arrays) == {NAMELESS} and list(frame) == list(space):
        frame = _with_categories(frame, space)
    return Encoding(frame, posteriors, gaussians)


def _only_name(space: CodeSpace | None, size: int) -> str:
    """Return the name of the only categorical code of `size` categories."""
    codes = {} if space is None else space
    found = [
        name for name, code in codes.items() if code.is_categorical and code.input_width == size
    ]
    return found[0] if len(found) == 1 else "code 0"


def _names(key: str, count: int, space: CodeSpace | None) -> list[str]:
    """Return the names of the columns of an output."""
    known = [] if space is None else list(space)
    if key != NAMELESS:
        if count == 1:
            return [key]
        numbered = re.compile(re.escape(key) + r"[ _-]?\d+")
        known = [name for name in known if numbered.fullmatch(name)]
    if len(known) == count:
        return known
    return [f"{key or 'code'} {number}" for number in range(count)]


def _with_categories(frame: pd.DataFrame, space: CodeSpace) -> pd.DataFrame:
    """Return columns in which whole numbers from 0 on of a categorical code are its categories."""
    for name, code in space.items():
        if code.is_categorical and frame[name].isin(range(code.input_width)).all():
            frame = frame.astype({name: np.int64})
    return frame


def _is_share(array: Array) -> bool:
    """Whether every row has two or more numbers of 0 or more, and a sum of 1."""
    if array.shape[1] < 2 or not (array >= 0).all():
        return False
    return bool((abs(array.sum(axis=1, dtype=np.float64) - 1) < PROBABILITY).all())
