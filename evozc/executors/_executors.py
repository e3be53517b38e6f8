"""Executors by name, and from a number of jobs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor as Pool

from evozc._registry import Registry
from evozc.errors import ConfigError
from evozc.executors._executor import Executor


def _check(_name: str, maker: object) -> None:
    if not callable(maker) or not isinstance(maker(1), Executor):
        raise TypeError("it makes nothing with a method map(function, tasks, shared)")


#: What makes an executor of so many workers, by name.
EXECUTORS: Registry[Callable[[int], Executor]] = Registry("executor", "evozc.executors", {
    "serial": "evozc.executors._serial:Serial",
    "processes": "evozc.executors._processes:Processes",
    "dask": "evozc.executors._dask:Dask",
}, _check)


def executor_for(
    jobs: int | str | Executor | Pool = 1, name: str | None = None, minutes: float | None = None
) -> Executor:
    """Something that runs tasks.

    Args:
        jobs: Workers, -1 for one a core; a cluster of dask.distributed, as ``tcp://host:8786``, the
            path of a scheduler file, or ``local:2`` for one made here; an executor, which is given
            back; or any ``concurrent.futures.Executor``, which stays its owner's to close.
        name: Of :data:`EXECUTORS`, for a number of jobs; by default this process for one job,
            processes for more.
        minutes: A task that takes longer ends its worker process, and counts as one whose worker
            died; no limit by default. One job is a worker process then, too.

    Raises:
        ConfigError: no number of jobs, no executor of that name, no cluster, or minutes that are
            not positive.
    """
    if minutes is not None:
        from evozc.executors._deadline import Deadline

        limited = "processes" if jobs == 1 and name is None else name
        return Deadline(executor_for(jobs, limited), minutes)
    if isinstance(jobs, str):
        from evozc.executors._dask import Dask

        return Dask(jobs)
    if isinstance(jobs, Pool):
        from evozc.executors._handed import Handed

        return Handed(jobs)
    if isinstance(jobs, Executor):
        return jobs
    workers = count_jobs(jobs)
    return EXECUTORS.get(name or ("serial" if workers == 1 else "processes"))(workers)


def count_jobs(jobs: int) -> int:
    """How many workers or threads ``jobs`` stands for: -1 is one a core that this process may use.

    Raises:
        ConfigError: 0, or another negative number.
    """
    if jobs == -1:
        from joblib import cpu_count  # which knows the limits of containers and takes a while to import

        return cpu_count()
    if jobs < 1:
        raise ConfigError(f"jobs must be at least 1, or -1 for one a core, not {jobs}")
    return jobs

