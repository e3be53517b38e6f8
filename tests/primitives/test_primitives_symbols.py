"""The catalogue, the symbol sets, and what keeps a bad operator out of them."""

import itertools

import numpy as np
import pytest

from primitives import (
    FULL,
    LAYERS,
    NETWORK,
    NODE_SETS,
    SCALAR,
    STATISTICS,
    SYMBOL_SETS,
    TYPES,
    Operator,
    Sign,
    SymbolError,
    SymbolSet,
    describe_type,
    probe_operator,
    scalar,
)


def operator(kernel, name="mine", kind="elementwise", **more):
    return Operator(name, kind, kernel, "a test", **more)


counter = itertools.count()


def adds_in_place(x):
    x += 1.0
    return x


def zeroes_the_second(x, y):
    y[:] = 0.0
    return x + y


GOOD = [
    operator(lambda x: np.cbrt(x)),
    operator(lambda x, y: np.hypot(x, y), arity=2),
    operator(lambda x, nodes: x - nodes.spread(nodes.max(x)), kind="vector"),
    operator(lambda x, nodes: nodes.max(x) - nodes.min(x), kind="reduction"),
    operator(lambda x: np.argsort(np.argsort(x)).astype(float), kind="candidates"),
    operator(np.log1p),
    operator(lambda x: np.log(-x)),  # finite on one half of the ordinary numbers
]
BAD = {
    "takes another argument": (operator(lambda x, y: x + y), "raised TypeError"),
    "takes one argument less": (operator(lambda x: np.cbrt(x), arity=2), "raised TypeError"),
    "three arguments": (operator(lambda x, y, z: x, arity=3), "cannot have 3 arguments"),
    "no arguments": (operator(lambda: 1.0, arity=0), "cannot have 0 arguments"),
    "vector of two": (operator(lambda x, y, nodes: x, kind="vector", arity=2), "cannot have 2"),
    "kind": (operator(lambda x: x, kind="matrix"), "unknown kind 'matrix'"),
    "shape": (operator(lambda x: x[:-1].copy()), "must return shape"),
    "reduction that does not": (operator(lambda x, nodes: x, kind="reduction"), "must return shape"),
    "vector that reduces": (operator(lambda x, nodes: nodes.sum(x), kind="vector"), "must return shape"),
    "scalar result": (operator(lambda x: float(x.sum())), "float64 array"),
    "float32": (operator(lambda x: x.astype(np.float32)), "float32"),
    "integer": (operator(lambda x: np.zeros(x.shape, dtype=int)), "int64"),
    "complex": (operator(lambda x: np.sqrt(x.astype(complex))), "complex128"),
    "None": (operator(lambda x: None), "NoneType"),
    "list": (operator(lambda x: list(x)), "list"),
    "mutation": (operator(adds_in_place), "changed its input"),
    "output as second argument": (operator(np.cbrt, arity=2), "changed its input"),
    "mutation of the second": (operator(zeroes_the_second, arity=2), "changed its input"),
    "raising": (operator(lambda x: 1 // 0), "raised ZeroDivisionError"),
    "raising at zero only": (operator(lambda x: x if x.all() else [][0]), "raised IndexError"),
    "random": (operator(lambda x: x + next(counter)), "answers differently"),
    "never finite": (operator(lambda x: x / 0.0), "no finite value"),
    "upper case": (operator(np.cbrt, name="Cbrt"), "lower-case identifier"),
    "empty name": (operator(np.cbrt, name=""), "lower-case identifier"),
    "dotted name": (operator(np.cbrt, name="layer.x"), "lower-case identifier"),
    "call as name": (operator(np.cbrt, name="f(x)"), "lower-case identifier"),
    "digit first": (operator(np.cbrt, name="1x"), "lower-case identifier"),
    "reference of another kind": (
        operator(np.cbrt, against_reference=lambda x, reference: x),
        "belongs to operators of the kind 'candidates'",
    ),
    "not ascii": (operator(np.cbrt, name="\N{GREEK SMALL LETTER SIGMA}"), "lower-case identifier"),
}


@pytest.mark.parametrize("candidate", GOOD)
def test_a_good_operator_is_accepted_and_returned(candidate):
    assert probe_operator(candidate) is candidate


@pytest.mark.parametrize(("candidate", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_operator_is_refused_with_the_reason(candidate, reason):
    with pytest.raises(SymbolError, match="operator") as caught:
        probe_operator(candidate)
    assert reason in str(caught.value)
    assert repr(candidate.name) in str(caught.value)


@pytest.mark.parametrize("candidate", FULL.operators.values(), ids=lambda o: o.name)
def test_the_operators_of_the_catalogue_pass_the_checks_for_users_own(candidate):
    assert probe_operator(candidate) is candidate


def test_an_operator_joins_a_set_without_changing_it():
    extended = FULL.with_operator(operator(np.cbrt, name="cbrt"))
    assert set(extended.operators) - set(FULL.operators) == {"cbrt"}
    assert "cbrt" not in FULL.operators
    assert extended.statistics == FULL.statistics


def test_a_taken_name_is_refused():
    with pytest.raises(SymbolError, match="'log' is declared twice"):
        FULL.with_operator(operator(np.log10, name="log"))
    with pytest.raises(SymbolError, match=r"'network\.x' is declared twice"):
        SymbolSet("twice", [], [scalar("x"), scalar("x")])


def test_an_unchecked_operator_cannot_join():
    with pytest.raises(SymbolError, match="float32"):
        FULL.with_operator(operator(lambda x: x.astype(np.float32)))


def test_restricting_a_set_keeps_its_operators_and_the_named_statistics():
    kept = FULL.restricted(["layer.grad_l2", "network.params", "layer.nonsense"])
    assert list(kept.statistics) == ["layer.grad_l2", "network.params"]
    assert kept.operators == FULL.operators


def test_a_set_cannot_be_changed():
    with pytest.raises(TypeError):
        FULL.operators["log"] = None


def test_the_sets_hold_what_their_names_say():
    assert SYMBOL_SETS == {"full": FULL, "layers": LAYERS, "scalar": SCALAR}
    assert {s.node_set for s in LAYERS.statistics.values()} == {"layer"}
    assert {s.node_set for s in SCALAR.statistics.values()} == {NETWORK}
    assert {o.kind for o in SCALAR.operators.values()} == {"elementwise", "candidates"}


def test_statistics_have_unique_keys():
    assert len({s.key for s in STATISTICS}) == len(STATISTICS)


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda s: s.key)
def test_a_statistic_says_what_it_is(statistic):
    assert statistic.node_set in TYPES
    assert statistic.type == statistic.node_set
    assert statistic.key == f"{statistic.node_set}.{statistic.name}"
    assert statistic.name.isidentifier()
    assert statistic.definition
    assert statistic.latex
    assert statistic.group
    assert statistic.sign != Sign(0)
    assert statistic.sign.within(Sign.REAL)


@pytest.mark.parametrize("symbol", STATISTICS, ids=lambda s: s.key)
def test_the_latex_of_a_statistic_has_balanced_braces(symbol):
    assert symbol.latex.count("{") == symbol.latex.count("}")


@pytest.mark.parametrize("candidate", FULL.operators.values(), ids=lambda o: o.name)
def test_an_operator_says_what_it_is(candidate):
    assert candidate.definition
    assert callable(candidate.sympy)
    text = candidate.latex.format("ARG0", "ARG1", i="INDEX")
    assert all(f"ARG{k}" in text for k in range(candidate.arity))
    assert text.count("{") == text.count("}")
    assert candidate.precedence in (1, 2, 3)
    assert candidate.undone_by is None or candidate.undone_by in FULL.operators


def test_types_are_described_as_messages_call_them():
    assert [describe_type(t) for t in (*NODE_SETS, NETWORK)] == [
        "Vector[layer]", "Vector[activation]", "Vector[block]", "Scalar"]
