"""The sympy form computes what the engine computes, wherever every node is finite."""

import builtins
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import finite_throughout, formulas, moderate_numbers, random_table, rounding, tables
from sympy.concrete.expr_with_limits import ExprWithLimits

from evozc.baselines import proxies
from evozc.engine import Evaluator
from evozc.errors import FormulaError
from evozc.formula import call, parse, statistic, to_sympy
from primitives import FULL, NETWORK, NODE_SETS, Operator


def written_out(formula, table, a):
    """The number that the sympy form gives for one architecture, every sum written out."""
    counts = [sympy.Symbol(f"n_{node_set}", integer=True, positive=True) for node_set in NODE_SETS]
    values = {n: table.nodes[s].lengths[a] for n, s in zip(counts, NODE_SETS, strict=True)}
    for symbol in formula.statistics():
        name = symbol.key.replace(".", "_")
        if symbol.type == NETWORK:
            values[sympy.Symbol(name, real=True)] = exact(table.values[symbol.key][a])
        else:
            start, stop = table.offsets[symbol.type][a : a + 2]
            base = sympy.IndexedBase(name, real=True)
            for k, value in enumerate(table.values[symbol.key][start:stop], 1):
                values[base[k]] = exact(value)
    return number(to_sympy(formula), values)


def number(form, values):
    """Sums from the outside in: sympy's own ``doit`` leaves a sum whose last index is that of another."""
    if form in values:
        return sympy.sympify(values[form])
    if isinstance(form, ExprWithLimits):
        index, low, high = form.limits[-1]
        term = form.func(form.function, *form.limits[:-1]) if len(form.limits) > 1 else form.function
        every = range(number(low, values), number(high, values) + 1)
        over = {"Sum": sympy.Add, "NodeMax": sympy.Max, "NodeMin": sympy.Min}[type(form).__name__]
        return over(*(number(term.subs(index, k), values) for k in every))
    rebuilt = form.func(*(number(argument, values) for argument in form.args)) if form.args else form
    return sympy.sympify(values.get(rebuilt, rebuilt))  # as x[n], the last of them


def exact(value):
    return sympy.Integer(int(value)) if value == int(value) else sympy.Float(value, 40)


@settings(max_examples=60)
@given(
    formulas(depth=4, constants=moderate_numbers, without=("logrank",)),
    tables(architectures=st.just(2), nodes=3, missing=False),
)
def test_the_sympy_form_agrees_with_the_engine(formula, table):
    kept = finite_throughout(formula, table)
    slack = rounding(formula, table)
    assume(kept.any() and formula.statistics())
    scores = Evaluator(table).scores([formula])[0]
    for a in np.flatnonzero(kept & np.isfinite(slack)):
        form = written_out(formula, table, a)
        assert abs(complex(form.evalf(30)) - scores[a]) <= 10 * slack[a] + 1e-25, (form, scores[a])


@pytest.mark.parametrize("operator", FULL.operators.values(), ids=lambda o: o.name)
def test_every_operator_has_a_sympy_form(operator):
    leaf = statistic(FULL.statistics["network.naswot" if operator.kind == "candidates" else "layer.numel"])
    leaves = [leaf, statistic(FULL.statistics["layer.grad_l2"])]
    applied = call(operator, *leaves[: operator.arity])
    assert isinstance(to_sympy(applied), sympy.Expr)
    if operator.name not in ("diff", "logrank"):  # never finite at the first node; of several networks
        formula = applied if applied.type == NETWORK else call(FULL.operators["last"], applied)
        table = random_table(0, 2, nodes=3, missing=False)
        compared = np.flatnonzero(finite_throughout(formula, table))
        assert table.nodes["layer"].lengths[compared].max() >= 2
        for a in compared:
            score = Evaluator(table).scores([formula])[0, a]
            assert float(written_out(formula, table, a)) == pytest.approx(score, rel=1e-12)


def test_every_known_proxy_has_a_sympy_form_also_where_its_first_node_has_no_value():
    for name, formula in proxies(FULL).items():
        form = to_sympy(formula)
        assert not form.has(sympy.nan), name
        needed = {s.identifier for s in formula.statistics() if s.key != "layer.numel"}  # a count
        assert {str(s).split("[")[0] for s in form.free_symbols} >= needed, name
    for text in ("logrank(min(diff(block.entropy)))", "sum(relu(diff(block.entropy)))"):
        assert not to_sympy(parse(text)).has(sympy.nan)


def test_the_form_of_ranks_is_the_engine_s():
    """Of five networks, two of them level: ranks among those that are scored together."""
    table = random_table(0, 5, nodes=2, missing=False)
    values = table.values["network.naswot"][[0, 1, 2, 1, 4]]
    table = replace(table, values={**table.values, "network.naswot": values})
    form = to_sympy(parse("logrank(network.naswot)"))
    (score,) = [s for s in form.free_symbols if str(s) == "network_naswot"]
    base = sympy.IndexedBase("candidate", real=True)
    (size,) = [s for s in form.free_symbols if str(s) == "m"]
    expected = Evaluator(table).scores([parse("logrank(network.naswot)")])[0]
    known = {base[k]: exact(v) for k, v in enumerate(values, 1)}
    for value, rank in zip(values, expected, strict=True):
        written = form.subs({size: 5, score: exact(value)}).doit().subs(known)
        assert float(written) == pytest.approx(rank, rel=1e-12)


@pytest.mark.parametrize("symbol", FULL.statistics.values(), ids=lambda s: s.key)
def test_every_statistic_has_a_symbol_of_its_own(symbol):
    form = to_sympy(statistic(symbol))
    if symbol.type == NETWORK:
        assert form == sympy.Symbol(f"network_{symbol.name}", real=True)
    else:
        assert str(form) == f"{symbol.type}_{symbol.name}[{symbol.type[0]}]"


def test_nothing_is_parsed_on_the_way(monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("a text was parsed or run")

    text = "add(sum(log(layer.grad_l2)), mul(2.5, tanh(network.params)))"
    formula = parse(text)
    to_sympy(formula)  # sympy's own imports are done
    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, forbidden)
    form = to_sympy(formula)
    monkeypatch.undo()
    assert {s.name for s in form.free_symbols} >= {"network_params", "n_layer"}


def twice(x):
    return x * 2


def test_a_user_s_operator_without_a_sympy_form_is_refused():
    symbols = FULL.with_operator(Operator("twice", "elementwise", twice, "2 x"))
    with pytest.raises(FormulaError, match="'twice' declares no sympy form"):
        to_sympy(parse("twice(network.params)", symbols))
