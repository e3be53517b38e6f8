"""Stock DEAP, as a search engine for the same job: ``gp.compile``, numpy in float64, scipy's Kendall tau."""

import operator
import random

import numpy as np
from deap import base, gp, tools
from scipy import stats

from evozc.evolution._grammar import signatures
from primitives import NETWORK, NODE_SETS, Nodes, Operator, Statistic


def use_bare_reductions():
    """Let numpy kernels reduce by ``ufunc.reduceat`` alone, without leaving out what is not finite.

    The peer is then as lean as it gets, and its scores differ from ours where a node is not finite.
    """

    def reduce(self, ufunc, values, empty, among=None):
        result = np.full(len(self.lengths), np.nan)
        result[self._filled] = ufunc.reduceat(values, self._starts)
        return result

    Nodes.reduce = reduce
    Nodes.count = lambda self, values: self.lengths.astype(float)


class PeerFitness(base.Fitness):
    weights = (1.0, -1.0)


class PeerTree(gp.PrimitiveTree):
    def __init__(self, content):
        super().__init__(content)
        self.fitness = PeerFitness()


class Peer:
    """A typed primitive set over a table, and DEAP's ways to evaluate and breed."""

    def __init__(self, table, symbols):
        self.table, self.target = table, table.target().merit
        present = [s for s in NODE_SETS if s in table.offsets]
        self.types = {name: type(name, (), {}) for name in (*present, NETWORK)}
        self.keys = list(table.values)
        arguments = [self.types[symbols.statistics[k].type] for k in self.keys]
        self.pset = gp.PrimitiveSetTyped("main", arguments, self.types[NETWORK])
        self.pset.renameArguments(**{f"ARG{i}": k.replace(".", "_") for i, k in enumerate(self.keys)})
        for symbol in symbols.operators.values():
            for arguments, result in signatures(symbol, set(present)):
                name = "_".join((symbol.name, *arguments))
                function = self.function(symbol, arguments, result)
                self.pset.addPrimitive(function, [self.types[a] for a in arguments], self.types[result], name)
        for value in (0.5, 2.0, 10.0):
            self.pset.addTerminal(value, self.types[NETWORK])
        self.values = [table.values[k] for k in self.keys]

    def function(self, symbol, arguments, result):
        nodes = self.table.nodes
        if symbol.kind == "candidates":
            return lambda x: symbol.kernel(np.broadcast_to(x, len(self.table)))
        if symbol.kind in ("vector", "reduction"):
            return lambda x, nodes=nodes[arguments[0]]: symbol.kernel(x, nodes)
        if result == NETWORK or NETWORK not in arguments:
            return symbol.kernel
        spread = nodes[result].spread

        def widened(x):
            return spread(x) if np.ndim(x) else x

        if arguments[0] == NETWORK:
            return lambda x, y: symbol.kernel(widened(x), y)
        return lambda x, y: symbol.kernel(x, widened(y))

    def tree(self, formula):
        """A formula as a stock tree."""
        nodes = []
        for part in formula.walk():
            if isinstance(part.symbol, Operator):
                name = "_".join((part.symbol.name, *(a.type for a in part.arguments)))
                nodes.append(self.pset.mapping[name])
            elif isinstance(part.symbol, Statistic):
                nodes.append(self.pset.mapping[part.symbol.key.replace(".", "_")])
            else:
                nodes.append(gp.Terminal(part.symbol, False, self.types[NETWORK]))
        return PeerTree(nodes)

    def score(self, tree):
        """Compile, evaluate, rank."""
        scores = gp.compile(tree, self.pset)(*self.values)
        scores = np.broadcast_to(scores, len(self.table))
        finite = np.isfinite(scores)
        if not finite.all():
            if np.count_nonzero(~finite) > max(1, 0.2 * len(finite)):
                return -1.0, len(tree)
            scores = np.where(finite, scores, -np.inf)
        tau = stats.kendalltau(scores, self.target).statistic
        return (-1.0 if np.isnan(tau) else tau), len(tree)

    def search(self, population, generations, settings, seed):
        """Generational GP with a dictionary of fitnesses; the number of individuals bred and scored."""
        random.seed(seed)
        toolbox = base.Toolbox()
        toolbox.register("expr", gp.genHalfAndHalf, pset=self.pset, min_=1, max_=5)
        toolbox.register("expr_mut", gp.genHalfAndHalf, min_=0, max_=2)
        toolbox.register("select", tools.selTournament, tournsize=settings.tournament)
        toolbox.register("mate", gp.cxOnePoint)
        toolbox.register("mutate", gp.mutUniform, expr=toolbox.expr_mut, pset=self.pset)
        for name in ("mate", "mutate"):
            toolbox.decorate(name, gp.staticLimit(key=len, max_value=settings.max_size))
            height = operator.attrgetter("height")
            toolbox.decorate(name, gp.staticLimit(key=height, max_value=settings.max_depth - 1))
        known, bred = {}, 0
        pop = [PeerTree(toolbox.expr()) for _ in range(population)]
        with np.errstate(all="ignore"):
            for generation in range(generations + 1):
                if generation:
                    pop = self._vary(toolbox.select(pop, len(pop)), toolbox, settings)
                for tree in pop:
                    if not tree.fitness.valid:
                        text = str(tree)
                        if text not in known:
                            known[text] = self.score(tree)
                        tree.fitness.values = known[text]
                        bred += 1
        return bred, len(known), max(tau for tau, _ in known.values())

    @staticmethod
    def _vary(parents, toolbox, settings):
        """``varAnd`` of DEAP, at the rates of the settings."""
        children = [toolbox.clone(tree) for tree in parents]
        for i in range(1, len(children), 2):
            if random.random() < settings.crossover:
                children[i - 1], children[i] = toolbox.mate(children[i - 1], children[i])
                del children[i - 1].fitness.values, children[i].fitness.values
        for i in range(len(children)):
            if random.random() < settings.mutation:
                (children[i],) = toolbox.mutate(children[i])
                del children[i].fitness.values
        return children
