"""Tasks in this process and in workers give the same results, and fail as documented."""

import math
import os
import signal

import pytest

from evozc.errors import ConfigError, DataError, WorkerError
from evozc.executors import Failure, run_tasks

# Workers that are stopped while tasks are queued can trip loky's own manager thread (a KeyError of
# its bookkeeping); the executor is given up then anyway, and the next call gets another one.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def halve_even(number):
    """A task of which some fail by one of our own errors."""
    if number % 2:
        raise DataError(f"{number} is odd")
    return number // 2


def stumble(number):
    return 1 // number


def die_at_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_gives_its_result_or_the_reason_of_its_failure(jobs):
    found = dict(run_tasks(halve_even, [(k,) for k in range(8)], jobs=jobs))
    assert found == {k: Failure(f"{k} is odd") if k % 2 else k // 2 for k in range(8)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_several_arguments_are_handed_over_in_order(jobs):
    tasks = [(2.0, 3.0), (3.0, 2.0)]
    assert sorted(run_tasks(math.pow, tasks, jobs=jobs)) == [(0, 8.0), (1, 9.0)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_tasks_give_no_results(jobs):
    assert list(run_tasks(halve_even, [], jobs=jobs)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_that_is_not_ours_is_not_hidden(jobs):
    with pytest.raises(ZeroDivisionError):
        list(run_tasks(stumble, [(1,), (0,)], jobs=jobs))


def test_one_job_hands_results_over_as_they_are_computed():
    results = run_tasks(stumble, [(1,), (0,)], jobs=1)
    assert next(results) == (0, 1)
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_killed_worker_is_reported_and_workers_can_be_had_again():
    with pytest.raises(WorkerError, match="fewer jobs"):
        list(run_tasks(die_at_two, [(k,) for k in range(6)], jobs=2))
    assert dict(run_tasks(halve_even, [(4,), (6,)], jobs=2)) == {0: 2, 1: 3}


def test_no_jobs_at_all_are_refused():
    with pytest.raises(ConfigError, match="jobs"):
        list(run_tasks(halve_even, [(2,)], jobs=0))
