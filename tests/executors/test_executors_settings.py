"""Workers use one thread each, and asking for them changes nothing for anybody else."""

import os

import joblib
import pytest

from evozc.executors import run_tasks

# Workers that are stopped while tasks are queued can trip loky's own manager thread (a KeyError of
# its bookkeeping); the executor is given up then anyway, and the next call gets another one.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def threads(_):
    return os.environ.get("OMP_NUM_THREADS"), os.getpid()


def same(value):
    return value


def active():
    backend, jobs = joblib.parallel.get_active_backend()
    return type(backend).__name__, jobs


def test_workers_are_other_processes_of_one_thread_each():
    found = [result for _, result in run_tasks(threads, [(k,) for k in range(4)], jobs=2)]
    assert {number for number, _ in found} == {"1"}
    assert os.getpid() not in {process for _, process in found}


def test_one_job_stays_in_this_process():
    assert next(run_tasks(threads, [(0,)]))[1][1] == os.getpid()


def test_joblib_of_the_caller_is_left_as_it_was_between_results_and_after_them():
    before = active()
    tasks = [(k,) for k in range(4)]
    first, second = run_tasks(same, tasks, jobs=2), run_tasks(same, tasks, jobs=2)
    next(first)
    assert active() == before
    first_found = {0, 1, 2, 3} - {index for index, _ in first}
    assert len(first_found) == 1
    assert dict(second) == {k: k for k in range(4)}
    assert active() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_may_be_left_unread(jobs):
    results = run_tasks(same, [(k,) for k in range(50)], jobs=jobs)
    assert next(results)[1] in range(50)
    results.close()
    assert len(list(run_tasks(same, [(k,) for k in range(3)], jobs=jobs))) == 3
