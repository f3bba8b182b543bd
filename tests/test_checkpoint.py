"""The checkpoint file: what comes back, and what a damaged or hostile one cannot do."""

import copy
import dataclasses
import io
import os
import pickle
import random
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer

Content = dict[str, Any]
Change = Callable[[Content], object]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as a run of three steps leaves it."""
    folder = tmp_path_factory.mktemp("run")
    trainer = tiny_trainer(steps=3)
    return train(trainer, tiny_images(), folder, RunOptions("cpu", log_every=1, checkpoint_every=3))


@pytest.fixture(scope="module")
def original(written: Path) -> Checkpoint:
    return Checkpoint.open(written)


@pytest.fixture
def content(written: Path) -> Content:
    """What the file holds, for a test to change."""
    return torch.load(written, weights_only=True)  # type: ignore[no-any-return]


def fields(checkpoint: Checkpoint) -> Content:
    return {item.name: getattr(checkpoint, item.name) for item in dataclasses.fields(checkpoint)}


def refused(path: Path) -> str:
    """The one line with which `path` is refused, by `open` or by the networks it describes."""
    with pytest.raises(UserError) as caught:
        Checkpoint.open(path).networks()
    message = str(caught.value)
    assert message.strip()
    assert "\n" not in message
    return message


def opens_the_same_or_is_refused(path: Path, original: Checkpoint) -> bool:
    """Whether it opens; anything but the original or a UserError of one line fails the test."""
    opened, message = None, ""
    try:
        opened = Checkpoint.open(path)
    except UserError as error:
        message = str(error)
    if opened is None:
        assert message.strip()
        assert "\n" not in message
        return False
    assert identical(fields(opened), fields(original)), "opened with other content"
    return True


# What comes back.


def test_what_is_saved_is_what_opens(original: Checkpoint, tmp_path: Path) -> None:
    original.save(tmp_path / "a" / "copy.pt")
    assert identical(fields(Checkpoint.open(tmp_path / "a" / "copy.pt")), fields(original))
    assert os.listdir(tmp_path / "a") == ["copy.pt"]


def test_a_checkpoint_says_where_it_comes_from(original: Checkpoint) -> None:
    images = tiny_images()
    assert original.trainer == dataclasses.replace(tiny_trainer(steps=3), variants={})
    assert (original.step, original.seed, original.variant) == (3, 0, "default")
    assert original.data == {
        "name": images.name,
        "split": "train",
        "n": len(images),
        "fingerprint": images.fingerprint,
    }
    assert original.history["step"] == [1, 2, 3]
    assert original.run["device"] == "cpu"
    assert original.versions["torch"] == metadata.version("torch")


def test_rebuilt_networks_compute_what_the_trained_ones_did(
    original: Checkpoint, tmp_path: Path
) -> None:
    networks = tiny_trainer().networks().initialise(torch.Generator().manual_seed(3))
    networks.train()
    noise = torch.randn(9, tiny_trainer().codes.input_width)
    networks.shared(networks.generator(noise))  # moves the running statistics
    networks.eval()
    dataclasses.replace(original, weights=networks.state_dict()).save(tmp_path / "ckpt.pt")
    rebuilt = Checkpoint.open(tmp_path / "ckpt.pt").networks()
    assert not rebuilt.training
    with torch.no_grad():
        image = networks.generator(noise)
        assert torch.equal(rebuilt.generator(noise), image)
        features = networks.shared(image)
        assert torch.equal(rebuilt.shared(image), features)
        assert torch.equal(rebuilt.recognition(features), networks.recognition(features))
        assert torch.equal(rebuilt.discriminator(features), networks.discriminator(features))


def test_failing_to_write_leaves_the_old_file(
    written: Path, original: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ckpt.pt"
    path.write_bytes(written.read_bytes())

    def write_half(content: object, target: Any) -> None:
        with open(target, "wb") if isinstance(target, str | Path) else target as file:
            file.write(written.read_bytes()[:1000])
        raise RuntimeError("the machine is out of something")

    monkeypatch.setattr(torch, "save", write_half)
    with pytest.raises(RuntimeError, match="out of something"):
        dataclasses.replace(original, step=7).save(path)
    assert path.read_bytes() == written.read_bytes()
    assert os.listdir(tmp_path) == ["ckpt.pt"]


# Files that are no checkpoint.


@pytest.mark.parametrize("content", [b"", b"PK", b"some text\n" * 99, bytes(5000)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ckpt.pt").write_bytes(content)
    assert "ckpt.pt" in refused(tmp_path / "ckpt.pt")


def test_no_file_is_refused(tmp_path: Path) -> None:
    assert "no checkpoint" in refused(tmp_path / "ckpt.pt")
    assert "no checkpoint" in refused(tmp_path)
    refused(tmp_path / ("long" * 100))


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    refused(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "value",
    [
        {"weight": torch.zeros(3)},
        [1, 2],
        torch.zeros(3),
        {},
        {"format": "other", "version": 1},
        {"format": None},
    ],
)
def test_what_another_program_saved_is_refused(tmp_path: Path, value: object) -> None:
    torch.save(value, tmp_path / "theirs.pt")
    assert "not written by infoeval" in refused(tmp_path / "theirs.pt")


@pytest.mark.parametrize("version", [0, 2, 99, "1", None])
def test_other_versions_are_refused_by_number(
    content: Content, tmp_path: Path, version: object
) -> None:
    torch.save(content | {"version": version}, tmp_path / "ckpt.pt")
    assert f"version {version!r}" in refused(tmp_path / "ckpt.pt")


# Damage.


def test_cut_anywhere_it_is_refused(written: Path, original: Checkpoint, tmp_path: Path) -> None:
    raw = written.read_bytes()
    lengths = {*range(0, 70, 7), *range(0, len(raw), len(raw) // 60)}
    lengths |= {len(raw) - missing for missing in range(1, 80, 6)}
    for length in sorted(lengths):
        (tmp_path / "cut.pt").write_bytes(raw[:length])
        assert not opens_the_same_or_is_refused(tmp_path / "cut.pt", original), length


def test_a_changed_byte_anywhere_is_seen_or_harmless(
    written: Path, original: Checkpoint, tmp_path: Path
) -> None:
    raw, draw, opened = written.read_bytes(), random.Random(0), 0
    for _ in range(120):
        damaged = bytearray(raw)
        damaged[draw.randrange(len(raw))] ^= draw.randrange(1, 256)
        (tmp_path / "damaged.pt").write_bytes(damaged)
        opened += opens_the_same_or_is_refused(tmp_path / "damaged.pt", original)
    assert opened < 100


@pytest.mark.parametrize("mask", [0x10, 0xFF])
def test_a_changed_byte_in_the_archives_directory_is_seen_or_harmless(
    written: Path, original: Checkpoint, tmp_path: Path, mask: int
) -> None:
    """Here two readers of the same zip may come to different conclusions."""
    raw = written.read_bytes()
    entries = list(zip_directory(raw))
    weight = next(entry for entry in entries if entry[2].endswith("data/0"))
    for start, end, _ in (weight, (entries[-1][1], len(raw), "")):
        for at in range(start, end):
            damaged = bytearray(raw)
            damaged[at] ^= mask
            (tmp_path / "damaged.pt").write_bytes(damaged)
            opens_the_same_or_is_refused(tmp_path / "damaged.pt", original)


def zip_directory(raw: bytes) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of each entry of a zip's central directory."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        start = archive.start_dir
    while raw[start : start + 4] == b"PK\x01\x02":
        lengths = struct.unpack("<3H", raw[start + 28 : start + 34])
        end = start + 46 + sum(lengths)
        yield start, end, raw[start + 46 : start + 46 + lengths[0]].decode()
        start = end


def test_a_compressed_archive_is_refused(written: Path, tmp_path: Path) -> None:
    """A few bytes could unpack to more than the memory holds."""
    path = tmp_path / "compressed.pt"
    with (
        zipfile.ZipFile(written) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    refused(path)


# Malice.


class Bomb:
    """Unpickling it runs a command that leaves a file behind."""

    def __init__(self, marker: Path, function: Callable[..., object] = os.system) -> None:
        self.marker, self.function = marker, function

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        if self.function is os.system:
            return self.function, (f"echo > '{self.marker}'",)
        return self.function, (str(self.marker), "w")


def with_pickle(written: Path, path: Path, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the checkpoint whose pickle is changed."""
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            whole = source.read(name)
            target.writestr(name, change(whole) if name.endswith("/data.pkl") else whole)
    return path


