"""Breeding: what DEAP's operators give, draw for draw, on numbered formulas."""

import random

import numpy as np
import pytest
from deap import gp
from deap_breeding import DeapBreeder, drawing_from, is_well_typed
from hypothesis import given
from hypothesis import strategies as st
from small_tables import python, small_table

from evozc.errors import ConfigError
from evozc.evolution import SearchSettings
from evozc.evolution import _draws_compiled as draws
from evozc.evolution._breeding import Breeder
from evozc.evolution._grammar import Grammar
from evozc.formula import canonical, parse, simplify
from evozc.formula.pool import Formulas, Pool
from primitives import FULL, NETWORK, SCALAR, SymbolSet

SYMBOLS = FULL.with_statistics(small_table().statistics)
GRAMMAR = Grammar(SYMBOLS)


def breeding(seed=0, symbols=SYMBOLS, **settings):
    """A breeder, and its pool."""
    pool = Pool(symbols)
    return Breeder(Grammar(symbols), pool, SearchSettings(seed=seed, population=10, **settings)), pool


def bred(seed, count=12, **settings):
    """Formulas drawn at random, with the breeder that drew them."""
    breeder, pool = breeding(seed, **settings)
    return breeder, pool, breeder.offspring(np.zeros(0, np.int64), count)


@given(st.integers(0, 2**32), st.integers(1, 10**9), st.floats(0.1, 3))
def test_draws_are_those_of_the_module_random(seed, n, sigma):
    generator = random.Random(seed)
    state = np.array(generator.getstate()[1], np.int64)
    for _ in range(300):  # more than the generator holds words
        assert draws.uniform(state) == generator.random()
        assert draws.below(state, n) == generator.randrange(n)
        assert draws.log_normal(state, sigma) == generator.lognormvariate(0.0, sigma)
    assert tuple(state.tolist()) == generator.getstate()[1]


WAYS = {
    "as in a search": {}, "crossover": {"crossover": 1.0, "mutation": 0.0},
    "mutation": {"crossover": 0.0, "mutation": 1.0}, "fresh": {"crossover": 0.0, "mutation": 0.0},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("symbols", [SYMBOLS, SCALAR.with_statistics(SYMBOLS.statistics.values())],
                         ids=["full", "scalar"])
@given(seed=st.integers(0, 2**32))
def test_offspring_is_what_deap_breeds_from_the_same_draws(way, symbols, seed):
    breeder, pool = breeding(seed, symbols, **WAYS[way])
    reference = DeapBreeder(Grammar(symbols), symbols, SearchSettings(population=10, **WAYS[way]))
    generator, numbers = random.Random(seed), np.zeros(0, np.int64)
    for _ in range(4):  # each generation from the one before
        parents = list(trees(Grammar(symbols), Formulas(pool, numbers)))
        with drawing_from(generator):
            expected = [reference.offspring(parents) for _ in range(15)]
        numbers = breeder.offspring(numbers, 15)
        found = Formulas(pool, numbers)
        assert [f.text for f in found] == [canonical(reference.formula(tree)).text for tree in expected]
        assert tuple(breeder.state.tolist()) == generator.getstate()[1]
        numbers = pool.numbers({simplify(f).text: simplify(f) for f in found if f.size < 40}.values())


@given(st.integers(0, 2**32))
def test_trees_are_well_typed_and_say_what_their_formulas_say(seed):
    _, pool, numbers = bred(seed, 6)
    reference = DeapBreeder(GRAMMAR, SYMBOLS, SearchSettings())
    for tree, formula in zip(trees(GRAMMAR, Formulas(pool, numbers)), Formulas(pool, numbers), strict=True):
        assert is_well_typed(tree)
        assert reference.formula(tree) == tree.formula == formula
        assert (len(tree), tree.height + 1) == (formula.size, formula.depth)
        assert tree.fitness.values == (0.5, formula.size)


@given(st.integers(0, 2**32))
def test_offspring_is_of_the_language_and_parents_stay_as_they_were(seed):
    breeder, pool, parents = bred(seed)
    before = Formulas(pool, parents).texts()
    children = breeder.offspring(parents, 40)
    for child in Formulas(pool, children):
        assert child.type == NETWORK
        assert parse(child.text, SYMBOLS) == child == canonical(child)
    assert Formulas(pool, parents).texts() == before


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_breeding_makes_new_formulas(way):
    _, pool, parents = bred(5)
    breeder = Breeder(GRAMMAR, pool, SearchSettings(population=10, **WAYS[way]))
    assert len(set(breeder.offspring(parents, 200).tolist()) - set(parents.tolist())) > 10


def test_offspring_may_be_asked_for_in_any_portions():
    (one, pool, parents), (other, other_pool, others) = bred(3), bred(3)
    together = Formulas(pool, one.offspring(parents, 300)).texts()
    parts = [other.offspring(others, count) for count in (1, 99, 200)]
    assert [text for part in parts for text in Formulas(other_pool, part).texts()] == together


def test_every_operator_and_statistic_can_be_drawn():
    _, pool, numbers = bred(0, 3000)
    formulas = list(Formulas(pool, numbers))
    drawn = {part.operator.name for f in formulas for part in f.walk() if part.operator}
    assert drawn == set(SYMBOLS.operators)
    assert {s.key for f in formulas for s in f.statistics()} == set(SYMBOLS.statistics)


def test_moving_constants_never_leaves_the_finite_numbers():
    breeder, pool = breeding(crossover=0.0, mutation=1.0)
    parents = pool.numbers([parse("minimum(network.params, 1.7e308)")])
    children = Formulas(pool, breeder.offspring(parents, 3000))
    values = {part.value for f in children for part in f.walk() if part.value is not None}
    moved = values - {0.5, 2.0, 10.0}
    assert len(moved) > 20
    assert np.isfinite(list(moved)).all()
    assert any(v < 0 for v in moved)
    assert all(v == float(f"{v:.3g}") for v in moved)


def test_a_grammar_without_statistics_is_refused():
    with pytest.raises(ConfigError, match="'full' has no statistic"):
        Grammar(FULL.with_statistics([]))


def test_the_stream_is_the_same_in_processes_that_hash_differently():
    code = """
from test_evolution_breeding import Formulas, bred
breeder, pool, fresh = bred(11, 30)
children = breeder.offspring(fresh, 100)
print([*Formulas(pool, fresh).texts(), *Formulas(pool, children).texts()], hash("a"))
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


@pytest.mark.parametrize(
    "kinds", [("reduction",), ("reduction", "elementwise"), ("elementwise", "vector", "reduction")]
)
def test_symbols_without_scalars_or_some_operators_still_reduce_to_one(kinds):
    operators = [o for o in FULL.operators.values() if o.kind in kinds]
    only = SymbolSet("only", operators, [FULL.statistics["layer.grad_l2"]])
    breeder, pool = breeding(0, only)
    fresh = breeder.offspring(np.zeros(0, np.int64), 200)
    assert {f.type for f in Formulas(pool, fresh)} == {NETWORK}
    assert {f.type for f in Formulas(pool, breeder.offspring(fresh, 500))} == {NETWORK}


def trees(grammar, formulas):
    return [grammar.individual(formula, 0.5) for formula in formulas]
