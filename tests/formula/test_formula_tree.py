"""The tree: types, caps, immutability, and text as its exact inverse."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import formulas

from evozc.errors import FormulaError
from evozc.formula import MAX_DEPTH, MAX_SIZE, call, constant, parse, statistic
from primitives import FULL, NETWORK, NODE_SETS, SCALAR, Operator, Statistic, SymbolError

OPERATORS = FULL.operators
LEAVES = {s.type: statistic(s) for s in FULL.statistics.values()}


def recount(formula):
    below = [recount(argument) for argument in formula.arguments]
    return 1 + sum(size for size, _ in below), 1 + max((depth for _, depth in below), default=0)


@given(formulas(FULL, depth=8))
def test_text_is_the_inverse_of_parsing(formula):
    again = parse(str(formula))
    assert again == formula
    assert again.text == formula.text
    assert list(again.walk()) == list(formula.walk())
    assert [n.symbol for n in again.walk()] == [n.symbol for n in formula.walk()]


@given(formulas(FULL, depth=8), st.data())
def test_space_and_the_spelling_of_numbers_do_not_matter(formula, data):
    space = st.text(" \t\r\n", max_size=3)
    text = "".join(data.draw(space) + c if c in "()," else c for c in str(formula))
    assert parse(data.draw(space) + text + data.draw(space)) == formula


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_its_text(value):
    assert parse(str(constant(value))).value == value
    assert parse(f"{value:+.17e}").value == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_constant_is_finite(value):
    with pytest.raises(FormulaError, match="finite"):
        constant(value)


def test_negative_zero_is_zero():
    assert str(constant(-0.0)) == "0"
    assert str(parse("-0.0")) == "0"


@given(formulas(FULL, depth=8))
def test_size_depth_and_statistics_are_those_of_an_independent_count(formula):
    assert (formula.size, formula.depth) == recount(formula)
    nodes = list(formula.walk())
    assert len(nodes) == formula.size
    assert formula.size == 1 + str(formula).count(",") + str(formula).count("(")
    used = [n.symbol for n in nodes if isinstance(n.symbol, Statistic)]
    assert formula.statistics() == tuple(dict.fromkeys(used))


@given(formulas(FULL, depth=4), formulas(FULL, depth=4))
def test_equality_and_hash_are_those_of_the_text(one, other):
    assert (one == other) == (str(one) == str(other))
    assert one != str(one)
    assert len({one, other, parse(str(one)), parse(str(other))}) == len({str(one), str(other)})


@given(formulas(FULL, depth=4))
def test_a_formula_cannot_be_changed(formula):
    before, number = str(formula), hash(formula)
    for name in ("symbol", "arguments", "type", "size", "depth", "text", "_hash", "other"):
        with pytest.raises(AttributeError):
            setattr(formula, name, None)
        with pytest.raises(AttributeError):
            delattr(formula, name)
    assert (str(formula), hash(formula)) == (before, number)
    assert copy.copy(formula) == formula
    assert copy.deepcopy(formula) == formula


# --- types -----------------------------------------------------------------------------------------


def expected_type(operator, types):
    """The rules of the design page, or None where it forbids the call."""
    if len(types) != operator.arity:
        return None
    sets = set(types) - {NETWORK}
    if operator.kind == "elementwise":
        return None if len(sets) > 1 else next(iter(sets), NETWORK)
    if operator.kind == "candidates":
        return None if sets else NETWORK
    return None if not sets else types[0] if operator.kind == "vector" else NETWORK


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda o: o.name)
@given(types=st.lists(st.sampled_from([*NODE_SETS, NETWORK]), max_size=3))
def test_a_call_has_the_type_that_the_rules_give_or_is_refused(operator, types):
    arguments = [LEAVES[t] for t in types]
    expected = expected_type(operator, types)
    if expected is None:
        with pytest.raises(FormulaError, match=operator.name):
            call(operator, *arguments)
    else:
        assert call(operator, *arguments).type == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sum(add(layer.numel, block.entropy))", r"column 5: add cannot mix Vector\[block\] and Vec"),
        ("add(1,\n sum(network.params))", r"line 2, column 2: sum takes a vector over nodes, not a Scalar"),
        ("logrank(layer.numel)", r"column 1: logrank takes a Scalar, not a Vector\[layer\]"),
        ("abs(1, 2)", "abs takes 1 argument, not 2"),
        ("add(1)", "add takes 2 arguments, not 1"),
        ("add(1, 2, 3)", "add takes 2 arguments, not 3"),
        ("layer.numel", r"Vector\[layer\]; reduce it"),
        ("log(layer.numel)", r"Vector\[layer\]; reduce it"),
    ],
)
def test_type_errors_say_what_is_wrong_and_where(text, complaint):
    with pytest.raises(FormulaError, match=complaint):
        parse(text)


# --- caps ------------------------------------------------------------------------------------------


def test_depth_is_capped_alike_in_text_and_tree():
    deepest = "neg(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1)
    formula = parse(deepest)
    assert formula.depth == MAX_DEPTH
    with pytest.raises(FormulaError, match="deep"):
        parse(f"neg({deepest})")
    with pytest.raises(FormulaError, match="depth"):
        call(OPERATORS["neg"], formula)


def test_size_is_capped_alike_in_text_and_tree():
    formula = parse("network.params")
    while 2 * formula.size + 1 <= MAX_SIZE:
        formula = call(OPERATORS["add"], formula, formula)
    assert parse(str(formula)) == formula
    with pytest.raises(FormulaError, match=str(MAX_SIZE)):
        call(OPERATORS["add"], formula, formula)
    with pytest.raises(FormulaError, match=f"column 1: .*{MAX_SIZE}"):
        parse(f"add({formula}, {formula})")


# --- symbols of a user's own -----------------------------------------------------------------------


def halve(x):
    return x / 2


def test_a_user_s_operator_parses_in_its_set_alone():
    symbols = FULL.with_operator(Operator("halve", "elementwise", halve, "x / 2"))
    formula = parse("halve(network.params)", symbols)
    assert formula.operator is symbols.operators["halve"]
    with pytest.raises(FormulaError, match="unknown operator 'halve'"):
        parse(str(formula))
    with pytest.raises(SymbolError):
        symbols.with_operator(Operator("halve", "elementwise", halve, "x / 2"))


def test_a_set_without_a_statistic_does_not_know_it():
    parse("network.params", SCALAR)
    with pytest.raises(FormulaError, match="unknown statistic"):
        parse("sum(layer.numel)", FULL.restricted(["network.params"]))
    with pytest.raises(FormulaError, match="unknown operator"):
        parse("sum(layer.numel)", SCALAR)


@given(st.text(max_size=20))
def test_a_statistic_whose_name_no_text_could_hold_is_refused(name):
    symbol = Statistic(NETWORK, name, "of the user's own")
    try:
        leaf = statistic(symbol)
    except FormulaError:
        assert not (name.isascii() and name.replace("_", "a").isalnum())
    else:
        assert parse(str(leaf), FULL.with_statistics([symbol])) == leaf
