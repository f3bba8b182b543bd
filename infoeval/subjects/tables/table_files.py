"""Tables of codes in files: a reader for each suffix."""

from collections.abc import Callable
from pathlib import Path

from infoeval.errors import UserError
from infoeval.subjects.tables.array_files import NpyTable, NpzTable
from infoeval.subjects.tables.h5ad_tables import H5adTable
from infoeval.subjects.tables.parquet_tables import ParquetTable
from infoeval.subjects.tables.table_source import TableParts
from infoeval.subjects.tables.text_tables import TextTable

READERS: dict[str, Callable[[Path], TableParts]] = {
    ".npz": NpzTable,
    ".npy": NpyTable,
    ".csv": TextTable,
    ".tsv": TextTable,
    ".parquet": ParquetTable,
    ".h5ad": H5adTable,
}
"""What reads a table, by the suffix of its file; nothing in a file is executed."""


def is_table(path: str | Path) -> bool:
    """Return whether a file is by its name a table.

    >>> is_table("codes.CSV"), is_table("ckpt.pt")
    (True, False)
    """
    return Path(path).suffix.lower() in READERS


def read_table(path: Path) -> TableParts:
    """Return the table in a file. Raises UserError for one that cannot be read."""
    try:
        return READERS[path.suffix.lower()](path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
