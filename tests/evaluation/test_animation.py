"""Animated traversals: every frame is what the generator draws, there and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform, UserError
from infoeval.evaluation.animation import STRIP, animate
from infoeval.evaluation.pages import report
from tests.evaluation.reports import document_of, entries, files_of


class Levels:
    """Draws one code's value as a grey level, the same over the whole image."""

    codes = CodeSpace(kind=Categorical(4), level=Uniform(-1, 1), noise=1)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        self.noise = noise
        grey = (codes["level"] * 40 + 100 + codes["kind"] * 10).round().to(torch.uint8)
        return grey[:, None, None, None].expand(-1, 1, 8, 8).contiguous()


def levels_of(path: Path) -> list[list[int]]:
    """The grey levels in each frame, a number for each sample; repeated frames count once."""
    with Image.open(path) as picture:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(picture)]
    middles = [np.asarray(frame)[STRIP + 28, 28:, 0] for frame in frames]
    return [[int(row[k * 63]) for k in range(5)] for row in middles]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".GIF"])
def test_frames_go_there_and_back(tmp_path: Path, suffix: str) -> None:
    path = animate(Levels(), tmp_path / "new" / f"moving{suffix}", codes=["level"], stretch=2.0)
    frames = np.array(levels_of(path))
    assert len(frames) == 38
    steps = np.diff(frames, axis=0)
    assert (steps[:19] > 0).all()
    assert (steps[19:] < 0).all()
    assert np.abs(frames[19] - frames[0] - 160).max() <= 4, "from −2 to 2"


def test_all_codes_come_one_after_the_other(tmp_path: Path) -> None:
    one = levels_of(animate(Levels(), tmp_path / "one.gif", codes=["kind"]))
    assert len(one) == 4 + 2
    both = levels_of(animate(Levels(), tmp_path / "both.gif"))
    assert len(both) == 6 + 38
    assert both[:6] == one


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    files = [animate(Levels(), tmp_path / f"{k}.webp", seed=k // 2).read_bytes() for k in range(3)]
    assert files[0] == files[1] != files[2]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {}, "a.mp4: an animation is gif or webp"),
        ("a.gif", {"codes": ["other"]}, "no code called 'other'; there are kind, level"),
        ("a.gif", {"rows": 0}, "1 to 100 rows"),
        ("a.gif", {"stretch": 0.0}, "stretch must be above 0"),
    ],
)
def test_what_makes_no_animation(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        animate(Levels(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_name_of_any_letters_is_drawn(tmp_path: Path) -> None:
    name = "コード " + "long " * 19

    class Named(Levels):
        codes = CodeSpace(**{name: Categorical(3)}, noise=1)

        def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
            return (codes[name][:, None, None, None] * 9).expand(-1, 1, 8, 8).to(torch.uint8)

    animate(Named(), tmp_path / "a.gif")


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_report_has_an_animation_of_each_code(subject: Path, tmp_path: Path, kind: str) -> None:
    page = tmp_path / "page.html"
    report(subject, page, metrics=["mi-own"], animation=kind, formats=["json"], device="cpu")
    found = entries(page, "animation")
    assert [entry["code"] for entry in found] == [
        code["name"] for code in document_of(page)["codes"]
    ]
    for entry in found:
        with Image.open(files_of(page) / entry["file"]) as picture:
            assert picture.format == kind.upper()
            assert getattr(picture, "n_frames", 1) > 3


def test_an_animation_of_no_known_kind(subject: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="animation must be gif or webp, not 'mp4'"):
        report(subject, tmp_path / "page.html", animation="mp4")
