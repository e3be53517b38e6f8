"""Breeding by DEAP itself, on DEAP's trees: what the compiled operators must give, draw for draw."""

import math
import random
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

from deap import gp

from evozc.evolution._breeding import MUTATIONS
from evozc.formula import call, constant, statistic
from primitives import NETWORK


@contextmanager
def drawing_from(generator):
    """Let DEAP, which draws from the module ``random``, draw from a generator."""
    outside = random.getstate()
    random.setstate(generator.getstate())
    try:
        yield
    finally:
        generator.setstate(random.getstate())
        random.setstate(outside)


class DeapBreeder:
    """Offspring as trees of a grammar.

    Args:
        grammar: DEAP's typed primitive set.
        symbols: The operators and statistics behind its names.
        settings: The rates.
    """

    def __init__(self, grammar, symbols, settings):
        self.grammar, self.symbols, self.settings = grammar, symbols, settings
        subtree = partial(gp.genHalfAndHalf, min_=0, max_=2)
        self.mutations = [
            partial(gp.mutUniform, expr=subtree, pset=grammar), partial(gp.mutNodeReplacement, pset=grammar),
            partial(gp.mutInsert, pset=grammar), gp.mutShrink, move_constant,
        ]

    def offspring(self, population):
        """One tree; parents, the best first, are not changed."""
        draw = random.random() if population else 2.0
        if draw >= self.settings.crossover + self.settings.mutation:
            highest = random.randint(2, 5)
            return gp.PrimitiveTree(gp.genHalfAndHalf(self.grammar, 1, highest, self.grammar.ret))
        first = self.parent(population)
        if draw < self.settings.crossover:
            return self.cross(first, self.parent(population))
        (mutate,) = random.choices(self.mutations, cum_weights=list(accumulate(MUTATIONS)))
        return mutate(gp.PrimitiveTree(first))[0]

    def parent(self, population):
        n = len(population)
        return population[min([int(random.random() * n) for _ in range(self.settings.tournament)])]

    @staticmethod
    def cross(first, second):
        """The first child of ``cxOnePoint``, whose draws for types follow the order of a hash table."""
        places = [{}, {}]
        for found, tree in zip(places, (first, second), strict=True):
            for place, node in enumerate(tree[1:], 1):
                found.setdefault(node.ret, []).append(place)
        common = [kind for kind in places[0] if kind in places[1]]
        child = gp.PrimitiveTree(first)
        if common:
            kind = random.choice(common)
            place, other = (random.choice(found[kind]) for found in places)
            child[first.searchSubtree(place)] = second[second.searchSubtree(other)]
        return child

    def formula(self, tree):
        """What a tree says."""
        stack = []
        for node in reversed(tree):
            if node.arity:
                operator = self.symbols.operators[node.name.split("[")[0]]
                stack.append(call(operator, *(stack.pop() for _ in range(node.arity))))
            elif isinstance(node.value, float):
                stack.append(constant(node.value))
            else:
                stack.append(statistic(self.symbols.statistics[node.value]))
        return stack.pop()


def move_constant(tree):
    """Scale one constant, and now and then turn its sign."""
    places = [i for i, node in enumerate(tree) if isinstance(getattr(node, "value", None), float)]
    if places:
        place = random.choice(places)
        value = tree[place].value * random.lognormvariate(0.0, 0.7)
        value = float(f"{-value if random.random() < 0.1 else value:.3g}")
        if math.isfinite(value):
            tree[place] = gp.Terminal(value, False, tree[place].ret)
    return (tree,)


def is_well_typed(tree):
    """Whether every argument has the type its parent asks for, and nothing is left over."""
    wanted = [NETWORK]
    for node in tree:
        if node.ret.__name__ != wanted.pop():
            return False
        wanted.extend(a.__name__ for a in reversed(node.args if node.arity else []))
    return wanted == []
