"""Tests of the batch-norm statistics that a user's encoder is read with."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from infoeval import CodeSpace, Uniform, UserError, adapt
from infoeval.cli.terminal.result_table import print_comparison
from infoeval.data.image_set import ImageSet
from infoeval.evaluation import compare, score
from infoeval.reporting.evidence import reasons
from infoeval.results import Document
from infoeval.subjects.batch_norm import BatchNormStatistics
from infoeval.subjects.opening import open_subject

PIXELS = 4


class Encoder(nn.Module):
    """The four pixels of 2×2 images, normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(PIXELS, eps=1e-9)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images: Tensor) -> Tensor:
        return self.dropout(self.norm(images.flatten(1).float()))


class Both(Encoder):
    """The encoder, and a generator of grey images."""

    codes = CodeSpace(level=Uniform(0, 1), noise=PIXELS)

    def encode(self, images: Tensor) -> Tensor:
        return self(images)

    def generate(self, codes: Any, noise: Tensor) -> Tensor:
        return torch.sigmoid(noise).reshape(-1, 1, 2, 2)


def images(count: int = 1000, seed: int = 0) -> ImageSet:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 1, 2, 2), dtype=np.uint8)
    return ImageSet("noise", "train", pixels)


def read(model: Any, train: ImageSet, test: ImageSet, **options: Any) -> np.ndarray[Any, Any]:
    columns = open_subject(model, **options).reader(train).encode(test).columns
    return columns.to_numpy()


def flat(data: ImageSet) -> np.ndarray[Any, Any]:
    return data.images.reshape(len(data), -1).astype(float)


def test_statistics_are_those_of_the_training_images() -> None:
    train, test = images(), images(300, seed=1)
    # Batches of 500: a mean of variances, each with n − 1.
    batches = [flat(train)[:500], flat(train)[500:]]
    mean = np.mean([batch.mean(0) for batch in batches], axis=0)
    variance = np.mean([batch.var(0, ddof=1) for batch in batches], axis=0)
    wanted = (flat(test) - mean) / np.sqrt(variance)
    assert np.allclose(read(Encoder(), train, test), wanted, atol=1e-4)
    assert np.allclose(read(Encoder(), train, test, batch_norm="running"), flat(test), atol=1e-4)


def test_statistics_are_those_of_generated_images() -> None:
    train, test = images(), images(300, seed=1)
    found = read(Both(), train, test, batch_norm="generated")
    drawn = 255 * torch.sigmoid(torch.randn(100_000, generator=torch.Generator().manual_seed(5)))
    wanted = (flat(test) - drawn.mean().item()) / drawn.std().item()
    assert np.abs(found - wanted).max() < 0.1


def test_the_network_stays_as_it_was() -> None:
    network = Encoder()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    read(network, images(), images(10))
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert network.norm.momentum == 0.1
    assert not network.norm.training
    assert not network.dropout.training


def test_networks_inside_functions_are_put_into_evaluation_mode() -> None:
    network = Encoder()
    open_subject(lambda pictures: network(pictures))
    assert not network.training
    assert not network.dropout.training


def test_the_network_stays_as_it_was_where_it_fails() -> None:
    network = Encoder()

    def encode(pictures: Tensor) -> Tensor:
        network(pictures)
        raise ValueError("no")

    with pytest.raises(UserError, match="the encoder failed on uint8 images"):
        read(encode, images(), images(10))
    assert not network.norm.training
    assert network.norm.num_batches_tracked == 0
    assert torch.equal(network.norm.running_mean, torch.zeros(PIXELS))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["no count", "synchronised", "shared"])
def test_networks_of_other_kinds_are_read_alike_and_stay_as_they_were(kind: str) -> None:
    train, test, network = images(), images(300, seed=1), Encoder()
    wanted = read(Encoder(), train, test)
    model: Any = network
    if kind == "no count":
        network.norm.num_batches_tracked = None
    elif kind == "synchronised":
        network.norm = nn.SyncBatchNorm(PIXELS, eps=1e-9)  # type: ignore[assignment]
    else:

        class Drawer:
            codes, shared = CodeSpace(level=Uniform(0, 1), noise=PIXELS), network

            def generate(self, codes: Any, noise: Tensor) -> Tensor:
                return self.shared(noise).sigmoid().reshape(-1, 1, 2, 2)  # type: ignore[no-any-return]

        model = network, Drawer()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert np.array_equal(read(model, train, test), wanted)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(module.training for module in network.modules())


