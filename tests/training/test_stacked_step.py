"""A stacked step against the steps of the runs themselves."""

from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Affine, Angle, Categorical, CodeSpace, Normal, Uniform
from infoeval.errors import UserError
from infoeval.training.stacked_step import StackedStep
from infoeval.training.step import Step
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer

CPU = torch.device("cpu")
WEIGHTS = (1.0, 0.0, 0.5)
STATISTICS: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}
"""Float32 has seven digits, and sums in another order cost one or two."""
LEARNED: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}
"""A tenth of what one step moves a weight by, whatever the size of its gradient.

Adam makes steps of full size even of gradients that are their own rounding, such as those of I(ĉ;
ĉ') where Q is still the same for all images; so weights start ten times as large as usual.
"""

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "Q learns with D": {"recognition_learns": "with_discriminator"},
    "view": {"recognition_view": Affine()},
    "view, Q learns with D": {
        "recognition_view": Affine(),
        "recognition_learns": "with_discriminator",
    },
    "invariance": {"invariance_weight": 1.0},
    "invariance from step 2": {"invariance_weight": 0.5, "invariance_starts": 2},
    "invariance, view, Q learns with D": {
        "invariance_weight": 1.0,
        "recognition_view": Affine(),
        "recognition_learns": "with_discriminator",
    },
    "noise": {"image_noise": 0.1, "recognition_view": Affine()},
    "falling noise, cut views": {
        "image_noise": 0.1,
        "image_noise_half_life": 2,
        "recognition_view": Affine(cutout=0.5, grey=True),
    },
    "warm-up": {"information_warmup": 4},
    "D waits now and then": {"discriminator_waits_below": 1.39},
    "gradient penalty": {"gradient_penalty": 10.0, "image_noise": 0.1},
    "continuous codes from step 2": {"continuous_starts": 2},
    "continuous codes from step 2, Q learns with D": {
        "continuous_starts": 2,
        "recognition_learns": "with_discriminator",
    },
    "all priors": {
        "codes": CodeSpace(
            kind=Categorical(3, (0.6, 0.3, 0.1)),
            slant=Uniform(-1, 1),
            size=Normal(2, 0.5),
            turn=Angle(),
            noise=3,
        ),
        "code_weights": {},
    },
}


def steps_of(
    weights: tuple[float, ...] = WEIGHTS, device: torch.device = CPU, **changes: Any
) -> list[Step]:
    """A step for each λ, of different weights and streams."""
    steps = []
    for seed, weight in enumerate(weights):
        trainer = tiny_trainer(**{"information_weight": weight} | changes)
        networks = trainer.networks().initialise(torch.Generator().manual_seed(seed)).train()
        with torch.no_grad():
            for parameter in networks.parameters():
                if parameter.dim() > 1:
                    parameter.mul_(10)
        networks = networks.to(device).to(memory_format=torch.channels_last)
        images = torch.from_numpy(tiny_images().images).to(device)
        stream = torch.Generator(device).manual_seed(10 + seed)
        steps.append(Step(trainer, networks, images, stream))
    return steps


def assert_same(first: Step, second: Step) -> None:
    """Weights, statistics, moments and streams."""
    assert first.done == second.done
    assert torch.equal(first.generator.get_state(), second.generator.get_state())
    other_state = second.networks.state_dict()
    for name, one in first.networks.state_dict().items():
        torch.testing.assert_close(one, other_state[name], **LEARNED)
    for name, optimizer in first.optimizers.items():
        mine, theirs = optimizer.state_dict(), second.optimizers[name].state_dict()
        torch.testing.assert_close(mine["state"], theirs["state"], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS.keys())
def test_stacked_runs_are_the_runs_themselves(changes: dict[str, Any]) -> None:
    alone, together = steps_of(**changes), steps_of(**changes)
    stack = StackedStep(together)
    for _ in range(5):
        own, found = torch.stack([step() for step in alone]), stack()
        torch.testing.assert_close(found, own, **STATISTICS)
    stack.unstack()
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("weights", [(0.0, 0.0), (1.0, 1.0), (0.3,)])
def test_any_mixture_of_weights(weights: tuple[float, ...]) -> None:
    alone, together = steps_of(weights), steps_of(weights)
    stack = StackedStep(together)
    own = torch.stack([step.advance(3) for step in alone])
    torch.testing.assert_close(stack.advance(3), own, **STATISTICS)
    stack.unstack()
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)


def test_moments_go_into_a_stack_and_back_bit_for_bit() -> None:
    steps = steps_of()
    for step in steps:
        step.advance(2)
    before = [states(step) for step in steps]
    StackedStep(steps).unstack()
    assert all(identical(old, states(step)) for old, step in zip(before, steps, strict=True))


def states(step: Step) -> list[Any]:
    networks = {name: value.clone() for name, value in step.networks.state_dict().items()}
    return [networks, *(each.state_dict()["state"] for each in step.optimizers.values())]


def test_a_stack_goes_on_where_its_runs_stand() -> None:
    alone, together = steps_of(invariance_weight=1.0), steps_of(invariance_weight=1.0)
    for step in (*alone, *together):
        step.advance(2)
    for run in alone:
        run.advance(2)
    stack = StackedStep(together)
    stack.advance(2)
    stack.unstack()
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)


def test_without_the_information_term_g_does_not_depend_on_q() -> None:
    """Bit for bit, beside a run that has the term."""
    first, second = steps_of((1.0, 0.0)), steps_of((1.0, 0.0))
    with torch.no_grad():
        for parameter in second[1].networks.recognition.parameters():
            parameter.mul_(-3)
    for steps in (first, second):
        stack = StackedStep(steps)
        stack.advance(3)
        stack.unstack()
    for name in ("generator", "shared", "discriminator"):
        one, other = (getattr(steps[1].networks, name).state_dict() for steps in (first, second))
        assert identical(dict(one), dict(other))


def test_a_run_that_is_spoilt_spoils_no_other() -> None:
    alone, together = steps_of(), steps_of()
    with torch.no_grad():
        for parameter in together[1].networks.parameters():
            parameter.fill_(torch.nan)
    stack = StackedStep(together)
    found = stack.advance(2)
    assert not stack.finite()
    assert found[1].isnan().any()
    stack.unstack()
    for run in (0, 2):
        alone[run].advance(2)
        assert_same(together[run], alone[run])


def test_runs_that_do_not_fit_together_are_refused() -> None:
    first, second = steps_of((1.0, 1.0))
    second.advance(1)
    with pytest.raises(UserError, match="equally many steps"):
        StackedStep([first, second])
    with pytest.raises(UserError, match="seed, λ and its warm-up"):
        StackedStep([first, *steps_of((1.0,), batch=4)])


def test_every_run_has_a_warm_up_of_its_own() -> None:
    steps = [
        *steps_of((0.8,), information_warmup=4),
        *steps_of((1.0, 0.0)),
        *steps_of((0.0,), information_warmup=4),
    ]
    stack = StackedStep(steps)
    found: list[Tensor] = []
    for done in (0, 1, 3, 5):
        stack.done = done
        found.append(stack.weight)
    expected = [[0.2, 1, 1, 1], [0.4, 1, 1, 1], [0.8, 1, 1, 1], [0.8, 1, 1, 1]]
    torch.testing.assert_close(torch.stack(found), torch.tensor(expected))
