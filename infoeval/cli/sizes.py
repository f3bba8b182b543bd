"""Sizes of memory as the command line takes them."""

import math
import re

from infoeval.errors import UserError

__all__ = ["bytes_of"]

_UNITS = {
    "": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), 1)},
}
LARGEST = 2**63


def bytes_of(text: str, name: str) -> int:
    """The bytes of a size such as 8GB, 1.5 GiB or 4096; `name` is what it is of.

    Raises UserError for anything else.

    >>> bytes_of("8GB", "memory"), bytes_of("1.5 KiB", "memory"), bytes_of("0", "memory")
    (8000000000, 1536, 0)
    """
    found = re.fullmatch(r"\s*(\d{1,19}(?:\.\d{0,9})?)\s*([a-z]*)\s*", text.lower(), re.ASCII)
    unit = _UNITS.get(found[2]) if found else None
    size = math.inf if found is None or unit is None else float(found[1]) * unit
    if size >= LARGEST:
        raise UserError(f"{name}: {text!r} is no size; give e.g. 8GB or 512MiB")
    return int(size)
