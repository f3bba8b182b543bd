"""Trainers by name, and files of the user's own."""

from pathlib import Path

import pytest
import torch

from infoeval import Trainer, UserError, content
from infoeval.training.choosing import load_trainer

NAMES = list(content.trainers())

MINE = """
from infoeval import Categorical, CodeSpace, Trainer
from infoeval.networks import Dense, Reshape

trainer = Trainer(
    name="mine",
    data="digits",
    image_shape=(1, 2, 2),
    codes=CodeSpace(k=Categorical(3), noise=1),
    generator=(Dense(4, "tanh"), Reshape(1, 2, 2)),
    shared=(Dense(5, "leaky_relu"),),
)
"""


def test_the_bundled_trainers() -> None:
    assert {"mnist", "mnist_invariant", "fashion_mnist", "digits"} <= set(NAMES)
    for name, path in content.trainers().items():
        assert path.is_file()
        assert path.name == f"{name}.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_bundled_trainer_builds_its_networks(name: str) -> None:
    trainer = load_trainer(name)
    assert trainer.name == name
    for variant in ("default", *trainer.variants):
        chosen = trainer.variant(variant)
        with torch.device("meta"):
            networks = chosen.networks()
        assert networks.generator.shape == chosen.image_shape
        assert networks.recognition.shape == (chosen.codes.posterior_width,)
        assert networks.discriminator.shape == (1,)


@pytest.mark.parametrize("name", NAMES)
def test_layers_of_the_paper_beside_the_pixels_have_no_batch_norm(name: str) -> None:
    """Table 1: neither the layer that reads the image nor the one that draws it."""
    trainer = load_trainer(name)
    for layer in (trainer.shared[0], trainer.generator[-1]):
        assert not getattr(layer, "batch_norm", True)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_settings_of_the_paper(name: str) -> None:
    """Appendix C: batches of 128, 2e-4 for D and 1e-3 for G, λ of 1 for the categorical code."""
    trainer = load_trainer(name)
    assert (trainer.generator_rate, trainer.discriminator_rate, trainer.batch) == (1e-3, 2e-4, 128)
    assert (trainer.information_weight, trainer.weights["digit"]) == (1.0, 1.0)
    paper = trainer.variant("paper")
    assert paper.recognition_view is None
    assert paper.invariance_weight == 0
    assert paper.recognition_learns == "with_discriminator"


def test_plain_infogan_learns_nothing_from_real_images_about_codes() -> None:
    """What uses real images for Q is a trainer of its own, or says so in its variant."""
    assert load_trainer("mnist").invariance_weight == 0
    assert load_trainer("fashion_mnist").invariance_weight == 0
    assert load_trainer("mnist_invariant").invariance_weight > 0
    assert load_trainer("digits").variant("infogan").invariance_weight == 0


def test_an_unknown_name_is_told_the_nearest_and_all_of_them() -> None:
    with pytest.raises(UserError) as caught:
        load_trainer("fashon_mnist")
    message = str(caught.value)
    assert "'fashon_mnist'" in message
    assert "did you mean 'fashion_mnist'" in message
    assert ", ".join(NAMES) in message
    assert "\n" not in message


def test_a_name_like_none_of_them_is_told_all_of_them() -> None:
    with pytest.raises(UserError) as caught:
        load_trainer("zzzz")
    assert "did you mean" not in str(caught.value)
    assert ", ".join(NAMES) in str(caught.value)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    trainer = load_trainer(str(path))
    assert isinstance(trainer, Trainer)
    assert trainer.name == "mine"
    assert trainer.networks().generator.shape == (1, 2, 2)


def test_a_file_is_run_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    first = load_trainer(str(path))
    path.write_text(MINE.replace('"mine"', '"yours"') + "\n# longer\n")
    assert (first.name, load_trainer(str(path)).name) == ("mine", "yours")


def test_a_file_may_define_dataclasses(tmp_path: Path) -> None:
    """With postponed annotations a dataclass looks its own module up in sys.modules."""
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        f"@dataclass\nclass Size:\n    width: int = 5\n{MINE}"
    )
    assert load_trainer(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no `trainer = "),
        (b"trainer = 5", "no `trainer = "),
        (b"trainers = None", "no `trainer = "),
        (b"trainer = (", "SyntaxError"),
        (b"1 / 0", "ZeroDivisionError"),
        (b"import not_there_at_all", "not_there_at_all"),
        (b"raise SystemExit(3)", "SystemExit"),
        (b"raise ValueError('first\\nsecond')", "ValueError: first"),
        (b"raise ValueError", "ValueError"),
        (b"\xff\xfe\x00", "could not be run"),
        (MINE.replace("noise=1", "noise=-1").encode(), "noise"),
        (MINE.replace("data=", "dta=").encode(), "dta"),
    ],
)
def test_a_file_that_gives_no_trainer(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_trainer(str(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent.py", "folder.py"])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UserError, match="no trainer file") as caught:
        load_trainer(str(tmp_path / name))
    assert name in str(caught.value)


def test_a_bundled_name_wins_over_a_file_beside_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").write_text("1 / 0")
    (tmp_path / "digits.py").write_text(MINE)
    assert load_trainer("digits").name == "digits"
    assert load_trainer("digits.py").name == "mine"
