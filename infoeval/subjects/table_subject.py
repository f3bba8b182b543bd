"""A table of codes and factors as a subject, without images or a model."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from infoeval.files import sha256
from infoeval.subjects.subject import Rows, Subject
from infoeval.subjects.tables.column_choice import TableChoice
from infoeval.subjects.tables.memory_tables import factors_in_memory
from infoeval.subjects.tables.sparse_codes import with_few_codes
from infoeval.subjects.tables.table_files import is_table, read_table
from infoeval.subjects.tables.table_source import TableParts, contents_of, whole_table


class TableSubject(Subject):
    """Codes and factors of a table.

    Args:
        source: the table.
        name: what it is called in results.
        choice: which parts of it are codes and factors; by default as their names tell.
        path: the file it came from; None for a table in memory.

    Raises:
        UserError: a table that cannot be read, and one of which it is not clear what is a code.

    """

    has_encoder = False

    def __init__(
        self, source: TableParts, name: str, choice: TableChoice, path: Path | None = None
    ) -> None:
        self.name, self.path = name, path
        contents = contents_of(source, choice, _other_factors(choice))
        self.contents = with_few_codes(contents, source.where)
        self.factors_file = _factors_file(choice)

    @cached_property
    def fingerprint(self) -> str | None:
        return None if self.path is None else sha256(self.path)

    @property
    def rows(self) -> tuple[Rows, Rows | None]:
        return self.contents.rows, self.contents.test

    @property
    def column_types(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        return self.contents.code_types, self.contents.factor_types

    def describe(self) -> dict[str, Any]:
        codes, factors = self.contents.rows
        columns: dict[str, Any] = {"code_names": list(codes.columns)}
        if factors is not None:
            columns["factor_names"] = list(factors.columns)
        described = {"codes": self.name, "sha256": self.fingerprint, **columns}
        if self.factors_file is not None:
            more = {"factors": str(self.factors_file), "factors_sha256": sha256(self.factors_file)}
            described |= more
        return described

    def describe_data(self) -> dict[str, Any]:
        return {
            "name": self.name if self.path is None else self.path.name,
            "split": "rows",
            "n": len(self.contents.rows.codes),
            "fingerprint": self.fingerprint,
            **({"notes": list(self.contents.notes)} if self.contents.notes else {}),
        }


def open_table(path: str | Path, choice: TableChoice | None = None) -> TableSubject:
    """Return the subject of a table in a file; see `READERS` for the formats.

    Raises UserError for a file that cannot be read as its suffix says.
    """
    file = Path(path)
    return TableSubject(read_table(file), str(path), choice or TableChoice(), file)


def _factors_file(choice: TableChoice) -> Path | None:
    """Return the file that the factors are in; None where they are in the table, or in memory."""
    given = choice.factors
    if isinstance(given, list | tuple) and len(given) == 1:
        (given,) = given
    return Path(given) if isinstance(given, str | Path) and is_table(given) else None


def has_other_factors(choice: TableChoice) -> bool:
    """Return whether factors are given in a file or in memory, and not by names of columns."""
    given = choice.factors
    names = isinstance(given, list | tuple) and all(isinstance(name, str) for name in given)
    return given is not None and (not names or _factors_file(choice) is not None)


def _other_factors(choice: TableChoice) -> pd.DataFrame | None:
    """Return the factors of another file, or those in memory; None where they are in the table."""
    file = _factors_file(choice)
    if file is not None:
        return whole_table(read_table(file), choice.factors_key)
    return factors_in_memory(choice.factors) if has_other_factors(choice) else None
