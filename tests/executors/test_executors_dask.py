"""A real scheduler, workers in processes of their own: outcomes, deaths, and a scheduler that goes."""

import os
import signal
import subprocess
import sys
import time

import pytest
from small_tables import environment
from small_tasks import die_at_two, die_once, halve_even

from evozc.errors import ConfigError, WorkerError
from evozc.executors import Failure, executor_for
from evozc.executors._dask import Dask

pytest.importorskip("distributed")
ENVIRONMENT = environment() | {
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
}


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments], env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def scheduler(tmp_path):
    file = tmp_path / "scheduler.json"
    process = start("dask_scheduler", "--scheduler-file", str(file), "--port", "0", "--no-dashboard")
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield file, process
    process.kill()
    process.wait()


@pytest.fixture
def cluster(scheduler):
    file, process = scheduler
    workers = [
        start("dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard",
              "--death-timeout", "20")
        for _ in range(2)
    ]
    yield str(file), process
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait()


def first_kills_scheduler(number, scheduler):
    if number == 3:
        os.kill(scheduler, signal.SIGKILL)
        time.sleep(1)
    return number


@pytest.mark.slow
def test_outcomes_deaths_and_a_killed_scheduler(cluster, tmp_path):
    file, scheduler = cluster
    executor = executor_for(file)
    assert dict(executor.map(halve_even, [(k,) for k in range(8)])) == {
        k: Failure(f"{k} is odd") if k % 2 else k // 2 for k in range(8)
    }
    assert dict(executor.map(die_once, [(k,) for k in range(6)], (tmp_path,))) == {k: k for k in range(6)}
    found = dict(executor.map(die_at_two, [(k,) for k in range(6)]))
    failure = found.pop(2)
    assert (failure.kind, failure.attempts) == ("worker", 3)
    assert found == {k: k for k in range(6) if k != 2}
    begun = time.monotonic()
    with pytest.raises(WorkerError, match="scheduler"):
        list(Dask(file, patience=10).map(first_kills_scheduler, [(k, scheduler.pid) for k in range(40)]))
    assert time.monotonic() - begun < 60


@pytest.mark.slow
def test_a_cluster_without_workers_is_given_up(scheduler):
    begun = time.monotonic()
    with pytest.raises(WorkerError, match=r"has had no workers for \d s; what is finished is kept"):
        list(Dask(str(scheduler[0]), patience=2).map(halve_even, [(2,)]))
    assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named():
    with pytest.raises(WorkerError, match=r"tcp://127\.0\.0\.1:9 does not answer within 10 s"):
        list(executor_for("tcp://127.0.0.1:9").map(halve_even, [(2,)]))


@pytest.mark.parametrize("cluster", ["", "local:0", "local:x", "host:8786", "nowhere.json"])
def test_what_is_no_cluster_is_refused(cluster):
    with pytest.raises(ConfigError, match="no address as tcp://host:8786"):
        executor_for(cluster)


