"""Each rule removes what it should, and keeps what it should not touch."""

from collections import Counter

import numpy as np
import pytest
from small_tables import small_table

from evozc.engine import Scorer
from evozc.evolution import RULES, Rules
from evozc.evolution._seen import Seen
from evozc.formula import canonical, parse, simplify
from evozc.formula.pool import Formulas, Pool
from evozc.formula.pool import layout as at
from primitives import FULL, Operator

TABLE = small_table()


def prune(formula, known=(), size=25, depth=9):
    """What is asked for instead of a candidate, or the candidate, and the rule that removed it."""
    pool, seen, removed = Pool(), Seen(), Counter()
    scored = pool.numbers([parse(text) for text in known])
    seen.add(pool.arrays.keys[scored, at.PRINT])
    rules = Rules(pool, seen, size, depth)
    asked = np.empty(1, np.int64)
    candidates = pool.numbers([canonical(formula)])  # as breeding makes them
    if rules.prune(candidates, 1, asked, 0, removed):
        assert not removed.total()
        return Formulas(pool, asked)[0], None
    ((rule, count),) = (+removed).items()
    assert count == 1
    return simplify(formula) if rule in ("redundancy", "rank invariance") else canonical(formula), rule


def pruned(text, **given):
    formula, rule = prune(parse(text), **given)
    return formula.text, rule


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("add(2, 3)", {}),  # no statistic
        ("0.5", {}),
        ("add(add(network.params, network.macs), network.naswot)", {"size": 4}),
        ("tanh(square(network.params))", {"depth": 2}),
        ("exp(add(exp(network.params), network.macs))", {}),  # beneath itself
        ("sum(softmax(mul(layer.numel, softmax(layer.depth))))", {}),
        ("logrank(add(network.macs, logrank(network.params)))", {}),
    ],
)
def test_structure(text, limits):
    assert pruned(text, **limits) == (canonical(parse(text)).text, "structure")


def test_an_operator_of_ones_own_declares_whether_it_nests():
    text = "cap(add(network.macs, cap(network.params)))"
    for nests, expected in ((True, None), (False, "structure")):
        own = Operator("cap", "elementwise", np.tanh, "at most 1", nests=nests)
        symbols = FULL.with_operator(own)
        assert prune(parse(text, symbols))[1] == expected


@pytest.mark.parametrize(
    "text",
    [
        "sub(network.params, network.params)",
        "div(network.naswot, network.naswot)",
        "sum(sub(layer.depth, layer.depth))",
        "mean(div(layer.depth, layer.depth))",
        # only one after the arguments are in one order
        "sub(add(network.params, network.macs), add(network.macs, network.params))",
    ],
)
def test_redundancy_of_what_is_constant(text):
    assert pruned(text)[1] == "redundancy"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("sum(log(exp(layer.output_mean)))", "sum(layer.output_mean)"),  # inverse pairs
        ("sum(exp(log(layer.grad_l2)))", "sum(layer.grad_l2)"),
        ("sum(neg(neg(layer.output_mean)))", "sum(layer.output_mean)"),
        ("sum(inv(inv(layer.numel)))", "sum(layer.numel)"),
        ("sum(sqrt(square(layer.grad_l2)))", "sum(layer.grad_l2)"),
        ("sum(abs(abs(layer.output_mean)))", "sum(abs(layer.output_mean))"),  # idempotent
        ("sum(relu(relu(layer.output_mean)))", "sum(relu(layer.output_mean))"),
        ("sum(maximum(layer.depth, layer.depth))", "sum(layer.depth)"),
        ("sum(abs(layer.grad_l2))", "sum(layer.grad_l2)"),  # never negative
        ("sum(relu(square(layer.output_mean)))", "sum(square(layer.output_mean))"),
        ("sum(mul(layer.depth, add(0.5, 0.5)))", "sum(layer.depth)"),  # constants folded
        ("sum(add(layer.depth, sub(2, 2)))", "sum(layer.depth)"),
        ("add(network.naswot, sub(network.params, network.params))", "network.naswot"),
        ("mul(network.naswot, div(network.params, network.params))", "network.naswot"),
    ],
)
def test_redundancy_of_what_is_known_in_short(text, short):
    assert pruned(text) == (short, None)
    assert pruned(text, known=[short]) == (short, "redundancy")


def test_the_square_root_of_a_square_that_may_be_negative_stays_an_absolute_value():
    assert pruned("sum(sqrt(square(layer.output_mean)))") == ("sum(abs(layer.output_mean))", None)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("tanh(network.naswot)", "network.naswot"),
        ("log(network.params)", "network.params"),
        ("add(network.naswot, 2)", "network.naswot"),
        ("mul(0.5, network.naswot)", "network.naswot"),
        ("exp(div(sum(layer.output_mean), 10))", "sum(layer.output_mean)"),
        ("inv(network.params)", "neg(network.params)"),
        ("mul(-2, network.naswot)", "neg(network.naswot)"),
        ("sub(10, tanh(network.naswot))", "neg(network.naswot)"),
    ],
)
def test_rank_invariance(text, short):
    assert pruned(text) == (short, None)
    assert pruned(text, known=[short]) == (short, "rank invariance")


@pytest.mark.parametrize(
    "text", ["abs(network.naswot)", "square(network.naswot)", "log(network.naswot)", "inv(network.naswot)"]
)
def test_what_is_not_monotone_on_all_values_is_kept(text):
    assert pruned(text, known=["network.naswot"]) == (text, None)


def test_equivalence_of_the_same_canonical_form():
    text = "add(network.macs, network.params)"
    assert pruned("add(network.params, network.macs)") == (text, None)
    assert pruned("add(network.params, network.macs)", known=[text]) == (text, "equivalence")
    assert pruned("sub(network.params, network.macs)", known=["sub(network.macs, network.params)"])[1] is None


def test_what_rules_let_pass_is_in_its_shortest_form_and_ranks_as_before():
    scorer = Scorer(TABLE, TABLE.target())
    for text in (
        "log(add(exp(log(network.params)), 2))",
        "sub(2, sum(abs(abs(layer.grad_l2))))",
        "mul(network.params, add(network.naswot, network.naswot))",
    ):
        formula, rule = prune(parse(text))
        assert rule is None
        assert formula == simplify(parse(text))
        before, after = scorer.score([parse(text), formula])
        assert before.ranking == after.ranking


def test_the_rules_are_five():
    assert RULES == ("structure", "redundancy", "rank invariance", "equivalence", "probe")
