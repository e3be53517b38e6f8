"""Formulas whose ranking hangs on what it should not: found, and no result of a search."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import small_table
from strategies import scalar_table

from evozc.engine import Objective
from evozc.evolution import DISTURBANCES, Robustness, Search, SearchSettings, drive, with_ensembles
from evozc.formula import parse
from evozc.table import Task
from primitives import FULL


@pytest.fixture(scope="module")
def sample():
    """Architectures with one statistic in whose last digits the accuracy hides, and a plain one."""
    accuracy = np.random.default_rng(0).normal(size=80)
    noise = np.random.default_rng(1).normal(size=(2, 80))
    table = scalar_table({"hidden": 1e6 + 1e-6 * accuracy, "plain": np.exp(accuracy + noise[0]),
                          "other": np.exp(accuracy + 2 * noise[1]), "turn": 5 + accuracy}, accuracy)
    return table, FULL.with_statistics(table.statistics)


@pytest.mark.parametrize(("text", "fragile"), [
    ("network.plain", False),
    ("mul(network.plain, network.other)", False),
    ("log(network.plain)", False),
    ("network.hidden", True),  # gone in float32
    ("add(network.plain, mul(1e9, sub(network.hidden, 1e6)))", True),
    ("network.turn", False),
    ("neg(abs(sub(network.turn, 9)))", True),  # its 9 means something else in another unit
])
def test_what_hangs_on_the_last_digits_or_on_a_unit_is_fragile(sample, text, fragile):
    table, symbols = sample
    assert Robustness([Task.whole(table)]).fragile([parse(text, symbols)]).tolist() == [fragile]


def test_nothing_is_fragile_among_none(sample):
    assert Robustness([Task.whole(sample[0])]).fragile([]).tolist() == []


def test_taus_are_those_on_the_disturbed_statistics():
    table = small_table(60)
    symbols = FULL.with_statistics(table.statistics)
    formulas = [parse(text, symbols) for text in ("tanh(mean(block.entropy))", "sum(layer.grad_l2)")]
    found = Robustness([Task.whole(table)]).taus(formulas)
    assert found.keys() == DISTURBANCES.keys()
    for how, disturb in DISTURBANCES.items():
        changed = replace(table, values={key: disturb(v) for key, v in table.values.items()})
        assert found[how].tolist() == Objective([Task.whole(changed)]).score(formulas).taus.tolist()


def test_a_fragile_formula_is_no_result_though_it_ranks_best(sample):
    table = sample[0]
    symbols = FULL.with_statistics([s for s in table.statistics if s.key != "network.turn"])
    search = Search(symbols, SearchSettings(population=40, generations=3, islands=2, terms=3))
    objective = Objective([Task.whole(table)])
    drive(search, objective)
    assert "hidden" in search.hall_of_fame.best.formula.text
    hall = with_ensembles(search, objective)
    assert len(hall)
    assert not Robustness(objective.tasks).fragile([entry.formula for entry in hall]).any()


def test_where_all_is_fragile_the_best_is_taken_all_the_same():
    accuracy = np.random.default_rng(0).normal(size=80)
    table = scalar_table({"hidden": 1e6 + 1e-6 * accuracy}, accuracy)
    settings = SearchSettings(population=20, generations=1, terms=1)
    search = Search(FULL.with_statistics(table.statistics), settings)
    objective = Objective([Task.whole(table)])
    drive(search, objective)
    assert with_ensembles(search, objective).best.tau == search.hall_of_fame.best.tau
