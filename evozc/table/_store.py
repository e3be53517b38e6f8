"""The statistics table on disk: one npz archive without pickles, checked by its hash.

Members: ``header`` (JSON in UTF-8 as uint8), ``offsets/<node set>``,
``values/<statistic>``, ``targets/<name>`` and, where there is one, ``train``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evozc._files import refuse_existing, replacing
from evozc._npz import Archive, Limits, open_archive
from evozc._records import from_json
from evozc.errors import DataError
from evozc.table._table import Table, Target, declaration
from primitives import NETWORK, NODE_SETS, Sign, Statistic

FORMAT = "evozc-table-2"


@dataclass(frozen=True)
class _Declaration:
    """A statistic in the header."""

    node_set: str
    name: str
    definition: str
    sign: int
    latex: str
    group: str
    unit: str
    source: str
    labels: bool


@dataclass(frozen=True)
class _TargetDeclaration:
    name: str
    unit: str
    higher_is_better: bool
    noise_ceiling: float | None


@dataclass(frozen=True)
class _Header:
    format: str
    hash: str
    architectures: tuple[str, ...]
    keys: tuple[str, ...]
    statistics: tuple[_Declaration, ...]
    targets: tuple[_TargetDeclaration, ...]
    provenance: Mapping[str, Any]


def save_table(table: Table, path: Path, dtype: str = "float64") -> None:
    """Write a table, synced, in one step.

    Args:
        table: What to write.
        path: A new file.
        dtype: ``float64``, or ``float32`` to halve the size; the hash is then that
            of the rounded values.

    Raises:
        DataError: the file exists, cannot be written, or float32 would overflow.
    """
    refuse_existing(path)
    with np.errstate(over="ignore"):
        values = {key: array.astype(dtype) for key, array in table.values.items()}
    for key, array in values.items():
        if (np.isinf(array) & np.isfinite(table.values[key])).any():
            raise DataError(f"{path}: {key} is too large for {dtype}; use float64")
    rounded = Table(**{**vars_of(table), "values": {k: v.astype(float) for k, v in values.items()}})
    header = {
        "format": FORMAT,
        "hash": rounded.content_hash,
        "architectures": table.architectures,
        "keys": table.keys,
        "statistics": [declaration(s) for s in table.statistics],
        "targets": [
            {k: v for k, v in asdict(t).items() if k != "values"} for t in table.targets.values()
        ],
        "provenance": dict(table.provenance),
    }
    text = json.dumps(header, allow_nan=False).encode()
    members: dict[str, Any] = {"header": np.frombuffer(text, dtype=np.uint8)}
    members |= {f"offsets/{name}": offsets for name, offsets in table.offsets.items()}
    members |= {f"values/{key}": array for key, array in values.items()}
    members |= {f"targets/{name}": target.values for name, target in table.targets.items()}
    if table.train is not None:
        members["train"] = table.train
    with replacing(path) as file:
        np.savez_compressed(file, **members)


def load_table(path: Path, limits: Limits | None = None) -> Table:
    """Read a table that anybody may have written.

    Args:
        path: Of the table.
        limits: What it may claim; None for the usual ones, which environment variables change.

    Raises:
        DataError: the file is missing, no table, truncated, altered, or too large.
        ConfigError: an environment variable holds no limit.
    """
    path = Path(path)
    limits = limits or Limits.usual()
    with open_archive(path, "evozc table", limits, "fetch or extract it again") as archive:
        if "header" not in archive.names or archive.declared("header").dtype != np.uint8:
            raise DataError("not a whole evozc table: it has no header")
        if archive.declared("header").nbytes > limits.header:
            raise limits.refusal("header", f"a header of {archive.declared('header').nbytes} bytes")
        text = archive.read("header").tobytes()
        header = _header(text)
        table = _assemble(header, archive)
        if table.content_hash != header.hash:
            raise DataError("its contents do not match its hash; fetch or extract it again")
    return table


def vars_of(table: Table) -> dict[str, Any]:
    """The constructor's arguments of a table."""
    return {name: getattr(table, name) for name in table.__dataclass_fields__}


def _header(text: bytes) -> _Header:
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the header is nested too deeply") from None
    written_as = values.get("format") if isinstance(values, dict) else None
    if written_as != FORMAT:
        raise DataError(f"written as {str(written_as)[:40]!r}, this version reads {FORMAT!r}")
    return from_json(_Header, values, "header")


def _assemble(header: _Header, archive: Archive) -> Table:
    """The table of a header and its arrays, none of which is read before its declared shape fits."""
    count = len(header.architectures)
    left = set(archive.names) - {"header"}

    def read(name: str, dtype: type, length: int) -> np.ndarray:
        if name not in left:
            raise DataError(f"not a whole evozc table: {name} is missing or named twice")
        left.remove(name)
        declared = archive.declared(name)
        if declared.shape != (length,) or not np.can_cast(declared.dtype, dtype, "safe"):
            raise DataError(f"{name} is {declared}; expected {length} numbers")
        return archive.read(name).astype(dtype, casting="safe", copy=False)

    offsets = {s: read(f"offsets/{s}", np.int64, count + 1) for s in NODE_SETS if f"offsets/{s}" in left}
    lengths = {NETWORK: count, **{node_set: int(found[-1]) for node_set, found in offsets.items()}}
    statistics = tuple(_statistic(declared) for declared in header.statistics)
    for statistic in statistics:
        if statistic.node_set not in lengths:
            raise DataError(f"{statistic.key} has no offsets for its node set")
    table = Table(
        architectures=header.architectures,
        keys=header.keys,
        statistics=statistics,
        offsets=offsets,
        values={s.key: read(f"values/{s.key}", np.float64, lengths[s.node_set]) for s in statistics},
        targets={t.name: _target(t, read(f"targets/{t.name}", np.float64, count)) for t in header.targets},
        train=read("train", np.bool_, count) if "train" in left else None,
        provenance=header.provenance,
    )
    if left:
        raise DataError(f"it holds {sorted(left)[0][:80]!r}, which the header does not name")
    return table


def _statistic(declared: _Declaration) -> Statistic:
    if not 0 < declared.sign <= Sign.REAL:
        raise DataError(f"the sign of a statistic must be from 1 to {int(Sign.REAL)}")
    named = {**asdict(declared), "sign": Sign(declared.sign), "needs_labels": declared.labels}
    del named["labels"]
    return Statistic(**named)


def _target(declared: _TargetDeclaration, values: np.ndarray) -> Target:
    return Target(
        declared.name, values, unit=declared.unit, higher_is_better=declared.higher_is_better,
        noise_ceiling=declared.noise_ceiling,
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the header holds {name}, which is no JSON")
