"""Tasks in this process and in workers give the same outcomes, and fail as documented."""

import itertools
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_tables import environment, python
from small_tasks import die_at_two, die_once, halve_even

from evozc.errors import ConfigError
from evozc.executors import EXECUTORS, Executor, Failure, count_jobs, executor_for


def stumble(number):
    return 1 // number


def starve(_):
    raise MemoryError


def nap(folder, number, seconds):
    (folder / f"{number}").write_text(str(os.getpid()))
    time.sleep(seconds)
    return number


@pytest.fixture(params=[1, 2])
def executor(request):
    return executor_for(request.param)


def test_every_task_gives_its_result_or_the_reason_of_its_failure(executor):
    found = dict(executor.map(halve_even, [(k,) for k in range(8)]))
    assert found == {k: Failure(f"{k} is odd") if k % 2 else k // 2 for k in range(8)}
    assert all(outcome.lasting for outcome in found.values() if isinstance(outcome, Failure))


def test_several_arguments_are_handed_over_in_order(executor):
    assert sorted(executor.map(math.pow, [(2.0, 3.0), (3.0, 2.0)])) == [(0, 8.0), (1, 9.0)]
    assert sorted(executor.map(math.pow, [(3.0,), (5.0,)], (2.0,))) == [(0, 8.0), (1, 32.0)]


def test_no_tasks_give_no_results(executor):
    assert list(executor.map(halve_even, [])) == []


def test_an_error_that_is_not_ours_is_not_hidden(executor):
    with pytest.raises(ZeroDivisionError):
        list(executor.map(stumble, [(1,), (0,)]))
    assert dict(executor.map(halve_even, [(4,)])) == {0: 2}


def test_want_of_memory_is_a_failure_that_may_pass(executor):
    ((_, found),) = executor.map(starve, [(1,)])
    assert (found.kind, found.lasting) == ("memory", False)


def test_one_job_hands_results_over_as_they_are_computed():
    results = executor_for(1).map(stumble, [(1,), (0,)])
    assert next(results) == (0, 1)
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_tasks_are_drawn_as_they_are_needed(executor):
    drawn = itertools.count()
    results = executor.map(halve_even, ((2 * next(drawn),) for _ in range(10**9)))
    assert {next(results)[0] for _ in range(20)} <= set(range(30))
    results.close()
    assert next(drawn) < 40


def test_a_task_whose_worker_died_is_tried_again_and_the_others_give_what_they_give(tmp_path):
    found = dict(executor_for(2).map(die_once, [(k,) for k in range(12)], (tmp_path,)))
    assert found == {k: k for k in range(12)}
    assert (tmp_path / "tries").read_text().split().count("1") == 2


def test_a_task_that_kills_its_worker_each_time_is_given_up_and_the_others_are_done():
    executor = executor_for(2)
    found = dict(executor.map(die_at_two, [(k,) for k in range(9)]))
    failure = found.pop(2)
    assert (failure.kind, failure.attempts, failure.lasting) == ("worker", 3, False)
    assert "died 3 times" in failure.reason
    assert found == {k: k for k in range(9) if k != 2}
    assert dict(executor.map(halve_even, [(4,), (6,)])) == {0: 2, 1: 3}


def test_workers_know_what_was_registered_in_python():
    code = (
        "import numpy as np\n"
        "from evozc.executors import executor_for\n"
        "from evozc.formula import parse\n"
        "from evozc.symbols import OPERATORS\n"
        "from primitives import Operator\n"
        "def third(x): return x / 3\n"
        "def value(text): return float(parse(text).operator.kernel(np.array([6.0]))[0])\n"
        "OPERATORS.register('third', Operator('third', 'elementwise', third, 'a third'))\n"
        "print(sorted(executor_for(2).map(value, [('third(network.params)',)] * 3)))\n"
    )
    assert python(code) == "[(0, 2.0), (1, 2.0), (2, 2.0)]\n"


def alive(folder):
    found = []
    for path in folder.iterdir():
        try:
            os.kill(int(path.read_text()), 0)
        except (ProcessLookupError, ValueError):
            continue
        found.append(path.name)
    return found


def test_closing_leaves_no_worker_busy(tmp_path):
    results = executor_for(2).map(nap, [(0, 0), (1, 60), (2, 60), (3, 60)], (tmp_path,))
    assert next(results) == (0, 0)
    while not list(tmp_path.iterdir()):
        time.sleep(0.01)
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 2
    assert not alive(tmp_path)


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    code = (
        "import sys; from pathlib import Path; from test_executors_processes import nap\n"
        "from evozc.executors import executor_for\n"
        "list(executor_for(2).map(nap, [(1, 60), (2, 60)], (Path(sys.argv[1]),)))\n"
    )
    here = Path(__file__).parent
    importable = [here, here.parent / "helpers", *filter(None, sys.path)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        env=environment(PYTHONPATH=os.pathsep.join(map(str, importable))),
    )
    deadline = time.monotonic() + 60
    while len(alive(tmp_path)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(alive(tmp_path)) == 2
    process.kill()
    process.wait()
    time.sleep(3)
    assert not alive(tmp_path)


@pytest.mark.parametrize("jobs", [0, -2])
def test_no_jobs_at_all_are_refused(jobs):
    with pytest.raises(ConfigError, match="jobs"):
        executor_for(jobs)


def test_jobs_stand_for_executors():
    own = executor_for(2)
    assert executor_for(own) is own
    assert count_jobs(-1) >= 1
    assert {"serial", "processes"} <= set(EXECUTORS.names())
    assert isinstance(executor_for(1, "processes"), Executor)
    with pytest.raises(ConfigError, match="did you mean 'processes'"):
        executor_for(2, "proceses")
