"""A trainer as a value: checked when built, plain data when kept, variants by name."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from infoeval import Affine, Coarse, CodeSpace, Region, Trainer, Uniform, UserError, content
from infoeval.training.choosing import load_trainer
from tests.tiny import tiny_trainer

SETTINGS = [
    (name, variant)
    for name in content.trainers()
    for variant in ("default", *load_trainer(name).variants)
]


def without_variants(trainer: Trainer) -> Trainer:
    return replace(trainer, variants={})


@pytest.mark.parametrize(("name", "variant"), SETTINGS)
def test_bundled_trainers_are_plain_data(name: str, variant: str) -> None:
    trainer = load_trainer(name).variant(variant)
    data = trainer.to_dict()
    again = Trainer.from_dict(json.loads(json.dumps(data)))
    assert again == without_variants(trainer)
    assert again.to_dict() == data
    assert Trainer.from_dict(data) == again


def test_every_setting_survives_the_round_trip() -> None:
    trainer = tiny_trainer(
        steps=7,
        batch=9,
        information_weight=0.3,
        code_weights={"digit": 2, "slant": 0.05},
        generator_rate=3e-3,
        discriminator_rate=4e-4,
        adam_betas=(0.4, 0.9),
        recognition_learns="with_discriminator",
        recognition_view=Affine(rotation=0.5, cutout=0.25, grey=True),
        recognition_reads=Coarse(2, "black"),
        code_regions={"slant": Region((0, 8), (2, 6), beside=True, fields=2, centred=True)},
        resized=True,
        invariance_weight=0.25,
        image_noise=0.05,
        image_noise_half_life=40,
        discriminator_waits_below=0.5,
        gradient_penalty=2.0,
        continuous_starts=7,
        invariance_balance=2.0,
        information_warmup=3,
        invariance_view=Affine(shift=0.3, shear=0),
        precision="bfloat16",
        recognition=(),
        variants={},
    )
    again = Trainer.from_dict(json.loads(json.dumps(trainer.to_dict())))
    assert again == trainer
    assert again.recognition_view == Affine(rotation=0.5, cutout=0.25, grey=True)
    assert again.invariance_view == Affine(shift=0.3, shear=0)
    assert (again.recognition_reads, again.resized) == (Coarse(2, "black"), True)
    assert (again.image_shape, again.adam_betas) == ((1, 8, 8), (0.4, 0.9))


def test_changing_the_plain_data_leaves_the_trainer_as_it_was() -> None:
    trainer = tiny_trainer()
    data = trainer.to_dict()
    data["code_weights"]["slant"] = 9.0
    data["invariance_view"]["rotation"] = 9.0
    data["generator"][0]["width"] = 9
    data["codes"]["codes"][0]["size"] = 9
    assert trainer == tiny_trainer()
    assert trainer.weights == {"digit": 1.0, "slant": 0.1}


def test_a_code_without_a_weight_has_weight_one() -> None:
    assert tiny_trainer(code_weights={}).weights == {"digit": 1.0, "slant": 1.0}
    assert tiny_trainer(code_weights={"digit": 0}).weights == {"digit": 0.0, "slant": 1.0}


def test_categorical_codes_are_known_by_name() -> None:
    assert tiny_trainer().categorical_codes == ("digit",)


def test_a_variant_differs_in_what_it_names_only() -> None:
    trainer = tiny_trainer(variants={"long": {"steps": 99, "batch": 3}, "gan": {}})
    assert trainer.variant("default") is trainer
    assert trainer.variant("long") == replace(trainer, steps=99, batch=3)
    assert trainer.variant("gan") == trainer


def test_an_unknown_variant_is_told_the_known_ones() -> None:
    trainer = tiny_trainer(variants={"long": {"steps": 99}, "gan": {"information_weight": 0}})
    with pytest.raises(UserError, match=r"tiny.*'lnog'.*default, long, gan") as caught:
        trainer.variant("lnog")
    assert "\n" not in str(caught.value)


def test_a_variant_with_a_setting_that_does_not_exist_is_a_user_error() -> None:
    with pytest.raises(UserError, match="informaton_weight"):
        tiny_trainer(variants={"gan": {"informaton_weight": 0}}).variant("gan")


def test_a_variant_that_is_no_mapping_is_a_user_error() -> None:
    with pytest.raises(UserError, match="variant 'gan'"):
        tiny_trainer(variants={"gan": 1}).variant("gan")


def test_a_variant_is_checked_like_any_setting() -> None:
    with pytest.raises(UserError, match="steps"):
        tiny_trainer(variants={"none": {"steps": 0}}).variant("none")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("steps", value) for value in (0, -1, 1.5, "5", None, True, math.inf)),
        *(
            (name, value)
            for name in ("information_warmup", "continuous_starts", "image_noise_half_life")
            for value in (-1, 1.5, "5", None, True, math.inf)
        ),
        *(("batch", value) for value in (0, 1, 64.0, "64", None, True)),
        *(
            (name, value)
            for name in (
                "information_weight",
                "invariance_weight",
                "image_noise",
                "invariance_balance",
                "generator_rate",
                "discriminator_rate",
            )
            for value in (-1, -1e-9, math.nan, math.inf, "1", None, [1])
        ),
        *((name, value) for name in ("name", "data") for value in (None, 5, b"digits")),
        ("code_weights", {"digt": 1}),
        ("code_weights", {"digit": -1}),
        ("code_weights", {"digit": math.nan}),
        ("code_weights", {"digit": "1"}),
        ("code_weights", 5),
        ("recognition_learns", "with_both"),
        ("recognition_learns", None),
        ("precision", "float16"),
        ("precision", None),
        ("adam_betas", (1.5, 0.9)),
        ("adam_betas", (0.5, -0.1)),
        ("adam_betas", (0.5,)),
        ("adam_betas", (math.nan, 0.9)),
    ],
)
def test_settings_that_make_no_sense(setting: str, value: Any) -> None:
    with pytest.raises(UserError) as caught:
        tiny_trainer(**{setting: value})
    assert "\n" not in str(caught.value)
    assert setting.split("_")[0] in str(caught.value)


def test_invariance_needs_a_categorical_code() -> None:
    codes = CodeSpace(slant=Uniform(-1, 1), noise=7)
    with pytest.raises(UserError, match="categorical"):
        tiny_trainer(codes=codes, invariance_weight=1)
    assert tiny_trainer(codes=codes).categorical_codes == ()


def test_a_batch_of_two_and_rates_of_zero_make_sense() -> None:
    trainer = tiny_trainer(batch=2, steps=1, generator_rate=0, information_weight=0)
    assert trainer.batch == 2


@pytest.mark.parametrize(
    "change",
    [
        {"codes": None},
        {"codes": {"noise": 3}},
        {"generator": None},
        {"generator": [{"layer": "attention"}]},
        {"shared": "dense"},
        {"recognition": [5]},
        {"image_shape": None},
        {"image_shape": [1, 8]},
        {"image_shape": ["a", "b", "c"]},
        {"image_shape": [1, 8, math.nan]},
        {"image_shape": [1, 8, math.inf]},
        {"adam_betas": 0.5},
        {"steps": "many"},
        {"information_weight": 10**400},
        {"code_weights": 5},
        {"code_weights": None},
        {"code_weights": ["digit"]},
        {"code_regions": 5},
        {"code_regions": ["slant"]},
        {"code_regions": {"slant": 5}},
        {"code_regions": {"slant": {"rows": [0, 4]}}},
        {"code_regions": {"slant": {"rows": [0, 4], "columns": [0, 10**400]}}, "name": []},
        {"code_regions": {"other": {"rows": [0, 4], "columns": [0, 4]}}},
        {"recognition_view": 5},
        {"recognition_view": {"rotate": 5}},
        {"recognition_reads": 5},
        {"recognition_reads": {"side": "4"}},
        {"recognition_reads": {"sides": 4}},
        {"recognition_reads": {"background": []}},
        {"ring_steps": 5},
        {"resized": 1},
        {"invariance_view": []},
        {"learning_rate": 1},
    ],
)
def test_plain_data_that_are_no_trainer(change: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        Trainer.from_dict({**tiny_trainer().to_dict(), **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "missing", ["name", "codes", "image_shape", "generator", "shared", "adam_betas"]
)
def test_plain_data_that_lack_something(missing: str) -> None:
    data = tiny_trainer().to_dict()
    del data[missing]
    with pytest.raises(UserError, match=missing):
        Trainer.from_dict(data)


@pytest.mark.parametrize("data", [None, 5, "trainer", [], [1, 2], {}])
def test_anything_else_is_no_trainer(data: Any) -> None:
    with pytest.raises(UserError, match="not a trainer's settings"):
        Trainer.from_dict(data)


@pytest.mark.parametrize(
    "shape", [(1, 16_384, 16_384), (1, 8, 2049), (0, 8, 8), (65, 8, 8), (1, -8, 8), (1, 8.0, 8)]
)
def test_images_of_no_screen_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="1 to 64 channels and 1 to 2,048 pixels a side"):
        tiny_trainer(image_shape=shape)


def test_large_images_are_images() -> None:
    assert tiny_trainer(image_shape=(3, 2048, 1024)).image_shape == (3, 2048, 1024)


def test_no_message_repeats_a_long_setting() -> None:
    for name in (
        "precision",
        "recognition_learns",
        "batch",
        "adam_betas",
        "recognition_view",
        "resized",
    ):
        with pytest.raises(UserError) as caught:
            tiny_trainer(**{name: "x" * 100_000})
        assert len(str(caught.value)) < 400
