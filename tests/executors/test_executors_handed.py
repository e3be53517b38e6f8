"""A user's own pool, and a limit to a task's minutes."""

import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from small_tasks import die_at_two, halve_even

from evozc.errors import ConfigError, WorkerError
from evozc.executors import Failure, executor_for


def pool():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def nap(number, seconds):
    time.sleep(seconds)
    return number


def test_a_pool_that_is_handed_over_gives_what_this_process_gives_and_stays_open():
    tasks = [(k,) for k in range(8)]
    with pool() as own:
        for _ in range(2):
            found = dict(executor_for(own).map(halve_even, tasks))
            assert found == dict(executor_for(1).map(halve_even, tasks))
        results = executor_for(own).map(halve_even, tasks)
        next(results)
        results.close()
        assert own.submit(halve_even, 4).result() == 2


def test_a_pool_whose_worker_died_cannot_be_opened_again():
    with pool() as own, pytest.raises(WorkerError, match="go on with a new executor"):
        list(executor_for(own).map(die_at_two, [(k,) for k in range(6)]))


busy = []


def only_one(number):
    busy.append(number)
    time.sleep(0.01)
    assert busy == [number]
    busy.clear()
    return number


def test_threads_of_one_process_take_turns():
    with ThreadPoolExecutor(4) as own:
        assert dict(executor_for(own).map(only_one, [(k,) for k in range(9)])) == {k: k for k in range(9)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_that_hangs_is_ended_and_the_others_are_done(jobs):
    found = dict(executor_for(jobs, minutes=1 / 60).map(nap, [(0, 0), (1, 300), (2, 0.1)]))
    failure = found.pop(1)
    assert isinstance(failure, Failure)
    assert failure.kind == "worker"
    assert failure.reason.startswith("it took more than 0.0166667 minutes, or its worker process died 3")
    assert found == {0: 0, 2: 2}


def test_minutes_must_be_positive_and_need_other_processes():
    for minutes in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="more than 0"):
            executor_for(2, minutes=minutes)
    ((_, failure),) = executor_for(1, "serial", minutes=1).map(nap, [(0, 0)])
    assert "need" in failure.reason
