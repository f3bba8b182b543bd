"""Features that tell good images from bad ones, and all kinds from some."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from infoeval.data import load
from infoeval.errors import UserError
from infoeval.evaluation import feature_network
from infoeval.evaluation.feature_network import (
    WEIGHTS,
    FeatureNetwork,
    inception_network,
    moved_copies_network,
)
from infoeval.metrics import quality

CPU = torch.device("cpu")
Images = NDArray[np.uint8]


def network(train: Images, test: Images, seed: int = 0) -> FeatureNetwork:
    return moved_copies_network(train, test, seed=seed, device=CPU, progress=lambda *_: None)


@pytest.fixture(scope="module")
def digits() -> tuple[FeatureNetwork, Images, Images, NDArray[np.int64]]:
    """A network trained on half of the training digits; test digits; the other half, its labels."""
    train, test = load("digits", "train"), load("digits", "test")
    assert train.labels is not None
    half = len(train) // 2
    found = network(train.images[:half], test.images)
    return found, test.images, train.images[half:], train.labels[half:]


def test_copies_are_found_and_the_recipe_tells_it(digits: Any) -> None:
    found, _, _, _ = digits
    assert found.recipe["accuracy"] > 0.4
    assert found.recipe["chance"] == 1 / 256
    assert found.recipe["images"] == 719
    assert found.name.startswith("moved-copies-")


def test_failures_show_and_the_more_the_worse(digits: Any) -> None:
    found, test, others, labels = digits
    random = np.random.default_rng(0)

    def scores(images: Images) -> dict[str, float]:
        score = quality(found.read(test), found.read(images[: len(test)]), replicates=0)
        return {name: part["value"] for name, part in score.details["parts"].items()}

    def by(name: str, series: list[dict[str, float]]) -> list[float]:
        return [each[name] for each in series]

    sound = scores(others)
    assert sound["precision"] > 0.85
    assert sound["recall"] > 0.85
    assert abs(sound["kid"]) < 0.05
    blurred = [
        scores(gaussian_filter(others.astype(float), (0, 0, s, s)).round().astype(np.uint8))
        for s in (0.5, 1, 2)
    ]
    noisy = [
        scores((others + s * random.normal(size=others.shape)).clip(0, 255).astype(np.uint8))
        for s in (30, 60, 120)
    ]
    dropped = [scores(others[labels >= k]) for k in (2, 4, 5)]
    few = [scores(others[random.integers(k, size=len(test))]) for k in (150, 50, 10)]
    for series in (blurred, noisy, dropped, few):
        for name in ("fd", "kid"):
            distances = by(name, [sound, *series])
            assert distances == sorted(distances)
        shares = by("coverage", series)
        assert shares == sorted(shares, reverse=True)
    for series in (blurred[1:], noisy):
        shares = by("precision", [sound, *series])
        assert shares == sorted(shares, reverse=True)
        assert shares[-1] < 0.4
    for series in (blurred, dropped, few):
        shares = by("recall", [sound, *series])
        assert shares == sorted(shares, reverse=True)
    assert min(by("precision", [*dropped, *few])) > 0.8
    assert few[-1]["recall"] < 0.05


def test_a_seed_is_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_network, "STEPS", 10)
    train, test = (load("digits", split).images for split in ("train", "test"))
    first, again, other = (network(train[:200], test, seed) for seed in (0, 0, 1))
    assert first.recipe == again.recipe
    assert np.array_equal(first.read(test), again.read(test))
    assert len({first.name, other.name, network(train[:199], test).name}) == 3
    assert first.read(train[:200]).var(axis=0).mean() == pytest.approx(1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 20, 12), (1, 3, 40), (1, 1, 1), (3, 64, 64)])
def test_images_of_any_size(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_network, "STEPS", 3)
    images = np.random.default_rng(0).integers(0, 256, (14, *shape), dtype=np.uint8)
    for train in (images, np.full_like(images, 7)):
        features = network(train, images).read(images)
        assert features.shape == (14, 128)
        assert np.isfinite(features).all()


class _Inception(torch.nn.Module):
    """Stands in for that of torch-fidelity: checks its images, and returns one feature."""

    def __init__(self, name: str, features: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        assert features == ["2048"]
        self.bias = float(Path(feature_extractor_weights_path).read_text())

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
        assert images.dtype == torch.uint8
        assert images.shape[1] == 3
        return (images.float().mean((2, 3)) + self.bias,)


def test_inception_is_used_where_it_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="features=inception needs torch-fidelity"):
        inception_network(CPU)
    module: Any = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = _Inception
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(UserError, match=f"needs {WEIGHTS} .* nothing is downloaded"):
        inception_network(CPU)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / WEIGHTS).write_text("0.5")
    found = inception_network(CPU)
    assert found.name == "inception"
    grey = np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2)
    assert found.read(grey).tolist() == [[2.0] * 3, [6.0] * 3, [10.0] * 3]
