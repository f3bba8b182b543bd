"""Hostile .npz files: forged array headers, archives that unpack to much, and odd values."""

import io
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from mutants import Member, Mutant, Target, canary, damaged, damaged_zip, zipped
from numpy.typing import NDArray

from infoeval.data import load
from infoeval.evaluation import score
from infoeval.subjects.table_subject import open_table

__all__ = ["table_target"]

Arrays = dict[str, NDArray[Any]]
KINDS = (
    *("<f8", "<i8", "|O", "|V8", "<U4", "|S3", "<M8[ns]", "<c16", ">f8", "<f2", "|b1", "<u8"),
    *(
        "<U0",
        "|S0",
        "<U1000000000",
        "<f16",
        [("a", "<i4")],
        "O",
        "<f8,<i4",
        "<m8",
        "|V0",
        "(9,9)f8",
    ),
)
SHAPES = (
    *((200, 3), (200,), (), (0, 3), (3, 0), (2**40, 3), (-1, 3), (2**63, 2**63), (10**30,)),
    *((200, 1, 3), (1,) * 33, (1,) * 65, (True, 3), (1.5,), ("a",), (2, 300), (200, 2**20), None),
)
HEADERS = (
    *("[" * 9000, "(" * 9000 + ")" * 9000, "{", "-" * 9000 + "1", "\0" * 100, "1" * 9000, "", "[]"),
    *("'a'*10**9", "{'descr': '<f8'}", "__import__('os')", "{'descr': '<f8', 'shape': (200L, 3L)}"),
    "{'descr': '<f8', 'fortran_order': 5, 'shape': (200, 3)}",
)


def table_target(folder: Path) -> Target:
    """Return mutants of a table of codes and of a file of images, which are scored and loaded."""
    random_numbers = np.random.default_rng(0)
    factors = random_numbers.integers(0, 3, (200, 3))
    codes: Arrays = {
        "codes": factors + 0.3 * random_numbers.normal(size=factors.shape),
        "factors": factors,
        "code_names": np.array(["a", "b", "c"]),
        "factor_names": np.array(["x", "y", "z"]),
        "code_types": np.array(["continuous"] * 3),
        "factor_types": np.array(["discrete"] * 3),
    }
    images: Arrays = {
        "images": random_numbers.integers(0, 256, (60, 8, 8), dtype=np.uint8),
        "labels": random_numbers.integers(0, 3, 60),
        "factors": random_numbers.normal(size=(60, 2)),
        "factor_names": np.array(["x", "y"]),
        "factor_types": np.array(["continuous", "periodic:360"]),
    }
    original = folder / "original.npz"
    original.write_bytes(zipped(_members(codes)))
    right = open_table(original).rows[0]

    def mutate(numbers: random.Random) -> Mutant:
        return _mutant(numbers.choice((codes, images)), numbers, folder)

    def use(path: Path, same: bool) -> None:
        if _is_table(path):
            if same:
                read = open_table(path).rows[0]
                assert read.codes.equals(right.codes), "accepted, with other codes"
            score(str(path), metrics=["mig", "cluster-acc", "code-factors"], replicates=0)
        else:
            load(path, "train")
            load(path, "test", shape=(1, 28, 28))

    return Target(".npz", original.read_bytes(), mutate, use)


