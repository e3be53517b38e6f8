"""The contract of an executor."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from typing import Any

from evozc.errors import DataError
from evozc.executors import Executor, Failure
from evozc.testing._contract import only, require


def check_executor(make: Callable[[int], Executor], jobs: int = 2) -> None:
    """Check that an executor keeps its protocol; where it has other processes, one of them is killed.

    Args:
        make: From a number of workers to the executor, as it is registered.
        jobs: Workers.

    Raises:
        ContractError: it does not; the message says what.
    """
    executor = make(jobs)
    require(isinstance(executor, Executor), f"makes {type(executor).__name__}, which has no method map")
    _expect(executor, _halve, [], {}, "no tasks")
    expected: dict[int, Any] = {k: Failure(f"{k} is odd") if k % 2 else k // 2 for k in range(12)}
    _expect(executor, _halve, [(k,) for k in range(12)], expected, "tasks of which some raise our own errors")
    _expect(executor, pow, [(3,), (5,)], {0: 8, 1: 32}, "shared first arguments", shared=(2,))
    ((_, starved),) = executor.map(_starve, [(1,)])
    kind = starved.kind if isinstance(starved, Failure) else starved
    require(kind == "memory", f"want of memory gives {kind!r}, not a Failure of the kind 'memory'")
    _check_foreign(executor)
    _check_laziness(executor)
    pids = {found for _, found in executor.map(_pid, [(k,) for k in range(4 * jobs)])}
    if os.getpid() not in pids:
        _check_deaths(executor)


def _expect(
    executor: Executor, function: Callable[..., Any], tasks: list[tuple[Any, ...]], expected: dict[int, Any],
    what: str, shared: tuple[Any, ...] = (),
) -> None:
    with only(what=what):
        pairs = list(executor.map(function, tasks, shared))
    require(len({number for number, _ in pairs}) == len(pairs), f"{what}: a task gives two outcomes: {pairs}")
    require(dict(pairs) == expected, f"{what}: gives {dict(pairs)}, expected {expected}")


def _check_foreign(executor: Executor) -> None:
    try:
        list(executor.map(_divide, [(1,), (0,)]))
    except ZeroDivisionError:
        pass
    else:
        require(False, "an error that is not our own must be raised, not hidden")
    _expect(executor, _halve, [(4,)], {0: 2}, "a task after another one's error")


def _check_laziness(executor: Executor) -> None:
    drawn = itertools.count()
    outcomes = executor.map(_halve, ((2 * next(drawn),) for _ in range(10**9)))
    for _ in range(10):
        next(outcomes)
    outcomes.close()
    ahead = next(drawn)
    require(ahead < 1000, f"{ahead} tasks were drawn for 10 outcomes; draw them as they are needed")
    _expect(executor, _halve, [(4,), (6,)], {0: 2, 1: 3}, "tasks after a generator was closed")


def _check_deaths(executor: Executor) -> None:
    with only(what="a task that kills its worker"):
        found = dict(executor.map(_die_at_two, [(k,) for k in range(6)]))
    failure = found.pop(2, None)
    died = isinstance(failure, Failure) and failure.kind == "worker"
    require(died, f"a task that kills its worker gives {failure!r}, not a Failure of the kind 'worker'")
    survived = {k: k for k in range(6) if k != 2}
    require(found == survived, f"beside a task that kills its worker the others give {found}")
    _expect(executor, _halve, [(4,)], {0: 2}, "a task after a worker's death")


def _halve(number: int) -> int:
    if number % 2:
        raise DataError(f"{number} is odd")
    return number // 2


def _starve(_: int) -> None:
    raise MemoryError


def _divide(number: int) -> float:
    return 1 / number


def _pid(_: int) -> int:
    return os.getpid()


def _die_at_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
