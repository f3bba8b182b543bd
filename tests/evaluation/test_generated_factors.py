"""Factors of generated images: a drawn world whose generator is known, from end to end."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.cli.terminal.result_table import print_results
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation import context, factor_regressor, generated_factors
from infoeval.results import Document

GENERATED = "code-factors:images=generated"
SIZE = 16
TURN = 2 * np.pi
NAMES = ("height", "angle", "kind", "unseen")
TYPES = ("continuous", "periodic:360", "discrete", "continuous")


def draw(height: Any, angle: Any, kind: Any) -> NDArray[np.uint8]:
    """A hand that turns on a dial, beside a bar of some height; dark or bright."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    across, down = columns - 6.5, rows - 7.5
    height, angle, kind = (np.asarray(each)[:, None, None] for each in (height, angle, kind))
    along = across * np.cos(angle) + down * np.sin(angle)
    beside = across * np.sin(angle) - down * np.cos(angle)
    hand = (along > 0) * (along < 5) * np.exp(-(beside**2))
    bar = (columns >= 14) * (SIZE - 1 - rows < 2 + 12 * height)
    images = (255 * (0.5 + 0.5 * kind) * np.maximum(hand, bar)).round().astype(np.uint8)
    return np.asarray(images)[:, None]


def world(count: int, seed: int, split: str) -> ImageSet:
    """Images of random factors, one of which is not seen in them."""
    random = np.random.default_rng(seed)
    height, angle = random.random(count), random.uniform(0, TURN, count)
    kind, unseen = random.integers(0, 2, count), random.random(count)
    factors = np.column_stack([height, np.degrees(angle), kind, unseen])
    images = draw(height, angle, kind)
    return ImageSet("dial", split, images, factors=factors, factor_names=NAMES, factor_types=TYPES)


class Dial:
    """Draws the world from codes: the height upside down, the angle, and the kind by category."""

    codes = CodeSpace(kind=Categorical(4), turn=Uniform(-1, 1), lift=Uniform(0, 1), noise=1)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        return {"brightness": images.float().mean((1, 2, 3))}

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        del noise
        kind, turn, lift = (codes[name].numpy() for name in ("kind", "turn", "lift"))
        return torch.from_numpy(draw(1 - lift, np.pi * (turn + 0.3), kind % 2))


class Still(Dial):
    """Draws the same angle always, and one kind."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        still = {name: values * 0 for name, values in codes.items()}
        return super().generate({**still, "lift": codes["lift"]}, noise)


@pytest.fixture(scope="module")
def splits() -> tuple[ImageSet, ImageSet]:
    return world(3000, 0, "train"), world(600, 1, "test")


@pytest.fixture(scope="module")
def document(splits: tuple[ImageSet, ImageSet]) -> Document:
    return scored(Dial(), splits, "code-factors", GENERATED, rows=1500, replicates=20)


def scored(model: Any, splits: Any, *metrics: str, steps: int = 250, **options: Any) -> Document:
    """Score a model on image sets, with a short training of what measures."""
    with pytest.MonkeyPatch.context() as patch:
        known = {images.split: images for images in splits}
        patch.setattr(context, "load", lambda name, split, **options: known[split])
        patch.setattr(context, "check_there", lambda name: None)
        patch.setattr(factor_regressor, "STEPS", steps)
        return evaluation.score(model, metrics=metrics, data="dial", device="cpu", **options)


def by_target(document: Document, images: str) -> dict[str | None, Any]:
    return {
        result.target: result
        for result in document.results
        if (result.settings.get("own") or {}).get("images", "real") == images
    }


def test_codes_against_measured_factors(document: Document) -> None:
    found = by_target(document, "generated")
    assert found["lift × height"].value > 0.95
    assert found["turn × angle"].value > 0.95
    assert found["kind × kind"].value > 0.95  # two of four categories for each of two classes
    assert found["kind × kind"].details["nmi"] == pytest.approx(2 / 3, abs=0.05)  # 2 ln 2 / ln 8
    paired = {target for target, result in found.items() if result.details.get("paired")}
    assert paired == {"lift × height", "turn × angle", "kind × kind"}
    assert all(found[target].low <= found[target].value <= found[target].high for target in paired)
    others = [result.value for target, result in found.items() if target not in {None, *paired}]
    assert len(others) == 6
    assert max(others) < 0.12
    assert found[None].n == 1500
    measured = found[None].details["measuring"]
    assert set(measured) == {"height", "angle", "kind"}
    assert all(each["value"] >= each["least"] for each in measured.values())
    assert measured["angle"]["measure"] == "circular correlation"


def test_a_factor_that_cannot_be_measured_is_skipped_with_the_reason(document: Document) -> None:
    (skipped,) = document.skipped
    assert skipped.metric == "code-factors"
    why, _, factor = skipped.reason.partition(" is below 0.900: ")
    assert why == "cannot be measured in generated images, as |Spearman| on real test images"
    assert factor.startswith("unseen 0.")


def test_real_images_have_a_table_of_their_own(document: Document) -> None:
    found = by_target(document, "real")
    assert set(found) == {None, *(f"brightness × {name}" for name in NAMES)}
    assert found[None].n == 600
    assert found["brightness × height"].details["measure"] == "|Spearman|"
    assert "measuring" not in found[None].details


def test_the_document_is_plain_data(document: Document) -> None:
    assert Document.from_json(document.to_json()) == document


def test_tables_are_printed_with_the_pairs_marked(
    document: Document, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    print_results(document)
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    above = " ".join(text[: text.index("best one-to-one pairing")].split())
    assert "lift × height" in above
    assert "lift × angle" not in above
    assert ["code", "×", "factor", "height", "angle", "kind"] in lines
    found = by_target(document, "generated")
    for code, paired in (("kind", "kind"), ("turn", "angle"), ("lift", "height")):
        expected = [
            f"{found[f'{code} × {factor}'].value:.2f}{'*' if factor == paired else ''}"
            for factor in ("height", "angle", "kind")
        ]
        assert [code, *expected] in lines
    # One code, four factors: the longer side goes down.
    assert ["factor", "×", "code", "brightness"] in lines
    plain = " ".join(text.split())
    assert "kind: I / H(factor)" in plain
    assert (
        "turn, lift: |Spearman| with height; circular correlation with angle; |2 AUC − 1| with kind"
        in plain
    )
    assert "measured with circular correlation on real test images: angle 0.9" in plain


def test_names_that_are_too_wide_are_numbered(
    document: Document, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "34")
    print_results(document)
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    assert ["code", "×", "factor", "1", "2", "3"] in lines
    assert "1 height, 2 angle, 3 kind" in text
    assert "…" not in text[text.index("code × factor") :]


def test_the_same_seed_gives_the_same_results(splits: tuple[ImageSet, ImageSet]) -> None:
    first, second = (
        [(result.value, result.details) for result in document.results]
        for document in (
            scored(Dial(), splits, GENERATED, rows=50, replicates=0, steps=60) for _ in range(2)
        )
    )
    assert first == second
    assert len(first) >= 1 + 3


def test_what_is_the_same_in_all_generated_images(splits: tuple[ImageSet, ImageSet]) -> None:
    document = scored(Still(), splits, GENERATED, rows=200, replicates=0)
    assert "the same in all generated images: kind" in [each.reason for each in document.skipped]
    assert "kind" not in document.results[0].details["measuring"]


def test_no_factor_that_can_be_measured(splits: tuple[ImageSet, ImageSet]) -> None:
    random = np.random.default_rng(0)
    noise = [
        ImageSet("noise", each.split, each.images, factors=random.random((len(each), 1)))
        for each in splits
    ]
    with pytest.raises(UserError, match=r"images is below 0\.900: factor 0 0\.0"):
        scored(Dial(), noise, GENERATED, rows=50, steps=20)


def test_images_without_factors_or_of_another_size(splits: tuple[ImageSet, ImageSet]) -> None:
    bare = [ImageSet("bare", each.split, each.images) for each in splits]
    with pytest.raises(UserError, match="bare has no factors to be measured"):
        scored(Dial(), bare, GENERATED, rows=50)
    small = [
        ImageSet("small", each.split, each.images[..., :8].copy(), factors=each.factors)
        for each in splits
    ]
    message = r"draws images of \(1, 16, 16\), small has \(1, 16, 8\)"
    with pytest.raises(UserError, match=message):
        scored(Dial(), small, GENERATED, rows=50)


def test_a_model_that_draws_nothing(splits: tuple[ImageSet, ImageSet]) -> None:
    with pytest.raises(UserError, match="images=generated needs a model with a generator"):
        scored(lambda images: images[:, 0, 0].float(), splits, GENERATED)
    with pytest.raises(UserError, match="no images 'drawn'; there are real, generated"):
        scored(Dial(), splits, "code-factors:images=drawn")


class Drawing:
    """The dial's generator alone."""

    codes, generate = Dial.codes, Dial.generate


