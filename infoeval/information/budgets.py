"""What an estimate may cost: sizes of Q, rounds of training, samples."""

from dataclasses import dataclass

from infoeval.errors import UserError

__all__ = ["BUDGETS", "TOLERANCE", "WORTH_A_SIZE", "Budget", "find_budget"]

TOLERANCE = 0.01
"""Nats: Q has converged where less than this may be missed."""
WORTH_A_SIZE = 0.005
"""Nats: a larger Q that gains less, for every code, is left."""


@dataclass(frozen=True)
class Budget:
    """How Q is trained and scored; the same for every model that is compared.

    `rates` are the learning rates that are tried with the smallest size: strong signals are
    learned faster at the high one, weak ones only at the low one. `widths` is the ladder of trunk
    widths, each trained for the first of `rounds` steps; the chosen one goes on for the others,
    each at half the rate of the one before.
    `passes` tells how often a training sample is used. The test stream has `test` samples, or as
    many up to `most_test` as the interval of a categorical code needs to be ±0.004 nats.
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


BUDGETS: dict[str, Budget] = {
    budget.name: budget
    for budget in (
        Budget(
            name="quick",
            widths=(8, 16),
            rounds=(100, 200),
            batch=128,
            passes=2,
            validation=2_000,
            calibration=2_000,
            test=4_000,
            most_test=20_000,
            noise_steps=50,
            check_steps=100,
        ),
        Budget(
            name="standard",
            widths=(16, 32),
            rounds=(400, 800, 1_200),
            batch=256,
            passes=1,
            validation=20_000,
            calibration=20_000,
            test=100_000,
            most_test=400_000,
            noise_steps=300,
            check_steps=300,
        ),
        Budget(
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
        ),
    )
}


def find_budget(name: str | Budget) -> Budget:
    """The budget of this name. Raises UserError, listing the names, if there is none.

    >>> find_budget("standard").widths
    (16, 32)
    """
    if isinstance(name, Budget):
        return name
    if name not in BUDGETS:
        raise UserError(f"no budget {name!r}; there are {', '.join(BUDGETS)}")
    return BUDGETS[name]
