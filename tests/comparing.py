"""Comparing nested plain data and tensors bit for bit."""

from typing import Any

import torch
from torch import Tensor


def identical(one: Any, other: Any) -> bool:
    """Whether two nests of dictionaries, lists, numbers and tensors are the same in every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(identical, one, other))
    return bool(one == other)
