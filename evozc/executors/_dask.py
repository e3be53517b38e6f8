"""Tasks on a cluster of dask.distributed."""

from __future__ import annotations

import logging
import math
import re
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import Executor as Pool
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from evozc.errors import ConfigError, WorkerError
from evozc.executors._futures import Futures
from evozc.executors._handed import alone
from evozc.executors._processes import ONE_THREAD

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed.cfexecutor import ClientExecutor

R = TypeVar("R")
#: Seconds to reach a scheduler, and to wait for its first worker or for one that comes back.
PATIENCE = 60.0
_CONNECT = 10.0
_CLOSE = 5.0
#: Seconds between two counts of the workers.
_COUNT = 5.0
#: Tasks on their way beside those of the workers.
_RESERVE = 64
#: What a scheduler counts before it gives a task up; we count ourselves, and try suspects alone.
_DEATHS = 0
#: Above every level of a log.
_SILENT = logging.CRITICAL + 1
_LOCAL = re.compile(r"local:([1-9]\d*)\Z")
_ADDRESS = re.compile(r"[a-z+]+://\S+\Z")


class Dask(Futures):
    """Runs tasks on a cluster's workers, one at a time in each of their processes.

    What all tasks share goes to the scheduler once, as the result of a task that is computed again
    wherever it is lost, and from there once to each worker.

    Args:
        cluster: ``local:N`` for N worker processes here, a scheduler's address as
            ``tcp://host:8786``, or the path of a scheduler file; a number is ``local:`` that number.
        patience: Seconds after which a cluster without workers, or whose scheduler is gone, is given up.

    Raises:
        ConfigError: ``cluster`` is none of these, or dask.distributed is not installed.
    """

    def __init__(self, cluster: str | int, patience: float = PATIENCE) -> None:
        super().__init__()
        self._counted = -math.inf, 0
        self._cluster = f"local:{cluster}" if isinstance(cluster, int) else cluster
        self._patience = patience
        self._client: Client | None = None
        self._own: LocalCluster | None = None
        self._lent: tuple[tuple[Any, ...], Any] | None = None
        known = _LOCAL.match(self._cluster) or _ADDRESS.match(self._cluster)
        if not (known or Path(self._cluster).is_file()):
            raise ConfigError(
                f"cluster {self._cluster!r} is no address as tcp://host:8786, no scheduler file and not "
                "local:N for N workers here"
            )
        try:
            import distributed  # noqa: F401 - only whether it is there
        except ImportError:
            raise ConfigError("clusters need dask.distributed: pip install 'evozc[cluster]'") from None

    def ahead(self) -> int:
        """Two a worker, of which more may have come by now, and a reserve that hides the way to them."""
        counted, workers = self._counted
        if self._client is not None and time.monotonic() > counted + _COUNT:
            workers = sum(self._client.ncores().values())
            self._counted = time.monotonic(), workers
        return _RESERVE + 2 * workers

    def room(self, running: int) -> int:
        """None until half of the reserve is used up: a message for each task is half of what it costs."""
        room = self.ahead() - running
        return room if room >= _RESERVE // 2 else 0

    def open(self) -> Pool:
        """The cluster's pool.

        Raises:
            WorkerError: its scheduler cannot be reached.
        """
        import dask
        from distributed import Client, LocalCluster

        logging.getLogger("distributed").setLevel(_SILENT)  # what goes wrong, we say
        local = _LOCAL.match(self._cluster)
        try:
            if local:
                with dask.config.set({"distributed.scheduler.allowed-failures": _DEATHS}):
                    self._own = LocalCluster(
                        n_workers=int(local[1]), threads_per_worker=1, dashboard_address=":0",
                        silence_logs=_SILENT, env=ONE_THREAD,
                    )
                self._client = Client(self._own, set_as_default=False)
            elif _ADDRESS.match(self._cluster):
                self._client = Client(self._cluster, timeout=_CONNECT, set_as_default=False)
            else:
                self._client = Client(scheduler_file=self._cluster, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise WorkerError(
                f"the scheduler of cluster {self._cluster} does not answer within {_CONNECT:.0f} s: {error}"
            ) from error
        self._end = weakref.finalize(self, _close, self._client, self._own)
        return self._client.get_executor(pure=False)

    def submit(
        self, pool: Pool, function: Callable[..., R], shared: tuple[Any, ...],
        tasks: Sequence[tuple[Any, ...]],
    ) -> Iterable[Future[R]]:
        """As :meth:`Futures.submit`, in one message; what is shared is handed over as a task's result."""
        assert self._client is not None
        if self._lent is None or self._lent[0] is not shared:
            self._lent = shared, self._client.submit(_same, shared, pure=False)
        handed = self._client.map(_call, tasks, function=function, shared=self._lent[1], pure=False)
        return [cast("ClientExecutor", pool)._wrap_future(one) for one in handed]

    def killed(self, error: BaseException) -> bool:
        """Whether the scheduler says that workers died with this task.

        Raises:
            WorkerError: the task was cancelled, since the scheduler is gone.
        """
        from distributed import KilledWorker

        if isinstance(error, CancelledError):
            raise self._gone("its scheduler is gone") from error
        return isinstance(error, KilledWorker)

    def look(self, pool: Pool, waiting: float) -> None:
        """Give up a cluster whose scheduler is gone, or that has had no workers for too long."""
        assert self._client is not None
        if self._client.status in {"closed", "closing"}:
            raise self._gone("its scheduler is gone")
        if waiting >= self._patience:
            if self._client.status != "running":
                raise self._gone(f"its scheduler has not answered for {waiting:.0f} s")
            if not self._client.ncores():
                raise self._gone(f"it has had no workers for {waiting:.0f} s")

    def stop(self, pool: Pool, running: Collection[Future[Any]]) -> None:
        """Cancel what was handed over, and begin those workers anew that are at it."""
        client, self._client, self._lent = self._client, None, None
        assert client is not None
        if self._own is None and client.status == "running":
            busy = [worker for worker, keys in client.processing().items() if keys]
            for future in running:
                future.cancel()
            if busy:
                client.restart_workers(busy, timeout=_CONNECT, raise_for_error=False)
        self._own = None
        self._end()

    def _gone(self, what: str) -> WorkerError:
        return WorkerError(
            f"cluster {self._cluster} is given up: {what}; what is finished is kept, and the same command "
            "goes on"
        )


def _close(client: Client, own: LocalCluster | None) -> None:
    for opened in (client, own):
        if opened is not None:
            with suppress(TimeoutError):  # a scheduler that is gone answers nothing
                opened.close(timeout=_CLOSE)


def _same(shared: tuple[Any, ...]) -> tuple[Any, ...]:
    return shared


def _call(task: tuple[Any, ...], function: Callable[..., R], shared: Any) -> R:
    return alone(function, *shared, *task)
