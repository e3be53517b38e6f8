"""The run folder: what is in it, and how it survives a kill at any moment.

``manifest.json``   what was asked for: settings, data, versions
``labelled.txt``    the architectures whose targets the search may see
``formulas.jsonl``  every formula scored, in order
``journal.jsonl``   one line a generation
``checkpoint-*``    the last two complete generations
``results.json``    the Pareto front, the chosen formula, the comparison
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from evozc._files import sync_folder, write_text
from evozc.errors import CheckpointError, DataError

FORMAT = "evozc-run-2"
_KEPT = 2
_LOGS = ("formulas.jsonl", "journal.jsonl")
_MANIFEST = {
    "settings": dict, "table": str, "table_hash": str, "target": str, "labels": (int, type(None)),
    "labelled": int, "held_out": int, "versions": dict, "seeds": list,
}
_RESULTS = {"chosen": dict, "front": list, "baselines": list, "removed": dict, "scoring_seconds": dict}


class RunFolder:
    """A run folder that is open for writing; use it as a context manager.

    Args:
        path: The folder.
        manifest: What was asked for, as JSON values.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = _lock(path)
        self._logs: dict[str, BinaryIO] = {}
        self._digests = {name: hashlib.sha256() for name in _LOGS}

    @classmethod
    def create(cls, path: Path, manifest: dict[str, Any], labelled: Iterable[str]) -> RunFolder:
        """A new run folder.

        Raises:
            DataError: something is there already, or the folder cannot be written.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise DataError(
                f"{path}: exists already; name another folder with --run, "
                f"or go on with it: evozc search --resume {path}"
            ) from None
        except OSError as error:
            raise DataError(f"{path}: cannot be made: {error.strerror}") from error
        try:
            write_text(path / "labelled.txt", "".join(f"{a}\n" for a in labelled))
            write_text(path / "manifest.json", _json({"format": FORMAT, **manifest}, indent=2))
        except DataError:
            shutil.rmtree(path, ignore_errors=True)  # made just now, and of no use without these
            raise
        return cls(path, {"format": FORMAT, **manifest})

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run folder, to go on with.

        Raises:
            CheckpointError: no run folder, of another version, or in use.
        """
        return cls(Path(path), read_manifest(path))

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exception: object) -> None:
        for log in self._logs.values():
            log.close()
        self._lock.close()

    def append(self, name: str, records: Iterable[dict[str, Any]]) -> None:
        """Add lines to a log, synced to disk.

        Raises:
            DataError: the disk is full, or the log cannot be written for another reason.
        """
        lines = "".join(f"{_json(record)}\n" for record in records).encode()
        try:
            if name not in self._logs:
                self._logs[name] = open(self.path / name, "ab", buffering=0)  # noqa: SIM115
            rest = memoryview(lines)
            while rest:
                rest = rest[self._logs[name].write(rest) :]
            os.fsync(self._logs[name].fileno())
        except OSError as error:
            raise DataError(f"{self.path / name}: cannot be written: {error.strerror}") from error
        self._digests[name].update(lines)

    def save_checkpoint(self, generation: int, state: dict[str, Any]) -> None:
        """Keep a complete generation; the one before stays beside it.

        How long the logs are and what they hold is kept with it, so that lines of a
        later, torn generation are cut off on resuming, and altered ones noticed.
        """
        logs = {
            name: [os.fstat(log.fileno()).st_size, self._digests[name].hexdigest()]
            for name, log in self._logs.items()
        }
        manifest = _digest(_json(self.manifest))
        body = _json({"generation": generation, "manifest": manifest, "logs": logs, "state": state})
        write_text(self._checkpoint(generation), f'{{"sha256": "{_digest(body)}", "body": {body}}}\n')
        for old in self._checkpoints()[:-_KEPT]:
            old.unlink()

    def restore(self) -> dict[str, Any] | None:
        """The state of the last complete generation, its logs cut to match; None if there is none.

        Raises:
            CheckpointError: there are checkpoints, and all are damaged or do not fit the
                logs; a log is missing; or the manifest is not the one the run began with.
        """
        for half in self.path.glob(".*.tmp"):  # of a process that was killed: we hold the lock
            half.unlink(missing_ok=True)
        paths = self._checkpoints()
        for path in reversed(paths):
            try:
                checkpoint = _read_checkpoint(path)
                if checkpoint["manifest"] != _digest(_json(self.manifest)):
                    raise CheckpointError(f"{self.path}: manifest.json was changed after the run began")
                self._cut(checkpoint["logs"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue
            return checkpoint["state"]
        if paths:
            raise CheckpointError(
                f"{self.path}: every checkpoint, or a log it counts on, is damaged; start a new run"
            )
        self._cut({})
        return None

    def read_log(self, name: str) -> list[dict[str, Any]]:
        """The lines of a log."""
        return read_log(self.path / name)

    def write_results(self, results: dict[str, Any], files: dict[str, str]) -> None:
        """Keep what came out: ``results.json`` last, since it marks the run as finished."""
        for name, text in files.items():
            write_text(self.path / name, text)
        write_text(self.path / "results.json", _json(results, indent=2))

    def _cut(self, logs: dict[str, tuple[int, str]]) -> None:
        """Cut the logs to what a checkpoint knows, once that is seen to be whole in all of them."""
        kept = {}
        for name in _LOGS:
            path, (length, checksum) = self.path / name, logs.get(name, (0, _digest("")))
            if length and not path.exists():
                raise CheckpointError(f"{path} is missing")
            kept[name] = path.read_bytes()[:length] if path.exists() else b""
            if hashlib.sha256(kept[name]).hexdigest() != checksum:
                raise ValueError(f"{path} is not what the checkpoint says")
        for name, lines in kept.items():
            self._digests[name] = hashlib.sha256(lines)
            if (self.path / name).exists():
                os.truncate(self.path / name, len(lines))
        sync_folder(self.path)

    def _checkpoint(self, generation: int) -> Path:
        return self.path / f"checkpoint-{generation:06d}.json"

    def _checkpoints(self) -> list[Path]:
        return sorted(self.path.glob("checkpoint-*.json"))


def read_manifest(path: Path) -> dict[str, Any]:
    """What a run was asked for.

    Raises:
        CheckpointError: not a run folder, or written by another version.
    """
    manifest = _read_json(Path(path) / "manifest.json", "a run folder made by evozc search")
    manifest.setdefault("seeds", [])  # older runs had none
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: written as {manifest.get('format')!r}, this version reads {FORMAT!r}"
        )
    return _complete(manifest, _MANIFEST, Path(path) / "manifest.json")


def read_results(path: Path) -> dict[str, Any]:
    """What came out of a finished run.

    Raises:
        CheckpointError: not a run folder, or the run has not ended.
    """
    read_manifest(path)
    if not (Path(path) / "results.json").exists():
        raise CheckpointError(f"{path}: has not ended; go on with it: evozc search --resume {path}")
    results = _read_json(Path(path) / "results.json", "results of evozc search")
    return _complete(results, _RESULTS, Path(path) / "results.json")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log that are complete.

    Raises:
        CheckpointError: a line in it is damaged.
    """
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    try:
        return [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: a line is damaged: {error}") from None


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path.parent}: not {what} ({path.name}: {error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged: {error}") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: not {what}")
    return content


def _complete(content: dict[str, Any], kinds: dict[str, Any], path: Path) -> dict[str, Any]:
    """The content of a file itself, once it is seen to hold entries of these kinds."""
    for name, kind in kinds.items():
        if name not in content or not isinstance(content[name], kind):
            raise CheckpointError(f"{path}: damaged: no usable entry {name!r}")
    return content


def _read_checkpoint(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    start = text.index('"body": ') + len('"body": ')
    body = text[start:].rstrip("\n").removesuffix("}")
    if json.loads(text)["sha256"] != _digest(body):
        raise ValueError("the checksum does not match")
    return json.loads(body)


def _lock(path: Path) -> BinaryIO:
    """Keep other processes out for as long as this one lives."""
    try:
        lock = open(path / "LOCK", "ab")  # noqa: SIM115 - held while the folder is open
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if not isinstance(error, BlockingIOError):
            raise CheckpointError(f"{path}: cannot be locked: {error.strerror}") from error
        raise CheckpointError(f"{path}: another process is working in this run folder") from None
    return lock


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _json(value: Any, indent: int | None = None) -> str:
    if indent is None:
        return _encode(value)
    return json.dumps(value, allow_nan=False, indent=indent)


_encode = json.JSONEncoder(allow_nan=False).encode  # made once: it writes every formula
