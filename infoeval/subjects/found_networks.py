"""The torch networks that a user's function works with."""

import functools
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

DEEPEST = 5
"""Steps from a function to its network, such as function, wrapper, method, model."""
LONGEST = 1000
"""Longer lists and mappings are data."""


def networks_in(part: Any) -> list[nn.Module]:
    """Return the networks of a module, a method, a function that uses some, or an object.

    A function is searched for the variables it uses, so that a network is found behind
    ``lambda z: net(z[:, :, None, None])``.

    >>> net = nn.Linear(3, 2)
    >>> networks_in(lambda z: net(2 * z)) == networks_in(net.forward) == [net]
    True
    """
    found: dict[int, nn.Module] = {}
    for network in _search(part, DEEPEST, set()):
        found.setdefault(id(network), network)
    return list(found.values())


def _search(part: Any, depth: int, seen: set[int]) -> Iterator[nn.Module]:
    if isinstance(part, nn.Module):
        yield part
    elif depth > 0 and id(part) not in seen and not inspect.isclass(part):
        seen.add(id(part))
        for value in _used_by(part):
            yield from _search(value, depth - 1, seen)


def _used_by(part: Any) -> list[Any]:
    """Return the objects that a function, method or object holds."""
    if isinstance(part, functools.partial):
        return [part.func, *part.args, *part.keywords.values()]
    if inspect.ismethod(part):
        return [part.__self__, part.__func__]
    if inspect.isfunction(part):
        return _variables(part)
    if isinstance(part, Mapping | list | tuple):
        values = part.values() if isinstance(part, Mapping) else part
        return list(values) if len(part) <= LONGEST else []
    return [] if inspect.ismodule(part) else list(getattr(part, "__dict__", {}).values())


def _variables(function: Any) -> list[Any]:
    """Return the values of the variables that a function uses, and of its defaults."""
    held = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    try:
        used = inspect.getclosurevars(function)
    except ValueError:  # a variable of the closure is not set yet
        return held
    wrapped = getattr(function, "__wrapped__", None)
    return [*used.nonlocals.values(), *used.globals.values(), *held, wrapped]
