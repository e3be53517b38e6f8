"""Hypothesis strategies for formulas and tables, and a formula evaluated in the plainest way."""

import numpy as np
from hypothesis import strategies as st

from evozc.formula import call, constant, statistic
from evozc.table import Table, Target
from primitives import FULL, NETWORK, NODE_SETS, Nodes, Operator, Sign, Statistic

#: Statistics of every node set and, for most, of several signs.
KEYS = (
    "layer.numel", "layer.grad_l2", "layer.weight_mean", "activation.positive", "activation.output_mean",
    "block.entropy", "block.output_mean", "network.params", "network.naswot",
)
FEW = FULL.restricted(KEYS)

#: Small ones that simplification knows, and any other.
numbers = st.sampled_from([0.0, 1.0, -1.0, 2.0, -3.0, 0.5]) | st.floats(allow_nan=False, allow_infinity=False)
moderate_numbers = st.sampled_from([0.0, 1.0, -1.0, 2.0]) | st.floats(-9, 9).map(lambda x: round(x, 3))


@st.composite
def formulas(draw, symbols=FEW, depth=5, type_=NETWORK, constants=numbers, without=()):
    """Typed trees of at most that depth."""
    operators = {kind: [] for kind in ("elementwise", "vector", "reduction", "candidates")}
    for operator in symbols.operators.values():
        if operator.name not in without:
            operators[operator.kind].append(operator)
    leaves = {t: [s for s in symbols.statistics.values() if s.type == t] for t in (*NODE_SETS, NETWORK)}
    vectors = [t for t in NODE_SETS if leaves[t]]

    def leaf(wanted):
        if wanted == NETWORK and (not leaves[NETWORK] or draw(st.integers(0, 2)) == 0):
            return constant(draw(constants))
        return statistic(draw(st.sampled_from(leaves[wanted])))

    def grow(wanted, left):
        if left <= 1 or draw(st.integers(0, 5)) == 0:
            return leaf(wanted)
        kinds = ["elementwise", "elementwise"]
        if wanted != NETWORK:
            kinds += ["vector"] * bool(operators["vector"])
        else:
            kinds += ["reduction"] * (2 * bool(vectors and operators["reduction"]))
            kinds += ["candidates"] * bool(operators["candidates"])
        kind = draw(st.sampled_from(kinds))
        operator = draw(st.sampled_from(operators[kind]))
        if kind == "reduction":
            return call(operator, grow(draw(st.sampled_from(vectors)), left - 1))
        first = grow(wanted, left - 1)
        if operator.arity == 1:
            return call(operator, first)
        other = draw(st.sampled_from(["twin", wanted, NETWORK]))
        second = first if other == "twin" else grow(other, left - 1)
        return call(operator, *draw(st.permutations([first, second])))

    return grow(type_, depth)


_few_architectures = st.integers(1, 6)


@st.composite
def tables(draw, symbols=FEW, architectures=_few_architectures, nodes=4, missing=True):
    """Ragged tables; with ``missing``, node sets may be empty and values NaN."""
    return random_table(draw(st.integers(0, 2**32)), draw(architectures), symbols, nodes, missing)


def random_table(seed, architectures, symbols=FEW, nodes=4, missing=True):
    """Drawn by numpy, for speed: small integers, so that ties are frequent, zeros, and a few decades."""
    draw, n = np.random.default_rng(seed), architectures
    lengths = {node_set: draw.integers(0 if missing else 1, nodes + 1, n) for node_set in NODE_SETS}
    values = {}
    for symbol in symbols.statistics.values():
        size = n if symbol.type == NETWORK else lengths[symbol.type].sum()
        values_of = (draw.integers(1, 4, size), 10 ** draw.uniform(-3, 3, size), np.zeros(size), np.nan)
        shares = np.array([0.4, 0.4, 0.1 if Sign.ZERO in symbol.sign else 0.0, 0.1 if missing else 0.0])
        kind = draw.choice(4, size, p=shares / shares.sum())
        sign = draw.choice([-1.0, 1.0], size) if Sign.NEGATIVE in symbol.sign else 1.0
        values[symbol.key] = np.choose(kind, values_of) * sign
    names = tuple(f"architecture {a}" for a in range(n))
    return Table(
        architectures=names, keys=names, statistics=tuple(symbols.statistics.values()),
        offsets={node_set: np.cumsum([0, *counts]) for node_set, counts in lengths.items()}, values=values,
        targets={"accuracy": Target("accuracy", draw.permutation(n).astype(np.float64))},
    )


def scalar_table(columns, accuracy, keys=None, higher_is_better=True):
    """A table of network scalars by hand, each called ``network.<name>``."""
    n = len(accuracy)
    names = tuple(f"architecture {a}" for a in range(n))
    statistics = tuple(Statistic(NETWORK, name, name) for name in columns)
    target = Target("accuracy", np.array(accuracy, dtype=np.float64), higher_is_better=higher_is_better)
    return Table(
        architectures=names, keys=tuple(keys or names), statistics=statistics, offsets={},
        values={f"network.{name}": np.array(v, dtype=np.float64) for name, v in columns.items()},
        targets={"accuracy": target},
    )


def plainly(formula, table, noise=None):
    """Every part's value on every architecture: part -> list of arrays, one an architecture.

    One architecture after another, nothing shared, in the order of the text. With
    ``noise``, a random generator, every value is off by some 1e-13 of itself, as if
    rounded far more coarsely.
    """
    found = {}

    def blurred(array):
        return array if noise is None else array * (1 + 1e-13 * noise.uniform(-1, 1, array.shape))

    def own(symbol, a):
        values = table.values[symbol.key]
        if symbol.type == NETWORK:
            return values[a : a + 1]
        start, stop = table.offsets[symbol.type][a : a + 2]
        return values[start:stop]

    def value(part):
        symbol, size = part.symbol, len(table)
        if isinstance(symbol, Statistic):
            result = [own(symbol, a) for a in range(size)]
        elif not isinstance(symbol, Operator):
            result = [np.array([symbol]) for _ in range(size)]
        else:
            given = [value(argument) for argument in part.arguments]
            if symbol.kind == "candidates":
                result = [np.array([x]) for x in symbol.kernel(np.concatenate(given[0]))]
            elif symbol.kind == "elementwise":
                result = [symbol.kernel(*row) for row in zip(*given, strict=True)]
            else:
                result = [symbol.kernel(x, Nodes(np.array([0, len(x)]))) for x in given[0]]
        found[part] = [blurred(array) for array in result]
        return found[part]

    with np.errstate(all="ignore"):
        value(formula)
    return found


def scores_plainly(formula, table, noise=None):
    return np.concatenate(plainly(formula, table, noise)[formula])


def rounding(formula, table, runs=4):
    """How far rounding alone may move each score, found by rounding more coarsely; infinite if anyhow far."""
    exact = scores_plainly(formula, table)
    moved = [scores_plainly(formula, table, np.random.default_rng(k)) for k in range(runs)]
    with np.errstate(all="ignore"):
        spread = np.max(np.abs(np.array(moved) - exact), axis=0)
        spread = 10 * spread + 1e-12 * np.abs(exact) + 1e-100
    return np.where(np.isnan(spread), np.inf, spread)


def finite_throughout(formula, table):
    """The architectures on which every part is finite, and no rounding error is that of a subnormal."""
    kept = np.ones(len(table), dtype=bool)
    for values in plainly(formula, table).values():
        for a, array in enumerate(values):
            size = np.abs(array[array != 0])
            kept[a] &= bool(np.isfinite(array).all() and (size > 1e-290).all() and (size < 1e290).all())
    return kept
