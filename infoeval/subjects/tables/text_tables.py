"""Columns of a text file: .csv, with commas or semicolons, and .tsv."""

import csv
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd

from infoeval.data.untrusted import parsing
from infoeval.errors import UserError, quoted
from infoeval.subjects.tables.table_source import TableParts, check_names, missing_value

LARGEST_FILE = 4 * 2**30
"""Bytes of a text file; as .npy or .parquet the same numbers take less, and are read faster."""
LONGEST_LINE = 2**24
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_NUMBER = re.compile(r"\s*[-+]?\d*[.,]?\d+([eE][-+]?\d+)?\s*")
_EMPTY = {"", "nan"}
_MISSING = {*_EMPTY, "na", "n/a", "<na>", "null", "none", "-", "?"}
"""Words for a missing number; in a column of words some of them may be classes."""
MOSTLY = 0.5
"""A column in which more than this share of the cells are numbers is meant to be one of numbers."""
# The default of pandas 2 rounds the last digit of some numbers otherwise than Python and numpy.
_EXACT: dict[str, Any] = (
    {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
)


class TextTable(TableParts):
    """The columns of a text file; without a line of names they are "code 0", "code 1" and so on.

    A byte-order mark, quotes, any line ends and semicolons instead of commas are understood. Cells
    are numbers, with a decimal point, or words, which are classes.

    Raises UserError for what is no such text, decimal commas, empty cells and rows of other
    lengths.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path
        with _opened(path) as stream:
            first, self.separator = _first_row(stream, path)
        self.has_names = not _are_numbers(first)
        self.numbered = not self.has_names or _counts(first)
        if self.numbered:
            start = 1 if self.has_names and first[0] == "" else 0
            numbers = [f"code {number}" for number in range(len(first) - start)]
            self.all_columns = [""] * start + numbers
        else:
            self.all_columns = first
        # pandas writes row numbers as a first column without a name.
        self.columns = [name for name in self.all_columns if name]
        unnamed = [place for place, name in enumerate(self.all_columns) if place and not name]
        if unnamed or not self.columns:
            place = unnamed[0] + 1 if unnamed else 1
            raise UserError(f"{path}: column {place} has no name in the first line")
        check_names(self.columns, self.where)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        with _opened(self.path) as stream:
            if self.has_names:
                _first_row(stream, self.path)
            frame = self._read(stream, columns)
        if frame.empty:
            raise UserError(f"{self.path}: has no rows")
        for name in columns:
            _check_cells(frame[name], f"{self.path}: {name}", self.where)
        return frame

    def _read(self, stream: IO[str], columns: Sequence[str]) -> pd.DataFrame:
        try:
            with warnings.catch_warnings():
                # More cells in the first row than names would be dropped with a mere warning.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    stream,
                    sep=self.separator,
                    header=None,
                    names=self.all_columns,
                    index_col=False,
                    keep_default_na=False,
                    na_values=[""],
                    low_memory=False,
                    skip_blank_lines=True,
                    **_EXACT,
                )
        except pd.errors.EmptyDataError:
            return pd.DataFrame(columns=list(columns))
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise UserError(f"{self.path}: {self._other_length(str(error))}") from error
        chosen: pd.DataFrame = frame[list(columns)]
        return chosen

    def _other_length(self, message: str) -> str:
        found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
        if found is None and "does not match" not in message:
            return f"is not a table ({message.strip()[:200]})"
        width = len(self.all_columns)
        row, cells = (f"row {found[2]}", found[3]) if found else ("row 1", "more")
        return (
            f"{row} has {cells} cells, and the first line {width}; cells with a separator in them "
            "stand in quotes, and numbers have a decimal point, not a comma"
        )


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Text of a file; errors in the block name the file."""
    if not path.is_file():
        kind = "is not a file" if path.exists() else "no such file"
        raise UserError(f"{path}: {kind}")
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(
            f"{path}: {path.stat().st_size:,} bytes; at most {LARGEST_FILE:,} are read of a text "
            "file: save it as .npy, .npz or .parquet"
        )
    try:
        with (
            parsing(f"{path}: not a readable table"),
            path.open(encoding="utf-8-sig", newline="") as stream,
        ):
            yield stream
    except UserError as error:
        if isinstance(error.__cause__, UnicodeDecodeError):
            raise UserError(f"{path}: is not UTF-8 text; save it as CSV in UTF-8") from error
        raise


def _first_row(stream: IO[str], path: Path) -> tuple[list[str], str]:
    """Return the cells of the first row, and what separates them; the stream is then behind it."""

    def lines() -> Iterator[str]:
        while line := stream.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise UserError(f"{path}: its first line has {LONGEST_LINE:,} characters or more")
            yield line

    whole = lines()
    line = next((line for line in whole if line.strip()), "")
    if not line:
        raise UserError(f"{path}: is empty")
    separator = _separator(line, path)

    def from_there() -> Iterator[str]:
        yield line
        yield from whole

    return [cell.strip() for cell in next(csv.reader(from_there(), delimiter=separator))], separator


def _separator(line: str, path: Path) -> str:
    """Return a tab for .tsv; for .csv what occurs most often outside quotes.

    A comma that is part of numbers between semicolons does not count.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    bare = re.sub(r'"[^"]*"', "", line)
    if ";" in bare and all(map(_NUMBER.fullmatch, bare.strip().split(";"))):
        return ";"
    return max((",", ";", "\t"), key=bare.count)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether a first row is one of numbers, so that there are no names."""
    try:
        [float(cell.replace(",", ".", 1)) for cell in cells]
    except ValueError:
        return False
    return not _counts(cells)


def _counts(cells: Sequence[str]) -> bool:
    """Whether names are the numbers of the columns, as pandas writes an array.

    Two cells, 0 and 1, may be a row of numbers.
    """
    start = 1 if cells[0] == "" else 0
    numbers = [str(number) for number in range(len(cells) - start)]
    return list(cells[start:]) == numbers and len(numbers) + 2 * start > 2


def _check_cells(column: "pd.Series[Any]", what: str, where: str) -> None:
    """Raise UserError for a column of words that were meant to be numbers, with the first place."""
    if column.dtype.kind in "biuf":
        return
    words = column[column.notna()].astype(str).str.strip()
    numbers = pd.to_numeric(words, errors="coerce").notna()
    commas = words.str.fullmatch(_DECIMAL_COMMA)
    if commas.any() and (commas | numbers).all():
        raise UserError(
            f"{what} has decimal commas, or commas between thousands, as in "
            f"{quoted(words[commas].iloc[0])}; write numbers with a decimal point"
        )
    missing = words.str.lower().isin(_MISSING if numbers.any() else _EMPTY)
    if missing.any():
        rows = words.index.to_numpy()
        raise missing_value(where, column.name, int(rows[missing.to_numpy().argmax()]))
    if numbers.mean() > MOSTLY:
        place = int((~numbers).to_numpy().argmax())
        raise UserError(
            f"{what} has a word among its numbers, {quoted(words.iloc[place])} in row "
            f"{words.index.to_numpy()[place] + 1:,}"
        )
