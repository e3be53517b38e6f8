"""How often a running search is written to its folder."""

from __future__ import annotations

import time
from typing import Any

from evozc.errors import DataError
from evozc.runs._folder import RunFolder

#: How much longer than a checkpoint takes the search goes on before the next one.
_REST = 20


class Keeper:
    """Writes complete generations to the run folder, as often as takes a twentieth of the time.

    A context manager: at its end, be it by an interrupt, the last complete generation is kept.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._waiting: tuple[int, dict[str, Any]] | None = None
        self._scored: list[dict[str, Any]] = []
        self._journal: list[dict[str, Any]] = []
        self._next = 0.0

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, DataError):  # a full disk stays full
            self._write()

    def take(
        self, generation: int, state: dict[str, Any], scored: list[dict[str, Any]], line: dict[str, Any]
    ) -> None:
        """A complete generation; it is written at once, or with one of the next."""
        self._scored += scored
        self._journal.append(line)
        self._waiting = generation, state
        if time.monotonic() >= self._next:
            self._write()

    def _write(self) -> None:
        if self._waiting is None:
            return
        start = time.monotonic()
        (generation, state), self._waiting = self._waiting, None
        scored, self._scored, journal, self._journal = self._scored, [], self._journal, []
        self.folder.append("formulas.jsonl", scored)
        self.folder.append("journal.jsonl", journal)
        self.folder.save_checkpoint(generation, state)
        end = time.monotonic()
        self._next = end + _REST * (end - start)
