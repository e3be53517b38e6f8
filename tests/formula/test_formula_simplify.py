"""Simplification keeps scores, or at least ranks, and never makes a formula longer."""

import contextlib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import (
    FEW,
    finite_throughout,
    formulas,
    moderate_numbers,
    plainly,
    random_table,
    rounding,
    scores_plainly,
    tables,
)

from evozc.errors import FormulaError
from evozc.formula import (
    call,
    canonical,
    constant,
    parse,
    remove_redundancy,
    sign,
    simplify,
    statistic,
    strip_root,
)
from primitives import FULL, NETWORK, Sign

whole = tables(architectures=st.integers(2, 6), nodes=3, missing=False)
#: Shallow enough that repeats, inverse pairs and monotone roots are frequent.
ordinary = formulas(depth=5, constants=moderate_numbers)


def looks_across(formula):
    return any(part.operator is not None and part.operator.kind == "candidates" for part in formula.walk())


def comparable(formula, table):
    """The architectures on which simplification promises something."""
    kept = finite_throughout(formula, table)
    return np.flatnonzero(kept if kept.all() or not looks_across(formula) else np.zeros_like(kept))


def check_score(formula, table):
    """Whether redundancy was removed and the score could be compared; it has to be the same."""
    reduced, kept = remove_redundancy(formula), comparable(formula, table)
    before, after = scores_plainly(formula, table)[kept], scores_plainly(reduced, table)[kept]
    slack = rounding(formula, table)[kept] + rounding(reduced, table)[kept]
    assert (np.abs(after - before) <= slack).all(), (str(formula), str(reduced), before, after)
    return reduced != formula and len(kept) > 0


def check_order(formula, table):
    """Whether the formula got simpler and orders could be compared; they have to be the same."""
    shortest, kept = simplify(formula), comparable(formula, table)
    before = separated(scores_plainly(formula, table)[kept], rounding(formula, table)[kept])
    after = scores_plainly(shortest, table)[kept]
    assert np.isfinite(after).all()
    order = np.sign(after[:, None] - after[None, :])
    assert (order[before != 0] == before[before != 0]).all(), (str(formula), str(shortest), after)
    return shortest != formula and bool(before.any())


def separated(scores, slack):
    """1, -1 where one architecture's score is beyond doubt above, below another's; 0 elsewhere."""
    difference = scores[:, None] - scores[None, :]
    return np.where(np.abs(difference) > 10 * (slack[:, None] + slack[None, :]), np.sign(difference), 0)


@settings(max_examples=150)
@given(ordinary, st.data())
def test_removing_redundancy_keeps_the_score(formula, data):
    assume(remove_redundancy(formula) != formula)
    assume(check_score(formula, data.draw(whole)))


@settings(max_examples=150)
@given(ordinary, st.data())
def test_simplification_keeps_the_order_of_what_was_apart(formula, data):
    assume(simplify(formula) != formula)
    assume(check_order(formula, data.draw(whole)))


OPERATORS = FULL.operators
LEAVES = {key: statistic(FULL.statistics[key]) for key in FEW.statistics}
NUMBERS = [constant(c) for c in (0.0, 1.0, -2.0)]


def applied(inner, other):
    """Every operator that can stand above a formula, with numbers, itself or another beside it."""
    for operator in OPERATORS.values():
        beside = [[inner]] if operator.arity == 1 else [[inner, inner], [inner, other], [other, inner]]
        if operator.arity == 2:
            beside += [pair for c in NUMBERS for pair in ([inner, c], [c, inner])]
        for arguments in beside:
            with contextlib.suppress(FormulaError):  # the types do not fit
                yield call(operator, *arguments)


def pairs_of_operators(leaf, other):
    """All formulas of one operator above another, one of the two with a single argument."""
    for inner in applied(leaf, other):
        for outer in applied(inner, other):
            if min(outer.operator.arity, inner.operator.arity) == 1:
                yield outer if outer.type == NETWORK else call(OPERATORS["sum"], outer)


@pytest.mark.parametrize(
    ("leaf", "other"),
    [
        ("network.naswot", "network.params"), ("network.params", "network.naswot"),
        ("layer.weight_mean", "layer.grad_l2"), ("layer.grad_l2", "layer.weight_mean"),
    ],
)
def test_every_pair_of_operators_is_simplified_rightly(leaf, other):
    table = random_table(3, 6, FULL.restricted([leaf, other]), nodes=3, missing=False)
    pairs = {canonical(f) for f in pairs_of_operators(LEAVES[leaf], LEAVES[other])}
    reduced = sorted((f for f in pairs if remove_redundancy(f) != f), key=str)
    stripped = sorted((f for f in pairs if strip_root(f) != f), key=str)
    assert sum(check_score(f, table) for f in reduced) > 50
    assert sum(check_order(f, table) for f in stripped) > (0 if "layer" in leaf else 50)


