"""Archives of arrays (npz) that anybody may have written: looked at before anything is unpacked."""

from __future__ import annotations

import io
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from evozc.errors import ConfigError, DataError

#: What an entry of the directory may take: its name and what stands around it.
_ENTRY_BYTES = 1024
#: No array's own header is longer; it is a hundred characters as a rule.
_ARRAY_HEADER = 4096
_PIECE = 1 << 20
_GIB = 2**30
_ARRAY = re.compile(
    rb"\{\s*'descr':\s*'([<>|=]?[biufSU]\d{1,6})',\s*'fortran_order':\s*(True|False),"
    rb"\s*'shape':\s*\(([0-9, ]{0,200})\),?\s*\}\s*"
)
_DAMAGE = (
    OSError, ValueError, EOFError, RuntimeError, OverflowError, struct.error, zlib.error, lzma.LZMAError,
    zipfile.BadZipFile, zipfile.LargeZipFile, TypeError,
)


@dataclass(frozen=True)
class Limits:
    """What an archive may claim before it is refused.

    Args:
        members: Arrays in it.
        header: Bytes of a table's header, which names all architectures.
        size: Bytes of all arrays, unpacked.
    """

    members: int = 10_000
    header: int = 256 * 2**20
    size: int = 32 * _GIB

    @classmethod
    def usual(cls, size: int = 32 * _GIB) -> Self:
        """The defaults, or what ``EVOZC_MAX_MEMBERS``, ``EVOZC_MAX_HEADER`` and ``EVOZC_MAX_BYTES`` say.

        Raises:
            ConfigError: one of them is no whole number above 0.
        """
        found = cls(size=size)
        for name, variable in _VARIABLES.items():
            text = os.environ.get(variable, "")
            if text and not (text.isascii() and text.isdigit() and 0 < len(text) < 19 and int(text)):
                raise ConfigError(f"{variable} must be a whole number above 0, not {text[:40]!r}")
            if text:
                found = replace(found, **{name: int(text)})
        return found

    def refusal(self, name: str, what: str) -> DataError:
        """The error for an archive beyond a limit, with what to do about it."""
        return DataError(f"{what}; if you trust it, allow more by {_VARIABLES[name]}")


_VARIABLES = {"members": "EVOZC_MAX_MEMBERS", "header": "EVOZC_MAX_HEADER", "size": "EVOZC_MAX_BYTES"}


@dataclass(frozen=True)
class Declared:
    """What an array says of itself, before it is unpacked.

    Args:
        dtype: Of numbers, booleans or fixed-width texts.
        shape: Its shape.
        fortran: Whether the first index runs fastest.
        start: Bytes before its data.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    start: int

    @property
    def nbytes(self) -> int:
        """Bytes of its data."""
        count = 1
        for length in self.shape:
            count *= length
        return count * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"


class Archive:
    """An npz file, open; :func:`open_archive` makes it.

    Args:
        file: The zip archive.
        limits: What it may claim.
    """

    def __init__(self, file: zipfile.ZipFile, limits: Limits) -> None:
        self._file = file
        entries = file.infolist()
        if len(entries) > limits.members:
            raise limits.refusal("members", f"{len(entries)} members, more than {limits.members}")
        total = sum(entry.file_size for entry in entries)
        if total > limits.size:
            raise limits.refusal("size", f"unpacks to more than {limits.size / _GIB:.3g} GiB")
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if total > memory:
            raise DataError(f"unpacks to {total / _GIB:.3g} GiB; this machine has {memory / _GIB:.3g} GiB")
        self._entries = {entry.filename.removesuffix(".npy"): entry for entry in entries}
        if len(self._entries) < len(entries):
            raise DataError("two members have the same name")
        self._declared: dict[str, Declared] = {}

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._entries)

    def declared(self, name: str) -> Declared:
        """What an array says of itself, once that is seen to fit its size in the directory.

        Raises:
            KeyError: there is none of that name.
            DataError: it is no array of numbers, booleans or texts, or says what cannot be.
        """
        if name not in self._declared:
            entry = self._entries[name]
            with self._file.open(entry) as member:
                found = _declared(name, member)
            if found.start + found.nbytes != entry.file_size:
                raise DataError(f"{name}: {found} does not fit its {entry.file_size} bytes")
            self._declared[name] = found
        return self._declared[name]

    def read(self, name: str) -> np.ndarray:
        """An array; its bytes are those of its checksum in the archive.

        Raises:
            KeyError: there is none of that name.
            DataError: as :meth:`declared`.
        """
        found = self.declared(name)
        data = np.empty(found.nbytes, np.uint8)
        view, filled = data.data, 0
        with self._file.open(self._entries[name]) as member:
            member.read(found.start)
            while filled < found.nbytes:
                piece = member.read(min(_PIECE, found.nbytes - filled))
                if not piece:
                    raise EOFError(f"{name} ends early")
                view[filled : filled + len(piece)] = piece
                filled += len(piece)
            if member.read(1):  # at the end the checksum is looked at
                raise DataError(f"{name} goes on behind its end")
        return np.ndarray(found.shape, found.dtype, data, order="F" if found.fortran else "C")


@contextmanager
def open_archive(path: Path, what: str, limits: Limits, advice: str) -> Iterator[Archive]:
    """An npz file to read from; whatever is wrong with it is one error that names it.

    Args:
        path: The file.
        what: It should be, as ``evozc table``.
        limits: What it may claim.
        advice: What to do about a damaged one.

    Raises:
        DataError: no such file, no whole archive, or beyond the limits; or raised in the block.
    """
    try:
        with open(path, "rb", buffering=0) as raw:
            careful = _Careful(raw, limits)
            with zipfile.ZipFile(careful) as file:
                careful.most = None
                yield Archive(file, limits)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except MemoryError:
        raise DataError(f"{path}: too large for the memory of this machine") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise DataError(f"{path}: not a whole {what} ({type(error).__name__}: {error}); {advice}") from error


class _Careful(io.BufferedReader):
    """A file of which no more is read at once than an archive's directory may take, until that is read."""

    def __init__(self, raw: io.FileIO, limits: Limits) -> None:
        super().__init__(raw)
        self.limits = limits
        self.most: int | None = (limits.members + 64) * _ENTRY_BYTES

    def read(self, size: int | None = -1) -> bytes:
        if self.most is not None and size is not None and size > self.most:
            raise self.limits.refusal("members", f"more than {self.limits.members} members")
        return super().read(size)


def _declared(name: str, member: Any) -> Declared:
    """What stands before the data of an array (the npy format, versions 1 to 3)."""
    magic = member.read(8)
    if len(magic) < 8 or magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2, 3):
        raise DataError(f"{name}: no array")
    wide = 2 if magic[6] == 1 else 4
    length = int.from_bytes(member.read(wide), "little")
    if length > _ARRAY_HEADER:
        raise DataError(f"{name}: an array's header of {length} bytes")
    text = member.read(length)
    found = _ARRAY.fullmatch(text)
    if not found:
        raise ValueError(f"{name} is declared as {text[:80]!r}, which is no array of numbers or texts")
    shape = tuple(int(part) for part in found[3].decode().split(",") if part.strip())
    if len(shape) > 8:
        raise ValueError(f"{name} has {len(shape)} dimensions")
    return Declared(np.dtype(found[1].decode()), shape, found[2] == b"True", 8 + wide + length)
