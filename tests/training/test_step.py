"""One step of the game: who learns from what, and that nothing else plays a part."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from infoeval import Affine, Categorical, CodeSpace, Trainer, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.invariance import information_between_views
from infoeval.networks import Dense, Reshape, UpConvolution
from infoeval.training.draws import draw
from infoeval.training.image_source import ResidentImages
from infoeval.training.losses import (
    discriminator_loss,
    generator_loss,
    squared_slope,
)
from infoeval.training.run import Run, train
from infoeval.training.run_options import RunOptions
from infoeval.training.step import Step, resolve_precision
from tests.tiny import tiny_images, tiny_trainer

MODES = pytest.mark.parametrize("mode", ["with_generator", "with_discriminator"])
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Blank(Affine):
    """A view that leaves nothing of an image to read a code from."""

    def apply(self, images: Tensor, draws: Tensor, background: float = -1.0) -> Tensor:
        return torch.full_like(images, background)


@dataclass(frozen=True)
class Watched(Affine):
    """A view that remembers what it was given."""

    images: list[Tensor] = field(default_factory=list)
    backgrounds: list[float] = field(default_factory=list)

    def apply(self, images: Tensor, draws: Tensor, background: float = -1.0) -> Tensor:
        self.images.append(images.detach().clone())
        self.backgrounds.append(background)
        return super().apply(images, draws, background)


def step_of(
    trainer: Trainer, *, seed: int = 0, weights: int = 0, images: ImageSet | None = None
) -> Step:
    """A step on tiny images: `weights` seeds the networks, `seed` everything drawn afterwards."""
    networks = trainer.networks().initialise(torch.Generator().manual_seed(weights)).train()
    pixels = torch.from_numpy((images or tiny_images()).images)
    return Step(trainer, networks, pixels, torch.Generator().manual_seed(seed))


def resident(step: Step) -> Tensor:
    """The step's images."""
    assert isinstance(step.images, ResidentImages)
    return step.images.pixels


def after(steps: int = 1, **changes: Any) -> Step:
    """The tiny experiment, so many steps later."""
    step = step_of(tiny_trainer(**changes))
    for _ in range(steps):
        step()
    return step


