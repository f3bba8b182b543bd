"""Reading plain data and tensors from a file that `torch.save` wrote, and nothing else.

The parser knows only what `torch.save` writes for dictionaries, lists, tuples, strings, numbers and
tensors. It imports and calls nothing that the file names. Neither does
`torch.load(weights_only=True)`, but a file of a few kilobytes can keep it busy for ever, because it
hashes and prints shared values again and again. Here the work is proportional to the file's size.
"""

import math
import os
import pickletools
import struct
import sys
import zipfile
import zlib
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from infoeval.errors import UserError, one_line, shown

MOST_ENTRIES = 20_000
"""Entries of the archive: one for each tensor. A network of 200 layers and Adam's moments have
2,000."""

MOST_AROUND = 1000
"""Bytes of the file for each entry beside its content: names, sizes, and padding to 64 bytes."""

MOST_OPERATIONS = 2_000_000
"""Steps of the pickle program, about one a number: histories of 180,000 rows of 10 columns."""

MOST_CONTAINERS = 200_000
"""Lists, tuples and dictionaries; a hundred layers with Adam's moments take 4,000. An empty one
takes 60 bytes of memory, and one byte of the file."""

LARGEST_PROGRAM = 20 * 2**20
"""Bytes of the pickle program: `MOST_OPERATIONS` numbers of nine bytes fit."""

LARGEST_INTEGER = 2**63
"""Bound of the magnitude of integers: they fit into 64 bits."""

MOST_DIMENSIONS = 8

_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError),
)
"""What zipfile, pickletools and torch raise for damaged files."""


class NotPlainError(ValueError):
    """The file holds more than plain data and tensors."""


class _Global(Enum):
    """The functions that a file may name. None of them is called: their effect is known."""

    TENSOR = "torch._utils _rebuild_tensor_v2"
    DICTIONARY = "collections OrderedDict"


