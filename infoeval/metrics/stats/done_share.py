"""How much of a score's resampling is done, for whoever shows the time that is left."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from infoeval.metrics.stats.row_intervals import PartStatistic, Rows

Tell = Callable[[float], None]

_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def share_told_to(tell: Tell) -> Iterator[None]:
    """Context in which ``tell`` is called with the share of each score that is done."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


def counting(statistic: PartStatistic, rows: float) -> PartStatistic:
    """The same statistic, which tells what share of so many ``rows`` in all it has been given."""
    tell, done = _tell.get(), 0
    if tell is None:
        return statistic

    def counted(code_rows: Rows, factor_rows: Rows) -> Sequence[float]:
        nonlocal done
        values = statistic(code_rows, factor_rows)
        done += len(code_rows)
        tell(min(1.0, done / rows))
        return values

    return counted
