"""Statistics of images as factors, and changes by region: a generator whose codes are known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.errors import UserError
from infoeval.results import Document

SIDE = 8


class Scene:
    """A wall of some light; what is at the sides by category, and noise in the middle."""

    codes = CodeSpace(context=Categorical(4), light=Uniform(-1, 1), idle=Uniform(0, 1), noise=1)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        images = torch.full((len(noise), 3, SIDE, SIDE), 0.4)
        images[..., :2] += 0.05 * codes["context"].reshape(-1, 1, 1, 1)
        images[:, 0, :, 3:5] += 0.1 * torch.sigmoid(noise)[:, :, None]
        return images * (1 + 0.5 * codes["light"].reshape(-1, 1, 1, 1))

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        return {"light": -images.float().mean((1, 2, 3)), "idle": images[:, 0, 0, 0].float() * 0}


class Blank(Scene):
    """Draws one image."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return torch.zeros(len(noise), 3, SIDE, SIDE)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Images without factors or labels."""
    path = Path(tmp_path_factory.mktemp("data")) / "walls.npz"
    codes, noise = Scene.codes.sample(300, torch.Generator().manual_seed(1)), torch.zeros(300, 1)
    images = (255 * Scene().generate(codes, noise)).byte().numpy()
    np.savez(path, images=images, test_images=images[:200])
    return str(path)


def found(document: Document) -> dict[tuple[str, str | None], Any]:
    return {(item.metric, item.target): item for item in document.results if item.target}


def scored(*metrics: str, model: Any = None, **options: Any) -> Document:
    return evaluation.score(model or Scene(), metrics=metrics, device="cpu", **options)


def test_lighting_is_found_in_generated_images_without_any_data() -> None:
    document = scored("code-factors:images=generated,factors=statistics", rows=500)
    results = found(document)
    light = results["code-factors", "light × brightness"]
    assert light.details["measure"] == "|Spearman|"
    assert light.value > 0.95
    assert light.details["paired"]
    assert light.low is not None
    assert results["code-factors", "idle × brightness"].value < 0.15
    assert results["code-factors", "context × centroid x"].value > 0.3
    assert document.results[0].settings["own"]["factors"] == "statistics"
    assert "slant" not in " ".join(str(target) for _, target in results)
    (skipped,) = document.skipped
    assert "slant" in skipped.reason


def test_and_in_real_ones_by_the_encoder(photographs: str) -> None:
    document = scored("code-factors:factors=statistics", data=photographs, rows=150)
    results = found(document)
    light = results["code-factors", "light × brightness"]
    assert light.value == pytest.approx(1, abs=1e-4)
    assert light.n == 150
    assert results["code-factors", "idle × brightness"].value == 0


def test_within_the_same_noise() -> None:
    document = scored(
        "code-factors:images=generated,factors=statistics,within=noise", rows=400, null=0
    )
    results = found(document)
    assert results["code-factors", "light × brightness"].value > 0.99
    assert ("code-factors", "context × brightness") not in results


def test_what_each_code_changes() -> None:
    document = scored("region-changes", rows=300)
    results = found(document)

    def values(code: str) -> list[float]:
        names = ("sides", "middle", "difference")
        return [results[f"region-changes-{name}", code].value for name in names]

    sides, middle, difference = values("context")
    assert sides > 0.1
    assert (middle, difference) == (0, sides)
    assert values("idle") == [0, 0, 0]
    assert min(values("light")[:2]) > 0.5
    context = results["region-changes-difference", "context"]
    assert context.low is not None
    assert context.low > 0
    assert context.n == 300


def test_it_is_not_run_unless_asked_for(photographs: str) -> None:
    document = evaluation.score(Scene(), data=photographs, device="cpu", replicates=0, null=0)
    assert "region-changes" in {item.metric for item in document.skipped}


@pytest.mark.parametrize(
    ("model", "metric", "message"),
    [
        (None, "code-factors:factors=labels", "no factors 'labels'; there are own, statistics"),
        (None, "region-changes:images=3", "images must be a whole number from 4 up"),
        (None, "region-changes:images=many", "images is a number, such as 2000"),
        (None, "region-changes:outer=2", "outer is 2"),
        (Blank(), "region-changes", "the same in all images"),
        (Blank(), "code-factors:images=generated,factors=statistics", "the same statistics"),
        (
            lambda images: images.float().mean((1, 2, 3)),
            "code-factors:images=generated,factors=statistics",
            "needs a model with a generator",
        ),
        (lambda images: images.float().mean((1, 2, 3)), "region-changes", "no generator"),
    ],
)
def test_what_does_not_apply(model: Any, metric: str, message: str, photographs: str) -> None:
    with pytest.raises(UserError, match=message):
        scored(metric, model=model, data=photographs)


def test_a_table_has_no_images(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    rows = "\n".join(f"{number / 7},{number % 5}" for number in range(40))
    path.write_text(f"code_a,factor_b\n{rows}\n", encoding="utf-8")
    with pytest.raises(UserError, match="factors=statistics needs a model"):
        evaluation.score(str(path), metrics=["code-factors:factors=statistics"])


def test_two_models_are_compared() -> None:
    document = evaluation.compare(
        [Scene(), Scene()], metrics=["region-changes"], rows=100, replicates=20, device="cpu"
    )
    (same,) = [
        item
        for item in document.differences
        if (item.metric, item.target) == ("region-changes-sides", "context")
    ]
    assert same.difference == 0
