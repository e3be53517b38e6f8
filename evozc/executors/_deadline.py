"""A limit to the time that one task may take."""

from __future__ import annotations

import faulthandler
import math
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from evozc.errors import ConfigError
from evozc.executors._executor import Executor, Failure

R = TypeVar("R")


class Deadline:
    """Runs tasks elsewhere, each for so many minutes at most.

    A task that takes longer ends its worker process, whatever that hangs in, and is tried again as
    one whose worker died.

    Args:
        executor: Has workers that are processes of their own.
        minutes: Of a task.

    Raises:
        ConfigError: minutes that are not positive.
    """

    def __init__(self, executor: Executor, minutes: float) -> None:
        if not (math.isfinite(minutes) and minutes > 0):
            raise ConfigError(f"a task's minutes must be more than 0, not {minutes}")
        self._executor = executor
        self._minutes = minutes

    def map(
        self, function: Callable[..., R], tasks: Iterable[tuple[Any, ...]], shared: tuple[Any, ...] = ()
    ) -> Generator[tuple[int, R | Failure], None, None]:
        """As :meth:`~evozc.executors.Executor.map`."""
        here = os.getpid()
        outcomes = self._executor.map(_within, tasks, (here, 60 * self._minutes, function, *shared))
        try:
            for index, found in outcomes:
                yield index, self._told(found) if isinstance(found, Failure) else found
        finally:
            outcomes.close()

    def _told(self, failure: Failure) -> Failure:
        if failure.kind != "worker":
            return failure
        return replace(failure, reason=f"it took more than {self._minutes:g} minutes, or {failure.reason}")


def _within(here: int, seconds: float, function: Callable[..., R], *arguments: Any) -> R:
    if os.getpid() == here:
        raise ConfigError("a limit to the minutes of a task needs workers that are processes of their own")
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return function(*arguments)
        finally:
            faulthandler.cancel_dump_traceback_later()
