"""Variation of typed trees on DEAP's terms, drawing from the run's one generator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

from deap import gp

from evozc.evolution._grammar import Grammar, Individual
from evozc.evolution._settings import SearchSettings
from evozc.formula import Formula


@contextmanager
def drawing_from(generator: random.Random) -> Iterator[None]:
    """Let DEAP, which draws from the module ``random``, draw from a run's own generator.

    The module's state is put back afterwards, so nobody else sees a difference.
    """
    outside = random.getstate()
    random.setstate(generator.getstate())
    try:
        yield
    finally:
        generator.setstate(random.getstate())
        random.setstate(outside)


class Breeder:
    """Makes formulas: at random, or from a population. Call it under :func:`drawing_from`."""

    def __init__(self, grammar: Grammar, settings: SearchSettings) -> None:
        self.grammar = grammar
        self.settings = settings
        subtree = partial(gp.genHalfAndHalf, min_=0, max_=2)
        shares: dict[Callable[[Individual], tuple[Individual]], float] = {
            partial(gp.mutUniform, expr=subtree, pset=grammar): 0.35,
            partial(gp.mutNodeReplacement, pset=grammar): 0.25,
            partial(gp.mutInsert, pset=grammar): 0.15,
            gp.mutShrink: 0.10,
            _move_constant: 0.15,
        }
        self._mutations = list(shares)
        self._up_to = list(accumulate(shares.values()))

    def fresh(self) -> Formula:
        """The formula of a random tree; depths are ramped."""
        return self.grammar.ordered(self.grammar.random_tree(1, random.randint(2, 5)))

    def offspring(self, population: Sequence[Individual]) -> Formula:
        """One formula by crossover, by mutation, or drawn anew; parents are not changed.

        Args:
            population: The best first.
        """
        draw = random.random()
        if draw >= self.settings.crossover + self.settings.mutation:
            return self.fresh()
        first = self._parent(population)
        if draw < self.settings.crossover:
            return self._cross(first, self._parent(population))
        (mutate,) = random.choices(self._mutations, cum_weights=self._up_to)
        return self.grammar.ordered(mutate(Individual(first))[0])

    def _parent(self, population: Sequence[Individual]) -> Individual:
        """The winner of a tournament: among any of a sorted population, the first."""
        draw, n = random.random, len(population)
        return population[min([int(draw() * n) for _ in range(self.settings.tournament)])]

    def _cross(self, first: Individual, second: Individual) -> Formula:
        """The first parent with a part of the second, of the same type, in the place of one of its own.

        One-point crossover as DEAP's, which also makes the other child, and copies both before.
        """
        common = [kind for kind in first.places if kind in second.places]
        if not common:
            return first.formula
        kind = random.choice(common)
        place, other = random.choice(first.places[kind]), random.choice(second.places[kind])
        return self.grammar.replaced(first, place, second.parts[other])


def _move_constant(individual: Individual) -> tuple[Individual]:
    """Scale one constant, and now and then turn its sign; a tree without any stays as it is."""
    places = [i for i, node in enumerate(individual) if isinstance(getattr(node, "value", None), float)]
    if places:
        place = random.choice(places)
        value = individual[place].value * random.lognormvariate(0.0, 0.7)
        value = float(f"{-value if random.random() < 0.1 else value:.3g}")
        if math.isfinite(value):
            individual[place] = gp.Terminal(value, False, individual[place].ret)
    return (individual,)