_STORAGES = {
    f"torch {name}Storage": dtype
    for name, dtype in {
        "Float": torch.float32,
        "Double": torch.float64,
        "Half": torch.float16,
        "BFloat16": torch.bfloat16,
        "Long": torch.int64,
        "Int": torch.int32,
        "Byte": torch.uint8,
        "Bool": torch.bool,
    }.items()
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_GIVEN = frozenset(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"))
"""Operations whose argument is the value."""
_EMPTY: dict[str, type] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_archive(path: Path) -> Any:
    """Return what a file of `torch.save` holds, its tensors on the CPU.

    Parts of it may be shared or contain themselves: see `check_extent`.

    Raises UserError for a file that is missing, damaged or too large, and for one that holds
    anything but plain data and tensors.
    """
    if not os.path.isfile(path):
        raise UserError(f"no checkpoint at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except NotPlainError as error:
        raise UserError(
            f"{path} holds more than plain data and tensors; it was not opened, "
            f"and nothing in it was run ({one_line(error)}); score a model of another program by "
            "FILE.py:FUNCTION"
        ) from None
    except _DAMAGED as error:
        raise UserError(
            f"{path} is not a checkpoint, or it is cut short: {one_line(error)}"
        ) from None
    except MemoryError:
        raise UserError(f"{path} is too large for this machine's memory") from None


def check_extent(value: Any, *, deepest: int, most: int, longest: int) -> None:
    """Raise ValueError for plain data that is too large, where shared parts count each time.

    Args:
        value: the data.
        deepest: levels of nesting.
        most: values, each counted as often as it is reached.
        longest: characters of all texts together, counted likewise.

    """
    layer = [value]
    for _ in range(deepest):
        inner: list[Any] = []
        for container in layer:
            items = [*container, *container.values()] if isinstance(container, dict) else container
            most -= len(items)
            if most < 0:
                raise ValueError("it holds more values than any checkpoint does")
            longest -= sum(len(item) for item in items if isinstance(item, str))
            if longest < 0:
                raise ValueError("it holds more text than any checkpoint does")
            inner += [item for item in items if isinstance(item, dict | list | tuple) and item]
        if not inner:
            return
        layer = inner
    raise ValueError("it is nested too deeply")


def _read(archive: zipfile.ZipFile, path: Path) -> Any:
    """Return the content of an archive, whose checksums are all verified."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    if any("/code/" in name for name in entries):
        raise NotPlainError("it is TorchScript, which torch.jit.load opens")
    beside = path.stat().st_size - sum(entry.file_size for entry in entries.values())
    if len(archive.infolist()) > MOST_ENTRIES or beside < 0:
        raise ValueError("its entries are too many, or overlap")
    if beside > MOST_AROUND * (len(entries) + 1):
        raise ValueError("it has bytes before, between or after its entries")
    damaged = _first_damaged(archive)
    if damaged is not None:
        raise ValueError(f"the checksum of {shown(damaged)} does not match; it is damaged")
    top = next(iter(entries), "").split("/")[0]
    foreign = [name for name in entries if not _is_known(name, top)]
    if foreign or len(entries) != len(archive.infolist()):
        raise NotPlainError(
            f"its entry {shown((foreign or ['twice'])[0])} does not belong to a checkpoint"
        )
    order = archive.read(f"{top}/byteorder") if f"{top}/byteorder" in entries else b""
    if order not in (b"", sys.byteorder.encode()):
        raise ValueError(f"it was written on a machine with the byte order {shown(order)}")
    program = archive.getinfo(f"{top}/data.pkl")
    if program.file_size > LARGEST_PROGRAM:
        raise ValueError(f"its data.pkl has more than {LARGEST_PROGRAM:,} bytes")
    return _Program(archive, top).run(archive.read(program))


def _first_damaged(archive: zipfile.ZipFile) -> str | None:
    """Return the name of the first entry that is not as torch writes it, or None."""
    for entry in archive.infolist():
        if entry.compress_type or entry.external_attr or entry.file_size != entry.compress_size:
            return entry.filename
    return archive.testzip()


def _is_known(name: str, top: str) -> bool:
    """Return whether torch writes an entry of that name for plain data and tensors."""
    folder, _, rest = name.partition("/")
    known = ("data.pkl", "byteorder", "version", ".format_version", ".storage_alignment")
    if folder != top or rest in (*known, ".data/serialization_id"):
        return folder == top
    return rest.startswith("data/") and rest.removeprefix("data/").isdecimal()


class _Program:
    """The pickle program of an archive, restricted to the operations of plain data."""

    def __init__(self, archive: zipfile.ZipFile, top: str) -> None:
        self.archive, self.top = archive, top
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Tensor] = {}
        self.containers = 0
        self.unclaimed = 0
        """Bytes of storages less those of the tensors made of them."""

    def run(self, program: bytes) -> Any:
        """Return the value that the program leaves on its stack."""
        for count, (operation, argument, _) in enumerate(pickletools.genops(program)):
            if count >= MOST_OPERATIONS:
                raise ValueError(f"its data.pkl has more than {MOST_OPERATIONS:,} operations")
            name = operation.name
            if name in _GIVEN:
                self._push(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name == "STOP":
                return self.stack.pop()
            else:
                self._operate(name, argument)
        raise EOFError("its data.pkl has no end")

    def _push(self, value: Any) -> None:
        if type(value) is int and abs(value) >= LARGEST_INTEGER:
            raise ValueError("it holds an integer that 64 bits cannot hold")
        self.stack.append(value)

    def _operate(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "MARK":
                self.marks.append(len(stack))
            case "EMPTY_LIST" | "EMPTY_DICT" | "EMPTY_TUPLE":
                self._contain(_EMPTY[name]())
            case "TUPLE":
                self._contain(tuple(self._popped()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self._contain(tuple(self._popped(_TUPLES[name])))
            case "APPEND" | "APPENDS":
                items = self._popped(1 if name == "APPEND" else None)
                self._target(list).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self._popped(2 if name == "SETITEM" else None)
                self._fill(self._target(dict), items)
            case "GLOBAL":
                stack.append(_named(argument))
            case "BINPERSID":
                stack.append(self._storage(stack.pop()))
            case "REDUCE":
                arguments = stack.pop()
                stack.append(self._made(stack.pop(), arguments))
            case "BUILD":  # attributes of an OrderedDict, such as torch's versions of layers
                stack.pop()
                self._target(dict)
            case "PROTO":
                pass
            case _:
                raise NotPlainError(f"the operation {name}")

    def _contain(self, value: Any) -> None:
        self.containers += 1
        if self.containers > MOST_CONTAINERS:
            raise ValueError(f"it holds more than {MOST_CONTAINERS:,} lists")
        self.stack.append(value)

    def _popped(self, count: int | None = None) -> list[Any]:
        """Return and remove the last `count` items of the stack; None: all after the last mark."""
        start = self.marks.pop() if count is None else len(self.stack) - count
        if not 0 <= start <= len(self.stack):
            raise IndexError("its data.pkl takes more than it has")
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _target(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise NotPlainError(f"a {type(self.stack[-1]).__name__} that is filled")
        return self.stack[-1]

    def _fill(self, target: dict[Any, Any], items: list[Any]) -> None:
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):  # hashing a tuple may never end
                raise NotPlainError(f"a {type(key).__name__} as a key")
            target[key] = value

    def _storage(self, identity: Any) -> Tensor:
        """Return the numbers of an entry, in memory that torch has aligned."""
        if type(identity) is not tuple or len(identity) != 5:
            raise NotPlainError("a storage of another kind")
        kind, dtype, key, _, count = identity
        plain = kind == "storage" and type(dtype) is torch.dtype and type(key) is str
        if not plain or type(count) is not int:
            raise NotPlainError("a storage of another kind")
        entry = self.archive.getinfo(f"{self.top}/data/{key}")
        if count < 0 or entry.file_size != count * dtype.itemsize:
            raise ValueError(f"the tensor of entry {shown(key)} has another size")
        if key not in self.storages:
            self.storages[key] = torch.empty(entry.file_size, dtype=torch.uint8)
            self.unclaimed += entry.file_size
            if entry.file_size:
                with self.archive.open(entry) as file:
                    file.readinto(self.storages[key].numpy())  # type: ignore[attr-defined]
        return self.storages[key].view(dtype)

    def _made(self, function: Any, arguments: Any) -> Any:
        """Return what a function makes of its arguments."""
        if type(arguments) is not tuple:
            raise NotPlainError("a call of a function")
        if function is _Global.DICTIONARY and not arguments:
            return {}
        if function is not _Global.TENSOR or len(arguments) < 4:
            raise NotPlainError("a call of a function")
        storage, offset, size, stride, *_ = arguments
        if type(storage) is not Tensor or type(size) is not tuple or type(stride) is not tuple:
            raise NotPlainError("a tensor of another kind")
        whole = (offset, *size, *stride)
        if len(size) > MOST_DIMENSIONS or not all(type(n) is int and n >= 0 for n in whole):
            raise ValueError("it holds a tensor of no usable shape")
        # With strides of 0 or shared storages, tensors of a small file can have terabytes.
        self.unclaimed -= math.prod(size) * storage.element_size()
        if self.unclaimed < 0:
            raise ValueError("it holds tensors of more numbers than it stores")
        return storage.as_strided(size, stride, offset)


def _named(argument: str) -> Any:
    """Return the type or function that a global names, without importing it."""
    if argument in _STORAGES:
        return _STORAGES[argument]
    try:
        return _Global(argument)
    except ValueError:
        raise NotPlainError(shown(argument)) from None
