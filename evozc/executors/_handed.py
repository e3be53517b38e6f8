"""Tasks in a ``concurrent.futures.Executor`` of the user's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import Future
from typing import Any, TypeVar

from evozc.errors import WorkerError
from evozc.executors._futures import Futures

R = TypeVar("R")
#: Tasks set the threads and random state of their process, so that only one may run in it at a time.
_ALONE = threading.Lock()
#: Tasks on their way to a pool that does not say how many workers it has.
_AHEAD = 128


class Handed(Futures):
    """Runs tasks in a pool that somebody else opened and will close, as one of MPI's or of parsl's.

    Args:
        pool: Its workers can import evozc; one task at a time runs in each process.
    """

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        workers = getattr(pool, "_max_workers", None)  # which the pools of the standard library have
        self._ahead = 2 * workers if isinstance(workers, int) else _AHEAD
        self._handed: Pool | None = pool

    def ahead(self) -> int:
        """Two a worker, where the pool says how many it has."""
        return self._ahead

    def open(self) -> Pool:
        """The pool, once.

        Raises:
            WorkerError: it broke, and only its owner can open another.
        """
        if self._handed is None:
            raise WorkerError(
                "a worker of the executor that was handed over died, and the executor with it; what is "
                "finished is kept: go on with a new executor"
            )
        return self._handed

    def stop(self, pool: Pool, running: Collection[Future[Any]]) -> None:
        """Take back what has not begun; whoever opened the pool closes it."""
        for future in running:
            future.cancel()
        if getattr(pool, "_broken", False):
            self._handed = None

    def submit(
        self, pool: Pool, function: Callable[..., R], shared: tuple[Any, ...],
        tasks: Sequence[tuple[Any, ...]],
    ) -> Iterable[Future[R]]:
        """As :meth:`Futures.submit`."""
        return (pool.submit(alone, function, *shared, *task) for task in tasks)


def alone(function: Callable[..., R], *arguments: Any) -> R:
    """Call a function while no other task runs in this process."""
    with _ALONE:
        return function(*arguments)
