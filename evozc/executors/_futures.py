"""Tasks in a pool of workers that is a ``concurrent.futures.Executor``, and again where workers die."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from concurrent.futures import Executor as Pool
from typing import Any, TypeVar

from evozc._registry import registered
from evozc.executors._executor import Failure, equipped, outcome

R = TypeVar("R")
_Task = tuple[int, tuple[Any, ...]]  # its number and its arguments

#: How often a task is tried whose workers die.
ATTEMPTS = 3


class Futures(ABC):
    """Runs tasks in a pool.

    When a worker dies the pool breaks, and everything on its way there is under suspicion. The
    suspects are tried one at a time in a new pool, so that a task that kills its workers is told
    from the others, and given up.

    Args:
        ahead: How many tasks are on their way at once, those at work included.
    """

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._pool: Pool | None = None

    @abstractmethod
    def open(self) -> Pool:
        """A new pool; for work that is lost it raises a ``BrokenExecutor``."""

    @abstractmethod
    def stop(self, pool: Pool) -> None:
        """End a pool at once, whatever its workers are doing."""

    def map(
        self, function: Callable[..., R], tasks: Iterable[tuple[Any, ...]], shared: tuple[Any, ...] = ()
    ) -> Generator[tuple[int, R | Failure], None, None]:
        """As :meth:`~evozc.executors.Executor.map`."""
        queue = _Queue(tasks, self._ahead)
        running: dict[Future[R | Failure], _Task] = {}
        plug_ins = registered()
        call = (equipped, plug_ins) if plug_ins else (outcome,)
        try:
            while True:
                lost: list[_Task] = []
                while not lost and (task := queue.take(len(running))) is not None:
                    try:
                        running[self._opened().submit(*call, function, *shared, *task[1])] = task
                    except BrokenExecutor:
                        lost.append(task)
                if not running and not lost:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    task = running.pop(future)
                    try:
                        found = future.result()
                    except BrokenExecutor:
                        lost.append(task)
                    else:
                        yield task[0], found
                if lost:
                    lost += running.values()
                    running.clear()
                    self._discard()
                for task in lost:
                    if (failure := queue.again(task)) is not None:
                        yield task[0], failure
        finally:
            if running:
                self._discard()

    def _opened(self) -> Pool:
        if self._pool is None:
            self._pool = self.open()
        return self._pool

    def _discard(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            self.stop(pool)


class _Queue:
    """What is left to do: tasks not tried yet, and those whose worker died."""

    def __init__(self, tasks: Iterable[tuple[Any, ...]], ahead: int) -> None:
        self._fresh = enumerate(tasks)
        self._ahead = ahead
        self._suspects: deque[_Task] = deque()
        self._deaths: Counter[int] = Counter()
        self._alone = False

    def take(self, busy: int) -> _Task | None:
        """The next task, if one may be handed over while so many are on their way."""
        if not busy:
            self._alone = bool(self._suspects)
        if busy >= (1 if self._alone else self._ahead):
            return None
        return self._suspects.popleft() if self._alone else next(self._fresh, None)

    def again(self, task: _Task) -> Failure | None:
        """Take back a task whose worker died, or say that it is given up."""
        self._deaths[task[0]] += 1
        if self._deaths[task[0]] < ATTEMPTS:
            self._suspects.append(task)
            return None
        return Failure(
            f"its worker process died {ATTEMPTS} times, as it does for want of memory: run it again with "
            "fewer jobs, or on a larger machine", "worker", ATTEMPTS,
        )
