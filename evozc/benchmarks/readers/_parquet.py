"""Parquet files of architectures, targets and published scores, where pyarrow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evozc.benchmarks.readers._reader import Published, Request
from evozc.benchmarks.readers._rows import Rows
from evozc.errors import DataError

_MAGIC = b"PAR1"


class Parquet:
    """A row an architecture, as a CSV file would have it."""

    name = "parquet"

    def fits(self, path: Path, head: bytes) -> bool:
        """By its first four bytes."""
        return head.startswith(_MAGIC)

    def read(self, path: Path, request: Request) -> Published:
        """The columns asked for; without targets by name, ``accuracy``."""
        path = Path(path)
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise DataError(
                f"{path}: Parquet is read by pyarrow; install it (pip install 'evozc[parquet]') or write the "
                "file as CSV"
            ) from None
        try:
            with open(path, "rb") as file:
                table = parquet.ParquetFile(file).read()
            names, columns = table.column_names, [column.to_pylist() for column in table.columns]
        except FileNotFoundError:
            raise DataError(f"{path}: no such file") from None
        except (OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError,
                pa.ArrowException) as error:
            reason = str(error).partition("\n")[0]
            raise DataError(f"{path}: not a whole Parquet file: {reason}") from error
        if not names or len(set(names)) != len(names) or "" in names:
            raise DataError(f"{path}: every column needs a name, each of its own")
        if not columns[0]:
            raise DataError(f"{path}: holds no rows")
        cells = [list(map(_text, row)) for row in zip(*columns, strict=True)]
        return Rows(path, tuple(names), cells, [f"row {number}" for number in range(len(cells))]).published(
            request
        )


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    return "" if value is None else value if isinstance(value, str) else str(value)
