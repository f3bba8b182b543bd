"""What an estimate may cost: sizes of Q, rounds of training, numbers of samples."""

from dataclasses import dataclass

from infoeval.errors import UserError, unknown

TOLERANCE = 0.01
"""Nats: Q has converged when it can miss no more than this."""
SMALLEST_GAIN = 0.005
"""Nats: a larger Q has to gain at least this for some code, or the smaller one is kept."""


@dataclass(frozen=True)
class Budget:
    """How Q is trained and tested; compared models share one budget.

    `widths` are the trunk widths that are tried, from small to large, and `rates` the learning
    rates that are tried with the smallest: strong signals are learned faster at the high rate, weak
    ones only at the low one. `rounds` are numbers of training steps: every candidate is trained for
    the first, and the best one goes on for the others, each at half the learning rate of the one
    before. `inputs` are what Q may be shown of an image (`pixel_inputs`): widths and rates are
    tried with the first one, each other one at the best width and the first rate. A training sample
    is used `passes` times. The test stream has `test` samples, or up to `most_test` where they are
    needed for an interval of ±0.004 nats of a categorical code or ±0.01 of a continuous one.
    `noise_steps` train Q for the noise curve, `check_steps` that of the self-test's null, and four
    times as many that of its known channel.
    """

    name: str
    widths: tuple[int, ...]
    rounds: tuple[int, ...]
    batch: int
    passes: int
    validation: int
    calibration: int
    test: int
    most_test: int
    noise_steps: int
    check_steps: int
    rates: tuple[float, ...] = (6e-3, 2e-3)
    inputs: tuple[str, ...] = ("pixels",)


ALL_INPUTS = ("pixels", "bits", "clipped pixels")
"""What a Q may be shown of an image; `pixel_inputs` has what each one is."""

_QUICK = Budget(
    name="quick",
    widths=(8, 16),
    rounds=(60, 240),
    batch=128,
    passes=2,
    validation=2_000,
    calibration=2_000,
    test=4_000,
    most_test=8_000,
    noise_steps=50,
    check_steps=60,
    inputs=ALL_INPUTS,
)
_STANDARD = Budget(
    name="standard",
    widths=(12, 24),
    rounds=(250, 350, 700),
    batch=256,
    passes=2,
    validation=20_000,
    calibration=10_000,
    test=20_000,
    most_test=400_000,
    noise_steps=150,
    check_steps=150,
    inputs=ALL_INPUTS,
)
_STRICT = Budget(
    name="strict",
    widths=(16, 32, 64),
    rounds=(2_000, 4_000, 8_000, 16_000),
    batch=256,
    passes=1,
    validation=40_000,
    calibration=20_000,
    test=200_000,
    most_test=600_000,
    noise_steps=2_000,
    check_steps=1_000,
    inputs=ALL_INPUTS,
)
BUDGETS: dict[str, Budget] = {budget.name: budget for budget in (_QUICK, _STANDARD, _STRICT)}


def find_budget(name: str | Budget) -> Budget:
    """Return the budget of this name. Raises UserError, listing the names, if there is none.

    >>> find_budget("standard").widths
    (12, 24)
    """
    if isinstance(name, Budget):
        return name
    if name not in BUDGETS:
        raise UserError(unknown("no budget", name, BUDGETS))
    return BUDGETS[name]
