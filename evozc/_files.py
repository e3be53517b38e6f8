"""Files that are either the old ones or the new ones, never half of either; links are not followed."""

from __future__ import annotations

import errno
import os
import stat
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
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb") as file:
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


def open_plain(path: Path, flags: int) -> int:
    """A descriptor of a regular file of that very name: no link is followed, no device or pipe opened.

    Args:
        path: Of the file; the folders above it may be links.
        flags: As of :func:`os.open`.

    Raises:
        OSError: there is none, or it is something else.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a link, which is not followed") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def read_plain(path: Path, most: int) -> bytes:
    """The content of a regular file, as :func:`open_plain` opens it.

    Args:
        path: Of the file.
        most: Bytes that it may hold.

    Raises:
        OSError: there is none, it is something else, or it is larger.
    """
    with open(open_plain(path, os.O_RDONLY), "rb") as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, f"larger than {most >> 20} MiB")
        return file.read()


def sync_folder(folder: Path) -> None:
    """Make renames within a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exists(path: Path) -> bool:
    """Whether there is something, be it a link to nothing; no name is too long or too odd to ask."""
    try:
        Path(path).lstat()
    except (OSError, ValueError):
        return False
    return True


def refuse_existing(path: Path) -> None:
    """Stop before an old result would be overwritten.

    Raises:
        DataError: something is there already.
    """
    if exists(path):
        raise DataError(f"{path}: exists already; name another output, or move it away first")
