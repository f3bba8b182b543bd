"""Checkpoints as models: images from codes, and codes from images under chosen statistics."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import infoeval.subjects.checkpoint_model
from infoeval import Trainer
from infoeval.checkpoint import Checkpoint
from infoeval.networks import Convolution, Networks
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition
from tests.tiny import tiny_images, tiny_trainer

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def checkpoint_of(trainer: Trainer, seed: int = 0) -> Checkpoint:
    """Weights of full size, and running statistics that no image would give."""
    random = torch.Generator().manual_seed(seed)
    networks = trainer.networks().initialise(random)
    for name, value in networks.state_dict().items():
        if name.endswith("linear.weight"):
            value.mul_(10)
        if name.endswith("running_mean"):
            value.normal_(generator=random)
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=random)
        if name.endswith("num_batches_tracked"):
            value.fill_(1000)
    return Checkpoint(
        trainer=trainer,
        variant="default",
        seed=seed,
        step=0,
        weights=networks.state_dict(),
        optimizers={},
        random_state=random.get_state(),
        history={},
        data={},
        run={},
        versions={},
    )


@pytest.fixture
def checkpoint() -> Checkpoint:
    return checkpoint_of(tiny_trainer())


@pytest.fixture
def chunk(monkeypatch: pytest.MonkeyPatch) -> int:
    """Small chunks, so that a few images fill several."""
    monkeypatch.setattr(infoeval.subjects.checkpoint_model, "CHUNK", 10)
    return 10


def pixels(count: int = 35, seed: int = 0) -> Tensor:
    return torch.from_numpy(tiny_images(count, seed).images)


def norms(*modules: nn.Module) -> Iterator[nn.Module]:
    return (each for module in modules for each in module.modules() if isinstance(each, NORMS))


def state(networks: Networks) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in networks.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def statistics_by_hand(networks: Networks, batches: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """For each norm the mean over batches of its input's mean and unbiased variance."""
    networks = copy.deepcopy(networks).train()
    seen: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor]) -> None:
        channels = inputs[0].transpose(0, 1).flatten(1)
        seen.setdefault(module, []).append((channels.mean(1), channels.var(1, correction=1)))

    layers = (networks.shared, networks.recognition)
    for each in norms(*layers):
        each.register_forward_pre_hook(note)
    with torch.no_grad():
        for batch in batches:
            networks.recognition(networks.shared(networks.scale(batch)))
    means = []
    for each in norms(*layers):
        mean, variance = zip(*seen[each], strict=True)
        means.append((torch.stack(mean).mean(0), torch.stack(variance).mean(0)))
    return means


@pytest.mark.parametrize("count", [30, 35, 31])
def test_statistics_are_the_mean_over_full_chunks(
    count: int, chunk: int, checkpoint: Checkpoint
) -> None:
    """What is left over, a short chunk, does not count."""
    networks, images = checkpoint.networks(), pixels(count)
    expected = statistics_by_hand(networks, list(images[:30].split(chunk)))
    layers = Recognition(networks, images).layers
    found = list(norms(layers))
    assert len(found) == 3
    for norm, (mean, variance) in zip(found, expected, strict=True):
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-4, atol=1e-5)


def test_fewer_images_than_a_chunk_are_one_batch(checkpoint: Checkpoint) -> None:
    networks, images = checkpoint.networks(), pixels(12)
    expected = statistics_by_hand(networks, [images])
    for norm, (mean, variance) in zip(
        norms(Recognition(networks, images).layers), expected, strict=True
    ):
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-4, atol=1e-5)


def test_estimating_statistics_leaves_the_networks_alone(checkpoint: Checkpoint) -> None:
    networks = checkpoint.networks()
    before = state(networks)
    recognition = Recognition(networks, pixels())
    recognition(pixels(seed=1))
    assert same(before, state(networks))
    assert not any(module.training for module in networks.modules())
    assert all(norm.momentum == 0.1 for norm in norms(networks))
    assert not any(module.training for module in recognition.layers.modules())


def test_without_images_the_running_statistics_are_used(checkpoint: Checkpoint) -> None:
    networks, images = checkpoint.networks(), pixels()
    with torch.no_grad():
        expected = networks.recognition(networks.shared(networks.scale(images)))
    torch.testing.assert_close(Recognition(networks)(images), expected)
    assert not torch.allclose(Recognition(networks, images)(images), expected, atol=0.1)


def test_q_is_normalised_by_the_statistics_it_was_given(checkpoint: Checkpoint) -> None:
    """On one whole chunk they are the batch's own but for n / (n − 1) in the variance."""
    networks, images = checkpoint.networks(), pixels(200)
    found = Recognition(networks, images)(images)
    networks.train()
    with torch.no_grad():
        expected = networks.recognition(networks.shared(networks.scale(images)))
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("estimated", [False, True])
def test_reading_does_not_depend_on_the_company(
    estimated: bool, chunk: int, checkpoint: Checkpoint
) -> None:
    """In chunks, all at once, turned or one by one: an image is read the same way."""
    images = pixels(35)
    recognition = Recognition(checkpoint.networks(), pixels(40, seed=1) if estimated else None)
    expected = recognition(images)
    assert tuple(expected.shape) == (35, 6)
    assert expected.dtype == torch.float32
    assert not expected.requires_grad
    torch.testing.assert_close(recognition(images.flip(0)).flip(0), expected)
    torch.testing.assert_close(torch.cat([recognition(image[None]) for image in images]), expected)


