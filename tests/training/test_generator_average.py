"""The moving average of G: what it is, what draws by it, and that training does not notice."""

from pathlib import Path
from typing import Any

import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch
from torch import Tensor

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.live.export import to_onnx
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.training import run as runs
from infoeval.training.run_options import RunOptions
from infoeval.training.stacked_run import train_stacked
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options

DECAY = 0.75


def trained(folder: Path, steps: int, average: float = DECAY, **options: Any) -> Checkpoint:
    trainer = tiny_trainer(steps=steps, generator_average=average)
    chosen = RunOptions("cpu", log_every=1, **options)
    return Checkpoint.open(runs.train(trainer, tiny_images(), folder, chosen, seed=3))


def part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: w for name, w in weights.items() if name.startswith(prefix)}


def test_it_is_the_moving_average_of_the_weights_and_statistics(tmp_path: Path) -> None:
    states = [trained(tmp_path / str(steps), steps).weights for steps in (1, 2, 3)]
    expected = part(states[0], "averaged.")
    for state in states[1:]:
        generator = part(state, "generator.")
        for name, value in expected.items():
            if value.is_floating_point():
                expected[name] = DECAY * value + (1 - DECAY) * generator[name]
            else:
                assert torch.equal(part(state, "averaged.")[name], generator[name])
    for name, value in part(states[2], "averaged.").items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-7)
    assert any("running_mean" in name for name in expected)


def test_it_begins_as_the_generator() -> None:
    networks = tiny_trainer(generator_average=0.9).networks()
    networks.initialise(torch.Generator().manual_seed(0))
    assert networks.averaged is not None
    same = zip(
        networks.averaged.state_dict().values(),
        networks.generator.state_dict().values(),
        strict=True,
    )
    assert all(torch.equal(first, second) for first, second in same)


def test_training_does_not_notice_it(tmp_path: Path) -> None:
    with_it, without = (trained(tmp_path / str(decay), 4, decay) for decay in (0.9, 0.0))
    assert not part(without.weights, "averaged.")
    assert all(torch.equal(with_it.weights[name], w) for name, w in without.weights.items())
    for column in ("generator_loss", "information_digit"):
        assert with_it.history[column] == without.history[column]


def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 6)
    trained(tmp_path / "parts", 3)
    parts = trained(tmp_path / "parts", 6, resume=True)
    assert all(torch.equal(parts.weights[name], w) for name, w in whole.weights.items())


def test_stacked_runs_have_the_same(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=4, generator_average=DECAY)
    folders = [tmp_path / f"stacked-{seed}" for seed in (3, 4)]
    arguments = split_options({"device": "cpu", "log_every": 1})
    paths = train_stacked([trainer] * 2, tiny_images(), folders, seeds=[3, 4], **arguments)
    alone = trained(tmp_path / "alone", 4)
    stacked = Checkpoint.open(Path(str(paths[0])))
    assert stacked.seed == alone.seed
    for name, value in part(alone.weights, "averaged.").items():
        torch.testing.assert_close(
            part(stacked.weights, "averaged.")[name], value, rtol=1e-3, atol=1e-4
        )


def test_pictures_and_scores_are_those_of_the_average(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path, 80)
    averaged = {
        f"generator.{name}": weight
        for name, weight in part(checkpoint.weights, "averaged.").items()
    }
    plain = tiny_trainer(steps=80)
    by_hand = Checkpoint(
        **{
            **vars(checkpoint),
            "trainer": plain,
            "weights": {
                name: averaged.get(name, weight)
                for name, weight in checkpoint.weights.items()
                if not name.startswith("averaged.")
            },
        }
    )
    random = torch.Generator().manual_seed(0)
    codes, noise = plain.codes.sample(20, random), plain.codes.sample_noise(20, random)
    drawn = CheckpointModel(checkpoint).generate(codes, noise)
    assert torch.equal(drawn, CheckpointModel(by_hand).generate(codes, noise))
    session = onnxruntime.InferenceSession(to_onnx(checkpoint.networks()))
    (in_page,) = session.run(None, {"encoded": plain.codes.encode(codes, noise).numpy()})
    # The page has weights of half precision.
    assert abs(torch.from_numpy(in_page).int() - drawn.int()).max() <= 2
    raw = Checkpoint(
        **{
            **vars(checkpoint),
            "trainer": plain,
            "weights": {n: w for n, w in checkpoint.weights.items() if n[:9] != "averaged."},
        }
    )
    assert not torch.equal(drawn, CheckpointModel(raw).generate(codes, noise))
    samples = sorted(tmp_path.glob("samples/step-000080-*.png"))
    assert len(samples) == 2


@pytest.mark.parametrize("decay", [1.0, 1.5, -0.1, float("nan"), "0.9"])
def test_what_is_no_decay(decay: Any) -> None:
    with pytest.raises(UserError, match="generator_average must be"):
        tiny_trainer(generator_average=decay)


def test_a_checkpoint_without_its_average_is_refused(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path, 1)
    for name in [name for name in checkpoint.weights if name.startswith("averaged.")]:
        del checkpoint.weights[name]
    with pytest.raises(UserError, match="weights do not fit its layer tables"):
        checkpoint.networks()