@settings(max_examples=300)
@given(formulas(FULL, depth=7))
def test_simplification_ends_in_something_no_longer(formula):
    for step in (canonical, remove_redundancy, strip_root, simplify):
        once = step(formula)
        assert once.size <= formula.size
        assert once.type == formula.type
        assert step(once) == once
    shortest = simplify(formula)
    assert shortest == strip_root(shortest) == remove_redundancy(shortest) == canonical(shortest)
    assert set(shortest.statistics()) <= set(formula.statistics())


@given(formulas(depth=6), st.data())
def test_the_order_of_commuting_arguments_does_not_matter(formula, data):
    def shuffled(part):
        arguments = [shuffled(a) for a in part.arguments]
        if part.operator is not None and part.operator.commutative:
            arguments = data.draw(st.permutations(arguments))
        return call(part.operator, *arguments) if arguments else part

    assert canonical(shuffled(formula)) == canonical(formula)
    assert simplify(shuffled(formula)) == simplify(formula)


@settings(max_examples=300)
@given(formulas(depth=5, constants=moderate_numbers), whole)
def test_every_finite_value_has_a_sign_that_is_known_to_be_possible(formula, table):
    values = plainly(formula, table)
    kept = comparable(formula, table)
    assume(len(kept))
    for part in formula.walk():
        for a in kept:
            for value in values[part][a]:
                assert Sign.of(value).within(sign(part)), (part, value)


@settings(max_examples=100)
@given(formulas(depth=4), st.sampled_from(["exp", "tanh", "sigmoid", "logrank", "neg"]), moderate_numbers)
def test_a_monotone_root_never_survives(formula, root, number):
    assume(simplify(formula).statistics())
    text = f"{root}(add({formula}, {number}))"
    assert simplify(parse(text)) in (simplify(formula), simplify(call(FULL.operators["neg"], formula)))


@pytest.mark.parametrize(
    ("text", "reduced", "shortest"),
    [
        # inverse pairs, where they undo each other
        ("neg(neg(network.naswot))", "network.naswot", "network.naswot"),
        ("log(exp(network.naswot))", "network.naswot", "network.naswot"),
        ("sum(exp(log(layer.grad_l2)))", "sum(layer.grad_l2)", "sum(layer.grad_l2)"),
        ("sum(exp(log(layer.weight_mean)))",) * 3,
        ("sum(sqrt(square(layer.grad_l2)))", "sum(layer.grad_l2)", "sum(layer.grad_l2)"),
        ("sum(sqrt(square(layer.weight_mean)))", *["sum(abs(layer.weight_mean))"] * 2),
        ("sum(square(sqrt(layer.weight_mean)))",) * 3,
        # repeats and signs
        ("sum(abs(abs(layer.weight_mean)))", "sum(abs(layer.weight_mean))", "sum(abs(layer.weight_mean))"),
        ("sum(abs(layer.grad_l2))", "sum(layer.grad_l2)", "sum(layer.grad_l2)"),
        ("sum(zscore(zscore(layer.numel)))", "sum(zscore(layer.numel))", "sum(zscore(layer.numel))"),
        ("std(neg(layer.weight_mean))", "std(layer.weight_mean)", "std(layer.weight_mean)"),
        ("std(abs(layer.weight_mean))",) * 3,
        ("sum(square(abs(layer.weight_mean)))", *["sum(square(layer.weight_mean))"] * 2),
        ("minimum(network.naswot, network.naswot)", "network.naswot", "network.naswot"),
        # constants
        ("sub(network.naswot, network.naswot)", "0", "0"),
        ("div(network.params, network.params)", "1", "1"),
        ("sum(sub(layer.numel, layer.numel))",) * 3,
        ("mul(1, add(0, network.naswot))", "network.naswot", "network.naswot"),
        ("add(network.naswot, add(1, sqrt(4)))", "add(3, network.naswot)", "network.naswot"),
        ("add(network.naswot, inv(0))", "add(inv(0), network.naswot)", "add(inv(0), network.naswot)"),
        # monotone roots
        ("exp(div(add(network.naswot, 3), 7))", "exp(div(add(3, network.naswot), 7))", "network.naswot"),
        ("mul(-2, network.naswot)", "mul(-2, network.naswot)", "neg(network.naswot)"),
        ("sub(3, tanh(neg(network.naswot)))", "sub(3, tanh(neg(network.naswot)))", "network.naswot"),
        ("mul(0, network.naswot)",) * 3,
        ("inv(network.params)", "inv(network.params)", "neg(network.params)"),
        ("inv(network.naswot)",) * 3,
        ("square(network.naswot)",) * 3,
        ("square(network.params)", "square(network.params)", "network.params"),
        ("log(network.naswot)",) * 3,
        ("logrank(sum(log(layer.grad_l2)))", "logrank(sum(log(layer.grad_l2)))", "sum(log(layer.grad_l2))"),
        ("add(logrank(network.naswot), logrank(network.params))",) * 3,
        ("neg(sub(network.naswot, network.params))", "sub(network.params, network.naswot)",
         "sub(network.params, network.naswot)"),
    ],
)
def test_what_is_simplified_and_what_must_not_be(text, reduced, shortest):
    assert str(remove_redundancy(parse(text))) == reduced
    assert str(simplify(parse(text))) == shortest
