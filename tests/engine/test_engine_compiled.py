"""Compiled kernels give what the operators' numpy kernels give."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evozc.engine import Evaluator, KendallTau, rankable
from evozc.formula import call, constant, statistic
from evozc.table import Table
from primitives import FULL, NETWORK, Operator, Statistic

SPECIALS = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, -5e-324, 2.2e-308, 1e308, -1e308, np.nan, np.inf, -np.inf]
values = st.sampled_from(SPECIALS) | st.floats() | st.floats(-30, 30) | st.integers(-3, 3).map(float)
COMPILED = [o for o in FULL.operators.values() if o.compiled is not None]


def table_of(architectures):
    """Layers ``a`` and scalars ``s``: the first node of each, or 1."""
    flat = np.array([x for nodes in architectures for x in nodes], dtype=np.float64)
    names = tuple(f"architecture {k}" for k in range(len(architectures)))
    return Table(
        architectures=names, keys=names, offsets={"layer": np.cumsum([0, *map(len, architectures)])},
        statistics=(Statistic("layer", "a", "a"), Statistic("layer", "b", "b"), Statistic(NETWORK, "s", "s")),
        values={"layer.a": flat, "layer.b": flat[::-1].copy(),
                "network.s": np.array([nodes[0] if nodes else 1.0 for nodes in architectures])},
        targets={},
    )


def with_numpy(formula):
    """The same formula of operators without compiled kernels."""
    if not formula.arguments:
        return formula
    symbol = formula.symbol
    plain = Operator(f"plain_{symbol.name}", symbol.kind, symbol.kernel, "", symbol.arity)
    return call(plain, *map(with_numpy, formula.arguments))


def same(left, right, rounding=0.0):
    invalid = ~np.isfinite(right)
    np.testing.assert_array_equal(np.isfinite(left), ~invalid)
    np.testing.assert_allclose(left[~invalid], right[~invalid], rtol=1e-12, atol=5e-324 + rounding)


@pytest.mark.parametrize("operator", COMPILED, ids=lambda o: o.name)
@settings(max_examples=40)
@given(architectures=st.lists(st.lists(values, max_size=7), min_size=1, max_size=40))
@example(architectures=[[2.6e-127, 1.0, -1.0]])
def test_a_compiled_kernel_equals_its_numpy_kernel(operator, architectures):
    table = table_of(architectures)
    a, b, s = (statistic(symbol) for symbol in table.statistics)
    if operator.kind == "reduction":
        formulas = [call(operator, a)]
    elif operator.kind == "vector":  # every node is looked at, one by one
        formulas = [call(FULL.operators[r], call(operator, a)) for r in ("first", "last", "max", "min")]
    elif operator.arity == 1:
        formulas = [call(operator, s), call(FULL.operators["first"], call(operator, a)),
                    call(FULL.operators["last"], call(operator, a))]
    else:
        pairs = [(a, b), (a, s), (s, a), (a, constant(0.5)), (constant(-2.0), b)]
        formulas = [call(FULL.operators["last"], call(operator, *pair)) for pair in pairs]
        formulas += [call(operator, s, s), call(operator, s, constant(3.0))]
    one = Evaluator(table)
    kept = np.ones(len(architectures), bool) if operator.kind == "elementwise" else summable(architectures)
    reference = one.scores([with_numpy(f) for f in formulas])
    rounding = 0.0
    if operator.name in ("sum", "mean", "cumsum"):  # in another order, what cancels leaves another rest
        finite = np.array([v for nodes in architectures for v in nodes if np.isfinite(v)])
        rounding = 1e-15 * min(np.abs(finite).max(initial=0.0), 1e300)
    for compiled, plain in zip(one.scores(formulas), reference, strict=True):
        same(compiled[kept], plain[kept], rounding)


def summable(architectures):
    """Where no sum can overflow in one order and not in another."""
    with np.errstate(all="ignore"):
        sizes = [np.nansum(np.abs(np.where(np.isfinite(nodes), nodes, np.nan))) for nodes in architectures]
        lengths = np.array([max(1, len(nodes)) for nodes in architectures])
        return (lengths == 1) | np.isfinite(np.array(sizes) * 2 * lengths)


UNARY = [o.name for o in COMPILED if o.kind == "elementwise" and o.arity == 1]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number_over_their_whole_range(name):
    exponents = np.random.default_rng(0).uniform(-1074, 1024, 20_000)
    x = np.concatenate([2.0**exponents, -(2.0**exponents), np.linspace(-800, 800, 20_001), SPECIALS])
    table = table_of([[v] for v in x])
    operator, s = FULL.operators[name], statistic(table.statistics[2])
    with np.errstate(all="ignore"):
        expected = operator.kernel(x)
    same(Evaluator(table).scores([call(operator, s)])[0], expected)


@pytest.mark.parametrize("size", [5, 63, 64, 65, 200, 1000, 5000])
def test_ranks_of_whole_generations_are_those_of_one_formula_at_a_time(size):
    draw = np.random.default_rng(size)
    target = np.round(draw.normal(size=size), 1)
    rows = [draw.normal(size=size), draw.integers(0, 4, size), np.exp(draw.normal(scale=100, size=size))]
    rows += [rows[0] * 10.0 ** draw.integers(-300, 300, size), -rows[1]]
    rows += [np.where(rows[1] == 2, np.nan, rows[0])]
    scores = np.array(rows, dtype=np.float64)
    tau = KendallTau(target)
    ranked = tau.rank(scores, size, np.ones(len(rows), bool))
    expected = [tau(rankable(row)) for row in scores]
    np.testing.assert_allclose(ranked.taus, expected, rtol=0, atol=1e-15)
    assert len(set(ranked.digests.tolist())) == len(rows)
    again = tau.rank(scores[::-1] * 2.0, size, np.ones(len(rows), bool))
    assert again.digests.tolist() == ranked.digests.tolist()[::-1]
