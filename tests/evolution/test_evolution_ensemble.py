"""Sums of log-ranks: what they are, that they are chosen as said, and that they help."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_tables import small_table
from strategies import scalar_table

from evozc.engine import Evaluator, Objective, rankable
from evozc.errors import DataError
from evozc.evolution import Search, SearchSettings, drive, ensembles, with_ensembles
from evozc.formula import addends, parse
from evozc.table import Task
from primitives import FULL


def columns(noises, seed=0, size=60):
    """Columns c0, c1, ...: the accuracy under so much noise; a negative amount turns the column round."""
    draw = np.random.default_rng(seed)
    accuracy = draw.normal(size=size)
    values = {
        f"c{k}": np.sign(noise) * (accuracy + abs(noise) * draw.normal(size=size))
        for k, noise in enumerate(noises)
    }
    table = scalar_table(values, accuracy)
    symbols = FULL.with_statistics(table.statistics)
    return table, [parse(f"network.{name}", symbols) for name in values]


def tau(table, formula):
    scores = rankable(Evaluator(table).scores([formula])[0])
    return stats.kendalltau(scores, table.target().merit).statistic


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.3, 3).flatmap(lambda n: st.sampled_from([n, -n])), min_size=2, max_size=6),
    st.integers(0, 2**32), st.integers(1, 5),
)
def test_each_term_is_the_one_that_raises_tau_most(noises, seed, terms):
    table, formulas = columns(noises, seed, 25)
    found = ensembles(formulas, [Task.whole(table)], terms)
    merit = table.target().merit
    ranks = [
        np.log(stats.rankdata(sign * table.values[f.text]) / len(table)) for sign in (1, -1) for f in formulas
    ]
    assert len(found) == terms
    total = np.zeros(len(table))
    for formula in found:
        taus = [stats.kendalltau(rankable(total + r), merit).statistic for r in ranks]
        total = total + ranks[int(np.argmax(taus))]
        # a sum that is added up in another order may break a tie, of one pair in 300
        assert tau(table, formula) == pytest.approx(max(taus), abs=0.004)


def test_a_sum_is_text_of_logrank_terms_with_their_signs_and_weights():
    table, formulas = columns([0.8, -0.9, 1.0])
    found = ensembles(formulas, [Task.whole(table)], 6)
    assert found[0].text in {"network.c0", "neg(network.c1)", "network.c2"}
    terms = {term.text for term in addends(found[2])}
    assert terms == {"logrank(network.c0)", "logrank(neg(network.c1))", "logrank(network.c2)"}
    assert all(parse(f.text, FULL.with_statistics(table.statistics)) == f for f in found)


def test_a_term_that_is_taken_twice_weighs_twice():
    draw = np.random.default_rng(2)
    good, other, accuracy = draw.normal(size=(3, 40))
    accuracy = 2 * stats.rankdata(good) + stats.rankdata(other) + 0.1 * accuracy
    table = scalar_table({"good": good, "other": other}, accuracy)
    symbols = FULL.with_statistics(table.statistics)
    formulas = [parse("network.good", symbols), parse("network.other", symbols)]
    found = ensembles(formulas, [Task.whole(table)], 3)
    assert [term.text for term in addends(found[2])] == [
        "logrank(network.other)", "mul(2, logrank(network.good))",
    ]


def test_what_is_not_finite_ranks_last_under_either_sign_and_constants_are_left_out():
    accuracy = np.arange(12.0)
    missing = np.where(accuracy < 2, np.nan, accuracy)
    table = scalar_table({"flat": np.ones(12), "up": missing, "down": -missing}, accuracy)
    symbols = FULL.with_statistics(table.statistics)
    for name in ("up", "down"):
        flat, formula = parse("network.flat", symbols), parse(f"network.{name}", symbols)
        (best,) = ensembles([flat, formula], [Task.whole(table)], 1)
        assert best.text == ("network.up" if name == "up" else "neg(network.down)")
    with pytest.raises(DataError, match="tells the labelled architectures apart"):
        ensembles([flat], [Task.whole(table)], 3)


def test_the_result_of_a_search_is_the_best_of_its_front_and_of_the_sums():
    table = small_table()
    search = Search(FULL.with_statistics(table.statistics), SearchSettings(population=20, generations=3))
    objective = Objective([Task.whole(table)])
    drive(search, objective)
    hall = with_ensembles(search, objective)
    assert hall.best.tau > search.hall_of_fame.best.tau
    assert len(addends(hall.best.formula)) > 1
    sizes, taus = [e.size for e in hall], [e.tau for e in hall]
    assert sizes == sorted(set(sizes))
    assert taus == sorted(set(taus))
    for entry in hall:
        assert entry.tau == pytest.approx(tau(table, entry.formula), abs=1e-12)


def test_a_sum_of_several_holds_better_than_the_best_of_them_on_what_it_has_not_seen():
    gains = []
    for seed in range(8):
        table, formulas = columns([1.0] * 6, seed, 400)
        train, test = table.select(np.arange(60)), table.select(np.arange(60, 400))
        found = ensembles(formulas, [Task.whole(train)], 6)
        gains.append(tau(test, found[-1]) - tau(test, found[0]))
    assert min(gains) > 0.1
