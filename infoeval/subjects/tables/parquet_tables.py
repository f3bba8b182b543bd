"""Columns of a .parquet file, read with pyarrow; only those that are asked for are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from infoeval.data.formats.npz_file import NUMBER_BYTES
from infoeval.data.untrusted import MAX_ARRAY_BYTES, is_bomb, parsing
from infoeval.errors import UserError
from infoeval.subjects.tables.table_source import TableParts, check_names


class ParquetTable(TableParts):
    """The columns of a .parquet file: numbers, booleans, words and categories.

    Raises UserError where pyarrow is missing, and for another kind of file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        try:
            from pyarrow import parquet
        except ImportError:
            raise UserError(
                f"{path}: .parquet files are read with pyarrow: pip install 'infoeval[tables]'"
            ) from None
        with parsing(f"{path}: not a readable .parquet file"):
            self.file = parquet.ParquetFile(path)
            self.columns = [str(name) for name in self.file.schema_arrow.names]
            self.rows = int(self.file.metadata.num_rows)
        check_names(self.columns, self.where)
        self.size = path.stat().st_size

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        taken = self.rows * len(columns) * NUMBER_BYTES
        if taken > MAX_ARRAY_BYTES or is_bomb(taken, self.size):
            raise UserError(
                f"{self.where}: {self.rows:,} rows of {len(columns):,} columns take {taken:,} "
                f"bytes, stored in {self.size:,}: too large, or taken for a decompression bomb"
            )
        with parsing(f"{self.where}: cannot be read"):
            table: Any = self.file.read(columns=list(columns))
            frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        if len(frame) == 0:
            raise UserError(f"{self.where}: has no rows")
        return frame[list(columns)]
