"""Figures of traversals: panels of codes, checked by what is drawn in them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform, UserError
from infoeval.evaluation.animation import animate
from infoeval.evaluation.traversal_figures import draw_traversals


class Drawing:
    """Draws the value of its codes as grey levels: dark at −1, bright at 1."""

    codes = CodeSpace(kind=Categorical(3), level=Uniform(-1, 1), noise=1)

    def __init__(self, channels: int = 1) -> None:
        self.channels = channels
        self.asked: list[dict[str, Tensor]] = []
        self.noise: list[Tensor] = []

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        self.asked.append(dict(codes))
        self.noise.append(noise)
        grey = ((codes["level"].clamp(-1, 1) + 1) * 127).to(torch.uint8)
        return grey[:, None, None, None].expand(-1, self.channels, 4, 4).contiguous()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".PNG"])
def test_a_figure_of_every_code_is_written(tmp_path: Path, suffix: str, channels: int) -> None:
    path = draw_traversals(Drawing(channels), tmp_path / "new" / f"figure{suffix}")
    assert path.stat().st_size > 1000
    if suffix.lower() == ".png":
        with Image.open(path) as picture:
            assert picture.width > 500


def test_each_panel_varies_its_own_code_and_shares_the_rest(tmp_path: Path) -> None:
    model = Drawing()
    draw_traversals(model, tmp_path / "figure.png", rows=2, columns=4, stretch=2.0, seed=3)
    kinds, levels = model.asked
    assert kinds["kind"].tolist() == [0, 1, 2, 0, 1, 2]
    assert levels["level"].tolist() == pytest.approx([-2, -2 / 3, 2 / 3, 2] * 2)
    assert len(set(levels["kind"].reshape(2, 4)[0].tolist())) == 1
    assert len(set(kinds["level"].reshape(2, 3)[1].tolist())) == 1
    first, second = model.noise
    assert torch.equal(first.reshape(2, 3)[:, 0], second.reshape(2, 4)[:, 0])


def test_codes_can_be_chosen(tmp_path: Path) -> None:
    model = Drawing()
    draw_traversals(model, tmp_path / "figure.png", codes=["level", "level"], titles={"level": "x"})
    assert len(model.asked) == 1


def test_equal_seeds_give_equal_figures(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        draw_traversals(Drawing(), tmp_path / f"{name}.png", seed=seed)
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codes": ["other"]}, "no code called 'other'; there are kind, level"),
        ({"rows": 0}, "1 to 100 rows"),
        ({"rows": 101}, "1 to 100 rows"),
        ({"columns": 1}, "2 to 100 columns"),
        ({"stretch": 0.0}, "stretch must be"),
        ({"stretch": float("nan")}, "stretch must be"),
        ({"stretch": float("inf")}, "stretch must be"),
    ],
)
def test_what_makes_no_figure_is_one_line(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        draw_traversals(Drawing(), tmp_path / "figure.png", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "figure.png").exists()


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"figure\.gif: a figure is \.png, \.pdf, \.svg"):
        draw_traversals(Drawing(), tmp_path / "figure.gif")


class Broken(Drawing):
    """Draws floats, one pixel of which is no number."""

    def __init__(self, wrong: float) -> None:
        super().__init__()
        self.wrong = wrong

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        images = super().generate(codes, noise).float() / 255
        images[-1, 0, 0, 0] = self.wrong
        return images


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["figure.png", "figure.gif"])
def test_numbers_that_are_not_finite_are_not_drawn(tmp_path: Path, name: str, wrong: float) -> None:
    draw = animate if name.endswith("gif") else draw_traversals
    with pytest.raises(UserError, match="computes numbers that are not finite"):
        draw(Broken(wrong), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_floats_are_drawn_as_grey_levels(tmp_path: Path) -> None:
    draw_traversals(Drawing(), tmp_path / "bytes.png")
    draw_traversals(Broken(0.0), tmp_path / "floats.png", codes=["kind", "level"])
    with Image.open(tmp_path / "bytes.png") as first, Image.open(tmp_path / "floats.png") as second:
        difference = np.asarray(first).astype(int) - np.asarray(second)
    assert (difference != 0).mean() < 0.1, "the last image of each panel has one other pixel"


def test_more_codes_than_a_figure_holds(tmp_path: Path) -> None:
    class Many(Drawing):
        codes = CodeSpace(
            noise=1, level=Uniform(-1, 1), **{f"c{k}": Uniform(0, 1) for k in range(100)}
        )

    with pytest.raises(UserError, match="at most 100 codes, and these are 101: choose some"):
        draw_traversals(Many(), tmp_path / "figure.png")
    chosen = draw_traversals(Many(), tmp_path / "figure.png", codes=["level"])
    assert chosen.exists()
