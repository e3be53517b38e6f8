"""Independent tasks in this process, or in worker processes of one thread each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib

from evozc.errors import ConfigError, EvozcError, WorkerError


@dataclass(frozen=True)
class Failure:
    """A task that raised one of our own errors: the reason, as a person should read it."""

    reason: str


def run_tasks(
    function: Callable[..., Any], tasks: Sequence[tuple], jobs: int = 1
) -> Iterator[tuple[int, Any]]:
    """Call ``function(*task)`` for every task and yield ``(index, result)`` as they end.

    Args:
        function: A module-level function, so that workers can import it.
        tasks: The positional arguments of each call.
        jobs: Worker processes; 1 runs everything in this process, -1 takes every core.

    Yields:
        The task's index and its result, or a :class:`Failure` where it raised an
        :class:`~evozc.errors.EvozcError`. With several jobs the order is that of completion.

    Raises:
        ConfigError: ``jobs`` is 0.
        WorkerError: a worker process was killed.
    """
    if jobs == 0:
        raise ConfigError("jobs must be a number of processes, or -1 for one a core, not 0")
    calls = (joblib.delayed(_guarded)(function, index, task) for index, task in enumerate(tasks))
    if jobs == 1:
        yield from (call(*arguments, **named) for call, arguments, named in calls)
        return
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    # The setting is the caller's too while it is in force, so it must not last over a yield.
    with joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    results = parallel(calls)
    try:
        for result in results:  # noqa: UP028 - `yield from` would close them with joblib's warning
            yield result
    except TerminatedWorkerError as error:
        raise WorkerError(
            "a worker process was killed, often for want of memory: "
            "run the command again with fewer jobs; finished work is kept"
        ) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what is left over is cancelled on purpose
            results.close()


def stop_workers() -> None:
    """End the worker processes at once, for a program that is about to exit.

    Otherwise it waits until they have done what they have begun.
    """
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _guarded(function: Callable[..., Any], index: int, task: tuple) -> tuple[int, Any]:
    try:
        return index, function(*task)
    except EvozcError as error:
        return index, Failure(str(error))
