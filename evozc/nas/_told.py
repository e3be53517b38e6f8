"""What somebody tells of architectures: a file of numbers, a command, a function; and a log of it all."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Protocol

from evozc._files import exists, open_plain, read_plain
from evozc._registry import imported
from evozc.benchmarks.readers import read_rows
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.spaces import SearchSpace

#: Bytes of a log at most.
_MOST = 2**28


class Teller(Protocol):
    """Tells a number of an architecture, such as a latency or an accuracy.

    Attributes:
        name: What it is, as logs keep it.
        tries: How often it is asked of one architecture while it fails.
    """

    name: str
    tries: int

    def __call__(self, architecture: str) -> float:
        """The number; whatever is raised, or is not finite, is a failure."""
        ...


class Column:
    """Numbers of a CSV file, packed or not.

    Args:
        path: One architecture a line, by its text in the space.
        column: That holds the numbers. [default: the only one beside that of the architectures]
        space: Of the architectures.

    Raises:
        ConfigError: no such column, or several to choose from.
        DataError: the file cannot be read, or no column holds architectures.
    """

    tries = 1

    def __init__(self, path: Path, column: str | None, space: SearchSpace) -> None:
        rows = read_rows(path)
        first = rows[0] if rows else {}
        texts = next((name for name, cell in first.items() if name and _is_of(space, cell)), None)
        if texts is None:
            raise DataError(f"{path}: no column holds architectures of {space.name}")
        numbers = [name for name in first if name not in ("", texts)]
        if column is None and len(numbers) > 1:
            raise ConfigError(f"{path}: write {path.name}:COLUMN; its columns are {', '.join(numbers)}")
        column = column or next(iter(numbers), "")
        if column not in numbers:
            raise ConfigError(f"{path} has no column {column!r}; its columns are {', '.join(numbers)}")
        self.name = f"{path.name}:{column}"
        self._space = space
        self._cells = {row[texts]: row[column] for row in rows}

    def __call__(self, architecture: str) -> float:
        """Of the text itself, or of an architecture of the same canonical key.

        Raises:
            DataError: the file has neither, or what is no number.
        """
        cell = self._cells.get(architecture)
        if cell is None:
            cell = self._by_key.get(self._space.canonical_key(architecture))
        if cell is None:
            raise DataError(f"{self.name} has no line for it")
        try:
            return float(cell)
        except ValueError:
            raise DataError(f"{self.name} says {cell[:40]!r}, which is no number") from None

    @cached_property
    def _by_key(self) -> dict[str, str]:
        return {self._space.canonical_key(text): cell for text, cell in self._cells.items()}


class Command:
    """A command that prints a number as its last line.

    Args:
        words: The command; ``{}`` in a word stands for the architecture, which is otherwise added as the
            last word. No shell sees it.
        minutes: It may take; then it and what it began are ended.

    Raises:
        ConfigError: no words, or minutes that are not positive.
    """

    tries = 2

    def __init__(self, words: list[str], minutes: float = 24 * 60) -> None:
        if not words or not minutes > 0:
            raise ConfigError("what is asked is a command, and its minutes are more than 0")
        self.words = words if any("{}" in word for word in words) else [*words, "{}"]
        self.name = " ".join(words)
        self._minutes = minutes

    def __call__(self, architecture: str) -> float:
        """What it prints.

        Raises:
            DataError: it cannot be run, fails, takes too long, or prints no number.
        """
        words = [word.replace("{}", architecture) for word in self.words]
        with _running(words) as process:
            try:
                out, err = process.communicate(timeout=60 * self._minutes)
            except subprocess.TimeoutExpired:
                raise DataError(f"the command took more than {self._minutes:g} minutes") from None
        lines = out.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if process.returncode:
            said = err.decode(errors="replace").strip().rpartition("\n")[2][:200]
            raise DataError(f"the command ended with {process.returncode}{f': {said}' if said else ''}")
        if not last:
            raise DataError("the command printed nothing")
        try:
            return float(last)
        except ValueError:
            raise DataError(f"the command printed {last[:40]!r}, which is no number") from None


class Told:
    """A log of all that was told, a line each: an architecture is asked of once, and again if that fails.

    Args:
        path: The log; a last line that is torn counts as not there.
        teller: Whose answers these are.

    Attributes:
        numbers: By architecture, in the order in which they were told.
        failed: By architecture of which nothing was told, the last reason.

    Raises:
        CheckpointError: the log is damaged, or of another teller.
    """

    def __init__(self, path: Path, teller: Teller | Callable[[str], float]) -> None:
        self.path, self._teller = path, teller
        self.name = teller_name(teller)
        self._most = int(getattr(teller, "tries", 2))
        self._tries: dict[str, int] = {}
        self.numbers: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        if exists(path):
            self._read()

    def tell(self, architecture: str) -> float:
        """The number of an architecture, NaN where nothing could be told of it.

        Raises:
            DataError: the log cannot be written.
        """
        while architecture not in self.numbers and self._tries.get(architecture, 0) < self._most:
            number, reason = math.nan, ""
            try:
                number = float(self._teller(architecture))
                reason = "" if math.isfinite(number) else f"it was told {number}"
            except DataError as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - a user's function may raise anything
                reason = f"{type(error).__name__}: {error}"
            said = {"reason": reason} if reason else {"number": number}
            self._write({"of": self.name, "architecture": architecture, **said})
            self._take(architecture, number, reason)
        return self.numbers.get(architecture, math.nan)

    def _take(self, architecture: str, number: float, reason: str) -> None:
        self._tries[architecture] = self._tries.get(architecture, 0) + 1
        if reason:
            self.failed[architecture] = reason
        else:
            self.failed.pop(architecture, None)
            self.numbers[architecture] = number

    def _read(self) -> None:
        try:
            whole, _, torn = read_plain(self.path, _MOST).rpartition(b"\n")
        except OSError as error:
            raise CheckpointError(f"{self.path}: cannot be read: {error.strerror}") from error
        try:
            for line in whole.splitlines():
                said = json.loads(line)
                if said["of"] != self.name:
                    raise CheckpointError(f"{self.path}: is what {said['of']!r} told, not {self.name!r}")
                self._take(said["architecture"], float(said.get("number", "nan")), said.get("reason", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{self.path}: is damaged; move it away to ask anew") from error
        if torn:
            os.truncate(self.path, len(whole) + bool(whole))

    def _write(self, said: dict[str, object]) -> None:
        try:
            with open(open_plain(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab") as file:
                file.write(f"{json.dumps(said)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written: {error.strerror}") from error


def teller_name(teller: Teller | Callable[[str], float]) -> str:
    """What logs call somebody who tells numbers."""
    return str(getattr(teller, "name", getattr(teller, "__qualname__", type(teller).__name__)))


def teller_of(text: str, space: SearchSpace) -> Callable[[str], float]:
    """``FILE``, ``FILE:COLUMN`` or ``package.module:function``, as the command line has it.

    Raises:
        ConfigError: none of these.
        DataError: the file cannot be read.
    """
    path, _, column = text.rpartition(":")
    if not path or exists(Path(text)):
        return Column(Path(text), None, space)
    if exists(Path(path)):
        return Column(Path(path), column, space)
    found = imported("function", text)
    if not callable(found):
        raise ConfigError(f"{text} is no function of an architecture's text")
    return found


def _is_of(space: SearchSpace, cell: str) -> bool:
    try:
        space.canonical_key(cell)
    except DataError:
        return False
    return True


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a group of its own, of which nothing is left at the end."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{words[0]}: cannot be run: {error}") from error
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