def _is_table(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not any("images" in name for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return True


def _mutant(arrays: Arrays, numbers: random.Random, folder: Path) -> Mutant:
    members = dict(_members(arrays))
    name = numbers.choice(list(arrays))
    file, array = f"{name}.npy", arrays[name]
    how = numbers.randrange(9)
    if how == 0:
        whole = zipped(_members(arrays), packed=numbers.random() < 0.5)
        return Mutant("bytes", damaged(whole, numbers), same="codes" in arrays)
    if how == 1:
        return Mutant("archive", damaged_zip(_members(arrays), numbers))
    if how == 2:
        body = numbers.choice((array.tobytes(), b"", array.tobytes() * 2, bytes(4800)))
        header = repr(
            {
                "descr": numbers.choice(KINDS),
                "fortran_order": numbers.random() < 0.3,
                "shape": numbers.choice(SHAPES),
            }
        )
        members[file] = _header(header, numbers) + body
    elif how == 3:
        members[file] = _header(numbers.choice(HEADERS), numbers) + array.tobytes()
    elif how == 4:
        blanks = numbers.choice((10**6, 10**8, 3 * 10**8))
        members[file] = b"\x93NUMPY\x02\x00" + struct.pack("<I", blanks) + b" " * blanks
        return Mutant("long header", zipped(list(members.items()), packed=True))
    elif how == 5:
        rows = numbers.choice((10**5, 10**6))
        shape = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 3)}}"
        members[file] = _header(shape, random.Random(0)) + bytes(rows * 24)
        return Mutant("zeros", zipped(list(members.items()), packed=True))
    elif how == 6:
        members[file] = _npy(np.array([_Payload(canary(folder))], dtype=object))
    elif how == 7:
        members[file] = damaged(members[file], numbers)
    else:
        members[file] = _npy(_odd(array, numbers))
        return Mutant("values", zipped(list(members.items())))
    return Mutant("header" if how < 4 else "array", zipped(list(members.items())))


class _Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (self.command,)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    if array.dtype == object:
        np.lib.format.write_array_header_1_0(
            buffer, {"descr": "|O", "fortran_order": False, "shape": array.shape}
        )
        return buffer.getvalue() + pickle.dumps(array)
    np.save(buffer, array)
    return buffer.getvalue()


def _members(arrays: Arrays) -> list[Member]:
    return [(f"{name}.npy", _npy(array)) for name, array in arrays.items()]


def _header(text: str, numbers: random.Random) -> bytes:
    """Return the start of an array file, whose header may declare another length than it has."""
    version = numbers.choice((1, 1, 2, 3))
    content = (text + " " * 20 + "\n").encode("latin1")
    length = numbers.choice((len(content),) * 4 + (2**16 - 1, 2**31, 0))
    packed = struct.pack("<H", length & 0xFFFF) if version == 1 else struct.pack("<I", length)
    return b"\x93NUMPY" + bytes([version, 0]) + packed + content


def _odd(array: NDArray[Any], numbers: random.Random) -> NDArray[Any]:
    """Return an array of other values, another shape or another type."""
    n, is_number = len(array), array.dtype.kind in "fiu"
    numeric = array.astype(float) if is_number else np.zeros(array.shape)
    choices = [
        *(np.full(array.shape, value) for value in (np.nan, np.inf, 1e308, 5e-324, -0.0)),
        np.full(array.shape, 2**63 - 1, dtype=np.int64),
        np.full(array.shape, 2**64 - 1, dtype=np.uint64),
        *(array[:1], array[:0], array.astype("U"), np.asfortranarray(array), array.ravel()),
        *(array[None], array.T, np.concatenate([array, array]), np.array(5), np.arange(n)),
        *(numeric.astype(kind) for kind in (">f8", "f2", "c16", "f4", "g", "i1", "?")),
        numeric * 1e300,
        np.arange(n) % 2,
        np.array(["\x1b[31m<script>"] * n),
        np.array(["\u202e" + "x" * 5000] * n),
        np.array([b"\xff\xfe"] * n),
        np.array(["a" * 100_000] * min(n, 60)),
        np.array(["2020-01-01"] * n, dtype="M8[D]"),
        np.zeros(n, dtype=[("a", "i4"), ("b", "f8")]),
        np.zeros((n, 3), dtype="V8"),
        np.random.default_rng(0).integers(0, 2, (n, 8, 8), dtype=np.uint8),
    ]
    with np.errstate(all="ignore"):
        return choices[numbers.randrange(len(choices))]