def values(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def same(first: nn.Module, second: nn.Module) -> bool:
    """Equal bit for bit, running statistics included."""
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def moved(module: nn.Module, before: list[Tensor]) -> list[bool]:
    return [not torch.equal(a, b) for a, b in zip(module.parameters(), before, strict=True)]


def blind(step: Step) -> Step:
    """Let D's logit be 0 for every image, so that G's only gradient can be that of L_I."""
    nn.init.zeros_(step.networks.discriminator.blocks[0].linear.weight)
    return step


# L_I of eq. 6: who gets its gradient


@MODES
@pytest.mark.parametrize("view", [None, Affine()])
def test_information_reaches_every_weight_of_g(mode: Any, view: Affine | None) -> None:
    trainer = tiny_trainer(recognition_learns=mode, recognition_view=view, discriminator_rate=0)
    step = blind(step_of(trainer))
    before = values(step.networks.generator)
    step()
    assert all(moved(step.networks.generator, before))


@MODES
def test_without_information_a_blind_d_teaches_g_nothing(mode: Any) -> None:
    trainer = tiny_trainer(recognition_learns=mode, discriminator_rate=0, information_weight=0)
    step = blind(step_of(trainer))
    before = values(step.networks.generator)
    step()
    assert not any(moved(step.networks.generator, before))


@MODES
@pytest.mark.parametrize("information_weight", [0, 1])
def test_q_always_learns(mode: Any, information_weight: float) -> None:
    step = step_of(tiny_trainer(recognition_learns=mode, information_weight=information_weight))
    before = values(step.networks.recognition)
    step()
    assert all(moved(step.networks.recognition, before))


@pytest.mark.parametrize("view", [None, Affine()])
def test_learning_with_g_information_leaves_d_alone(view: Affine | None) -> None:
    plain = after(information_weight=0, recognition_view=view).networks
    for weight in (1, 5):
        informed = after(information_weight=weight, recognition_view=view).networks
        assert same(plain.shared, informed.shared)
        assert same(plain.discriminator, informed.discriminator)
        assert not same(plain.generator, informed.generator)


@pytest.mark.parametrize(
    ("mode", "information_weight", "expected"),
    [
        ("with_generator", 1, False),
        ("with_discriminator", 1, True),
        ("with_discriminator", 0, False),
    ],
)
def test_who_teaches_the_shared_layers_about_codes(
    mode: Any, information_weight: float, expected: bool
) -> None:
    """A blind D sends no gradient of its own below the logit."""
    trainer = tiny_trainer(recognition_learns=mode, information_weight=information_weight)
    step = blind(step_of(trainer))
    before = values(step.networks.shared)
    step()
    assert set(moved(step.networks.shared, before)) == {expected}


def test_learning_with_d_information_leaves_the_logit_alone() -> None:
    plain = after(information_weight=0, recognition_learns="with_discriminator").networks
    informed = after(information_weight=1, recognition_learns="with_discriminator").networks
    assert not same(plain.shared, informed.shared)
    assert same(plain.discriminator, informed.discriminator)


def test_learning_with_d_q_gets_nothing_from_the_step_of_g() -> None:
    step = after(recognition_learns="with_discriminator")
    counts = [state["step"].item() for state in step.optimizers["recognition"].state.values()]
    assert set(counts) == {1.0}


@MODES
def test_at_zero_lambda_g_and_d_do_not_depend_on_q(mode: Any) -> None:
    first, second = (
        step_of(tiny_trainer(information_weight=0, recognition_learns=mode)) for _ in range(2)
    )
    with torch.no_grad():
        for parameter in second.networks.recognition.parameters():
            parameter.mul_(-3).add_(0.1)
    before = values(second.networks.recognition)
    for _ in range(3):
        first()
        second()
    assert same(first.networks.generator, second.networks.generator)
    assert same(first.networks.shared, second.networks.shared)
    assert same(first.networks.discriminator, second.networks.discriminator)
    assert all(moved(second.networks.recognition, before))


def test_at_zero_lambda_it_does_not_matter_where_q_learns() -> None:
    """A plain GAN, in either mode."""
    first = after(3, information_weight=0, recognition_learns="with_generator").networks
    second = after(3, information_weight=0, recognition_learns="with_discriminator").networks
    assert same(first.generator, second.generator)
    assert same(first.shared, second.shared)


@MODES
def test_training_makes_the_code_readable(mode: Any) -> None:
    rates = {"generator_rate": 1e-2, "discriminator_rate": 1e-2, "batch": 16}
    step = step_of(tiny_trainer(recognition_learns=mode, **rates))
    index = step.statistics.index("information_digit")
    bounds = [step()[index].item() for _ in range(40)]
    assert bounds[0] < 0.1
    assert 0.45 < np.mean(bounds[-10:]) <= np.log(4)


# Weights of the codes


@MODES
def test_lambda_times_the_code_weights_is_what_counts(mode: Any) -> None:
    first = after(information_weight=2, code_weights={"slant": 0.25}, recognition_learns=mode)
    second = after(
        information_weight=1, code_weights={"digit": 2, "slant": 0.5}, recognition_learns=mode
    )
    third = after(
        information_weight=1, code_weights={"digit": 2, "slant": 2}, recognition_learns=mode
    )
    assert same(first.networks, second.networks)
    assert not same(first.networks.generator, third.networks.generator)


@MODES
@pytest.mark.parametrize(("weight", "alike"), [(0, True), (1, False)])
def test_a_code_of_weight_zero_plays_no_part(mode: Any, weight: float, alike: bool) -> None:
    """What Q says of `digit`, its first four outputs, matters to G only if `digit` has weight."""
    trainer = tiny_trainer(code_weights={"digit": weight}, recognition_learns=mode)
    first, second = step_of(trainer), step_of(trainer)
    with torch.no_grad():
        second.networks.recognition.blocks[-1].linear.weight[:4].mul_(-3)
    first()
    second()
    assert same(first.networks.generator, second.networks.generator) == alike


def test_weights_all_zero_teach_g_nothing() -> None:
    trainer = tiny_trainer(code_weights={"digit": 0, "slant": 0}, discriminator_rate=0)
    step = blind(step_of(trainer))
    before = values(step.networks.generator)
    step()
    assert not any(moved(step.networks.generator, before))


# Parameters, optimisers, rates


@MODES
def test_every_parameter_belongs_to_one_optimiser(mode: Any) -> None:
    step = step_of(tiny_trainer(recognition_learns=mode))

    def of(optimizer: torch.optim.Optimizer) -> Iterator[int]:
        return (id(each) for group in optimizer.param_groups for each in group["params"])

    def ids(*modules: nn.Module) -> list[int]:
        return [id(each) for module in modules for each in module.parameters()]

    networks = step.networks
    assert [*of(step.optimizers["generator"])] == ids(networks.generator)
    assert [*of(step.optimizers["discriminator"])] == ids(networks.shared, networks.discriminator)
    assert [*of(step.optimizers["recognition"])] == ids(networks.recognition)
    assert len(list(networks.parameters())) == len(
        set(ids(networks.generator, networks.shared, networks.discriminator, networks.recognition))
    )


@MODES
def test_rates_move_what_they_name(mode: Any) -> None:
    """Adam's first move has the length of the rate, wherever there is a gradient."""
    step = step_of(
        tiny_trainer(generator_rate=1e-2, discriminator_rate=1e-3, recognition_learns=mode)
    )
    networks = step.networks
    parts = [networks.generator, networks.shared, networks.discriminator, networks.recognition]
    before = [values(part) for part in parts]
    step()
    of_q = 1e-2 if mode == "with_generator" else 1e-3
    for part, old, rate in zip(parts, before, [1e-2, 1e-3, 1e-3, of_q], strict=True):
        moves = [(a - b).abs().max().item() for a, b in zip(part.parameters(), old, strict=True)]
        assert max(moves) == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize(
    ("still", "frozen", "learning"),
    [
        ("generator_rate", ["generator", "recognition"], ["shared", "discriminator"]),
        ("discriminator_rate", ["shared", "discriminator"], ["generator", "recognition"]),
    ],
)
def test_what_has_no_rate_stays(still: str, frozen: list[str], learning: list[str]) -> None:
    step = step_of(tiny_trainer(**{still: 0.0}, recognition_view=Affine(), invariance_weight=1))
    before = {name: values(part) for name, part in step.networks.named_children()}
    step()
    step()
    for name in frozen:
        assert not any(moved(getattr(step.networks, name), before[name])), name
    for name in learning:
        assert all(moved(getattr(step.networks, name), before[name])), name


# Gradient penalty


def test_a_gradient_penalty_keeps_d_flat_at_real_images() -> None:
    slopes = []
    for penalty in (0.0, 10.0):
        step = after(60, gradient_penalty=penalty, discriminator_rate=1e-2, generator_rate=0)
        real = step.networks.scale(resident(step)).requires_grad_()
        logits = step.networks.discriminator(step.networks.shared(real))
        slopes.append(squared_slope(logits, real).item())
    assert slopes[1] < slopes[0] / 10


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_slope_is_taken_at_real_images_as_d_sees_them(
    monkeypatch: pytest.MonkeyPatch, noise: float
) -> None:
    seen = []

    def watched(logits: Tensor, images: Tensor, batch_dim: int = 0) -> Tensor:
        seen.append(images.detach())
        return squared_slope(logits, images, batch_dim)

    monkeypatch.setattr("infoeval.training.step.squared_slope", watched)
    step = after(gradient_penalty=1.0, image_noise=noise, recognition_view=Affine())
    real = step.networks.scale(resident(step))
    nearest = torch.cdist(seen[0].flatten(1), real.flatten(1)).min(1).values
    deviation = (nearest.square().mean() / real[0].numel()).sqrt().item()
    assert deviation == pytest.approx(2 * noise, rel=0.1, abs=1e-3)


@MODES
def test_a_gradient_penalty_is_that_of_d_alone(mode: Any) -> None:
    settings = {"recognition_learns": mode, "discriminator_rate": 0}
    plain, penalised = (after(gradient_penalty=weight, **settings).networks for weight in (0, 9))
    assert same(plain.generator, penalised.generator)
    assert same(plain.recognition, penalised.recognition)


# Views


@MODES
def test_q_reads_what_the_view_shows(mode: Any) -> None:
    """From a blank view no gradient reaches G, so that λ no longer matters to it."""
    settings = {"recognition_learns": mode, "discriminator_rate": 0, "recognition_view": Blank()}
    informed = after(information_weight=1, **settings).networks
    plain = after(information_weight=0, **settings).networks
    assert same(informed.generator, plain.generator)
    settings["recognition_view"] = None
    assert not same(after(information_weight=1, **settings).networks.generator, plain.generator)


def test_d_judges_images_as_they_are() -> None:
    seen, unseen = (step_of(tiny_trainer(recognition_view=view)) for view in (Blank(), None))
    torch.testing.assert_close(seen()[:2], unseen()[:2], rtol=1e-5, atol=1e-6)
    assert same(seen.networks.discriminator, unseen.networks.discriminator)
    for a, b in zip(values(seen.networks.shared), values(unseen.networks.shared), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("activation", "background"), [("tanh", -1.0), ("sigmoid", 0.0)])
def test_views_are_filled_with_black(activation: Any, background: float) -> None:
    table = (Dense(2 * 2 * 8), Reshape(8, 2, 2), UpConvolution(4), UpConvolution(1, activation))
    views = [Watched(), Watched()]
    step = step_of(
        tiny_trainer(
            generator=table,
            recognition_view=views[0],
            invariance_weight=1,
            invariance_view=views[1],
        )
    )
    step()
    assert [view.backgrounds for view in views] == [[background], [background]]


def test_real_images_are_moved_for_invariance_and_generated_ones_for_q() -> None:
    of_fake, of_real = Watched(), Watched()
    step = step_of(
        tiny_trainer(recognition_view=of_fake, invariance_weight=1, invariance_view=of_real)
    )
    step()
    known = {tuple(image.flatten().tolist()) for image in tiny_images().images}
    [real], [fake] = of_real.images, of_fake.images
    shown = step.networks.unscale(real)
    assert {tuple(image.flatten().tolist()) for image in shown} <= known
    shown = step.networks.unscale(fake)
    assert not {tuple(image.flatten().tolist()) for image in shown} & known


# Invariance of Q on real images

SILENT = {"information_weight": 0.0, "code_weights": {"digit": 0.0, "slant": 0.0}}
"""L_I has no weight at all, so that only invariance can teach Q."""


def test_only_invariance_teaches_a_silent_q() -> None:
    for weight, expected in ((0, False), (1, True)):
        step = step_of(tiny_trainer(**SILENT, invariance_weight=weight))
        before = values(step.networks.recognition)
        step()
        assert any(moved(step.networks.recognition, before)) == expected


def test_invariance_is_learned_from_real_images_only() -> None:
    trainer = tiny_trainer(**SILENT, invariance_weight=1)
    step, other_g = step_of(trainer), step_of(trainer)
    with torch.no_grad():
        for parameter in other_g.networks.generator.parameters():
            parameter.mul_(-2)
    other_images = step_of(trainer, images=tiny_images(seed=1))
    heads = []
    for each in (step, other_g, other_images):
        each()
        heads.append(values(each.networks.recognition))
    assert all(torch.equal(a, b) for a, b in zip(heads[0], heads[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(heads[0], heads[2], strict=True))


def test_invariance_compares_an_image_with_its_moved_copy() -> None:
    heads = []
    for view in (Affine(), Affine(rotation=1), Blank()):
        step = after(**SILENT, invariance_weight=1, invariance_view=view)
        heads.append(values(step.networks.recognition)[-2])
    assert not torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_invariance_is_that_of_categorical_codes() -> None:
    """The first four outputs of Q are the logits of `digit`, the last two belong to `slant`."""
    step = step_of(tiny_trainer(**SILENT, invariance_weight=1))
    output = step.networks.recognition.blocks[-1].linear.weight
    before = output.detach().clone()
    step()
    assert bool((output[:4] != before[:4]).all())
    assert torch.equal(output[4:], before[4:])


def test_invariance_reaches_the_shared_layers_and_not_the_logit() -> None:
    for weight in (0, 1):
        step = blind(step_of(tiny_trainer(invariance_weight=weight)))
        before = values(step.networks.shared)
        step()
        assert set(moved(step.networks.shared, before)) == {weight == 1}
    plain, invariant = (after(invariance_weight=weight).networks for weight in (0, 1))
    assert same(plain.discriminator, invariant.discriminator)


def test_invariance_makes_q_cluster_real_images() -> None:
    found = []
    for weight in (0, 1):
        rates = {"generator_rate": 1e-2, "discriminator_rate": 1e-2, "batch": 32}
        step = step_of(tiny_trainer(**SILENT, **rates, invariance_weight=weight))
        for _ in range(25):
            step()
        networks = step.networks
        real = networks.scale(resident(step))
        views = [real, Affine()(real, torch.Generator().manual_seed(0))]
        with torch.no_grad():
            first, second = (
                networks.codes.split(networks.recognition(networks.shared(view)))["digit"]
                for view in views
            )
            found.append(information_between_views(first, second).item())
    assert found[0] < 0.1
    assert found[1] > 0.4


def test_invariance_starts_when_it_says() -> None:
    """Until then the run is that without the term, bit for bit; from then on it is another."""
    late = {"invariance_weight": 1, "invariance_starts": 2}
    for steps, equal in ((2, True), (3, False)):
        plain, invariant = after(steps), after(steps, **late)
        assert plain.done == invariant.done == steps
        assert same(plain.networks, invariant.networks) is equal


@MODES
def test_continuous_codes_start_when_it_says(mode: Any) -> None:
    """Until then the run is that of weight 0, bit for bit; from then on it is another."""
    changes: dict[str, Any] = {"recognition_learns": mode, "recognition_view": Affine()}
    late = {"code_weights": {"slant": 0.3}, "continuous_starts": 2}
    for steps, equal in ((2, True), (3, False)):
        silent = after(steps, code_weights={"slant": 0.0}, **changes)
        starting = after(steps, **late, **changes)
        assert same(silent.networks, starting.networks) is equal


def test_continuous_codes_count_in_full_once_they_have_started() -> None:
    whole, late = (step_of(tiny_trainer(continuous_starts=starts)) for starts in (0, 5))
    late.done = 5
    assert (whole.late, late.late) == (1, 1)
    torch.testing.assert_close(late(), whole())
    for one, other in zip(values(whole.networks), values(late.networks), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)


def test_starting_late_leaves_a_trainer_without_continuous_codes_alone() -> None:
    codes = CodeSpace(digit=Categorical(3), noise=4)
    plain, late = (
        after(3, codes=codes, code_weights={}, continuous_starts=starts) for starts in (0, 2)
    )
    assert same(plain.networks, late.networks)


def test_a_trainer_of_continuous_codes_alone_can_start_late() -> None:
    codes = CodeSpace(slant=Uniform(-1, 1), noise=4)
    before, beyond = (
        after(steps, codes=codes, code_weights={}, continuous_starts=2) for steps in (2, 3)
    )
    gan = after(2, codes=codes, code_weights={"slant": 0.0})
    assert same(before.networks.generator, gan.networks.generator)
    assert beyond.done == 3


def test_q_reads_moved_images_in_the_discriminators_step_too() -> None:
    watched = Watched()
    step_of(tiny_trainer(recognition_learns="with_discriminator", recognition_view=watched))()
    assert len(watched.images) == 2
    heads = [
        values(
            after(
                recognition_learns="with_discriminator", recognition_view=view
            ).networks.recognition
        )
        for view in (None, Blank())
    ]
    assert any(not torch.equal(*pair) for pair in zip(*heads, strict=True))


# Statistics


def test_statistics_are_named() -> None:
    step = step_of(tiny_trainer())
    assert step.statistics == (
        "discriminator_loss",
        "generator_loss",
        "information_digit",
        "information_slant",
    )


@MODES
@pytest.mark.parametrize("view", [None, Affine()])
@pytest.mark.parametrize("invariance_weight", [0, 1])
def test_statistics_are_finite(mode: Any, view: Affine | None, invariance_weight: float) -> None:
    step = step_of(
        tiny_trainer(
            recognition_learns=mode, recognition_view=view, invariance_weight=invariance_weight
        )
    )
    for _ in range(3):
        found = step()
        assert tuple(found.shape) == (4,)
        assert not found.requires_grad
        assert bool(found.isfinite().all())
        assert found[2].item() <= np.log(4)


def test_statistics_are_those_of_eq_1_and_eq_5() -> None:
    """Computed anew, each network on one batch at a time: D before its update, Q after D's."""
    trainer = tiny_trainer()
    step, reference = step_of(trainer), step_of(trainer).networks
    found = step()
    draws = torch.Generator().manual_seed(0)
    rows = torch.randint(len(step.images), (trainer.batch,), generator=draws)
    codes = trainer.codes.sample(trainer.batch, draws)
    noise = trainer.codes.sample_noise(trainer.batch, draws)
    with torch.no_grad():
        real = reference.scale(resident(step)[rows])
        fake = reference.generator(trainer.codes.encode(codes, noise))
        logits = [reference.discriminator(reference.shared(images)) for images in (real, fake)]
        torch.testing.assert_close(found[0], discriminator_loss(*logits), rtol=1e-4, atol=1e-5)
        reference.shared.load_state_dict(step.networks.shared.state_dict())
        reference.discriminator.load_state_dict(step.networks.discriminator.state_dict())
        features = reference.shared(fake)
        player = generator_loss(reference.discriminator(features))
        torch.testing.assert_close(found[1], player, rtol=1e-4, atol=1e-5)
        bounds = trainer.codes.lower_bound(reference.recognition(features), codes)
        torch.testing.assert_close(found[2:], torch.stack([*bounds.values()]), rtol=1e-4, atol=1e-5)


# Randomness


@MODES
def test_equal_seeds_give_equal_weights_whatever_else_is_drawn(mode: Any) -> None:
    settings: dict[str, Any] = {
        "recognition_learns": mode,
        "recognition_view": Affine(),
        "invariance_weight": 1,
    }
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = after(3, **settings)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    second = after(3, **settings)
    assert same(first.networks, second.networks)
    assert torch.equal(first.generator.get_state(), second.generator.get_state())


def test_other_seeds_give_other_weights() -> None:
    trainer = tiny_trainer()
    first, draws, weights = (
        step_of(trainer),
        step_of(trainer, seed=1),
        step_of(trainer, weights=1),
    )
    for step in (first, draws, weights):
        step()
    for other in (draws, weights):
        for name in ("generator", "shared", "recognition"):
            pair = getattr(first.networks, name), getattr(other.networks, name)
            assert not same(*pair), name


def test_a_step_draws_from_no_global_stream() -> None:
    step = step_of(tiny_trainer(recognition_view=Affine(), invariance_weight=1))
    before = torch.get_rng_state()
    step()
    assert torch.equal(torch.get_rng_state(), before)


# Precision


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({}, "float32"),
        ({"avx512_f": True, "amx_bf16": False}, "float32"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": True}, "bfloat16"),
    ],
)
def test_auto_precision_is_what_the_cpu_computes_in(
    capabilities: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision("auto", CPU) == expected
    assert resolve_precision("float32", CPU) == "float32"
    assert resolve_precision("bfloat16", CPU) == "bfloat16"


@pytest.mark.parametrize("emulated", [False, True])
def test_auto_precision_on_a_gpu_does_not_emulate(
    emulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or not emulated

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    expected = "float32" if emulated else "bfloat16"
    assert resolve_precision("auto", torch.device("cuda")) == expected


@MODES
def test_half_precision_agrees_with_single_at_first(mode: Any) -> None:
    settings: dict[str, Any] = {
        "recognition_learns": mode,
        "recognition_view": Affine(),
        "invariance_weight": 1,
    }
    single, half = (
        step_of(tiny_trainer(precision=precision, **settings))
        for precision in ("float32", "bfloat16")
    )
    expected, found = single(), half()
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)
    assert all(p.dtype == torch.float32 for p in half.networks.parameters())


# λ that grows from 0


def flat(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_lambda_grows_in_proportion_to_the_steps() -> None:
    step = after(0, information_weight=0.8, information_warmup=4)
    found = []
    for done in range(6):
        step.done = done
        found.append(step.weight)
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_without_warmup_lambda_is_whole_from_the_first_step() -> None:
    assert after(0, information_weight=0.8).weight == 0.8
    assert after(0, information_weight=0.8, information_warmup=1).weight == 0.8


def test_at_zero_lambda_q_still_learns_whatever_the_warmup() -> None:
    step = after(0, information_weight=0.0, information_warmup=100)
    assert step.weight == 1.0
    before = flat(step.networks.recognition)
    step()
    assert not torch.equal(before, flat(step.networks.recognition))


@pytest.mark.parametrize("mode", ["with_generator", "with_discriminator"])
def test_a_long_warmup_begins_near_a_plain_gan(mode: Any) -> None:
    """After a step G is all but that of λ = 0, and after a short warm-up it is not."""
    plain = flat(after(3, information_weight=0.0, recognition_learns=mode).networks.generator)
    slow = after(3, information_warmup=10**9, recognition_learns=mode)
    quick = after(3, information_warmup=1, recognition_learns=mode)
    distance = {
        name: float((flat(each.networks.generator) - plain).abs().mean())
        for name, each in (("slow", slow), ("quick", quick))
    }
    assert distance["slow"] < distance["quick"] / 5


# Noise on the images that D and Q see

GENERATORS: dict[str, Any] = {
    activation: (
        Dense(2 * 2 * 4, "relu", batch_norm=True),
        Reshape(4, 2, 2),
        UpConvolution(1, activation),
    )
    for activation in ("tanh", "sigmoid")
}


def watched_step(**changes: Any) -> tuple[Step, list[Tensor]]:
    """A step, and the batches that the shared layers are given while it runs."""
    trainer = tiny_trainer(precision="float32", **changes)
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    seen: list[Tensor] = []
    networks.shared.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    pixels = torch.from_numpy(tiny_images().images)
    return Step(trainer, networks, pixels, torch.Generator().manual_seed(0)), seen


@pytest.mark.parametrize("view", [None, Affine()])
def test_d_and_q_see_every_image_with_noise(view: Affine | None) -> None:
    """Twin steps, with and without: what they see differs by noise of the size that was set."""
    settings: dict[str, Any] = {"batch": 128, "recognition_view": view, "generator_rate": 0.0}
    settings |= {"discriminator_rate": 0.0}
    noisy, with_noise = watched_step(image_noise=0.1, **settings)
    plain, without = watched_step(**settings)
    noisy()
    plain()
    assert len(with_noise) == len(without) == 2
    differences = with_noise[0] - without[0]
    real, fake = differences.chunk(2)
    for part in (real, fake):
        assert part.mean().item() == pytest.approx(0, abs=0.02)
        assert part.std().item() == pytest.approx(0.2, rel=0.05)  # 0.1 of −1 to 1
    assert not torch.equal(real, fake)
    if view is None:
        assert (with_noise[1] - without[1]).std().item() == pytest.approx(0.2, rel=0.05)


def test_noise_halves_in_its_half_life() -> None:
    """On the host, and by the clock of a graph, which alone knows there how many steps are done."""
    step, _ = watched_step(image_noise=0.2, image_noise_half_life=3)
    still, drawn = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    for done, expected in ((0, 0.4), (3, 0.2), (6, 0.1), (1, 0.4 / 2 ** (1 / 3))):
        step.done, step.clock = done, None
        on_host = step._add_noise(still, drawn)
        assert on_host.mean().item() == pytest.approx(expected)
        step.done, step.clock = 99, torch.tensor(float(done), dtype=torch.float64)
        assert torch.equal(step._add_noise(still, drawn), on_host)


def test_noise_is_a_share_of_the_range_of_pixels() -> None:
    spreads = {}
    for activation, generator in GENERATORS.items():
        settings: dict[str, Any] = {"batch": 128, "generator": generator, "image_shape": (1, 4, 4)}
        noisy, with_noise = watched_step(image_noise=0.2, **settings)
        plain, without = watched_step(**settings)
        small = torch.from_numpy(tiny_images().images)[:, :, :4, :4]
        noisy.images = plain.images = ResidentImages(small)
        noisy()
        plain()
        spreads[activation] = (with_noise[0] - without[0]).std().item()
    assert spreads["tanh"] == pytest.approx(0.4, rel=0.05)
    assert spreads["sigmoid"] == pytest.approx(0.2, rel=0.05)


def test_without_noise_none_is_drawn() -> None:
    """So that runs without it stay what they were, bit for bit."""
    trainer = tiny_trainer(image_noise=0.0)
    generator, expected = (torch.Generator().manual_seed(0) for _ in range(2))
    draws = draw(trainer, 40, generator, 0)
    assert draws.discriminator.image_noise is draws.generator.image_noise is None
    torch.randint(40, (trainer.batch,), generator=expected)
    trainer.codes.sample(trainer.batch, expected)
    trainer.codes.sample_noise(trainer.batch, expected)
    assert torch.equal(generator.get_state(), expected.get_state())


def test_noise_is_drawn_anew_for_every_step_and_the_same_for_a_seed() -> None:
    first, seen = watched_step(image_noise=0.1)
    again, seen_again = watched_step(image_noise=0.1)
    for step in (first, first, again, again):
        step()
    assert all(torch.equal(a, b) for a, b in zip(seen, seen_again, strict=True))
    assert not torch.equal(seen[0], seen[2])


# Labels


class Sealed(ImageSet):
    """An image set whose labels and factors nobody may look at once `sealed` is set."""

    def __getattribute__(self, name: str) -> Any:
        sealed = object.__getattribute__(self, "__dict__").get("sealed", False)
        if sealed and name in ("labels", "label_names", "factors", "factor_names"):
            raise AssertionError(f"training read {name}")
        return object.__getattribute__(self, name)


def test_training_reads_no_labels(tmp_path: Path) -> None:
    data = tiny_images()
    sealed = Sealed(data.name, data.split, data.images, data.labels, data.label_names)
    assert sealed.fingerprint == data.fingerprint  # it covers the labels, and is computed once
    object.__setattr__(sealed, "sealed", True)
    with pytest.raises(AssertionError, match="training read labels"):
        _ = sealed.labels
    run = Run.start(
        tiny_trainer(recognition_view=Affine(), invariance_weight=1, steps=2),
        sealed,
        tmp_path,
        RunOptions(device="cpu", log_every=2, checkpoint_every=2),
    )
    assert run.train().is_file()


def test_other_labels_give_the_same_weights(tmp_path: Path) -> None:
    data = tiny_images()
    assert data.labels is not None
    turned = ImageSet(data.name, data.split, data.images, data.labels[::-1].copy())
    bare = ImageSet(data.name, data.split, data.images)
    weights = []
    for number, images in enumerate((data, turned, bare)):
        folder = tmp_path / str(number)
        path = train(tiny_trainer(steps=2), images, folder, RunOptions("cpu", checkpoint_every=50))
        weights.append(Checkpoint.open(path).weights)
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name
        assert torch.equal(value, weights[2][name]), name
