"""Writing the results of score and compare to the standard output or into a file."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, TypeVar

from infoeval.cli.common import PAGES
from infoeval.cli.output import note, print_json
from infoeval.errors import UserError, quoted
from infoeval.files import atomic_path

STANDARD_OUTPUT = Path("-")
_SUFFIXES = (".json", ".csv", ".txt", "")
"""Of results; without one they are text."""


class Results(Protocol):
    """A document or a comparison."""

    def to_json(self) -> str: ...

    def to_csv(self) -> str: ...


Shown = TypeVar("Shown", bound=Results)


@contextmanager
def results_to(
    output: Path | None, as_json: bool, show: Callable[[Shown, IO[str] | None], None]
) -> Iterator[Callable[[Shown], None]]:
    """Yield a function that prints results by `show`, or writes them to the file `output`.

    The file is JSON with `as_json` or the suffix .json, CSV with .csv, and with .txt or none the
    text that is printed outside a terminal. It is written atomically, and opened here, so that a
    file that cannot be written is an error before anything is computed.

    Raises UserError for such a file, for a page, and for another suffix.
    """
    if output is None or output == STANDARD_OUTPUT:
        yield lambda results: print_json(results.to_json()) if as_json else show(results, None)
        return
    kind = ".json" if as_json else output.suffix.lower()
    if kind in PAGES:
        raise UserError(f"{output}: a page is written by infoeval report; give .json, .csv or .txt")
    if kind not in _SUFFIXES:
        raise UserError(f"{output}: results are written as .json, .csv or .txt, not {quoted(kind)}")
    with atomic_path(output) as temporary:

        def write(results: Shown) -> None:
            temporary.write_bytes(_content(results, kind, show))

        yield write
    note(f"results: {output}")


def _content(results: Shown, kind: str, show: Callable[[Shown, IO[str] | None], None]) -> bytes:
    """Return results as the content of a file with this suffix."""
    buffer = io.StringIO()
    if kind == ".json":
        buffer.write(results.to_json())
    elif kind == ".csv":
        buffer.write(results.to_csv())
    else:
        show(results, buffer)
    return buffer.getvalue().encode("utf-8", "backslashreplace")
