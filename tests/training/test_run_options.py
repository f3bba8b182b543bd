"""When rows and checkpoints are due; what goes wrong with the intervals: see `test_run.py`."""

import pytest

from infoeval.training import run_options
from infoeval.training.run_options import INTERVAL, RunOptions, Schedule


class Clock:
    """Time that stands still until it is moved on."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(run_options, "time", found)
    return found


def test_by_steps_the_clock_does_not_matter(clock: Clock) -> None:
    schedule = Schedule(RunOptions(log_every=2, checkpoint_every=6))
    kept = []
    for done in range(2, 22, 2):
        clock.now += INTERVAL
        if schedule.keeps(done, 20):
            kept.append(done)
    assert kept == [6, 12, 18, 20]


def test_by_the_clock_a_slow_run_keeps_every_row_and_a_fast_one_the_last(clock: Clock) -> None:
    for seconds, expected in ((INTERVAL, [2, 4, 6, 8]), (INTERVAL / 2, [4, 8]), (0.1, [8])):
        schedule, kept = Schedule(RunOptions(log_every=2)), []
        for done in (2, 4, 6, 8):
            clock.now += seconds
            if schedule.keeps(done, 8):
                kept.append(done)
        assert kept == expected


def test_rows_lie_at_multiples_whatever_step_a_run_goes_on_from() -> None:
    schedule = Schedule(RunOptions(log_every=50))
    assert [schedule.window(done, 120) for done in (0, 49, 50, 70, 119)] == [50, 1, 50, 30, 1]
