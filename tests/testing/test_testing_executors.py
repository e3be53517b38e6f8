"""Every executor keeps its contract, and one that does not is found out."""

import itertools

import pytest

from evozc.executors import EXECUTORS, Failure
from evozc.executors._executor import outcome
from evozc.testing import ContractError, check_executor


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] if name == "dask" else []) for name in EXECUTORS.names()
])
def test_an_executor_keeps_its_contract(name):
    check_executor(EXECUTORS.get(name))


class Own:
    """An executor as a plug-in's author writes it."""

    def __init__(self, jobs):
        self.jobs = jobs

    def map(self, function, tasks, shared=()):
        for number, task in enumerate(tasks):
            yield number, outcome(function, *shared, *task)


class Hiding(Own):
    def map(self, function, tasks, shared=()):
        for number, task in enumerate(tasks):
            try:
                yield number, outcome(function, *shared, *task)
            except Exception as error:  # noqa: BLE001 - this is the fault
                yield number, Failure(str(error))


class Greedy(Own):
    def map(self, function, tasks, shared=()):
        return super().map(function, list(itertools.islice(tasks, 2000)), shared)


class Unshared(Own):
    def map(self, function, tasks, shared=()):
        return super().map(function, tasks)


class Twice(Own):
    def map(self, function, tasks, shared=()):
        for pair in super().map(function, tasks, shared):
            yield pair
            yield pair


class Raising(Own):
    def map(self, function, tasks, shared=()):
        for number, task in enumerate(tasks):
            yield number, function(*shared, *task)


class Nothing:
    def __init__(self, jobs):
        pass


BROKEN = {
    Hiding: "must be raised, not hidden", Greedy: "draw them as they are needed",
    Unshared: "raised TypeError",
    Twice: "two outcomes", Raising: "raised DataError", Nothing: "no method map",
}


def test_an_executor_of_ones_own_passes():
    check_executor(Own)


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_an_executor_that_breaks_a_promise_is_found_out(make):
    with pytest.raises(ContractError, match=BROKEN[make]):
        check_executor(make)