def test_encode_gives_probabilities_and_means(checkpoint: Checkpoint) -> None:
    model = CheckpointModel(checkpoint)
    read = model.encode(pixels())
    assert list(read) == ["digit", "slant"]
    assert tuple(read["digit"].shape) == (35, 4)
    assert tuple(read["slant"].shape) == (35,)
    torch.testing.assert_close(read["digit"].sum(1), torch.ones(35))
    assert bool((read["digit"] > 0).all())
    posterior = Recognition(checkpoint.networks())(pixels())
    torch.testing.assert_close(read["digit"], posterior[:, :4].softmax(1))
    torch.testing.assert_close(read["slant"], posterior[:, 4])


def test_encode_uses_statistics_of_the_calibration_images(checkpoint: Checkpoint) -> None:
    calibration = tiny_images(50, seed=1).images
    read = CheckpointModel(checkpoint, calibration=calibration).encode(pixels())
    recognition = Recognition(checkpoint.networks(), torch.from_numpy(calibration))
    torch.testing.assert_close(read["digit"], recognition(pixels())[:, :4].softmax(1))
    plain = CheckpointModel(checkpoint).encode(pixels())
    assert not torch.allclose(read["digit"], plain["digit"], atol=1e-3)


def test_calibration_images_are_evenly_spaced(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infoeval.subjects.checkpoint_model, "CALIBRATION_IMAGES", 5)
    calibration = tiny_images(41, seed=1).images
    read = CheckpointModel(checkpoint, calibration=calibration).encode(pixels())
    few = CheckpointModel(checkpoint, calibration=calibration[::10]).encode(pixels())
    assert torch.equal(read["digit"], few["digit"])


def test_images_are_drawn_as_8_bit_pixels(checkpoint: Checkpoint, chunk: int) -> None:
    model = CheckpointModel(checkpoint)
    codes = model.codes.sample(25, torch.Generator().manual_seed(0))
    noise = model.codes.sample_noise(25, torch.Generator().manual_seed(1))
    images = model.generate(codes, noise)
    assert tuple(images.shape) == (25, 1, 8, 8)
    assert images.dtype == torch.uint8
    assert len(images.unique()) > 20
    with torch.no_grad():
        drawn = checkpoint.networks().generator(model.codes.encode(codes, noise))
    expected = ((drawn + 1) * 127.5).round()
    assert float((images - expected).abs().max()) <= 1
    assert float((images == expected).float().mean()) > 0.99


def test_drawing_is_a_function_of_codes_and_noise(checkpoint: Checkpoint) -> None:
    model = CheckpointModel(checkpoint)
    codes = model.codes.sample(20, torch.Generator().manual_seed(0))
    noise = model.codes.sample_noise(20, torch.Generator().manual_seed(1))
    torch.manual_seed(1)
    images = model.generate(codes, noise)
    torch.manual_seed(2)
    assert torch.equal(CheckpointModel(checkpoint).generate(codes, noise), images)
    alone = model.generate({name: value[:1] for name, value in codes.items()}, noise[:1])
    assert int((alone.int() - images[:1].int()).abs().max()) <= 1
    other = model.generate(codes, noise + 1)
    assert not torch.equal(other, images)
    other = model.generate({**codes, "digit": (codes["digit"] + 1) % 4}, noise)
    assert all(not torch.equal(a, b) for a, b in zip(other, images, strict=True))


def test_using_a_model_does_not_change_its_weights(checkpoint: Checkpoint) -> None:
    before = {name: value.clone() for name, value in checkpoint.weights.items()}
    model = CheckpointModel(checkpoint, calibration=tiny_images().images)
    model.encode(pixels())
    model.generate(model.codes.sample(5, torch.Generator()), torch.zeros(5, 3))
    assert same(before, checkpoint.weights)
    assert same(before, model.networks.state_dict())


def test_a_model_of_a_file(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "ckpt.pt"
    checkpoint.save(path)
    read = CheckpointModel.open(path).encode(pixels())
    expected = CheckpointModel(checkpoint).encode(pixels())
    assert same(expected, read)


def test_a_calibrated_model_shares_the_networks(checkpoint: Checkpoint) -> None:
    images = tiny_images(50, seed=1).images
    model = CheckpointModel(checkpoint)
    before = model.encode(pixels())
    calibrated = model.calibrated(images)
    assert calibrated.networks is model.networks
    assert same(
        CheckpointModel(checkpoint, calibration=images).encode(pixels()),
        calibrated.encode(pixels()),
    )
    assert same(before, model.encode(pixels())), "the model itself reads as before"


def test_the_last_layer_reads_convolutional_features_in_the_order_of_the_training() -> None:
    """Tables of a user's own may have no dense layer between convolutions and Q's output."""
    shared = (Convolution(4, "leaky_relu"), Convolution(8, "leaky_relu"))
    trainer = tiny_trainer(shared=shared, recognition=())
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0))
    recognition = Recognition(networks)
    pixels = torch.from_numpy(tiny_images(12).images)
    features = recognition.features(pixels)
    assert features.shape == (12, 8 * 2 * 2)
    torch.testing.assert_close(recognition.of_features(features), recognition(pixels))
