"""Comma-separated files of architectures, targets and published scores."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO, cast

from evozc.benchmarks.readers._reader import Published, Request
from evozc.benchmarks.readers._rows import Rows
from evozc.errors import DataError

#: By which columns may be parted; the one that gives the header most of them does.
_DELIMITERS = (",", ";", "\t")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_INDEX = re.compile(r"Unnamed: [0-9]+")


class Csv:
    """A header and a row an architecture, plain or compressed by gzip; any text is taken for it.

    Columns are parted by commas, semicolons or tabs. With the last two, numbers may have decimal commas.
    Blank lines, a byte order mark and pandas' column of row numbers are left out.
    """

    name = "csv"

    def fits(self, path: Path, head: bytes) -> bool:
        """Never by itself: it is what is left."""
        return False

    def read(self, path: Path, request: Request) -> Published:
        """The columns asked for; without targets by name, ``accuracy``."""
        return _read(Path(path)).published(request)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header, plain or compressed by gzip.

    Each row has one more entry, under the empty name: its line number.

    Raises:
        DataError: missing, not UTF-8, empty, or a row with too few or too many cells.
    """
    rows = _read(Path(path))
    return [
        {**dict(zip(rows.columns, cells, strict=True)), "": place.removeprefix("line ")}
        for cells, place in zip(rows.cells, rows.places, strict=True)
    ]


def _read(path: Path) -> Rows:
    lines: list[tuple[list[str], int]] = []
    try:
        delimiter = _delimiter(path)
        with _open(path) as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
            header = [name.strip() for name in next(reader, [])]
            lines.extend((cells, reader.line_num) for cells in reader if cells)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise DataError(f"{path}: not a readable CSV file: {error}{_advice(path)}") from error
    while lines and not any(cell.strip() for cell in lines[-1][0]):
        lines.pop()
    index = bool(header) and len(header) > 1 and (header[0] == "" or bool(_INDEX.fullmatch(header[0])))
    index = index and all(cells[0].strip().isdigit() for cells, _ in lines)
    if not header or len(set(header)) != len(header) or "" in header[int(index) :]:
        raise DataError(f"{path}: line 1 must name every column, each name once")
    for cells, number in lines:
        if len(cells) != len(header):
            raise DataError(
                f"{path}: line {number} has {len(cells)} cells, the header names {len(header)} columns"
            )
    if not lines:
        raise DataError(f"{path}: holds no rows under its header")
    return Rows(
        path=path,
        columns=tuple(header[int(index) :]),
        cells=[cells[int(index) :] for cells, _ in lines],
        places=[f"line {number}" for _, number in lines],
        commas=delimiter != ",",
        notes=("the first column numbers the rows and is left out",) if index else (),
    )


def _open(path: Path) -> TextIO:
    opener = gzip.open if path.suffix == ".gz" else open
    return cast("TextIO", opener(path, "rt", encoding="utf-8-sig", newline=""))


def _delimiter(path: Path) -> str:
    with _open(path) as file:
        first = next(iter(file), "")
    return max(_DELIMITERS, key=lambda mark: len(_cells(first, mark)))


def _cells(line: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _advice(path: Path) -> str:
    """What to do about a file that cannot be read, as far as its first bytes tell."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
    except OSError:
        return ""
    return "; it is UTF-16, save it as UTF-8" if start in _UTF_16 else ""
