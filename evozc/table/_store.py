"""The statistics table on disk: one npz archive without pickles, checked by its hash.

Members: ``header`` (JSON in UTF-8 as uint8), ``offsets/<node set>``,
``values/<statistic>``, ``targets/<name>`` and, where there is one, ``train``.
"""

from __future__ import annotations

import json
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from evozc._files import refuse_existing, replacing
from evozc.errors import DataError
from evozc.table._table import Table, Target, declaration
from primitives import Sign, Statistic

FORMAT = "evozc-table-2"
#: A table larger than this when unpacked is refused before it fills the memory.
MAX_BYTES = 32 * 2**30


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


def load_table(path: Path) -> Table:
    """Read a table that anybody may have written.

    Raises:
        DataError: the file is missing, no table, truncated, altered, or too large.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(f"unpacks to more than {MAX_BYTES >> 30} GiB")
        with np.load(path, allow_pickle=False) as archive:
            members = {name: archive[name] for name in archive.files}
        header = json.loads(members.pop("header").tobytes(), parse_constant=_refuse_constant)
        expected = header["hash"]
        table = _assemble(header, members)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile,
            EOFError, RuntimeError, MemoryError, OverflowError, IndexError, struct.error,
            zlib.error, lzma.LZMAError, tokenize.TokenError, SyntaxError) as error:
        raise DataError(
            f"{path}: not a whole evozc table ({type(error).__name__}: {error}); "
            "fetch or extract it again"
        ) from error
    if table.content_hash != expected:
        raise DataError(f"{path}: its contents do not match its hash; fetch or extract it again")
    return table


def vars_of(table: Table) -> dict[str, Any]:
    """The constructor's arguments of a table."""
    return {name: getattr(table, name) for name in table.__dataclass_fields__}


def _assemble(header: dict[str, Any], members: dict[str, np.ndarray]) -> Table:
    if header.get("format") != FORMAT:
        raise DataError(f"written as {header.get('format')!r}, this version reads {FORMAT!r}")
    _check_types(header)

    def under(prefix: str, dtype: type) -> dict[str, np.ndarray]:
        return {
            name.removeprefix(prefix): array.astype(dtype, casting="safe")
            for name, array in members.items()
            if name.startswith(prefix)
        }

    values = under("targets/", np.float64)
    targets = [Target(**declared, values=values[declared["name"]]) for declared in header["targets"]]
    return Table(
        architectures=tuple(header["architectures"]),
        keys=tuple(header["keys"]),
        statistics=tuple(_statistic(s) for s in header["statistics"]),
        offsets=under("offsets/", np.int64),
        values=under("values/", np.float64),
        targets={target.name: target for target in targets},
        train=members.get("train"),
        provenance=header["provenance"],
    )


def _statistic(declared: dict[str, Any]) -> Statistic:
    named = {**declared, "sign": Sign(declared["sign"]), "needs_labels": declared["labels"]}
    del named["labels"]
    return Statistic(**named)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the header holds {name}, which is no JSON")


def _check_types(header: dict[str, Any]) -> None:
    """Stop at values that would load, and then fail or mislead far away from here."""
    statistics, targets = header["statistics"], header["targets"]
    texts = [*header["architectures"], *header["keys"]]
    texts += [value for s in statistics for key, value in s.items() if key not in ("sign", "labels")]
    texts += [target[key] for target in targets for key in ("name", "unit")]
    if not all(isinstance(text, str) for text in texts):
        raise DataError("architectures, keys, statistics and targets must be named by texts")
    if not all(type(s["sign"]) is int and 0 < s["sign"] <= Sign.REAL for s in statistics):
        raise DataError(f"the sign of a statistic must be from 1 to {int(Sign.REAL)}")
    if not all(isinstance(s["labels"], bool) for s in statistics):
        raise DataError("whether a statistic needs labels must be true or false")
    for target in targets:
        ceiling = target["noise_ceiling"]
        known = ceiling is None or (type(ceiling) in (int, float) and math.isfinite(ceiling))
        if not isinstance(target["higher_is_better"], bool) or not known:
            raise DataError(f"target {target['name']!r}: its direction or noise ceiling is no valid value")
    if not isinstance(header["provenance"], dict):
        raise DataError("the provenance must be named values")

