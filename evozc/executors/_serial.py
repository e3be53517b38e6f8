"""One task after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from evozc.executors._executor import Failure, outcome

R = TypeVar("R")


class Serial:
    """Runs tasks here, each when its outcome is asked for; the order is theirs."""

    def __init__(self, jobs: int = 1) -> None:
        del jobs  # there is one worker, which is this process

    def map(
        self, function: Callable[..., R], tasks: Iterable[tuple[Any, ...]], shared: tuple[Any, ...] = ()
    ) -> Generator[tuple[int, R | Failure], None, None]:
        """As :meth:`~evozc.executors.Executor.map`."""
        for index, task in enumerate(tasks):
            yield index, outcome(function, *shared, *task)
