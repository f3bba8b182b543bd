"""The reader of files of `torch.save`: what it reads, and what keeps no reader busy."""

import io
import pickle
import struct
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from infoeval import tensor_archive
from infoeval.errors import UserError
from infoeval.tensor_archive import check_extent, read_archive
from tests.comparing import identical

PLAIN: dict[str, Any] = {
    "numbers": [0, -1, 255, 256, 2**31, -(2**63) + 1, 0.5, float("inf")],
    "words": ["", "Größe", "\ud800"],
    "constants": (None, True, False),
    "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "tensors": {
        "float": torch.arange(6.0).reshape(2, 3),
        "turned": torch.arange(6.0).reshape(2, 3).T,
        "long": torch.tensor(3),
        "byte": torch.arange(5, dtype=torch.uint8),
        "empty": torch.zeros(0),
    },
    "long list": list(range(3000)),
}


def saved(content: object, folder: Path) -> Path:
    torch.save(content, folder / "file.pt")
    return folder / "file.pt"


def with_program(program: bytes, folder: Path) -> Path:
    """A file of `torch.save` with another pickle program."""
    buffer = io.BytesIO()
    torch.save({"x": torch.zeros(4)}, buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(folder / "file.pt", "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0
            target.writestr(entry, program if name.endswith("data.pkl") else source.read(name))
    # zipfile gives every entry rights, as torch does not.
    raw = bytearray((folder / "file.pt").read_bytes())
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 38 : at + 42] = bytes(4)
        at = raw.find(b"PK\x01\x02", at + 4)
    (folder / "file.pt").write_bytes(raw)
    return folder / "file.pt"


def refused(path: Path, seconds: float = 3.0) -> str:
    """The line with which a file is refused, soon."""
    start = time.process_time()
    with pytest.raises(UserError) as caught:
        read_archive(path)
    assert time.process_time() - start < seconds
    assert len(str(caught.value).removeprefix(str(path))) < 400
    return str(caught.value)


def test_plain_data_and_tensors_come_back(tmp_path: Path) -> None:
    path = saved(PLAIN, tmp_path)
    assert identical(read_archive(path), PLAIN)
    assert identical(read_archive(path), torch.load(path, weights_only=True))


def test_an_ordered_dictionary_comes_back_as_a_plain_one(tmp_path: Path) -> None:
    state = torch.nn.Linear(2, 3).state_dict()
    assert type(state) is OrderedDict
    read = read_archive(saved(state, tmp_path))
    assert type(read) is dict
    assert identical(read, dict(state))


def test_memory_is_aligned_as_torch_s_own(tmp_path: Path) -> None:
    """Sums of the same numbers may differ in the last bit where memory is aligned otherwise."""
    read = read_archive(saved([torch.zeros(n) for n in range(1, 40)], tmp_path))
    assert all(tensor.data_ptr() % 64 == 0 for tensor in read)


def test_shared_tensors_stay_shared(tmp_path: Path) -> None:
    tensor = torch.zeros(3)
    first, second = read_archive(saved([tensor, tensor], tmp_path))
    assert first is second


NOT_PLAIN: dict[str, Callable[[], object]] = {
    "a set": lambda: {1},
    "complex": lambda: 1j,
    "bytes": lambda: b"digits",
    "a path": lambda: Path("x"),
    "a parameter": lambda: torch.nn.Parameter(torch.zeros(2)),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "nested": lambda: torch.nested.nested_tensor([torch.zeros(2)]),
    "without data": lambda: torch.zeros(2, device="meta"),
    "complex numbers": lambda: torch.zeros(2, dtype=torch.complex64),
    "a function": lambda: print,
    "a tuple as key": lambda: {(1, 2): 3},
    "nothing as key": lambda: {None: 3},
}


@pytest.mark.parametrize("made", NOT_PLAIN.values(), ids=NOT_PLAIN)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_anything_else_is_refused(tmp_path: Path, made: Callable[[], object]) -> None:
    assert "more than plain data and tensors" in refused(saved({"x": made()}, tmp_path))


@pytest.mark.parametrize("value", [2**63, -(2**63), 2**200, 10**600])
def test_integers_beyond_64_bits_are_refused(tmp_path: Path, value: int) -> None:
    assert "64 bits" in refused(saved([value], tmp_path))


def test_a_tensor_of_more_numbers_than_the_file_has_is_refused(tmp_path: Path) -> None:
    assert "more numbers than" in refused(saved(torch.zeros(1).expand(10**12), tmp_path))
    storage = torch.zeros(100)
    assert "more numbers than" in refused(saved([storage[:99], storage[1:]], tmp_path))


# Pickle programs that torch's own reader would be busy with for ever: 60 tuples of the one before.
TUPLES = b"K\x01q\x00" + b"".join(b"h%c\x86q%c" % (i, i + 1) for i in range(60))
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
PROGRAMS: dict[str, tuple[bytes, str]] = {
    "hash": (b"\x80\x02}" + TUPLES + b"K\x01s.", "a tuple as a key"),
    "call": (b"\x80\x02" + TUPLES + b")R.", "a call"),
    "storage": (b"\x80\x02" + TUPLES + b"Q.", "a storage"),
    "name of a storage": (
        b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + TUPLES + b"K\x01K\x01tQ.",
        "",
    ),
    "arguments": (b"\x80\x02" + TENSOR + TUPLES + b"R.", "a call"),
    "lists": (b"\x80\x02" + b"]" * 401 + b".", "400 lists"),
    "numbers": (b"\x80\x02" + b"N" * 1001 + b".", "1,000 operations"),
    "memory": (b"\x80\x02ctorch\nTensor\nJ\xff\xff\xff\x7f\x85R.", "torch Tensor"),
    "far memo": (b"\x80\x02Nr\xff\xff\xff\xffj\xff\xff\xff\xff.", ""),
    "long text": (b"X\xff\xff\xff\x7fab.", "cut short"),
    "long name": (b"c" + b"a" * 100_000 + b"\nb\n.", "a … "),
    "no end": (b"\x80\x02N", ""),
    "takes too much": (b"\x80\x02\x87.", "takes more than it has"),
}


@pytest.mark.parametrize(("program", "reason"), PROGRAMS.values(), ids=PROGRAMS)
def test_hostile_programs_are_refused_soon(
    tmp_path: Path, program: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_archive, "MOST_CONTAINERS", 400)
    monkeypatch.setattr(tensor_archive, "MOST_OPERATIONS", 1000)
    path = with_program(program, tmp_path)
    if program == PROGRAMS["far memo"][0]:  # harmless here: the memo is a dictionary
        assert read_archive(path) is None
    else:
        assert reason in refused(path)


def test_a_program_as_torch_writes_it_is_read(tmp_path: Path) -> None:
    """The programs above are refused for what they hold, not for how they are packed."""
    assert read_archive(with_program(pickle.dumps({"a": [1.5]}, 2), tmp_path)) == {"a": [1.5]}


def test_a_program_of_many_bytes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_archive, "LARGEST_PROGRAM", 1000)
    assert "1,000 bytes" in refused(saved(["x" * 1000], tmp_path))


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    """Without compression, only entries that share bytes hold more than the file."""
    path = saved(torch.zeros(1000), tmp_path)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 20 : at + 28] = struct.pack("<2I", 5000, 5000)
        at = raw.find(b"PK\x01\x02", at + 4)
    path.write_bytes(raw)
    assert "overlap" in refused(path)


