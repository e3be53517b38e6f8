"""The run folder: what is in it, and how it survives a kill at any moment.

``manifest.json``   what was asked for: settings, data, versions
``labelled.txt``    the architectures whose targets the search may see
``formulas.jsonl``  every formula scored, in order
``journal.jsonl``   one line a generation
``checkpoint-*``    the last two complete generations
``results.json``    the Pareto front, the chosen formula, the comparison
``results-*.json``  the same of a run that was extended, after so many generations
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from evozc._files import exists, open_plain, read_plain, sync_folder, write_text
from evozc._folder import Folder, Kind, read_manifest, read_sealed
from evozc._records import parse, to_json
from evozc.errors import CheckpointError, DataError, EvozcError
from evozc.evolution import SearchSettings
from evozc.runs._results import SearchResults
from evozc.symbols import SymbolRecord
from evozc.table import Task, TaskSource

#: Settings of when a search ends: changed on resuming, it ends as if they had been so from the start.
ENDS = ("generations", "patience", "max_seconds", "max_evaluations")
_KEPT = 2
_LOGS = ("formulas.jsonl", "journal.jsonl")
#: A checkpoint or a log is never larger than this.
_MOST = 1 << 36


@dataclass(frozen=True)
class SearchManifest:
    """What a search was asked for.

    Args:
        settings: Of the search.
        tasks: Where its tasks come from.
        labelled: Labelled architectures of all tasks.
        held_out: Held-out architectures of all tasks.
        starters: Formulas that join the first population: the user's own, then known proxies.
        symbols: What formulas are made of, with the packages that add to it.
        versions: Of Python and of packages, by name.
    """

    settings: SearchSettings
    tasks: tuple[TaskSource, ...]
    labelled: int
    held_out: int
    starters: tuple[str, ...]
    symbols: SymbolRecord
    versions: Mapping[str, str]


RUN = Kind(
    "evozc-run-3", "a run folder made by evozc search", "run folder", SearchManifest,
    ("labelled.txt", *_LOGS, "checkpoint-*.json", "results*.json", "front.csv", "formula.txt",
     "pareto.svg"),
    "evozc search --resume {}",
)


class RunFolder(Folder[SearchManifest]):
    """A run folder that is open for writing; use it as a context manager.

    Attributes:
        tasks: Those of the manifest, once they are open.
    """

    kind = RUN

    def __init__(self, path: Path, manifest: SearchManifest, lock: BinaryIO) -> None:
        super().__init__(path, manifest, lock)
        self.tasks: tuple[Task, ...] = ()
        self._logs: dict[str, BinaryIO] = {}
        self._digests = {name: hashlib.sha256() for name in _LOGS}
        self._asked = _digest(json.dumps(_lasting(manifest)))

    @classmethod
    def open(cls, path: Path) -> Self:
        """As :meth:`Folder.open`; formulas have to be made of the same as when the run began.

        Raises:
            CheckpointError: as there, or an operator is another one, or is missing.
        """
        folder = super().open(path)
        try:
            folder.manifest.symbols.require_same(str(path))
        except EvozcError:
            folder.__exit__()
            raise
        return folder

    def __exit__(self, *exception: object) -> None:
        for log in self._logs.values():
            log.close()
        super().__exit__(*exception)

    def set_results_aside(self) -> None:
        """Let a run that has ended go on; what came out stays as ``results-GENERATIONS.json``.

        Raises:
            CheckpointError: the results are damaged.
            DataError: they cannot be renamed.
        """
        results = self.file("results.json")
        if exists(results):
            generations = self.read("results.json", SearchResults).generations
            try:
                results.rename(self.file(f"results-{generations}.json"))
                sync_folder(self.path)
            except OSError as error:
                raise DataError(f"{results}: cannot be renamed: {error.strerror}") from error

    def append(self, name: str, records: Iterable[dict[str, Any]]) -> None:
        """Add lines to a log, synced to disk.

        Raises:
            DataError: the disk is full, or the log cannot be written for another reason.
        """
        lines = "".join(f"{_json(record)}\n" for record in records).encode()
        try:
            if name not in self._logs:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._logs[name] = open(open_plain(self.file(name), flags), "ab", buffering=0)  # noqa: SIM115
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
        body = _json({"generation": generation, "manifest": self._asked, "logs": logs, "state": state})
        write_text(self._checkpoint(generation), f'{{"sha256": "{_digest(body)}", "body": {body}}}\n')
        for old in self._checkpoints()[:-_KEPT]:
            old.unlink()

    def restore(self) -> dict[str, Any] | None:
        """The state of the last complete generation, its logs cut to match; None if there is none.

        Raises:
            CheckpointError: there are checkpoints, and all are damaged or do not fit the
                logs; a log is missing; or the manifest is not the one the run began with.
        """
        paths = self._checkpoints()
        for path in reversed(paths):
            try:
                checkpoint = _read_checkpoint(path)
                if checkpoint["manifest"] != self._asked:
                    raise CheckpointError(f"{self.path}: manifest.json was changed after the run began")
                self._cut(checkpoint["logs"])
            except (OSError, ValueError, KeyError, TypeError):
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
        return read_log(self.file(name))

    def write_results(self, results: SearchResults) -> None:
        """Keep what came out: ``results.json`` last, since it marks the run as finished."""
        self.write_text("front.csv", results.front_csv())
        self.write_text("formula.txt", results.chosen.formula + "\n")
        self.write("results.json", results)

    def _cut(self, logs: dict[str, tuple[int, str]]) -> None:
        """Cut the logs to what a checkpoint knows, once that is seen to be whole in all of them."""
        kept = {}
        for name in _LOGS:
            path, (length, checksum) = self.file(name), logs.get(name, (0, _digest("")))
            if length and not path.exists():
                raise CheckpointError(f"{path} is missing")
            kept[name] = read_plain(path, _MOST)[:length] if path.exists() else b""
            if hashlib.sha256(kept[name]).hexdigest() != checksum:
                raise ValueError(f"{path} is not what the checkpoint says")
        for name, lines in kept.items():
            self._digests[name] = hashlib.sha256(lines)
            if self.file(name).exists():
                with open(open_plain(self.file(name), os.O_RDWR), "rb+") as log:
                    log.truncate(len(lines))
        sync_folder(self.path)

    def _checkpoint(self, generation: int) -> Path:
        return self.file(f"checkpoint-{generation:06d}.json")

    def _checkpoints(self) -> list[Path]:
        return sorted(self.path.glob("checkpoint-*.json"))


def read_search(path: Path) -> SearchManifest:
    """What a run was asked for.

    Raises:
        CheckpointError: not a run folder, or written by another version.
    """
    return read_manifest(path, RUN)


def read_results(path: Path) -> SearchResults:
    """What came out of a finished run.

    Raises:
        CheckpointError: not a run folder, the run has not ended, or the results are damaged.
    """
    read_search(path)
    results = Path(path) / "results.json"
    if not exists(results):
        raise CheckpointError(f"{path}: has not ended; go on with it: {RUN.go_on.format(path)}")
    try:
        return read_sealed(results, SearchResults)
    except CheckpointError as error:
        raise CheckpointError(f"{error}: {RUN.go_on.format(path)}") from None


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log that are complete.

    Raises:
        CheckpointError: a line in it is damaged.
    """
    try:
        lines = read_plain(path, _MOST).split(b"\n")[:-1] if path.exists() else []
        return [parse(line) for line in lines]
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: a line is damaged: {error}") from None


def _read_checkpoint(path: Path) -> dict[str, Any]:
    text = read_plain(path, _MOST).decode("utf-8")
    start = text.index('"body": ') + len('"body": ')
    body = text[start:].rstrip("\n").removesuffix("}")
    if parse(text)["sha256"] != _digest(body):
        raise ValueError("the checksum does not match")
    return parse(body)


def _lasting(manifest: SearchManifest) -> dict[str, Any]:
    """What may never change: all but when the search ends, and where its tables are."""
    asked = to_json(manifest)
    for name in ENDS:
        del asked["settings"][name]
    for task in asked["tasks"]:
        del task["table"], task["path"]
    return asked


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_json = json.JSONEncoder(allow_nan=False).encode  # made once: it writes every formula
