"""Trees: between DEAP and formulas, bred under one generator."""

import random

import numpy as np
import pytest
from deap import gp
from hypothesis import given
from hypothesis import strategies as st
from small_tables import python, small_table

from evozc.errors import ConfigError, FormulaError
from evozc.evolution import SearchSettings
from evozc.evolution._breeding import Breeder, _move_constant, drawing_from
from evozc.evolution._grammar import Grammar, Individual
from evozc.formula import canonical, constant, parse
from primitives import FULL, NETWORK, SymbolSet

SYMBOLS = FULL.with_statistics(small_table().statistics)
GRAMMAR = Grammar(SYMBOLS)
BREEDER = Breeder(GRAMMAR, SearchSettings(population=10))


def names(tree):
    return [(node.name, node.arity, getattr(node, "value", None)) for node in tree]


def check_well_typed(tree):
    """Every argument has the type its parent asks for, and nothing is left over."""
    wanted = [GRAMMAR.ret]
    for node in tree:
        assert issubclass(node.ret, wanted.pop()), tree
        wanted.extend(reversed(node.args if node.arity else []))
    assert wanted == []


def population(seed, count=12):
    with drawing_from(random.Random(seed)):
        trees = [GRAMMAR.individual(BREEDER.fresh()) for _ in range(count)]
    for tau, tree in enumerate(trees):
        tree.fitness.values = (tau / count, len(tree))
    return trees


@given(st.integers(0, 2**32))
def test_fresh_trees_are_well_typed_and_survive_the_way_through_text(seed):
    for tree in population(seed, 3):
        check_well_typed(tree)
        formula = GRAMMAR.formula(tree)
        assert formula.type == NETWORK
        assert formula.size == len(tree)
        assert formula.depth == tree.height + 1
        assert parse(formula.text, SYMBOLS) == formula
        back = GRAMMAR.individual(formula)
        assert names(back) == names(tree)
        assert GRAMMAR.formula(back) == formula


@given(st.integers(0, 2**32))
def test_offspring_is_well_typed_and_parents_stay_as_they_were(seed):
    parents = population(seed)
    before = [(names(p), p.fitness.values) for p in parents]
    generator = random.Random(seed)
    for _ in range(20):
        with drawing_from(generator):
            child = BREEDER.offspring(parents)
        check_well_typed(GRAMMAR.individual(child))
        assert parse(child.text, SYMBOLS) == child == canonical(child)
    assert [(names(p), p.fitness.values) for p in parents] == before


def test_each_way_of_breeding_alone_keeps_parents_and_types():
    parents = population(5)
    before = [names(p) for p in parents]
    made = {}
    for way in ("crossover", "mutation", "fresh"):
        shares = {"crossover": 0.0, "mutation": 0.0, **({way: 1.0} if way != "fresh" else {})}
        breeder = Breeder(GRAMMAR, SearchSettings(population=10, **shares))
        with drawing_from(random.Random(1)):
            made[way] = [breeder.offspring(parents) for _ in range(200)]
        for child in made[way]:
            check_well_typed(GRAMMAR.individual(child))
    assert [names(p) for p in parents] == before
    known = {p.formula for p in parents}
    assert all(len(set(children) - known) > 10 for children in made.values())


@given(st.integers(0, 2**32))
def test_a_part_put_in_the_place_of_another_is_the_tree_with_its_nodes_replaced(seed):
    first, second = population(seed, 2)
    for place, old in enumerate(first.parts):
        for other, new in enumerate(second.parts):
            if old.type == new.type:
                nodes = [*first[:place], *second[other : other + new.size], *first[place + old.size :]]
                assert GRAMMAR.replaced(first, place, new) == canonical(GRAMMAR.formula(Individual(nodes)))


def test_every_operator_and_statistic_can_be_drawn():
    with drawing_from(random.Random(0)):
        formulas = [BREEDER.fresh() for _ in range(3000)]
    drawn = {part.operator.name for f in formulas for part in f.walk() if part.operator}
    assert drawn == set(SYMBOLS.operators)
    assert {s.key for f in formulas for s in f.statistics()} == set(SYMBOLS.statistics)


def test_moving_constants_never_leaves_the_finite_numbers():
    formula = parse("minimum(network.params, 1.7e308)", SYMBOLS)
    with drawing_from(random.Random(0)):
        moved = [_move_constant(GRAMMAR.individual(formula))[0] for _ in range(200)]
    values = {GRAMMAR.formula(tree).arguments[1].value for tree in moved}
    assert len(values) > 20
    assert np.isfinite(list(values)).all()
    assert any(v < 0 for v in values)


def test_a_formula_of_other_symbols_is_no_tree_of_this_grammar():
    with pytest.raises(KeyError):
        GRAMMAR.individual(parse("network.macs"))
    with pytest.raises(FormulaError):
        constant(float("inf"))


def test_a_grammar_without_statistics_is_refused():
    with pytest.raises(ConfigError, match="'full' has no statistic"):
        Grammar(FULL.with_statistics([]))


def test_a_tree_too_large_for_the_language_is_refused_as_a_formula():
    add = GRAMMAR.mapping["add[network,network]"]
    leaf = GRAMMAR.mapping["network.params"]
    tree = Individual([add] * 1500 + [leaf] * 1501)
    with pytest.raises(FormulaError, match="at most"):
        GRAMMAR.formula(tree)


def test_drawing_leaves_the_module_random_as_it_was():
    random.seed(3)
    before = random.getstate()
    generator = random.Random(7)
    with drawing_from(generator):
        drawn = [random.random(), random.gauss(0, 1)]
    assert random.getstate() == before
    untouched = random.Random(7)
    assert drawn == [untouched.random(), untouched.gauss(0, 1)]
    assert generator.getstate() == untouched.getstate()


def test_drawing_puts_everything_back_after_an_error_too():
    random.seed(4)
    before = random.getstate()
    generator = random.Random(8)

    def fail():
        with drawing_from(generator):
            random.random()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert random.getstate() == before
    expected = random.Random(8)
    expected.random()
    assert generator.random() == expected.random()


def test_the_stream_is_the_same_in_processes_that_hash_differently():
    code = """
import random
from small_tables import small_table
from evozc.evolution import SearchSettings
from evozc.evolution._breeding import Breeder, drawing_from
from evozc.evolution._grammar import Grammar
from primitives import FULL
grammar = Grammar(FULL.with_statistics(small_table().statistics))
breeder = Breeder(grammar, SearchSettings(population=10))
with drawing_from(random.Random(11)):
    fresh = [breeder.fresh() for _ in range(30)]
    trees = [grammar.individual(formula) for formula in fresh]
    bred = [breeder.offspring(trees) for _ in range(100)]
print([formula.text for formula in [*fresh, *bred]], hash("a"))
"""
    one, other = (python(code, PYTHONHASHSEED=seed).rsplit("]", 1) for seed in ("1", "2"))
    assert one[1] != other[1]
    assert one[0] == other[0]
    assert one[0].count("'") > 200


def test_types_of_the_grammar_iterate_in_one_order():
    assert [t.__name__ for t in {p.ret for ps in GRAMMAR.primitives.values() for p in ps}] == [
        "layer", "block", "network",
    ]
    assert isinstance(GRAMMAR, gp.PrimitiveSetTyped)


def test_symbols_without_scalars_still_reduce_to_one():
    only = SymbolSet("only", FULL.operators.values(), [FULL.statistics["layer.grad_l2"]])
    breeder = Breeder(Grammar(only), SearchSettings(population=10))
    with drawing_from(random.Random(0)):
        for _ in range(200):
            assert breeder.fresh().type == NETWORK
