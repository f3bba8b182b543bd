"""Fields of options classes, from which the command line and Python signatures are made."""

from dataclasses import field, fields
from typing import Any

DEVICE = "auto, cpu, cuda or cuda:N."


def option(default: Any, help: str, **more: Any) -> Any:
    """Return a field of an options class.

    `more` may give what differs on the command line: `flag` its name, `metavar`, `choices`,
    `multiple` for paths given one by one, `is_size` for bytes written like 8GB, `envvar`, and
    `cli=False` for an option of Python alone.
    """
    return field(default=default, metadata={"help": help, **more})


def same_option(kind: type, name: str) -> Any:
    """Return a field like the one of another options class."""
    (entry,) = (entry for entry in fields(kind) if entry.name == name)
    return field(default=entry.default, metadata=entry.metadata)
