"""Variation: DEAP's operators for typed trees, drawing from the run's one generator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from deap import gp, tools

from evozc.search._individual import Grammar, Individual
from evozc.search._settings import SearchSettings


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
    """Makes trees: at random, or from a population. Call it under :func:`drawing_from`."""

    def __init__(self, grammar: Grammar, settings: SearchSettings) -> None:
        self.grammar = grammar
        self.settings = settings
        subtree = partial(gp.genHalfAndHalf, min_=0, max_=2)
        self._mutations: list[tuple[float, Callable[[Individual], tuple[Individual]]]] = [
            (0.35, partial(gp.mutUniform, expr=subtree, pset=grammar)),
            (0.25, partial(gp.mutNodeReplacement, pset=grammar)),
            (0.15, partial(gp.mutInsert, pset=grammar)),
            (0.10, gp.mutShrink),
            (0.15, _move_constant),
        ]

    def fresh(self) -> Individual:
        """A random tree; depths are ramped."""
        return Individual(self.grammar.random_tree(1, random.randint(2, 5)))

    def offspring(self, population: Sequence[Individual]) -> Individual:
        """One tree by crossover, by mutation, or drawn anew; parents are not changed."""
        draw = random.random()
        if draw >= self.settings.crossover + self.settings.mutation:
            return self.fresh()
        first = self._parent(population)
        if draw < self.settings.crossover:
            return gp.cxOnePoint(first, self._parent(population))[0]
        weights, mutations = zip(*self._mutations, strict=True)
        mutate = random.choices(mutations, weights)[0]
        return mutate(first)[0]

    def _parent(self, population: Sequence[Individual]) -> Individual:
        """A copy of the winner of a tournament."""
        return Individual(tools.selTournament(population, 1, self.settings.tournament)[0])


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
