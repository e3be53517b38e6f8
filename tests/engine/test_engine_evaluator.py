"""The evaluator shares work among formulas and architectures; what it gives is what each alone gives."""

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FEW, formulas, random_table, scores_plainly, tables

from evozc.engine import Evaluator
from evozc.errors import FormulaError
from evozc.formula import call, constant, parse, statistic
from primitives import FULL, NETWORK, NODE_SETS, Operator

lists = st.lists(formulas(depth=5), min_size=1, max_size=6)


@settings(max_examples=100)
@given(lists, tables())
def test_scores_are_those_of_a_plain_evaluation(listed, table):
    scores = Evaluator(table).scores(listed)
    assert scores.dtype == np.float64
    assert scores.shape == (len(listed), len(table))
    for formula, row in zip(listed, scores, strict=True):
        expected = scores_plainly(formula, table)
        np.testing.assert_allclose(row, expected, rtol=1e-12, atol=1e-300, err_msg=str(formula))


@settings(max_examples=60)
@given(st.lists(formulas(depth=5, without=("logrank",)), min_size=1, max_size=6), tables())
def test_an_architecture_is_scored_alone_as_among_others(listed, table):
    together = Evaluator(table).scores(listed)
    alone = [Evaluator(table.select([a])).scores(listed)[:, 0] for a in range(len(table))]
    np.testing.assert_allclose(together.T, alone, rtol=1e-12, atol=1e-300)


@given(lists, tables(), st.data())
def test_formulas_do_not_influence_each_other(listed, table, data):
    scores = Evaluator(table).scores(listed)
    order = data.draw(st.permutations(range(len(listed))))
    again = Evaluator(table).scores([listed[k] for k in order] + listed)
    np.testing.assert_array_equal(again, np.concatenate([scores[order], scores]))


@given(lists, tables())
def test_the_table_is_not_changed(listed, table):
    before = table.content_hash
    kept = {key: values.copy() for key, values in table.values.items()}
    scores = Evaluator(table).scores(listed)
    scores[:] = 0  # the result is the caller's own
    for key, values in kept.items():
        np.testing.assert_array_equal(table.values[key], values)
        assert not table.values[key].flags.writeable
    assert type(table).content_hash.func(table) == before


class Counting:
    """Twice its argument, and how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * 2.0


def counted_set(kernel):
    return FEW.with_operator(Operator("counted", "elementwise", kernel, "2 x"))


@settings(max_examples=60)
@given(st.data(), tables())
def test_each_distinct_part_is_computed_once(data, table):
    kernel = Counting()
    symbols = counted_set(kernel)
    listed = data.draw(st.lists(formulas(symbols, depth=4), min_size=1, max_size=5))
    wrapped = [call(symbols.operators["counted"], f) for f in listed]
    asked = [*wrapped, *wrapped[::-1], *(call(symbols.operators["add"], f, f) for f in wrapped), *listed]
    distinct = {part for f in asked for part in f.walk() if part.operator is symbols.operators["counted"]}
    kernel.calls = 0
    Evaluator(table).scores(asked)
    assert kernel.calls == len(distinct)


def test_values_are_forgotten_once_nothing_reads_them():
    given_out, held = [], []

    def watched(x):
        result = x * 2.0
        given_out.append(weakref.ref(result))
        held.append(sum(array() is not None for array in given_out))
        return result

    symbols = counted_set(watched)
    held.clear()
    formula = parse("network.params", symbols)
    for _ in range(40):
        formula = call(symbols.operators["counted"], formula)
    Evaluator(random_table(0, 5)).scores([formula])
    assert len(held) == 40
    assert max(held) <= 3


def test_a_scalar_is_spread_over_its_own_architecture_s_nodes():
    table = random_table(3, 5, missing=True)
    assert 0 in table.nodes["layer"].lengths  # an empty node set is among them
    formula = parse("sum(mul(layer.numel, network.params))", FEW)
    expected = Evaluator(table).scores([parse("mul(sum(layer.numel), network.params)", FEW)])[0]
    np.testing.assert_allclose(Evaluator(table).scores([formula])[0], expected, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, -2.5, 1e300])
def test_a_constant_scores_all_alike(value):
    table = random_table(0, 4)
    assert (Evaluator(table).scores([constant(value)]) == value).all()
    assert (Evaluator(table).scores([parse(f"abs({value})")]) == abs(value)).all()
    rank = np.log((0.5 * (4 + 1)) / 4)
    np.testing.assert_allclose(Evaluator(table).scores([parse(f"logrank({value})")]), rank)


@pytest.mark.parametrize("missing", FEW.statistics)
def test_a_statistic_that_the_table_lacks_is_named(missing):
    table = random_table(0, 4, FEW.restricted(set(FEW.statistics) - {missing}))
    part = statistic(FULL.statistics[missing])
    formula = part if part.type == NETWORK else call(FULL.operators["sum"], part)
    with pytest.raises(FormulaError, match=f"needs {missing}, which the table does not hold"):
        Evaluator(table).scores([constant(1), formula])


@pytest.mark.parametrize("node_set", NODE_SETS)
def test_a_vector_is_no_score(node_set):
    leaf = statistic(next(s for s in FEW.statistics.values() if s.type == node_set))
    with pytest.raises(FormulaError, match="no Scalar"):
        Evaluator(random_table(0, 4)).scores([leaf])


def test_no_formulas_give_no_scores():
    assert Evaluator(random_table(0, 4)).scores([]).shape == (0, 4)


def test_overflow_and_undefined_values_pass_without_a_warning():
    table = random_table(0, 6)
    texts = ("exp(exp(exp(add(9, network.params))))", "log(sub(0, network.params))", "inv(0)", "div(0, 0)")
    scores = Evaluator(table).scores([parse(text) for text in texts])
    assert not np.isfinite(scores[0]).any()
    assert np.isnan(scores[1][np.isfinite(table.values["network.params"])]).all()
    assert np.isinf(scores[2]).all()
    assert np.isnan(scores[3]).all()
