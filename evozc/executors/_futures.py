"""Tasks in a pool of workers that is a ``concurrent.futures.Executor``, and again where workers die."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from concurrent.futures import Executor as Pool
from itertools import chain, islice
from typing import Any, TypeVar

from evozc._registry import registered
from evozc.executors._executor import Failure, equipped, outcome

R = TypeVar("R")
_Task = tuple[int, tuple[Any, ...]]  # its number and its arguments

#: How often a task is tried whose workers die.
ATTEMPTS = 3
#: Seconds between two looks at a pool that gives nothing.
_LOOK = 1.0


class Futures(ABC):
    """Runs tasks in a pool.

    When a worker dies, what was on its way there is under suspicion. The suspects are tried one
    at a time, so that a task that kills its workers is told from the others, and given up.
    """

    def __init__(self) -> None:
        self._pool: Pool | None = None

    @abstractmethod
    def ahead(self) -> int:
        """How many tasks may be on their way at once, those at work included."""

    def room(self, running: int) -> int:
        """How many tasks to hand over next; where that is dear one by one, none until there are many."""
        return self.ahead() - running

    @abstractmethod
    def open(self) -> Pool:
        """A new pool; for work that is lost it raises a ``BrokenExecutor``."""

    @abstractmethod
    def stop(self, pool: Pool, running: Collection[Future[Any]]) -> None:
        """End a pool at once, whatever its workers are doing; what is given was running there."""

    def submit(
        self, pool: Pool, function: Callable[..., R], shared: tuple[Any, ...],
        tasks: Sequence[tuple[Any, ...]],
    ) -> Iterable[Future[R]]:
        """Hand calls of ``function(*shared, *task)`` over to a pool; their futures in the same order."""
        return (pool.submit(function, *shared, *task) for task in tasks)

    def killed(self, error: BaseException) -> bool:
        """Whether an error says that a task's worker died although the pool goes on."""
        del error
        return False

    def look(self, pool: Pool, waiting: float) -> None:
        """Raise a :class:`~evozc.errors.WorkerError` where a pool will give nothing more.

        Args:
            pool: In use.
            waiting: Seconds since it last gave something.
        """
        del pool, waiting

    def map(
        self, function: Callable[..., R], tasks: Iterable[tuple[Any, ...]], shared: tuple[Any, ...] = ()
    ) -> Generator[tuple[int, R | Failure], None, None]:
        """As :meth:`~evozc.executors.Executor.map`."""
        queue = _Queue(tasks)
        running: dict[Future[R | Failure], _Task] = {}
        plug_ins = registered()
        first = ((equipped, plug_ins, function) if plug_ins else (outcome, function)) + shared
        waiting = 0.0
        try:
            while True:
                lost: list[_Task] = []
                broken = False
                taken = queue.take(len(running), self.room(len(running)))
                if taken:
                    try:
                        futures: Iterator[Future[Any]] = iter(self.submit(
                            self._opened(), first[0], first[1:], [arguments for _, arguments in taken]
                        ))
                        while taken:
                            running[next(futures)] = taken[0]
                            taken.pop(0)
                    except BrokenExecutor:
                        lost.append(taken.pop(0))
                        queue.put_back(taken)
                        broken = True
                if not running and not lost:
                    return
                finished = wait(running, _LOOK, FIRST_COMPLETED).done if not broken else ()
                for future in finished:
                    task = running.pop(future)
                    try:
                        found = future.result()
                    except BrokenExecutor:
                        lost.append(task)
                        broken = True
                    except BaseException as error:
                        if not self.killed(error):
                            raise
                        lost.append(task)
                    else:
                        yield task[0], found
                waiting = 0.0 if finished or broken else waiting + _LOOK
                if waiting and self._pool is not None:
                    self.look(self._pool, waiting)
                if broken:
                    lost += running.values()
                    self._discard(running)
                for task in lost:
                    if (failure := queue.again(task)) is not None:
                        yield task[0], failure
        finally:
            if running:
                self._discard(running)

    def _opened(self) -> Pool:
        if self._pool is None:
            self._pool = self.open()
        return self._pool

    def _discard(self, running: dict[Future[R], _Task]) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            self.stop(pool, list(running))
        running.clear()


class _Queue:
    """What is left to do: tasks not tried yet, and those whose worker died."""

    def __init__(self, tasks: Iterable[tuple[Any, ...]]) -> None:
        self._fresh: Iterator[_Task] = enumerate(tasks)
        self._suspects: deque[_Task] = deque()
        self._deaths: Counter[int] = Counter()
        self._alone = False

    def take(self, busy: int, room: int) -> list[_Task]:
        """The next tasks to hand over: at most so many while others are on their way; a suspect alone."""
        if not busy:
            self._alone = bool(self._suspects)
        if self._alone:
            return [] if busy else [self._suspects.popleft()]
        return list(islice(self._fresh, max(0, room)))

    def put_back(self, tasks: Sequence[_Task]) -> None:
        """Take back what was not handed over."""
        self._fresh = chain(tasks, self._fresh)

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
