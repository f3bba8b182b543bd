"""The quality of a generator's images, from a model to its results."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from infoeval import Categorical, CodeSpace, Uniform, UserError, evaluation
from infoeval.cli.terminal.result_table import print_results
from infoeval.data import load
from infoeval.evaluation import feature_network, image_quality
from infoeval.results import Document
from tests.evaluation.scoring import score, store, values

NAMES = ("fd", "kid", "precision", "recall", "density", "coverage", "variety", "code-variety")


class Library:
    """Draws real training digits: of the class of a code, or of all; noise picks among them."""

    def __init__(self, *, codes: bool = True, noise: int = 1, kept: int = 10) -> None:
        train = load("digits", "train")
        assert train.labels is not None
        order = np.argsort(train.labels, kind="stable")
        self.images = torch.from_numpy(train.images[order])
        self.starts = torch.from_numpy(np.searchsorted(train.labels[order], np.arange(11)))
        self.kept = kept
        priors: dict[str, Any] = {"digit": Categorical(10)} if codes else {}
        self.codes = CodeSpace(**priors, noise=noise)

    def generate(self, codes: Any, noise: torch.Tensor) -> torch.Tensor:
        share = torch.special.ndtr(noise[:, 0]) if noise.shape[1] else torch.zeros(len(noise))
        low, high = self.starts[0], self.starts[self.kept]
        if codes:
            digit = codes["digit"] % self.kept
            low, high = self.starts[digit], self.starts[digit + 1]
        place = low + (share * (high - low)).long().clamp_max(high - low - 1)
        return self.images[place]


class Plain:
    """Draws grey images of a shape."""

    codes = CodeSpace(shift=Uniform(-1, 1), noise=1)

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def generate(self, codes: Any, noise: torch.Tensor) -> torch.Tensor:
        grey = (codes["shift"] + 1) / 2
        return grey[:, None, None, None].expand(-1, *self.shape)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network learns little."""
    monkeypatch.setattr(feature_network, "STEPS", 20)


def on_digits(model: Any, metric: str = "quality", **options: Any) -> Document:
    return score(model, [metric], data="digits", **options)


def test_real_images_are_as_good_as_real_images() -> None:
    document = on_digits(Library())
    assert [result.metric for result in document.results] == [f"quality-{name}" for name in NAMES]
    found = {result.metric: result for result in document.results}
    for name in ("precision", "recall", "coverage"):
        result = found[f"quality-{name}"]
        assert result.quality is not None
        assert result.quality.real is not None
        assert result.value > 0.85 < result.quality.real
    fd = found["quality-fd"]
    assert fd.quality is not None
    assert fd.quality.features is not None
    assert fd.quality.features["accuracy"] > 0.4
    assert fd.settings["features"].startswith("moved-copies-")
    assert fd.n == fd.settings["images"] == 359
    assert not fd.higher_is_better
    assert 0.5 < found["quality-variety"].value < 0.9
    assert 0.9 < found["quality-code-variety"].value < 1.1
    assert Document.from_json(document.to_json()) == document
    few = values(on_digits(Library(kept=3)))
    assert few["quality-recall", None] < 0.5 < few["quality-precision", None]
    assert few["quality-fd", None] > 3 * fd.value


@pytest.mark.usefixtures("quick")
def test_noise_alone_has_no_variety_of_codes_and_codes_alone_none_of_noise() -> None:
    names = [result.metric for result in on_digits(Library(codes=False)).results]
    assert names == [f"quality-{name}" for name in NAMES[:6]]
    assert values(on_digits(Library(noise=0)))["quality-variety", None] == 0


@pytest.mark.usefixtures("quick")
def test_models_are_compared_by_one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = image_quality.moved_copies_network
    monkeypatch.setattr(
        image_quality, "moved_copies_network", lambda *a, **k: made.append(1) or make(*a, **k)
    )
    pair = [Library(), Library(kept=4)]
    found = evaluation.compare(
        pair, metrics=["quality"], data="digits", replicates=10, device="cpu"
    )
    assert len(made) == 1
    by_name = {item.metric: item for item in found.differences}
    assert set(by_name) == {f"quality-{name}" for name in NAMES}
    assert by_name["quality-recall"].difference > 0.2
    low = by_name["quality-recall"].low
    assert low is not None
    assert low > 0


@pytest.mark.usefixtures("quick")
def test_features_of_different_networks_are_not_subtracted(subject: Path, on_digits: Path) -> None:
    """Each checkpoint is scored on the images of its own training."""
    message = "quality-fd: features of moved-copies-.* cannot be compared; .* with --data"
    with pytest.raises(UserError, match=message):
        evaluation.compare([on_digits, subject], metrics=["quality"], replicates=2, device="cpu")


@pytest.mark.usefixtures("quick")
def test_the_same_seed_gives_the_same_numbers(on_digits: Path) -> None:
    first, again = (values(score(on_digits, ["quality:images=50"])) for _ in range(2))
    assert first == again
    assert values(score(on_digits, ["quality:images=50"], seed=1)) != first


@pytest.mark.usefixtures("quick")
def test_the_table_shows_what_real_images_score(capsys: pytest.CaptureFixture[str]) -> None:
    document = on_digits(Library(), "quality:images=60")
    print_results(document)
    text = capsys.readouterr().out
    assert "real images" in text
    (fd, *_) = document.results
    assert fd.n == 60
    assert fd.quality is not None
    assert f"{fd.quality.real:.4f}" in text


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Plain(1, 9, 8), r"draws images of \(1, 9, 8\), digits has \(1, 8, 8\) .* with --data"),
        (Plain(3, 8, 8), r"draws images of \(3, 8, 8\), digits has \(1, 8, 8\)"),
        (lambda images: images.float().mean((1, 2, 3)), "the model has no generator"),
    ],
)
def test_what_does_not_apply(model: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        on_digits(model)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("features=vgg", "no features 'vgg'; there are moved-copies, inception"),
        ("images=3", "images must be a whole number from 12 up, not 3"),
        ("images=many", "images is a number, such as 5000"),
        ("images=20.5", "images must be a whole number"),
    ],
)
def test_settings_that_cannot_be(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        on_digits(Library(), f"quality:{setting}")


def test_inception_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="quality does not apply: features=inception needs"):
        on_digits(Library(), "quality:features=inception")


@pytest.mark.usefixtures("quick")
def test_few_images_and_equal_ones(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (24, 1, 8, 8), dtype=np.uint8)
    given = store(tmp_path / "few.npz", images=images, test_images=images[:11])
    with pytest.raises(UserError, match=r"24 training images and 11 test images, .* are too few"):
        score(Plain(1, 8, 8), ["quality"], data=given)
    given = store(tmp_path / "enough.npz", images=images, test_images=images[:12])
    assert len(score(Plain(1, 8, 8), ["quality"], data=given).results) == 8
    alike = np.full_like(images, 200)
    given = store(tmp_path / "alike.npz", images=alike, test_images=alike[:12])
    with pytest.raises(UserError, match="real: all images have the same features"):
        score(Plain(1, 8, 8), ["quality"], data=given)
