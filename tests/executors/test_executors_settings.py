"""Workers use one thread each, and asking for them changes nothing for anybody else."""

import os

import joblib
import pytest

from evozc.executors import executor_for


def threads(_):
    return os.environ.get("OMP_NUM_THREADS"), os.getpid()


def same(value):
    return value


def active():
    backend, jobs = joblib.parallel.get_active_backend()
    return type(backend).__name__, jobs


def test_workers_are_other_processes_of_one_thread_each():
    before = dict(os.environ)
    found = [result for _, result in executor_for(2).map(threads, [(k,) for k in range(4)])]
    assert {number for number, _ in found} == {"1"}
    assert os.getpid() not in {process for _, process in found}
    assert dict(os.environ) == before


def test_one_job_stays_in_this_process():
    assert next(executor_for(1).map(threads, [(0,)]))[1][1] == os.getpid()


def test_joblib_of_the_caller_is_left_as_it_was_between_results_and_after_them():
    before = active()
    tasks = [(k,) for k in range(4)]
    first, second = executor_for(2).map(same, tasks), executor_for(2).map(same, tasks)
    next(first)
    assert active() == before
    first_found = {0, 1, 2, 3} - {index for index, _ in first}
    assert len(first_found) == 1
    assert dict(second) == {k: k for k in range(4)}
    assert active() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_may_be_left_unread(jobs):
    executor = executor_for(jobs)
    results = executor.map(same, [(k,) for k in range(50)])
    assert next(results)[1] in range(50)
    results.close()
    assert len(list(executor.map(same, [(k,) for k in range(3)]))) == 3
