"""Executors by name, and from a number of jobs."""

from __future__ import annotations

from collections.abc import Callable

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
}, _check)


def executor_for(jobs: int | Executor = 1, name: str | None = None) -> Executor:
    """Something that runs tasks.

    Args:
        jobs: Workers, -1 for one a core; or an executor, which is given back.
        name: Of :data:`EXECUTORS`; by default this process for one job, processes for more.

    Raises:
        ConfigError: no number of jobs, or no executor of that name.
    """
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