@pytest.mark.parametrize("where", ["before", "after"])
def test_bytes_that_belong_to_no_entry_are_refused(tmp_path: Path, where: str) -> None:
    """No checksum covers them, and to hash a hundred gigabytes of them takes minutes."""
    content = saved(PLAIN, tmp_path).read_bytes()
    path = tmp_path / "more.pt"
    more = bytes(60_000)
    path.write_bytes(more + content if where == "before" else content + more)
    assert "before, between or after" in refused(path)


@pytest.mark.parametrize("name", ["a" * 300, "loop", "a\0b", ""])
def test_names_of_no_file_are_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert "no checkpoint at" in refused(tmp_path / name)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def shared(levels: int, width: int = 10) -> Any:
    value: Any = "lol"
    for _ in range(levels):
        value = [value] * width
    return value


@pytest.mark.parametrize("levels", [21, 300, 3000, 100_000])
def test_depth_is_bounded_without_recursion(levels: int) -> None:
    with pytest.raises(ValueError, match="too deeply"):
        check_extent(nested(levels), deepest=20, most=10**6, longest=10**6)
    check_extent(nested(19), deepest=20, most=20, longest=0)


@pytest.mark.parametrize("levels", [6, 12, 19])
def test_what_is_shared_counts_each_time(levels: int) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="more values"):
        check_extent(shared(levels), deepest=20, most=200_000, longest=10**9)
    assert time.process_time() - start < 1
    check_extent(shared(3), deepest=20, most=10 + 100 + 1000, longest=3000)
    with pytest.raises(ValueError, match="more text"):
        check_extent({"a" * 10: ["b" * 10] * 10}, deepest=20, most=100, longest=109)


def test_what_holds_itself_is_too_deep() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="too deeply"):
        check_extent(cycle, deepest=20, most=1000, longest=1000)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_networks_of_other_programs_are_told_the_way(tmp_path: Path) -> None:
    script, whole = tmp_path / "script.pt", tmp_path / "whole.pt"
    torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2)).save(script)
    torch.save(torch.nn.Linear(2, 1), whole)
    for path, what in ((script, r"TorchScript, which torch.jit.load opens"), (whole, "Linear")):
        with pytest.raises(UserError, match=rf"{what}\); .* by FILE.py:FUNCTION$"):
            read_archive(path)
