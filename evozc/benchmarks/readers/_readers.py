"""Readers by name, and the one that fits a file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evozc._registry import Registry
from evozc.benchmarks.readers._foreign import refuse_foreign
from evozc.benchmarks.readers._reader import Published, Reader, Request
from evozc.errors import ConfigError, DataError

#: What is read where no reader knows the file.
FALLBACK = "csv"
_HEAD = 2**16


def _check(name: str, make: Callable[[], Reader]) -> None:
    reader = make()
    missing = [part for part in ("name", "fits", "read") if not hasattr(reader, part)]
    if missing:
        raise ConfigError(f"no reader: it lacks {', '.join(missing)}")
    if reader.name != name:
        raise ConfigError(f"it calls itself {reader.name!r}")


#: Readers: callables without arguments that give a :class:`Reader`, as its class does.
READERS: Registry[Callable[[], Reader]] = Registry(
    "reader",
    "evozc.readers",
    {
        "csv": "evozc.benchmarks.readers._csv:Csv",
        "nasbench101-tfrecord": "evozc.benchmarks.readers._nasbench101:NasBench101Records",
        "nds": "evozc.benchmarks.readers._nds:Nds",
        "parquet": "evozc.benchmarks.readers._parquet:Parquet",
        "suite-zero": "evozc.benchmarks.readers._suite_zero:SuiteZero",
    },
    _check,
)


def read_published(path: Path, request: Request, format: str | None = None) -> Published:  # noqa: A002
    """Read a published file by the reader that knows it.

    Args:
        path: The file.
        request: What is wanted of it.
        format: The reader's name; None to look at the file.

    Raises:
        ConfigError: no such reader, or several know the file.
        DataError: as the reader says.
    """
    path = Path(path)
    reader = _fitting(path) if format is None else READERS.get(format)()
    found = reader.read(path, request)
    origin = READERS.added().get(reader.name)
    told = reader.name if origin is None else f"{reader.name} of {origin}"
    return replace(found, provenance={"reader": told, **found.provenance})


def _fitting(path: Path) -> Reader:
    head = first_bytes(path)
    readers = [make() for name, make in READERS.everything().items() if name != FALLBACK]
    known = [reader for reader in readers if reader.fits(path, head)]
    if len(known) > 1:
        raise ConfigError(
            f"{path}: may be {' or '.join(reader.name for reader in known)}; say which with --format"
        )
    if known:
        return known[0]
    refuse_foreign(path, head)
    return READERS.get(FALLBACK)()


def first_bytes(path: Path) -> bytes:
    """At most 64 KiB of a file, unpacked if it is compressed by gzip; empty where it cannot be read.

    Raises:
        DataError: there is no such file.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(_HEAD)
        if start[:2] != b"\x1f\x8b":
            return start
        with gzip.open(path) as packed:
            return packed.read(_HEAD)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error):
        return b""  # whoever reads it says why it cannot be read
