"""Folders that commands go on in: whose they are, who works in them, and whether their files are whole.

Such a folder has a manifest that names its format and says what was asked for. Files that are
read back bear their own checksum. One process at a time writes in it. It may come from a stranger:
links in it are refused, not followed, and nothing is removed but what evozc itself puts there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Generic, Self, TypeVar

from evozc._files import exists, open_plain, read_plain, write_text
from evozc._records import from_json, parse, to_json
from evozc.errors import CheckpointError, DataError

M = TypeVar("M")
T = TypeVar("T")

_MANIFEST, _LOCK = "manifest.json", "LOCK"
#: What a process that is killed may leave beside any file.
_HALF = ".*.[0-9]*.tmp"
#: A JSON file of ours is never larger than this.
_MOST = 1 << 30
_AGAIN = "delete it, and it is made again"
_SEAL = ',\n  "sha256": "'


@dataclass(frozen=True)
class Kind(Generic[M]):
    """One kind of folder.

    Args:
        format: Its name with the version, as ``evozc-run-3``.
        what: What messages call it, as ``a run folder made by evozc search``.
        short: The same in few words, as ``run folder``.
        manifest: The dataclass of what was asked for.
        files: Patterns of the files in it that are ours, beside manifest and lock.
        go_on: The command to go on in it, where ``{}`` stands for the folder.
    """

    format: str
    what: str
    short: str
    manifest: type[M]
    files: tuple[str, ...]
    go_on: str


class Folder(Generic[M]):
    """A folder in which this process alone works; a context manager.

    Made by :meth:`create` or :meth:`open`.

    Attributes:
        path: Where it is.
        manifest: What was asked for.
    """

    kind: Kind[M]

    def __init__(self, path: Path, manifest: M, lock: BinaryIO) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        for half in path.rglob(_HALF):  # of a process that was killed: we hold the lock
            half.unlink(missing_ok=True)

    @classmethod
    def create(cls, path: Path, manifest: M, texts: Mapping[str, str] | None = None) -> Self:
        """A new folder; one that a killed process left without a manifest is taken over.

        Args:
            path: Of the folder.
            manifest: What is asked for.
            texts: Files to be there before the manifest is, which is written last.

        Raises:
            DataError: something else is there already, or the folder cannot be written.
            CheckpointError: another process is just making it.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not _abandoned(path, texts or {}):
                go_on = f", or go on with it: {cls.kind.go_on.format(shlex.quote(str(path)))}"
                ours = exists(path / _MANIFEST)
                raise DataError(
                    f"{path}: exists already{'' if ours else ', and is not of evozc'}; name another folder"
                    f"{go_on if ours else ''}"
                ) from None
        except OSError as error:
            raise DataError(f"{path}: cannot be made: {error.strerror}") from error
        folder = cls(path, manifest, _lock(path, cls.kind))
        try:
            for name, text in (texts or {}).items():
                folder.write_text(name, text)
            folder.ask(manifest)
        except DataError:
            folder.remove()  # made just now, and of no use without these
            raise
        return folder

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing folder, to go on with.

        Raises:
            CheckpointError: none of this kind and version, damaged, not to be trusted, or in use.
        """
        path = Path(path)
        read_manifest(path, cls.kind)
        lock = _lock(path, cls.kind)
        try:
            return cls(path, read_manifest(path, cls.kind), lock)  # again: it may have waited
        except BaseException:
            lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.close()

    def ask(self, manifest: M) -> None:
        """Write down what is asked for, from now on.

        Raises:
            DataError: it cannot be written.
        """
        self.write(_MANIFEST, {"format": self.kind.format, **to_json(manifest)})
        self.manifest = manifest

    def file(self, name: str) -> Path:
        """The path of a file of this folder.

        Raises:
            CheckpointError: the name leads out of it.
        """
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts:
            raise CheckpointError(f"{self.path}: the file name {name!r} leads out of the folder")
        return self.path / parts

    def write_text(self, name: str, text: str) -> None:
        """Write a file, synced, in one step.

        Raises:
            DataError: it cannot be written.
        """
        path = self.file(name)
        with suppress(OSError):  # which writing then tells
            path.parent.mkdir(exist_ok=True)
        write_text(path, text)

    def write(self, name: str, value: Any, indent: int | None = 2) -> None:
        """Write JSON with its checksum, synced, in one step.

        Args:
            name: Of the file.
            value: A dataclass, or JSON values by name.
            indent: Of its lines; None for the shortest text.

        Raises:
            DataError: it cannot be written.
        """
        self.write_text(name, seal(json.dumps(to_json(value), allow_nan=False, indent=indent)))

    def read(self, name: str, kind: type[T]) -> T:
        """Read what :meth:`write` wrote.

        Raises:
            CheckpointError: it is damaged; the message says that it is made again once it is deleted.
        """
        return read_sealed(self.file(name), kind)

    def remove(self) -> None:
        """Remove the files that are ours, and the folder if nothing else is in it; the lock is given up."""
        for path in sorted(self.path.rglob("*"), reverse=True):
            name = path.relative_to(self.path).as_posix()
            ours = (*self.kind.files, _MANIFEST, _LOCK)
            with suppress(OSError):  # what is not empty stays
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                elif any(fnmatchcase(name, pattern) for pattern in ours):
                    path.unlink()
        self._lock.close()
        with suppress(OSError):
            self.path.rmdir()


def read_manifest(path: Path, kind: Kind[M]) -> M:
    """What a folder was asked for.

    Raises:
        CheckpointError: none of this kind and version, damaged, or with links in it.
    """
    path = Path(path)
    if exists(path / _LOCK) and _abandoned(path, {"*.txt": ""}):
        raise CheckpointError(
            f"{path}: nothing was kept before it was stopped, not even what was asked for; begin anew, "
            "in the same folder if you like"
        )
    content = _manifest_of(path, kind.what)
    found = content.pop("format", None)
    if found != kind.format:
        raise CheckpointError(_other_format(path, kind, found, content))
    for entry in _entries(path):
        if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
            raise CheckpointError(
                f"{entry.path}: a link or a device, which evozc never makes and will not follow: remove it"
            )
    return _decoded(kind.manifest, content, path / _MANIFEST, "start anew in another folder")


def read_sealed(path: Path, kind: type[T]) -> T:
    """The content of a JSON file with a checksum, as a dataclass.

    Raises:
        CheckpointError: not there, damaged, or with other entries; the place in it is named.
    """
    try:
        return _decoded(kind, _content(path), path, _AGAIN)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged: {getattr(error, 'strerror', error)}; {_AGAIN}") from None


def format_of(path: Path) -> str:
    """What the manifest in a folder says it is; empty without one.

    Raises:
        CheckpointError: the manifest is a link, or no JSON object.
    """
    if not exists(Path(path) / _MANIFEST):
        return ""
    return str(_manifest_of(Path(path), "a folder made by evozc").get("format"))


def seal(text: str) -> str:
    """The text of a JSON object with its checksum as the last entry."""
    return _sealed(text.removesuffix("}").rstrip())


def _sealed(body: str) -> str:
    return f'{body}{_SEAL}{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n'


def installed(*packages: str) -> dict[str, str]:
    """The versions of Python and of packages, for a manifest."""
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def changed(then: Mapping[str, str]) -> str:
    """How the installed versions differ from those of a manifest; empty if they do not."""
    now = installed(*(name for name in then if name != "python"))
    return ", ".join(f"{name} {then[name]} -> {now[name]}" for name in then if now[name] != then[name])


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _manifest_of(path: Path, what: str) -> dict[str, Any]:
    try:
        return _content(path / _MANIFEST)
    except OSError as error:
        raise CheckpointError(f"{path}: not {what} ({_MANIFEST}: {error.strerror})") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: not {what}, or damaged ({_MANIFEST}: {error})") from None


def _content(path: Path) -> dict[str, Any]:
    """The entries of a JSON file; its checksum, where it has one, is among them, and empty if it is wrong.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no JSON object.
    """
    text = read_plain(path, _MOST)
    content = parse(text)
    if not isinstance(content, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - as of what is no JSON at all
    if "sha256" in content and _sealed(text.decode().rpartition(_SEAL)[0]).encode() != text:
        content["sha256"] = ""
    return content


def _decoded(kind: type[T], content: dict[str, Any], path: Path, what_to_do: str) -> T:
    if not content.pop("sha256", ""):
        raise CheckpointError(f"{path}: damaged: it does not match its checksum; {what_to_do}")
    try:
        return from_json(kind, content)
    except DataError as error:
        raise CheckpointError(f"{path}: damaged: {error}; {what_to_do}") from None


def _other_format(path: Path, kind: Kind[Any], found: object, content: Mapping[str, Any]) -> str:
    family = kind.format.rpartition("-")[0]
    if not isinstance(found, str) or found.rpartition("-")[0] != family:
        return f"{path}: not {kind.what}"
    versions = content.get("versions")
    writer = versions.get("evozc") if isinstance(versions, dict) else None
    known = isinstance(writer, str) and len(writer) < 20 and writer.isprintable()
    found = ascii(found[:40])[1:-1]
    by, how = (f"evozc {writer}", f"evozc=={writer}") if known else ("another version", "that version")
    return (
        f"{path}: written by {by} as {found}; this version reads {kind.format}: "
        f"install {how} to go on with it"
    )


def _abandoned(path: Path, texts: Mapping[str, str]) -> bool:
    """Whether a folder holds nothing but what is written before its manifest."""
    if not path.is_dir() or path.is_symlink():
        return False
    early = (_LOCK, _HALF, *texts)
    return all(
        entry.is_file(follow_symlinks=False) and any(fnmatchcase(entry.name, name) for name in early)
        for entry in _entries(path)
    )


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    """Everything in a folder and the folders in it; no link is followed."""
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def _lock(path: Path, kind: Kind[Any]) -> BinaryIO:
    """Keep other processes out for as long as this one lives."""
    try:
        lock = open(open_plain(path / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab")  # noqa: SIM115
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if not isinstance(error, BlockingIOError):
            raise CheckpointError(f"{path}: cannot be locked: {error.strerror}") from error
        raise CheckpointError(f"{path}: another process is working in this {kind.short}") from None
    return lock
