"""An encoder whose images have no factors: its codes are named after what the images look like."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import evaluation
from infoeval.data.sprites import draw_sprites
from infoeval.errors import UserError
from infoeval.reporting.verdict import sentences
from infoeval.results import Document


class Encoder:
    """Reads where a sprite is from left to right, how large it is with an error, and nothing."""

    def encode(self, images: Tensor) -> Tensor:
        light = images[:, 0].float()
        columns = light.sum(1)
        place = columns @ torch.arange(64.0) / columns.sum(1)
        area = light.mean((1, 2))
        wave = torch.sin(1e6 * (area + place))
        return torch.stack([-place, area + 0.2 * area.std() * wave, wave], dim=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(tmp_path_factory.mktemp("sprites"))
    random = np.random.default_rng(0)
    factors = random.random((700, 5)) * [0, 0.5, 6, 1, 1] + [1, 0.5, 0, 0, 0]
    images, labels = draw_sprites(factors), random.integers(0, 3, 700)
    np.savez(path / "plain.npz", images=images[:100], test_images=images[100:])
    np.savez(
        path / "labelled.npz",
        images=images[:100],
        test_images=images[100:],
        labels=labels[:100],
        test_labels=labels[100:],
    )
    return path


def scored(path: Path, *metrics: str) -> Document:
    return evaluation.score(
        Encoder(), metrics=metrics or None, data=str(path), device="cpu", null=100
    )


def told(document: Document) -> dict[str, str]:
    page = Document.for_page(json.loads(document.to_json()))
    return {finding.topic: finding.whole for finding in sentences(page)}


def test_codes_are_named_with_the_range_and_the_next(folder: Path) -> None:
    found = told(scored(folder / "plain.npz"))
    place, area, nothing = found.values()
    assert place.startswith("goes with position from left to right of real images: 7")
    assert " to 2" in place
    assert "rank correlation 1.00" in place
    assert area.startswith("goes with size of real images: ")
    assert nothing.startswith("is unnamed")


def test_labels_do_not_take_the_place_of_appearance(folder: Path) -> None:
    document = scored(folder / "labelled.npz")
    factors = {r.details["factor"] for r in document.results if "factor" in r.details}
    assert {"label", "brightness"} <= factors or {"label", "centroid x"} <= factors
    assert next(iter(told(document).values())).startswith("goes with position")


def test_asked_for_by_name_and_not_for_generated_images(folder: Path) -> None:
    document = scored(folder / "plain.npz", "code-factors:factors=appearance")
    pairs = {result.target: result for result in document.results if result.target}
    means: Any = next(r for t, r in pairs.items() if t and "× centroid x" in t).details["means"]
    assert len(means) == 10
    assert means == sorted(means, reverse=True)
    assert not any(str(target).endswith("× saturation") for target in pairs)
    with pytest.raises(UserError, match="of real images"):
        scored(folder / "plain.npz", "code-factors:factors=appearance,images=generated")
