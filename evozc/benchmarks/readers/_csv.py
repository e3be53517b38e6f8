"""Comma-separated files of architectures, targets and published scores."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from evozc.benchmarks.readers._reader import Published, Request, Wanted
from evozc.errors import DataError, EvozcError
from evozc.spaces import ColumnSpace
from evozc.table import Target

Row = dict[str, str]


class Csv:
    """A header and a row an architecture, plain or compressed by gzip; any text is taken for it."""

    name = "csv"

    def fits(self, path: Path, head: bytes) -> bool:
        """Never by itself: it is what is left."""
        return False

    def read(self, path: Path, request: Request) -> Published:
        """The columns asked for; without targets by name, ``accuracy``."""
        rows = read_rows(path)
        columns = [column for column in rows[0] if column]
        wanted = () if request.targets is None else request.targets or (Wanted("accuracy"),)
        own = _own_columns(columns, request)
        needed = [*request.where, *(target.name for target in wanted)]
        if request.on:
            needed.append(request.on)
        if request.targets is not None or not request.on:
            needed = [*own, *needed]
        for column in needed:
            if column not in columns:
                raise DataError(f"{path}: no column {column!r}; the header names {', '.join(columns)}")
        kept = [row for row in rows if all(row[name] == value for name, value in request.where.items())]
        if not kept:
            asked = ", ".join(f"{name}={value}" for name, value in request.where.items())
            raise DataError(f"{path}: no row has {asked}")
        rest = [c for c in columns if c not in {*own, *needed, *request.without}]
        if rest and request.strict and not request.targets:
            raise DataError(
                f"{path}: unexpected column {', '.join(map(repr, rest))}; "
                "name the columns to rank by with --target, and the others are left alone"
            )
        named = own[0] in needed
        architectures = tuple(_architecture(path, row, request) for row in kept) if named else ()
        return Published(
            path=path,
            places=tuple(f"line {row['']}" for row in kept),
            ids=tuple(row[request.on] for row in kept) if request.on else architectures,
            architectures=architectures,
            targets=tuple(_target(path, kept, target) for target in wanted),
            scores={c: _numbers(path, kept, c, missing=True) for c in rest} if request.scores else {},
        )


def _own_columns(columns: Sequence[str], request: Request) -> tuple[str, ...]:
    """The columns that say the architecture: one, or those that the space names."""
    if request.architecture_column not in columns and isinstance(request.space, ColumnSpace):
        return request.space.architecture_columns
    return (request.architecture_column,)


def _architecture(path: Path, row: Row, request: Request) -> str:
    if request.architecture_column in row or not isinstance(request.space, ColumnSpace):
        return row[request.architecture_column]
    try:
        return request.space.from_columns(row)
    except DataError as error:
        raise DataError(f"{path}: line {row['']}: {error}") from None


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file with a header, plain or compressed by gzip.

    Each row has one more entry, under the empty name: its line number.

    Raises:
        DataError: missing, not UTF-8, empty, or a row with too few or too many cells.
    """
    path = Path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if not header or len(set(header)) != len(header) or "" in header:
                raise DataError(f"{path}: line 1 must name every column, each name once")
            rows = []
            for cells in reader:
                if len(cells) != len(header):
                    raise DataError(
                        f"{path}: line {reader.line_num} has {len(cells)} cells, "
                        f"the header names {len(header)} columns"
                    )
                rows.append({**dict(zip(header, cells, strict=True)), "": str(reader.line_num)})
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise DataError(f"{path}: not a readable CSV file: {error}") from error
    if not rows:
        raise DataError(f"{path}: holds no rows under its header")
    return rows


def _target(path: Path, rows: Iterable[Row], wanted: Wanted) -> Target:
    values = _numbers(path, rows, wanted.name)
    try:
        return wanted.target(values)
    except EvozcError as error:
        raise type(error)(f"{path}: {error}") from None


def _numbers(path: Path, rows: Iterable[Row], column: str, missing: bool = False) -> np.ndarray:
    """A column as float64; with ``missing``, empty and non-finite cells become NaN."""
    values = []
    for row in rows:
        text = row[column].strip()
        try:
            value = float(text) if text else math.nan
        except ValueError:
            raise DataError(
                f"{path}: line {row['']}: column {column!r} holds {text[:40]!r}, which is no number"
            ) from None
        if not math.isfinite(value):
            if not missing:
                raise DataError(
                    f"{path}: line {row['']}: column {column!r} is {text or 'empty'}; "
                    "every architecture needs a finite value"
                )
            value = math.nan
        values.append(value)
    return np.array(values, dtype=np.float64)
