"""Worker processes of one thread each, on this machine."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor as Pool
from concurrent.futures import Future
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor

from evozc.executors._futures import Futures

#: One thread a worker: more would change the order of sums, and with it the last bits.
ONE_THREAD = dict.fromkeys((
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS",
), "1")


class Processes(Futures):
    """Runs tasks in worker processes (loky), which live on from one map to the next.

    Args:
        jobs: Their number.
    """

    def __init__(self, jobs: int) -> None:
        super().__init__()
        self._jobs = jobs

    def ahead(self) -> int:
        """Two a worker, so that none waits for its next task."""
        return 2 * self._jobs

    def open(self) -> Pool:
        """A pool of new processes."""
        return _Workers(self._jobs, env=ONE_THREAD, initializer=_die_with, initargs=(os.getpid(),))

    def stop(self, pool: Pool, running: Collection[Future[Any]]) -> None:
        """End the processes."""
        assert isinstance(pool, _Workers)
        pool.shutdown(wait=True, kill_workers=True)


class _Workers(ProcessPoolExecutor):
    """Its processes leave Ctrl-C, which a terminal sends to all of a command, to the one that began them."""

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which children inherit
        try:
            return super().submit(function, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with(parent: int) -> None:
    """End this process soon after its parent, which may be killed without a chance to say so."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
