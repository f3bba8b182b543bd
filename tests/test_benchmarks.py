"""What the benchmarks count and conclude, where that can be known beforehand."""

import importlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from infoeval import Affine, Categorical, CodeSpace, Trainer
from infoeval.errors import UserError
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution
from infoeval.training.choosing import load_trainer
from infoeval.training.step import Step

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a benchmark by name."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


TINY = Trainer(
    name="tiny",
    data="digits",
    codes=CodeSpace(digit=Categorical(2), noise=3),
    image_shape=(1, 4, 4),
    generator=(Dense(8, "relu", batch_norm=True), Reshape(2, 2, 2), UpConvolution(1, "tanh")),
    shared=(Convolution(2, "leaky_relu"),),
    batch=2,
    precision="float32",
)
# Multiply-adds of an image, by hand. G: 5 to 8, then kernels of 4 × 4 from 2 channels to 1 at each
# of 2 × 2 places. Shared: 4 × 4 kernels from 1 channel to 2 at 2 × 2 places. Heads: 8 to 1, 8 to 2.
G1, G2, S, D, Q = 40, 32 * 4, 32 * 4, 8, 16


def test_layers_by_hand(benchmark: Callable[[str], ModuleType]) -> None:
    floors = benchmark("step_floor")
    networks = TINY.networks()
    work = floors.Work
    assert floors.layers_of(networks.generator, (5,)) == (
        work(multiply_adds=G1, weights=40, inputs=5, outputs=8),
        work(multiply_adds=G2, weights=32, inputs=8, outputs=16),
    )
    assert floors.layers_of(networks.shared, (1, 4, 4)) == (work(S, 32, 16, 8),)
    assert floors.layers_of(networks.recognition, (2, 2, 2)) == (work(Q, 16, 8, 2),)


def test_a_step_by_hand(benchmark: Callable[[str], ModuleType]) -> None:
    floor = benchmark("step_floor").floor_of(TINY, 4)
    forward_and_weights, all_three = 2, 3
    macs = 2 * (forward_and_weights * G1 + all_three * G2)  # G, whose input needs no gradient
    macs += 4 * forward_and_weights * S + 4 * all_three * D  # D's update: real and generated
    macs += 2 * 2 * S + 2 * 2 * D  # G's update, through a D that does not learn
    macs += 2 * all_three * Q
    assert floor.flop == 2 * macs
    # 40 + 2 · 8 of batch norm, 32 + 1; 32 + 2; 8 + 1; 16 + 2 (weights and what is added to them).
    parameters = 56 + 33 + 34 + 9 + 18
    assert parameters == sum(p.numel() for p in TINY.networks().parameters())
    assert (floor.adam_bytes, floor.gradient_bytes) == (28 * parameters, 4 * parameters)
    # Read forward, and backward where a gradient of the input is wanted.
    read = (40 + 2 * 32) + 32 + 2 * 8 + 2 * 32 + 2 * 8 + 2 * 16
    assert floor.weight_bytes == 4 * read


def test_moved_numbers_by_hand(benchmark: Callable[[str], ModuleType]) -> None:
    floors = benchmark("step_floor")
    layer = (floors.Work(multiply_adds=12, weights=12, inputs=3, outputs=4),)
    forward = 3 + 4
    pass_ = floors.Pass
    assert pass_(layer, 5, weights=False, inputs="none").activations_moved == 5 * forward
    # The gradient of the output and the input are read for the weights' gradient.
    assert pass_(layer, 5, weights=True, inputs="inner").activations_moved == 5 * (forward + 4 + 3)
    # The input's gradient is written; that of the output is read once for both.
    both = pass_(layer, 5, weights=True, inputs="all")
    assert both.activations_moved == 5 * (forward + 4 + 3 + 3)
    assert both.weights_read == 24


SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "without information": {"information_weight": 0.0},
    "moved": {"recognition_view": Affine()},
    "with discriminator": {"recognition_learns": "with_discriminator"},
    "with discriminator, moved": {
        "recognition_learns": "with_discriminator",
        "recognition_view": Affine(),
    },
    "with discriminator, without information": {
        "recognition_learns": "with_discriminator",
        "information_weight": 0.0,
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_operations_are_those_that_torch_counts(
    benchmark: Callable[[str], ModuleType], name: str
) -> None:
    plain = replace(load_trainer("digits"), invariance_weight=0.0, recognition_view=None)
    trainer = replace(plain, batch=4, precision="float32", **SETTINGS[name])
    assert _counted(trainer) == benchmark("step_floor").floor_of(trainer, 4).flop


def test_operations_of_the_invariance_term(benchmark: Callable[[str], ModuleType]) -> None:
    """Torch also counts the small product in the term itself, forward and twice backward."""
    trainer = replace(TINY, batch=4, invariance_weight=1.0)
    joint = 3 * 2 * (2 * 4 * 2)  # of 2 × 2 categories over 4 images
    counted, floor = _counted(trainer), benchmark("step_floor").floor_of(trainer, 4)
    assert counted == floor.flop + joint
    weights_of_q = sum(p.numel() for p in trainer.networks().recognition.parameters())
    without = benchmark("step_floor").floor_of(TINY, 4)
    assert floor.adam_bytes == without.adam_bytes + 28 * weights_of_q


def _counted(trainer: Trainer) -> int:
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    shape = (trainer.batch, *trainer.image_shape)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator())
    step = Step(trainer, networks, images, torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def test_the_paper_table_1_floor(benchmark: Callable[[str], ModuleType]) -> None:
    """13.3 million weights, of whose state Adam moves 373 MB a step."""
    floor = benchmark("step_floor").floor_of(load_trainer("mnist"), 2)
    assert floor.adam_bytes / 1e6 == pytest.approx(373, abs=1)


def test_train_step_writes_what_it_measured(
    benchmark: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which numbers come out is not looked at, but that they fit one another."""
    train_step = benchmark("train_step")
    monkeypatch.setattr(
        train_step, "rates", lambda *_: {"flop a second": 1e9, "bytes a second": 1e9}
    )
    monkeypatch.setattr(train_step, "WARM_UP", 0)
    path = tmp_path / "step.json"
    options = ["--device", "cpu", "--precision", "float32", "--batch", "4", "--seeds", "2"]
    monkeypatch.setattr(
        sys, "argv", ["train_step.py", *options, "--rounds", "1", "--json", str(path)]
    )
    train_step.main()
    found = json.loads(path.read_text())
    assert found["machine"]["threads"] == 1
    (measured,) = found["measured"]
    names = [row["name"] for row in measured["rows"]]
    assert names == ["plain", "eager", "streamed", "stacked 2"]
    plain, eager, _, stacked = measured["rows"]
    ratio = plain["CPU seconds"]["median"] / eager["CPU seconds"]["median"]
    assert eager["times as fast as plain"] == pytest.approx(ratio)
    ratio = 2 * eager["CPU seconds"]["median"] / stacked["CPU seconds"]["median"]
    assert stacked["times as fast as eager"] == pytest.approx(ratio)
    seconds = eager["CPU seconds"]["median"]
    share = measured["floor"]["adam_bytes"] / 1e9 / seconds
    assert eager["share of Adam's byte floor"] == pytest.approx(share)
    waited = measured["seconds that a streamed step waited"]
    printed = capsys.readouterr().out
    assert "stacked 2" in printed
    assert f"a streamed step waited {1e3 * waited:.3f} ms" in printed


def test_plain_step_computes_the_same_networks(benchmark: Callable[[str], ModuleType]) -> None:
    """What stands beside ours has as many weights, and learns."""
    trainer = replace(load_trainer("mnist"), batch=4)
    pixels = torch.randint(256, (8, 1, 28, 28), dtype=torch.uint8).numpy()
    plain = benchmark("plain_step").PlainStep(trainer, pixels, torch.device("cpu"))
    parts = (plain.generator, plain.shared, plain.discriminator, plain.recognition)
    count = sum(p.numel() for part in parts for p in part.parameters())
    assert count == sum(p.numel() for p in trainer.networks().parameters())
    before = [p.detach().clone() for part in parts for p in part.parameters()]
    assert bool(plain.advance(3).isfinite().all())
    after = [p for part in parts for p in part.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_the_first_step_with_enough_information(benchmark: Callable[[str], ModuleType]) -> None:
    first_informed = benchmark("time_to_result").first_informed
    history = {"step": [50.0, 100.0, 150.0], "information_digit": [1.0, 2.295, 2.28]}
    assert first_informed(history) == 100
    assert first_informed({"step": [50.0], "information_digit": [2.2]}) is None


def test_seconds_leave_the_writing_of_checkpoints_out(
    benchmark: Callable[[str], ModuleType],
) -> None:
    """A row's seconds include what was written before it, not what is written with it."""
    run = benchmark("time_to_result").StagedRun.__new__(benchmark("time_to_result").StagedRun)
    run.history = {"step": [50, 100, 150], "seconds": [5.0, 10.0, 17.0]}
    run.writing = {0: 100.0, 100: 2.0, 150: 3.0}  # the first is before the clock starts
    assert [run.seconds(step) for step in (50, 100, 150)] == [5.0, 10.0, 15.0]


def _odd_case(case: str) -> None:
    """Do what a bad reader of files might do."""
    if case == "user error":
        raise UserError("cannot read it")
    if case == "long":
        raise UserError("word " * 1000)
    if case == "error":
        raise ValueError("odd")
    if case == "memory":
        bytearray(2**31)
    if case == "time":
        while True:
            pass
    if case == "run":
        os.system("true")
    if case == "crash":
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_becomes_of_a_hostile_file(benchmark: Callable[[str], ModuleType]) -> None:
    limited = benchmark("limited")
    expected = {
        "fine": "accepted",
        "user error": "refused",
        "long": "bad error line",
        "error": "traceback",
        "memory": "over the memory",
        "time": "over the time",
        "run": "executed",
        "crash": "crashed",
        "fine again": "accepted",
    }
    limits = limited.Limits(memory_gb=1.0, seconds=0.3)
    outcomes = limited.run_limited(_odd_case, list(expected), limits)
    assert [outcome.kind for outcome in outcomes] == list(expected.values())


def test_mutants_differ_from_the_original_and_repeat(
    benchmark: Callable[[str], ModuleType],
) -> None:
    mutants = benchmark("mutants")
    content, members = bytes(range(256)) * 4, [("a", b"first"), ("b", b"second")]
    for seed in range(15):
        made = [mutants.damaged(content, random.Random(seed)) for _ in range(2)]
        assert made[0] == made[1]
        zips = [mutants.damaged_zip(members, random.Random(seed)) for _ in range(2)]
        assert zips[0] == zips[1]
    made = [mutants.damaged(content, random.Random(seed)) for seed in range(200)]
    assert sum(mutant != content for mutant in made) > 180
    data = {"a": [1, {"b": 2}], "c": 3}
    assert mutants.paths(data) == [("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",)]
    assert mutants.replaced(data, ("a", 1, "b"), 5) == {"a": [1, {"b": 5}], "c": 3}
    assert mutants.replaced(data, ("a", 7), 5) == data
    assert data == {"a": [1, {"b": 2}], "c": 3}


def test_planted_directions_are_told_by_limits_that_do_not_overlap(
    benchmark: Callable[[str], ModuleType],
) -> None:
    told = benchmark("directions").is_told
    run = pd.DataFrame({"kind": ["planted"] * 2 + ["random"] * 2, "low": [1, 2, 0, 0]})
    assert told(run.assign(high=[3, 3, 0.5, 0.9]))
    assert not told(run.assign(high=[3, 3, 0.5, 1.1]))


def test_planted_directions_move_what_they_are_named_after(
    benchmark: Callable[[str], ModuleType],
) -> None:
    sprites = benchmark("directions").RotatedSprites(3)
    steps = torch.tensor([[-1.0], [1.0]]) * torch.from_numpy(sprites.rotation).float()[:, None]
    columns = torch.arange(32.0)
    for place, (low, high) in enumerate(sprites.generate({}, each)[:, 0] for each in steps):
        across, down = ((high - low).sum(axis) @ columns for axis in (0, 1))
        if place < 2:
            assert abs((across, down)[place]) > 100 > abs((down, across)[place])
        elif place > 3:
            assert torch.equal(low, high)


# make pythons.


def test_interpreters_are_those_that_run(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim of pyenv that leads nowhere is none, nor is an earlier version or another program."""
    pythons = benchmark("pythons")
    first, home = tmp_path / "bin", tmp_path / "home"
    behind = home / ".pyenv" / "versions" / "3.13.2" / "bin"
    programs = {
        first / "python3.10": "echo 3 10 1",
        first / "python3.12": "echo 3 12 1",
        first / "python3.12-config": "echo 3 12 9",
        first / "python3.13": "exit 127",
        first / "python3.14": "echo no version >&2",
        behind / "python3.12": "echo 3 12 0",
        behind / "python3.13": "echo 3 13 2",
    }
    for path, line in programs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(first))
    monkeypatch.setattr(pythons.Path, "home", lambda: home)
    assert pythons.interpreters() == {"3.12": first / "python3.12", "3.13": behind / "python3.13"}


def test_large_tables_keep_what_was_measured(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two versions in turn; here both are this one, and the second gets no time at all."""
    rows = tmp_path / "rows.csv"
    command = ["large_tables.py", "--rows", "20000", "--codes", "6", "--to", str(rows)]
    monkeypatch.setattr(
        sys, "argv", [*command, "--metric", "mig", "--plain", "--before", str(ROOT)]
    )
    benchmark("large_tables").main()
    monkeypatch.setattr(sys, "argv", [*command, "--metric", "mig", "--limit", "0"])
    benchmark("large_tables").main()
    kept = pd.read_csv(rows)
    assert list(kept["rows"]) == [20_000] * 3
    assert kept["value"][0] == kept["value"][1] > 0.1
    assert kept["low"].isna().all()
    assert kept["seconds"][2] == "over 0"
    assert float(kept["seconds"][0]) > 0
    assert 20 < kept["megabytes"][0] < 500


# Measurements of a GPU.


def test_the_table_of_a_gpu_is_that_of_its_files(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    gpu = benchmark("gpu")
    nothing = gpu.table(gpu.found_in(tmp_path))
    assert sum(gpu.NOT_MEASURED in line for line in nothing) == len(nothing) - 2
    seconds = {"median": 5e-4, "least": 4e-4, "most": 6e-4}
    row = {"name": "captured", "wall seconds": seconds, "times as fast as plain": 12.3}
    row |= {"share of the byte floor": 0.25}
    mark = {"step": 400, "seconds": 1.5}
    files: dict[str, Any] = {
        "train-step-gpu": {"measured": [{"rows": [row]}]},
        "time-to-result-gpu": {
            "measured": {"L_I >= 2.29, of fresh images": mark, "seconds": 3.25, "steps": 5000}
        },
        "gpu": {
            "parts": {"tests": {"ended": "1", "seconds": 30}, "mi": {"ended": "0", "seconds": 41}},
            "chairs": {"steps": 2000, "seconds": 60.2},
        },
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    pd.DataFrame({"cluster-acc digit": [0.96, 0.9712]}).to_csv(tmp_path / "mnist-gpu.csv")
    cells = [line.split(" | ")[2] for line in gpu.table(gpu.found_in(tmp_path))[2:]]
    assert cells == [
        "0.50 ms (0.40 to 0.60)",
        "12.3×",
        "25 %",
        gpu.NOT_MEASURED,
        gpu.NOT_MEASURED,
        "1.5 s, step 400",
        "not reached",
        "3.2 s for 5,000 steps",
        "4.00, 2.88 %",
        "done after 41 s",
        "failed, exit code 1 after 30 s",
        "2,000 steps in 60 s",
    ]
    late = gpu.table({"gpu": {"parts": {"mi": {"ended": "time", "seconds": 90.4}}}})
    assert [line.split(" | ")[2] for line in late if "standard" in line] == ["not done after 90 s"]
    page = gpu.with_table(f"before\n\n{gpu.HEADER}\n|---|\n| old |\n\nafter\n", nothing)
    assert page == "before\n\n" + "\n".join(nothing) + "\n\nafter\n"


def test_the_page_has_the_table_of_a_gpu(benchmark: Callable[[str], ModuleType]) -> None:
    gpu = benchmark("gpu")
    page = gpu.PAGE.read_text(encoding="utf-8")
    assert gpu.with_table(page, gpu.table(gpu.found_in(gpu.RESULTS))) == page


def test_a_part_ends_with_its_command_or_its_time(
    benchmark: Callable[[str], ModuleType],
) -> None:
    gpu = benchmark("gpu")
    assert gpu.run(f"{sys.executable} -c exit(3)", 60)["ended"] == "3"
    waits = f"{sys.executable} -c 'import time; time.sleep(60)'"
    part = gpu.run(waits, 0.5)
    assert part["ended"] == "time"
    assert part["seconds"] < 30


def test_the_parts_of_a_gpu_are_commands_that_there_are(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    gpu = benchmark("gpu")
    parts = gpu.parts(tmp_path, tmp_path, "cuda", False)
    assert sum(most for most, _ in parts.values() if most < 600) <= 60 * gpu.MINUTES + 20
    for _, command in parts.values():
        for word in command.split():
            assert not word.startswith("benchmarks/") or (ROOT / word).is_file()


# What is written by hand.


def test_both_ways_are_measured_in_turn_and_compared(
    benchmark: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first round is not counted, and the factor is the median of ratios of a round."""
    by_hand, base = benchmark("by_hand"), benchmark("by_hand_pairs")
    calls: list[str] = []

    def side(name: str, costs: list[float], result: Any) -> Callable[[], tuple[float, Any]]:
        def cost() -> tuple[float, Any]:
            calls.append(name)
            return costs.pop(0), result

        return cost

    def row_of(unit: str, within: float) -> dict[str, str]:
        def some(_: Path) -> Any:
            """Some memory."""
            ours, theirs = [9.0, 1.0, 2.0, 4.0], [1.0, 10.0, 4.0, 12.0]
            return base.Pair(unit, side("o", ours, [1.0]), side("t", theirs, [1.05]), within, 3)

        monkeypatch.setattr(by_hand, "pairs", lambda: {"some": some})
        found: dict[str, str] = by_hand.measured("some")
        return found

    row = row_of("MB", 0.1)
    assert "".join(calls) == "otototot"
    assert (row["ours"], row["theirs"], row["what"]) == ("2", "10", "Some memory.")
    assert (row["factor"], row["least"], row["most"]) == ("3", "2", "10")
    assert (row["apart"], row["within"]) == ("0.05", "0.1")
    assert "factor" not in row_of("of 4 hold", 0.1)
    with pytest.raises(SystemExit, match=r"some: the results are 0\.05 apart"):
        row_of("MB", 0.01)


def test_what_was_measured_is_told_as_less_or_more(benchmark: Callable[[str], ModuleType]) -> None:
    by_hand = benchmark("by_hand")
    row = pd.Series(dict.fromkeys(by_hand.COLUMNS, ""))
    row[["what", "unit", "ours", "theirs"]] = ["A file.", "MB", "4", "2"]
    assert by_hand.told(row) == "A file: 4 against 2 MB"
    row["factor"] = "0.5"
    assert by_hand.told(row) == "A file: 4 against 2 MB, **2× more**"
    row["factor"] = "3.25"
    assert by_hand.told(row).endswith("**3.25× less**")
    assert by_hand.apart([1.0, 2.0], [1.0, 2.5]) == 0.5
    assert by_hand.apart([1.0], [1.0, 2.0]) == float("inf")


def test_lines_are_those_of_a_file_a_folder_or_a_function(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = benchmark("by_hand")
    monkeypatch.setattr(by_hand, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text("a = 1\n\n\ndef two():\n    return 2\n")
    (tmp_path / "other.py").write_text("b = 1\n")
    (tmp_path / "no.txt").write_text("word\n" * 9)
    assert [by_hand.lines_of(place) for place in ("one.py", "one.py:two", ".")] == [5, 2, 6]