@pytest.mark.parametrize("function", [os.system, open], ids=["system", "open"])
def test_opening_runs_nothing(
    content: Content, written: Path, tmp_path: Path, function: Callable[..., object]
) -> None:
    marker = tmp_path / "it-ran"
    program = pickle.dumps(Bomb(marker, function), protocol=2)
    loaded = pickle.loads(program)
    assert marker.exists(), "the bomb is no bomb"
    if isinstance(loaded, io.IOBase):
        loaded.close()
    marker.unlink()

    (tmp_path / "plain.pt").write_bytes(program)
    torch.save(Bomb(marker, function), tmp_path / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(content | {"run": Bomb(marker, function)}, tmp_path / "inside.pt")
    with_pickle(written, tmp_path / "swapped.pt", lambda _: program)
    for name in ("plain.pt", "legacy.pt", "inside.pt", "swapped.pt"):
        refused(tmp_path / name)
        assert not marker.exists(), name


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'echo > it-ran'\ntR.",
        b'cbuiltins\neval\n(S\'open("it-ran", "w")\'\ntR.',
        b"ctorch\nload\n(S'it-ran'\ntR.",
        b"cnumpy\nload\n(S'it-ran'\ntR.",
        b"",
        b".",
        b"N.",
        b"(((((((",
        b"\x80\x02}q\x00.",
        b"X\xff\xff\xff\xff",
        b"\x80\x02]q\x00h\x00h\x00h\x63.",
        b"\x8e" + b"\xff" * 8,
    ],
)
def test_hand_written_pickles_are_refused(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(with_pickle(written, tmp_path / "ckpt.pt", lambda _: program))
    assert os.listdir(tmp_path) == ["ckpt.pt"]


def test_nesting_deeper_than_any_stack_is_refused(written: Path, tmp_path: Path) -> None:
    deep = b"]" * 100_000 + b"a" * 99_999
    refused(with_pickle(written, tmp_path / "list.pt", lambda _: b"\x80\x02" + deep + b"."))
    field = b"X\x03\x00\x00\x00run}X\x01\x00\x00\x00a" + deep + b"ss."
    refused(with_pickle(written, tmp_path / "field.pt", lambda own: own[:-1] + field))


def test_a_compiled_program_is_refused(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "program.pt"
    path.write_bytes(written.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        folder = archive.namelist()[0].split("/")[0]
        archive.writestr(f"{folder}/constants.pkl", b"")
        archive.writestr(f"{folder}/code/__torch__.py", "raise SystemExit")
    refused(path)


# Well-formed files that describe no run.


FIELDS = (
    "format version trainer variant seed step weights optimizers random_state history data run "
    "versions"
)


@pytest.mark.parametrize("name", FIELDS.split())
def test_a_missing_field_is_named(content: Content, tmp_path: Path, name: str) -> None:
    del content[name]
    torch.save(content, tmp_path / "ckpt.pt")
    message = refused(tmp_path / "ckpt.pt")
    assert name in message or name == "format"


WRONG: dict[str, list[object]] = {
    "trainer": [None, [], "tiny", {}, {"name": "tiny"}],
    "variant": [None, 1, []],
    "seed": [None, "0", 0.5, []],
    "step": [None, "3", -1, 2.5],
    "weights": [None, [], "x", {}, {"a": 1}, {"a": torch.zeros(3)}, torch.zeros(3)],
    "optimizers": [None, [], torch.zeros(3)],
    "random_state": [None, [], {}, 3],
    "history": [None, [], {"step": 3}, {"step": None}],
    "data": [None, [], "digits"],
    "run": [None, []],
    "versions": [None, []],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_field_of_the_wrong_kind_is_refused(content: Content, tmp_path: Path, name: str) -> None:
    for value in WRONG[name]:
        torch.save(content | {name: value}, tmp_path / "ckpt.pt")
        refused(tmp_path / "ckpt.pt")


NAN, HUGE = float("nan"), 10**400
HOSTILE_SETTINGS: dict[str, list[object]] = {
    "image_shape": [None, [1, 8], [1, 8, 16], ["a", 8, 8], [1, float("inf"), 8], [-1, 8, 8]],
    "steps": [0, -1, 1.5, "4", None],
    "batch": [1, None],
    "information_weight": [NAN, -1, "x", None, HUGE],
    "generator_rate": [float("inf"), HUGE, None],
    "code_weights": [None, [], ["digit"], {"other": 1}, {"digit": "x"}, {"digit": HUGE}],
    "adam_betas": [None, 3],
    "recognition_learns": ["x", None, []],
    "code_regions": [
        None,
        ["digit"],
        {"digit": 1},
        {"other": {"rows": [0, 4], "columns": [0, 4]}},
        {"digit": {"rows": [0, 4], "columns": [0, HUGE]}},
        {"digit": {"rows": [0, 4], "columns": [0, 4], "fields": HUGE}},
        {"digit": {"rows": [0, 4], "columns": [0, 4], "fields": 3}},
    ],
    "recognition_view": ["x", {"unknown": 1}, [1]],
    "recognition_reads": ["x", {"unknown": 1}, [1], {"side": HUGE}, {"side": 3}],
    "ring_steps": [1, -1, NAN, "x", None],
    "resized": ["x", 1, None, []],
    "precision": ["x", None, []],
    "codes": [
        None,
        [],
        {"noise": 3, "codes": []},
        {"noise": -1, "codes": [{"name": "a", "kind": "categorical", "size": 4}]},
        {"noise": 3, "codes": [{"kind": "categorical", "size": 4}]},
        {"noise": 3, "codes": [{"name": "noise", "kind": "categorical", "size": 4}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "unknown"}]},
        {"noise": 3, "codes": [{"name": "a", "kind": []}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": "a", "high": 2}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": 0, "high": HUGE}]},
    ],
    "unknown_setting": [1],
}


@pytest.mark.parametrize("name", HOSTILE_SETTINGS)
def test_settings_that_make_no_trainer_are_refused(
    content: Content, tmp_path: Path, name: str
) -> None:
    for value in HOSTILE_SETTINGS[name]:
        changed = content | {"trainer": content["trainer"] | {name: value}}
        torch.save(changed, tmp_path / "ckpt.pt")
        refused(tmp_path / "ckpt.pt")


def dense(width: object) -> Content:
    return {"layer": "dense", "width": width, "activation": "none", "batch_norm": False}


def convolution(channels: object, kernel: object = 4, stride: object = 2) -> Content:
    return {"layer": "convolution", "channels": channels, "kernel": kernel, "stride": stride}


def up_convolution(channels: object, kernel: object = 4, stride: object = 2) -> Content:
    return convolution(channels, kernel, stride) | {"layer": "up_convolution"}


def reshape(channels: object, height: object, width: object) -> Content:
    return {"layer": "reshape", "channels": channels, "height": height, "width": width}


HOSTILE_TABLES: dict[str, list[object]] = {
    "generator": [
        None,
        [],
        "x",
        [3],
        [{}],
        [{"layer": "unknown"}],
        [{"layer": []}],
        [dense("x")],
        [dense(True)],
        [dense(0)],
        [dense(64), reshape("a", 1, 1)],
        [dense(64), reshape(1, None, 8)],
        [dense(64), reshape(64.0, 1, 1), up_convolution(1, 8, 8)],
        [dense(64), reshape(-8, -8, 1), up_convolution(1)],
        [dense(10**9), dense(64), reshape(1, 8, 8)],
        [dense(10**6), dense(10**6), dense(64), reshape(1, 8, 8)],
    ],
    "shared": [
        None,
        [dense(10**6), dense(10**6), dense(10**6)],
        [convolution(10**6, 64, 2), convolution(10**6, 64, 2)],
        [convolution(4, 4, 0)],
        [convolution(4, 10**9, 1)],
        [convolution(0)],
        [convolution(4) | {"activation": []}],
    ],
    "recognition": [[dense(10**6), dense(10**6)], [convolution(4)]],
}


@contextmanager
def little_memory(extra: int = 2**30) -> Iterator[None]:
    """Fail an allocation that needs more than a gigabyte beyond what the process has now."""
    resource = pytest.importorskip("resource")
    usage = Path("/proc/self/statm")
    if not usage.exists():
        pytest.skip("the size of the process is not known here")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(usage.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("name", HOSTILE_TABLES)
def test_absurd_layer_tables_are_refused_without_building_them(
    content: Content, tmp_path: Path, name: str
) -> None:
    for table in HOSTILE_TABLES[name]:
        changed = content | {"trainer": content["trainer"] | {name: table}}
        torch.save(changed, tmp_path / "ckpt.pt")
        with little_memory():
            refused(tmp_path / "ckpt.pt")


def test_an_image_larger_than_any_memory_is_refused(content: Content, tmp_path: Path) -> None:
    content["trainer"] |= {
        "image_shape": [1, 2**42, 2**42],
        "generator": [dense(1), reshape(1, 1, 1), *[up_convolution(1, 64, 64)] * 7],
    }
    torch.save(content, tmp_path / "ckpt.pt")
    with little_memory():
        refused(tmp_path / "ckpt.pt")


def test_the_memory_guard_of_these_tests_works() -> None:
    with little_memory(), pytest.raises((RuntimeError, MemoryError)):
        torch.empty(2**31, dtype=torch.uint8)


def of_weights(change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    def apply(content: Content) -> None:
        content["weights"] = {name: change(value) for name, value in content["weights"].items()}

    return apply


UNFIT_WEIGHTS: dict[str, Change] = {
    "one is missing": lambda content: content["weights"].popitem(),
    "one too many": lambda content: content["weights"].update(extra=torch.zeros(1)),
    "a number as name": lambda content: content["weights"].update({1: torch.zeros(1)}),
    "transposed": of_weights(lambda value: value.T.contiguous() if value.dim() == 2 else value),
    "doubles": of_weights(lambda value: value.double()),
    "halves": of_weights(lambda value: value.half()),
    "integers": of_weights(lambda value: value.int()),
    "complex": of_weights(lambda value: value.to(torch.complex64)),
    "without data": of_weights(lambda value: value.to("meta")),
    "sparse": of_weights(lambda value: value.to_sparse() if value.dim() == 2 else value),
}


@pytest.mark.parametrize("change", UNFIT_WEIGHTS.values(), ids=UNFIT_WEIGHTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_that_do_not_fit_the_tables_are_refused(
    content: Content, tmp_path: Path, change: Change
) -> None:
    change(content)
    torch.save(content, tmp_path / "ckpt.pt")
    refused(tmp_path / "ckpt.pt")


def test_a_large_weight_in_a_small_file_is_refused(content: Content, tmp_path: Path) -> None:
    """One number stored, repeated as often as the shape says: gigabytes once it is computed with.

    Width and file agree here, so nothing but the size of the storage gives it away.
    """
    content["trainer"]["shared"] = [dense(10**4), dense(2 * 10**4), dense(8)]
    trainer = Checkpoint.open(saved(content, tmp_path)).trainer
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in trainer.networks().state_dict().items()}
    content["weights"] = {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}
    for name in content["weights"]:
        if name.endswith("num_batches_tracked"):
            content["weights"][name] = torch.zeros((), dtype=torch.int64)
    path = saved(content, tmp_path)
    assert path.stat().st_size < 200_000
    with little_memory():
        refused(path)


@pytest.mark.parametrize("field", ["trainer", "version", "data", "variant"])
def test_tensors_where_text_belongs_are_not_printed(
    content: Content, tmp_path: Path, field: str
) -> None:
    """Two hundred thousand of them are one tensor in the file, and take ten seconds to print."""
    many: object = [torch.zeros(2)] * 400
    many = [many] * 400
    content[field] = {**content["trainer"], "precision": many} if field == "trainer" else many
    path = saved(content, tmp_path)
    start = time.process_time()
    refused(path)
    assert time.process_time() - start < 2


def saved(content: Content, folder: Path) -> Path:
    torch.save(content, folder / "ckpt.pt")
    return folder / "ckpt.pt"


NOT_PLAIN: dict[str, Change] = {
    "curves of text": lambda content: content["history"].update(step=["a", "b", "c"]),
    "curves of lists": lambda content: content["history"].update(step=[[1], [2], [3]]),
    "curves of unlike length": lambda content: content["history"].update(seconds=[1.0]),
    "curves without numbers": lambda content: content["history"].update(seconds=[NAN] * 3),
    "curves of tensors": lambda content: content["history"].update(seconds=[torch.zeros(2)] * 3),
    "a curve without name": lambda content: content["history"].update({1: [1.0, 2.0, 3.0]}),
    "a step no number holds": lambda content: content["history"].update(step=[1, 2, HUGE]),
    "curves without steps": lambda content: content["history"].pop("step"),
    "data of another kind": lambda content: content["data"].update(name={"a": [1]}),
    "data of no number": lambda content: content["data"].update(n=-1),
    "data known by a number": lambda content: content["data"].update(fingerprint=5),
    "notes that are no text": lambda content: content["data"].update(notes=[1]),
    "a device that is a number": lambda content: content["run"].update(device=1),
    "a step that is a truth": lambda content: content.update(step=True),
    "data as tensors": lambda content: content["data"].update(name=torch.zeros(2)),
    "data without name": lambda content: content["data"].update({1: 2}),
    "a device without name": lambda content: content["run"].update({1: 2}),
    "versions of nothing": lambda content: content["versions"].update({1: 2}),
    "rates that are none": lambda content: content["trainer"].update(adam_betas=[NAN, 0.5]),
    "views that are none": lambda content: content["trainer"].update(
        invariance_view={"shift": NAN}
    ),
    "data that no one can name": lambda content: content["trainer"].update(data=b"digits"),
}


@pytest.mark.parametrize("change", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_no_report_could_print_is_refused(
    content: Content, tmp_path: Path, change: Change
) -> None:
    change(content)
    refused(saved(content, tmp_path))


def test_the_unchanged_content_opens(
    content: Content, original: Checkpoint, tmp_path: Path
) -> None:
    """The tests above refuse what they change, not the way they write it."""
    path = saved(copy.deepcopy(content), tmp_path)
    assert opens_the_same_or_is_refused(path, original)