def test_a_generator_alone_has_measured_factors(splits: tuple[ImageSet, ImageSet]) -> None:
    options: Any = {"rows": 60, "replicates": 0, "steps": 60}
    alone, whole = (scored(model, splits, GENERATED, **options) for model in (Drawing(), Dial()))
    assert [(each.target, each.value) for each in alone.results] == [
        (each.target, each.value) for each in whole.results
    ]
    with pytest.raises(UserError, match="the model has no encoder"):
        scored(Drawing(), splits, "code-factors", **options)


class Turner(Dial):
    """Turns the hand from another angle on for each noise, and lifts as the dial does."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        kind, turn, lift = (codes[name].numpy() for name in ("kind", "turn", "lift"))
        return torch.from_numpy(draw(1 - lift, np.pi * turn + 9 * noise[:, 0].numpy(), kind % 2))


def test_what_a_code_changes_at_fixed_noise(splits: tuple[ImageSet, ImageSet]) -> None:
    fixed = "code-factors:images=generated,within=noise"
    document = scored(Turner(), splits, GENERATED, fixed, rows=1500, replicates=10, null=10)
    free, within = (
        {
            result.target: result
            for result in document.results
            if (result.settings["own"].get("within") == "noise") is at_noise
        }
        for at_noise in (False, True)
    )
    assert free["turn × angle"].value < 0.2
    assert within["turn × angle"].value > 0.95
    assert within["lift × height"].value > 0.9
    # Categories stay as they are in images of one noise, and are no codes of that table.
    assert {target for target in within if target} == {
        f"{code} × {factor}" for code in ("turn", "lift") for factor in ("height", "angle", "kind")
    }


def test_the_regressor_is_trained_once(
    splits: tuple[ImageSet, ImageSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    learn = generated_factors.train

    def counted(*arguments: Any, **options: Any) -> Any:
        trained.append(arguments)
        return learn(*arguments, **options)

    monkeypatch.setattr(generated_factors, "train", counted)
    fixed = "code-factors:images=generated,within=noise"
    scored(Turner(), splits, GENERATED, fixed, steps=100, rows=200, replicates=0, null=0)
    assert len(trained) == 1


def test_only_categories_at_fixed_noise(splits: tuple[ImageSet, ImageSet]) -> None:
    class Kinds(Dial):
        codes = CodeSpace(kind=Categorical(4), noise=1)

    with pytest.raises(UserError, match="all codes are categories, which stay fixed"):
        scored(Kinds(), splits, "code-factors:images=generated,within=noise", rows=200)
