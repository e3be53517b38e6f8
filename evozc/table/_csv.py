"""Comma-separated files of architectures, targets and published scores."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from evozc.errors import DataError
from evozc.spaces import SearchSpace
from evozc.table._table import Table, Target
from primitives import Statistic, scalar


def read_rows(path: Path) -> list[dict[str, str]]:
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


def read_targets(
    path: Path,
    space: SearchSpace,
    architecture_column: str = "architecture",
    targets: Sequence[str] = (),
) -> tuple[list[str], list[Target]]:
    """Architectures and what they are to be ranked by.

    Args:
        path: A CSV file.
        space: Where the architectures come from.
        architecture_column: The column of architecture texts.
        targets: Columns to read; the others are left alone. Without any, the file must
            hold ``accuracy`` beside the architectures and nothing else.

    Raises:
        DataError: as :func:`read_rows`; or a column is missing or not asked for, an
            architecture is unknown or repeated, a target is no finite number.
    """
    rows = read_rows(path)
    columns = [column for column in rows[0] if column]
    wanted = list(targets) or ["accuracy"]
    for column in (architecture_column, *wanted):
        if column not in columns:
            raise DataError(f"{path}: no column {column!r}; the header names {', '.join(columns)}")
    extra = [c for c in columns if c not in (architecture_column, *wanted)]
    if extra and not targets:
        raise DataError(
            f"{path}: unexpected column {', '.join(map(repr, extra))}; "
            "name the columns to rank by with --target, and the others are left alone"
        )
    seen: dict[str, str] = {}
    for row in rows:
        architecture = row[architecture_column]
        _canonical_key(path, row, architecture, space)
        if architecture in seen:
            raise DataError(
                f"{path}: line {row['']}: {architecture} stands on line {seen[architecture]} already"
            )
        seen[architecture] = row[""]
    columns_read = [Target(name, _numbers(path, rows, name)) for name in wanted]
    return list(seen), columns_read


def table_from_scores(
    scores: Path,
    targets_file: Path,
    space: SearchSpace,
    *,
    on: str = "architecture",
    architecture_column: str = "architecture",
    targets: Sequence[str] = ("accuracy",),
) -> Table:
    """A table of network scalars alone, from published scores and accuracies.

    Args:
        scores: CSV; every column but ``on`` and the architecture column is a score.
        targets_file: CSV with the architectures and their targets; may be ``scores`` itself.
        space: Where the architectures come from.
        on: The column by which rows of the two files belong together.
        architecture_column: The column of architecture texts in ``targets_file``.
        targets: Columns to rank by.

    Returns:
        The architectures that stand in both files, in the order of ``scores``.

    Raises:
        DataError: a column is missing, a name repeated, or no row stands in both files.
    """
    score_rows, target_rows = read_rows(scores), read_rows(targets_file)
    for path, rows, needed in (
        (scores, score_rows, [on]),
        (targets_file, target_rows, [on, architecture_column, *targets]),
    ):
        for column in needed:
            if not column or column not in rows[0]:
                names = ", ".join(name for name in rows[0] if name)
                raise DataError(f"{path}: no column {column!r}; the header names {names}")
    by_key = {row[on]: row for row in target_rows}
    if len(by_key) != len(target_rows):
        raise DataError(f"{targets_file}: column {on!r} repeats a value, so rows cannot be matched")
    score_rows = [row for row in score_rows if row[on] in by_key]
    if not score_rows:
        raise DataError(f"{scores} and {targets_file} share no value of column {on!r}")
    matched = [by_key[row[on]] for row in score_rows]
    taken = {"", on, architecture_column, *targets}
    statistics: list[Statistic] = [scalar(_identifier(c)) for c in score_rows[0] if c not in taken]
    columns = [column for column in score_rows[0] if column not in taken]
    architectures = tuple(row[architecture_column] for row in matched)
    if len(set(architectures)) != len(architectures):
        raise DataError(f"{targets_file}: an architecture stands on several of the matched rows")
    return Table(
        architectures=architectures,
        keys=tuple(
            _canonical_key(targets_file, row, a, space)
            for row, a in zip(matched, architectures, strict=True)
        ),
        statistics=tuple(statistics),
        offsets={},
        values={
            s.key: _numbers(scores, score_rows, c, missing=True)
            for s, c in zip(statistics, columns, strict=True)
        },
        targets={name: Target(name, _numbers(targets_file, matched, name)) for name in targets},
        provenance={
            "source": "published scores",
            "space": space.name,
            "files": [Path(scores).name, Path(targets_file).name],
        },
    )


def _canonical_key(path: Path, row: dict[str, str], architecture: str, space: SearchSpace) -> str:
    try:
        return space.canonical_key(architecture)
    except DataError as error:
        raise DataError(f"{path}: line {row['']}: {error}") from None


def _identifier(column: str) -> str:
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in column.lower())
    return name if not name[:1].isdigit() else f"s_{name}"


def _numbers(
    path: Path, rows: Iterable[dict[str, str]], column: str, missing: bool = False
) -> np.ndarray:
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