def test_random_draws_before_the_layer_are_those_of_the_seed() -> None:
    def encode(pictures: Tensor) -> Tensor:
        return network(100 * torch.rand(pictures.shape))  # type: ignore[no-any-return]

    network, found = Encoder(), []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(read(encode, images(), images(10)))
        assert torch.initial_seed() == state
    assert np.array_equal(*found)
    assert not np.array_equal(found[0], read(encode, images(), images(10), seed=3))


def test_lazy_layers_without_weights() -> None:
    network = nn.Sequential(nn.Flatten(), nn.LazyBatchNorm1d())
    with pytest.raises(UserError, match="a LazyBatchNorm1d of the encoder has no weights yet"):
        open_subject(lambda pictures: network(pictures.float())).reader(images())
    network(torch.rand(8, PIXELS))
    assert read(lambda pictures: network(pictures.float()), images(), images(9)).shape == (9, 4)


def test_networks_among_the_globals_of_a_file(tmp_path: Any) -> None:
    (tmp_path / "enc.py").write_text(
        "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4))\n"
        "def encode(images):\n    return net(images.float())\n"
        "def encoder():\n    return encode\n"
    )
    assert open_subject(f"{tmp_path}/enc.py:encoder").reader(images()).batch_norm == "real"


def test_networks_of_an_adapted_model() -> None:
    train, test = images(), images(300, seed=1)
    adapted = adapt(encode=Encoder(), decode=lambda z: z.sigmoid(), codes=PIXELS, images=(0, 255))
    assert open_subject(adapted).reader(train).batch_norm == "real"
    assert np.array_equal(read(adapted, train, test), read(Encoder(), train, test))


def test_what_the_reading_is_called() -> None:
    train, network = images(), Encoder()
    assert open_subject(nn.Flatten()).reader(train).batch_norm is None
    assert open_subject(network, batch_norm="running").reader(train).batch_norm == "running"
    assert open_subject(lambda pictures: pictures.flatten(1)).reader(train).batch_norm is None

    def evaluating(pictures: Tensor) -> Any:
        return network.eval()(pictures)

    assert open_subject(evaluating).reader(train).batch_norm == "running"


def test_layers_without_running_statistics_are_left_alone() -> None:
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(PIXELS, track_running_stats=False))
    assert len(BatchNormStatistics([network])) == 0
    assert open_subject(network).reader(images()).batch_norm is None


def test_too_little_to_estimate_from() -> None:
    with pytest.raises(UserError, match="at least two images"):
        open_subject(Encoder()).reader(images(1))
    with pytest.raises(UserError, match="has no generator: --batch-norm generated needs one"):
        open_subject(Encoder(), batch_norm="generated").reader(images())


def test_results_say_how_images_were_read() -> None:
    for way in ("real", "running"):
        document = score(Digits(), metrics=["cluster-acc"], data="digits", batch_norm=way)
        assert document.results[0].settings["batch_norm"] == way
        assert document.identity.batch_norm == way
    without = score(
        lambda pictures: {"k": pictures.flatten(1).argmax(1)},
        metrics=["cluster-acc"],
        data="digits",
    )
    assert without.identity.batch_norm is None


class Digits(nn.Module):
    """The brightest pixel of normalised digits."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(64)

    def encode(self, pictures: Tensor) -> dict[str, Tensor]:
        return {"k": self.norm(pictures.flatten(1).float()).argmax(1)}


def test_a_comparison_says_that_models_were_read_differently() -> None:
    network = Digits()

    def evaluating(pictures: Tensor) -> Any:
        return network.eval().encode(pictures)

    for other, said in ((evaluating, True), (Digits(), False)):
        comparison = compare([Digits(), other], metrics=["cluster-acc"], data="digits")
        output = io.StringIO()
        print_comparison(comparison, output)
        sentence = "first: estimated on real training images; second: those of its own training"
        assert (sentence in " ".join(output.getvalue().split())) is said


def test_a_page_says_that_models_were_read_differently() -> None:
    def document(*batch_norm: str | None) -> Document:
        subjects = [{"model": f"m{k}", "batch_norm": how} for k, how in enumerate(batch_norm)]
        first, *others = ({"subject": subject, "results": []} for subject in subjects)
        return Document.for_page(
            {
                **first,
                "schema_version": 1,
                "data": {},
                "environment": {},
                "arrangement": "comparison",
                "models": [{**other, "role": "compared"} for other in others],
            }
        )

    def texts(*batch_norm: str | None) -> list[str]:
        found = reasons(document(*batch_norm))
        return [reason.text for reason in found if reason.topic == "Batch norm"]

    assert texts("real", "real") == texts("real", None) == []
    assert texts("real", "running", None) == [
        "Images were read with different batch-norm statistics: m0: estimated on real training "
        "images; m1: those of its own training."
    ]
