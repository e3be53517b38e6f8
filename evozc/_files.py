"""Files that are either the old ones or the new ones, never half of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from evozc.errors import DataError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes ``path``'s place, synced to disk, once the block has ended well.

    Raises:
        DataError: the file cannot be written; whatever was there before is untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # where nothing could be created, nothing is left behind
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole text file in UTF-8, by :func:`replacing`."""
    with replacing(path) as file:
        file.write(text.encode())


def sync_folder(folder: Path) -> None:
    """Make renames within a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_existing(path: Path) -> None:
    """Stop before an old result would be overwritten.

    Raises:
        DataError: something is there already.
    """
    if Path(path).exists():
        raise DataError(f"{path}: exists already; name another output, or move it away first")
