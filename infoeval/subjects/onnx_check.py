"""Whether an ONNX file is safe to run: read as bytes, before any library parses it.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the numbers of fields below are its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from infoeval.errors import UserError, quoted

LARGEST_FILE = 2**30
"""Bytes of a file, which is read whole."""
MOST_STRUCTURE = 2**25
"""Bytes of a file beside the numbers of its tensors; parsed they take some twenty times as much."""
MOST_FIELDS = 1_000_000
MOST_NODES = 100_000
"""Operations after all functions are put in their places."""
DEEPEST = 32
"""Messages inside each other; a graph in a graph takes three."""

_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_ENDLESS = ("Loop", "Scan", "SequenceMap")
"""Operators that may run for ever."""
_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
_EXTERNAL = 1

# Fields of messages inside each other: of the model, a graph, a node, an attribute, a function.
_MODEL = {7: "graph", 25: "function"}
_GRAPH = {1: "node", 5: "tensor", 15: "sparse"}
_NODE = {5: "attribute"}
_ATTRIBUTE = {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
_FUNCTION = {7: "node", 11: "attribute"}
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": _MODEL,
    "graph": _GRAPH,
    "node": _NODE,
    "attribute": _ATTRIBUTE,
    "function": _FUNCTION,
    "tensor": {},
}
_ONCE = {("model", 7), ("attribute", 5), ("attribute", 6), ("tensor", 9)}
"""Fields that there is one of; parsers would merge several."""
_NUMBERS = (4, 9, 10)
"""Fields of a tensor that take as many bytes parsed as in the file."""

Function = tuple[str, str]
"""Domain and name."""


def check_onnx(content: bytes, where: str) -> None:
    """Raise UserError for a file that is no ONNX model, or one that is not run here.

    It may consist of standard operators alone, without loops, and of functions made of these. All
    of its numbers are in the file, and no tensor declares more of them than there are.
    """
    if len(content) > LARGEST_FILE:
        raise UserError(f"{where}: {len(content):,} bytes; the limit is {LARGEST_FILE:,}")
    scan = _Scan(where)
    scan.message(memoryview(content), "model", 0)
    if not scan.has_graph:
        raise UserError(f"{where}: is no ONNX file: it has no graph")
    structure = len(content) - scan.in_tensors
    if structure > MOST_STRUCTURE:
        raise UserError(
            f"{where}: {structure:,} bytes beside its weights; the limit is {MOST_STRUCTURE:,}"
        )
    scan.check_calls()


@dataclass
class _Scan:
    """What was found in a file so far."""

    where: str
    fields: int = 0
    in_tensors: int = 0
    has_graph: bool = False
    calls: dict[Function | None, Counter[Function]] = field(default_factory=dict)
    """How often each function, or the graph itself (None), calls each operator."""
    function: Function | None = None
    """The one whose nodes are being read."""

    def message(self, data: memoryview, kind: str, depth: int) -> None:
        """Check a message and those inside it."""
        if depth > DEEPEST:
            raise UserError(f"{self.where}: its graphs lie more than {DEEPEST} deep in each other")
        if kind == "sparse":
            raise UserError(f"{self.where}: has sparse tensors, which are not read")
        parts = self._parts(data, kind)
        if kind == "function":
            self.function = _text(parts, 10), _text(parts, 1)
            if self.function in self.calls:
                raise UserError(f"{self.where}: defines {quoted(self.function[1])} twice")
            self.calls[self.function] = Counter()
        elif kind == "node":
            self._node(_text(parts, 7), _text(parts, 4))
        elif kind == "tensor":
            self._tensor(parts)
        self.has_graph |= kind == "graph"
        for number, value in parts:
            inside = _INSIDE[kind].get(number)
            if inside is not None:
                if not isinstance(value, memoryview):
                    raise self._no_onnx()
                self.message(value, inside, depth + 1)
        if kind == "function":
            self.function = None

    def _parts(self, data: memoryview, kind: str) -> list[tuple[int, int | memoryview]]:
        """Return the fields of a message."""
        parts = []
        seen = set()
        for number, value in _fields(data, self._no_onnx()):
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise UserError(f"{self.where}: more than {MOST_FIELDS:,} fields")
            if (kind, number) in _ONCE and number in seen:
                raise self._no_onnx()
            seen.add(number)
            parts.append((number, value))
        return parts

    def _node(self, domain: str, operator: str) -> None:
        if domain in _DOMAINS and operator in _ENDLESS:
            raise UserError(f"{self.where}: has the operator {operator}; loops are not run")
        called = self.calls.setdefault(self.function, Counter())
        called["" if domain == "ai.onnx" else domain, operator] += 1

    def _tensor(self, parts: list[tuple[int, int | memoryview]]) -> None:
        """Check that a tensor's numbers are in the file, as many as it declares."""
        declared, held = 1, 0
        for number, value in parts:
            if number == 13 or (number == 14 and value == _EXTERNAL):
                raise UserError(
                    f"{self.where}: has weights in another file, which is not read; save the "
                    "model with external_data=False"
                )
            if number == 1:
                for size in _dimensions(value, self._no_onnx()):
                    declared *= size
            elif number in (4, 5, 6, 7, 9, 10, 11) and isinstance(value, memoryview):
                held += len(value) + (number == 6)
                self.in_tensors += len(value) if number in _NUMBERS else 0
        # The smallest numbers have two bits.
        if declared > 4 * held:
            raise UserError(
                f"{self.where}: a tensor declares {declared:,} numbers and holds {held:,} bytes"
            )

    def check_calls(self) -> None:
        """Raise UserError for operators that are not standard, and for too many operations."""
        functions = set(self.calls) - {None}
        for called in self.calls.values():
            for domain, operator in called:
                if domain not in _DOMAINS and (domain, operator) not in functions:
                    raise UserError(
                        f"{self.where}: uses the operator {quoted(operator)} of {quoted(domain)}; "
                        "only operators of the ONNX standard are run"
                    )
        needs = {name: set(called) & functions for name, called in self.calls.items()}
        sizes: dict[Function | None, int] = {}
        try:
            order = list(TopologicalSorter(needs).static_order())
        except CycleError:
            raise UserError(f"{self.where}: has functions that call themselves") from None
        for name in order:
            sizes[name] = sum(count * sizes.get(op, 1) for op, count in self.calls[name].items())
        if sizes.get(None, 0) > MOST_NODES:
            raise UserError(f"{self.where}: {sizes[None]:,} operations; at most {MOST_NODES:,}")

    def _no_onnx(self) -> UserError:
        return UserError(f"{self.where}: is no ONNX file, or a damaged one")


def _fields(data: memoryview, damaged: UserError) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of the fields of a message: a whole number, or bytes."""
    place, end = 0, len(data)
    while place < end:
        tag, place = _varint(data, place, damaged)
        kind = tag & 7
        if kind == _VARINT:
            value, place = _varint(data, place, damaged)
            yield tag >> 3, value
            continue
        if kind == _LENGTH:
            size, place = _varint(data, place, damaged)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise damaged
        if size > end - place:
            raise damaged
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int, damaged: UserError) -> tuple[int, int]:
    """Return a whole number of 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise damaged
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), place
    raise damaged


def _dimensions(value: int | memoryview, damaged: UserError) -> list[int]:
    """Return dimensions, one or packed. A negative one is an enormous number here."""
    if isinstance(value, int):
        return [value]
    sizes, place = [], 0
    while place < len(value):
        size, place = _varint(value, place, damaged)
        sizes.append(size)
    return sizes


def _text(parts: list[tuple[int, int | memoryview]], number: int) -> str:
    """Return a text of a message, the last one if there are several, as parsers do."""
    texts = [value for key, value in parts if key == number and isinstance(value, memoryview)]
    return bytes(texts[-1]).decode("utf-8", "replace") if texts else ""
