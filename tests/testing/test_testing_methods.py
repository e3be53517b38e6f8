"""Every method of a comparison keeps its contract, and one that does not is found out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from small_tables import small_table

from evozc.comparison.methods import METHODS, Ranking, listed
from evozc.errors import DataError
from evozc.testing import ContractError, check_method

#: The settings of the published ParZC train for minutes; they share their class with these.
QUICK = ("formula", "trees", "proxies", "parzc-strong")


@pytest.mark.parametrize("name", QUICK)
def test_a_method_keeps_its_contract(name):
    check_method(METHODS.get(name))


@dataclass(frozen=True)
class Own:
    """A method as a plug-in's author writes it: the nearest labelled architecture's label."""

    name: ClassVar[str] = "own"
    needs_labels: ClassVar[bool] = True
    standard: ClassVar[bool] = False
    order: ClassVar[float] = 50.0
    colour: ClassVar[str] = "#123456"

    def cost(self, labels):
        return 0.1 * labels

    def check(self, table):
        if "network.params" not in table.values:
            raise DataError("it needs network.params")

    def scores(self, task, conditions):
        known, values = task.labelled.values["network.params"], task.labelled_target.merit
        return [values[np.argmin(np.abs(known - x))] for x in task.held_out.values["network.params"]]

    def run(self, task, conditions):
        return [Ranking(self.name, listed(self.scores(task, conditions)), 0.0, 0.0, 1, "neighbours")]


class Peeking(Own):
    def scores(self, task, conditions):
        return task.held_out_target.values


class Foreign(Own):
    def scores(self, task, conditions):
        return [1.0 / int(0 * x) for x in task.held_out.values["network.params"]]


class Deaf(Own):
    def scores(self, task, conditions):
        return task.held_out.values["network.params"]


class Restless(Own):
    drawn = np.random.default_rng(0)

    def scores(self, task, conditions):
        return self.drawn.normal(size=len(task.held_out))


class Careless(Own):
    def scores(self, task, conditions):
        return np.random.normal(size=len(task.held_out))  # noqa: NPY002 - this is the fault


class Short(Own):
    def scores(self, task, conditions):
        return super().scores(task, conditions)[1:]


class Writing(Own):
    def scores(self, task, conditions):
        task.labelled.values["network.params"][:] = 0
        return super().scores(task, conditions)


class Infinite(Own):
    def run(self, task, conditions):
        return [Ranking(self.name, (np.inf,) * len(task.held_out), 0.0, 0.0, 1, "neighbours")]


class Renamed(Own):
    def run(self, task, conditions):
        return [Ranking("other", listed(self.scores(task, conditions)), 0.0, 0.0, 1, "neighbours")]


class Empty(Own):
    def run(self, task, conditions):
        return []


class Idle(Own):
    cost = None


class Pale(Own):
    colour: ClassVar[str] = "red"


class Torn(Own):
    name: ClassVar[str] = "own/torn"


class Eager(Own):
    needs_labels: ClassVar[bool] = False


@dataclass(frozen=True)
class Bound(Own):
    held: object = lambda: 0


BROKEN = {
    Peeking: "raised DataError", Foreign: "raised ZeroDivisionError",
    Deaf: "same scores when they are turned",
    Restless: "other scores for the same seed", Careless: "random state that is not its own",
    Short: "39 scores, but 40", Writing: "raised ValueError", Infinite: "not finite",
    Renamed: "under its own name", Empty: "gives no ranking", Idle: "raised TypeError|lacks",
    Pale: "the colour must be", Torn: "no slash", Eager: "looks at them", Bound: "another process",
}


def test_a_method_of_ones_own_passes():
    (ranking,) = check_method(Own(), small_table(60))
    assert len(ranking.scores) == 40


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_a_method_that_breaks_a_promise_is_found_out(make):
    with pytest.raises(ContractError, match=BROKEN[make]):
        check_method(make(), small_table(60))


def test_a_method_that_cannot_use_the_table_says_so():
    with pytest.raises(ContractError, match=r"own: check.*DataError.*it needs network\.params"):
        check_method(Own(), small_table(60, without=("network.params",)))
