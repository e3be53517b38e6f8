"""Every operator keeps what it declares, and computes what its sympy form says."""

from functools import cache

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from primitives import FULL, Nodes, Sign, log_rank, rounded
from primitives._nodewise import relative_log_rank

OPERATORS = list(FULL.operators.values())
ELEMENTWISE = [o for o in OPERATORS if o.kind == "elementwise"]
NODEWISE = [o for o in OPERATORS if o.kind in ("vector", "reduction")]
REDUCTIONS = [o for o in OPERATORS if o.kind == "reduction"]
SPECIALS = [0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -5e-324, 1e308, -1e308, np.nan, np.inf, -np.inf]

#: Signs, a few exact collisions among them, over the whole range of float64.
finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)
positive = st.floats(5e-324, allow_infinity=False) | st.integers(1, 3).map(float)
negative = positive.map(lambda x: -x)
#: Values that have each of these sets of signs, and no other sign.
SIGNED = {
    Sign.NEGATIVE: negative,
    Sign.ZERO: st.sampled_from([0.0, -0.0]),
    Sign.POSITIVE: positive,
    Sign.NONNEGATIVE: positive | st.just(0.0),
    Sign.NONPOSITIVE: negative | st.just(0.0),
    Sign.REAL: finite,
}
anything = finite | st.sampled_from(SPECIALS)
#: Far enough from overflow and underflow that a square or an exponential means something.
moderate = (st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float)).map(lambda x: 0.0 if abs(x) < 1e-6 else x)
ragged = st.lists(st.lists(anything, max_size=6), max_size=5)


def each(operators, declared=None):
    kept = [o for o in operators if declared is None or declared(o)]
    assert kept
    return pytest.mark.parametrize("operator", kept, ids=lambda o: o.name)


def evaluate(operator, *arrays, offsets=None):
    """The kernel's answer; arguments are write-protected, so that a kernel cannot change them."""
    arrays = [np.array(a, dtype=np.float64) for a in arrays]
    for array in arrays:
        array.setflags(write=False)
    if operator.kind in ("vector", "reduction"):
        arrays.append(Nodes([0, len(arrays[0])] if offsets is None else offsets))
    with np.errstate(all="ignore"):
        return operator.kernel(*arrays)


def arguments(operator, strategy=finite, min_size=1):
    row = st.tuples(*[strategy] * operator.arity)
    return st.lists(row, min_size=min_size, max_size=6).map(lambda rows: np.array(rows, float).T)


def sign_of(values):
    signs = Sign(0)
    for value in values:
        signs |= Sign.of(value)
    return signs


def same(left, right):
    return np.array_equal(left, right, equal_nan=True)


# --- the kernel against the sympy form -------------------------------------------------------------

i = sympy.Symbol("i", integer=True, positive=True)
n = sympy.Symbol("n", integer=True, positive=True)
own = sympy.Symbol("own", real=True)


@cache
def node_forms(name, length):
    """What the sympy form gives at each node (once for a reduction), the number of nodes known."""
    operator = FULL.operators[name]
    if operator.kind == "candidates":
        form = operator.sympy(own, i, n).subs(n, length).doit()
        return sympy.IndexedBase("candidate", real=True), [form] * length
    x = sympy.IndexedBase("x", real=True)
    form = operator.sympy(x[i], i, n).subs(n, length)
    if operator.kind == "reduction":
        return x, [form.doit()]
    return x, [form.subs(i, k).doit() for k in range(1, length + 1)]


def number(expression):
    """A float, infinite where a float overflows, or None where the form has no finite real value."""
    value = sympy.sympify(expression).evalf(30)
    return float(value) if value.is_Float or value.is_Rational else None


def written_out(operator, row):
    """The sympy form of a number, or None where sympy finds none (its floats raise for 0/0)."""
    try:
        return number(operator.sympy(*map(exact, row)))
    except ZeroDivisionError:
        return None


def exact(value):
    return sympy.Float(value, 40)  # holds the float64 without rounding


def agree(kernel, form, rtol, atol=0.0):
    if form is None or np.isinf(form):
        return not np.isfinite(kernel)
    return np.isfinite(kernel) and abs(kernel - form) <= rtol * abs(form) + atol


@each(ELEMENTWISE)
@settings(max_examples=25)
@given(data=st.data())
def test_an_elementwise_kernel_computes_its_sympy_form(operator, data):
    for row in data.draw(arguments(operator, moderate)).T:
        kernel = evaluate(operator, *row.reshape(-1, 1))[0]
        form = written_out(operator, row)
        assert agree(kernel, form, 1e-13, 5e-324), (row, kernel, form)


@each([o for o in OPERATORS if o.kind != "elementwise"])
@settings(max_examples=25)
@given(data=st.data())
def test_a_kernel_along_the_nodes_computes_its_sympy_form(operator, data):
    huge = st.floats(-1e200, 1e200, allow_subnormal=False)
    values = st.lists(moderate, min_size=1, max_size=4)
    if operator.name not in ("softmax", "logsumexp"):
        values |= st.lists(huge, min_size=1, max_size=3)
    values = data.draw(values)
    base, forms = node_forms(operator.name, len(values))
    given_values = {base[k]: exact(value) for k, value in enumerate(values, 1)}
    kernel = evaluate(operator, values)
    squares = operator.name in ("l2", "std")  # their squares may overflow, as the page on l2 says
    for k, form in enumerate(forms):
        expected = number(form.subs(own, exact(values[k])).subs(given_values))
        if squares and max(map(abs, values)) > 1e150 and not np.isfinite(kernel[k]):
            continue
        scale = max(1.0, *map(abs, values)) if operator.kind == "reduction" else max(map(abs, values))
        homogeneous = operator.name in ("cumsum", "diff", "depth_weight") or operator.kind == "reduction"
        assert agree(kernel[k], expected, 1e-10, 1e-12 * (scale if homogeneous else 1.0)), (
            values, k, kernel[k], expected)


# --- declared properties ---------------------------------------------------------------------------


@each(OPERATORS)
@given(data=st.data())
def test_a_finite_result_has_a_declared_sign(operator, data):
    length = data.draw(st.integers(1, 6))
    signs = [data.draw(st.sampled_from(list(SIGNED))) for _ in range(operator.arity)]
    missing = st.sampled_from([np.nan, np.inf, -np.inf])
    arrays = [
        data.draw(st.lists(SIGNED[s] | missing, min_size=length, max_size=length)) for s in signs
    ]
    result = evaluate(operator, *arrays)
    if operator.kind == "elementwise":  # of a value that is not finite, nothing is declared
        result = result[np.isfinite(arrays).all(axis=0)]
    found = sign_of(result[np.isfinite(result)])
    assert found.within(operator.sign(*signs)), (signs, arrays, result)


@each(OPERATORS, lambda o: o.sign(*[Sign.REAL] * o.arity) != Sign.REAL)
@given(data=st.data())
def test_a_declared_sign_holds_for_any_result_that_is_not_nan(operator, data):
    arrays = data.draw(arguments(operator, anything))
    result = evaluate(operator, *arrays)
    found = sign_of(result[np.isfinite(result)])
    assert found.within(operator.sign(*[Sign.REAL] * operator.arity))


def test_signs_are_known_as_closely_as_pruning_needs_them():
    sign = {name: operator.sign for name, operator in FULL.operators.items()}
    assert sign["square"](Sign.REAL) == Sign.NONNEGATIVE
    assert sign["abs"](Sign.NEGATIVE) == Sign.POSITIVE
    assert sign["neg"](Sign.NONNEGATIVE) == Sign.NONPOSITIVE
    assert sign["add"](Sign.POSITIVE, Sign.NONNEGATIVE) == Sign.POSITIVE
    assert sign["mul"](Sign.NEGATIVE, Sign.POSITIVE) == Sign.NONPOSITIVE
    assert sign["maximum"](Sign.REAL, Sign.POSITIVE) == Sign.POSITIVE
    assert sign["minimum"](Sign.REAL, Sign.NONPOSITIVE) == Sign.NONPOSITIVE
    assert sign["sum"](Sign.NONNEGATIVE) == Sign.NONNEGATIVE
    assert sign["relu"](Sign.NEGATIVE) == Sign.ZERO


@given(finite, finite, st.sampled_from(Sign), st.sampled_from(Sign))
def test_sign_arithmetic_covers_every_sum_and_product(x, y, more, others):
    left, right = Sign.of(x) | more, Sign.of(y) | others
    assert Sign.of(-x).within(left.negated())
    assert Sign.of(abs(x)).within(left.magnitude())
    assert not np.isfinite(x + y) or Sign.of(x + y).within(left.plus(right))
    assert not np.isfinite(x * y) or Sign.of(x * y).within(left.times(right))


@each(OPERATORS, lambda o: o.commutative)
@given(data=st.data())
def test_a_commutative_operator_ignores_the_order(operator, data):
    x, y = data.draw(arguments(operator, anything))
    assert same(evaluate(operator, x, y), evaluate(operator, y, x))


@each(OPERATORS, lambda o: o.idempotent)
@given(data=st.data())
def test_an_idempotent_operator_changes_nothing_twice(operator, data):
    if operator.arity == 2:
        x = data.draw(arguments(operator, anything))[0]
        assert same(evaluate(operator, x, x), x)
    else:
        once = evaluate(operator, data.draw(arguments(operator, moderate))[0])
        np.testing.assert_allclose(evaluate(operator, once), once, rtol=1e-9, atol=1e-12)


@each(OPERATORS, lambda o: o.even)
@given(data=st.data())
def test_an_even_operator_ignores_the_sign(operator, data):
    (x,) = data.draw(arguments(operator, moderate | st.sampled_from([np.nan, np.inf, -np.inf])))
    np.testing.assert_allclose(evaluate(operator, -x), evaluate(operator, x), rtol=1e-12)


@each(OPERATORS, lambda o: o.undone_by is not None)
@given(data=st.data())
def test_what_undoes_an_operator_gives_its_argument_back(operator, data):
    size = st.floats(1e-150, 1e150) | st.floats(1e-3, 700.0)
    signs = {Sign.REAL: size | size.map(lambda v: -v), Sign.NONNEGATIVE: size}
    x = data.draw(signs[operator.invertible] | st.just(0.0))
    image = evaluate(operator, [x])
    assume(operator.name != "exp" or 1e-300 < image[0] < np.inf)
    back = evaluate(FULL.operators[operator.undone_by], image)[0]
    assert back == pytest.approx(x, rel=1e-9, abs=1e-15 if operator.name == "exp" else 0.0)


def monotone(operator):
    return operator.kind == "elementwise" and bool(operator.increasing | operator.decreasing)


@each(OPERATORS, monotone)
@given(data=st.data())
def test_a_monotone_operator_never_turns_the_order_round(operator, data):
    for domain, direction in ((operator.increasing, 1), (operator.decreasing, -1)):
        if domain:
            inside = SIGNED[domain] | st.sampled_from(
                [x for x in SPECIALS if not np.isnan(x) and Sign.of(x).within(domain)]
            )
            x, y = sorted(data.draw(st.tuples(inside, inside)))
            left, right = evaluate(operator, [x, y])
            slack = 4 * np.spacing(min(max(abs(left), abs(right)), 1e300))
            assert direction * left <= direction * right + slack


@each(OPERATORS, monotone)
@given(data=st.data())
def test_a_monotone_operator_tells_values_apart_where_it_is_not_saturated(operator, data):
    lowest = {Sign.REAL: -15.0, Sign.NONNEGATIVE: 0.0, Sign.POSITIVE: 0.01, Sign.NONPOSITIVE: -15.0}
    for domain, direction in ((operator.increasing, 1), (operator.decreasing, -1)):
        if domain:
            highest = 0.0 if domain == Sign.NONPOSITIVE else 15.0
            x = data.draw(st.floats(lowest[domain], highest - 0.01))
            y = data.draw(st.floats(x + 0.01, highest))
            left, right = evaluate(operator, [x, y])
            assert direction * left < direction * right


@given(st.lists(finite, min_size=1, max_size=12))
def test_logrank_keeps_exactly_the_order_of_the_candidates_to_twelve_digits(values):
    ranks = evaluate(FULL.operators["logrank"], values)
    values = rounded(np.array(values))
    np.testing.assert_allclose(values, rounded(values), rtol=0)
    with np.errstate(over="ignore"):
        order = np.sign(np.subtract.outer(values, values))
    with np.errstate(over="ignore"):
        assert same(np.sign(np.subtract.outer(ranks, ranks)), np.where(np.isnan(order), 0, order))


@given(st.lists(finite, min_size=1, max_size=6), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_logrank_ranks_what_is_not_finite_last(values, bad):
    ranks = evaluate(FULL.operators["logrank"], [*values, bad])
    assert np.isfinite(ranks).all()
    assert (ranks[:-1] > ranks[-1]).all()


def test_logrank_of_nothing_is_nothing():
    assert evaluate(FULL.operators["logrank"], []).shape == (0,)


@each(OPERATORS, lambda o: o.neutral is not None)
@given(x=st.lists(anything, min_size=1))
def test_the_neutral_constant_changes_nothing(operator, x):
    assert same(evaluate(operator, x, np.full(len(x), operator.neutral)), x)


@each(OPERATORS, lambda o: o.equal is not None)
@given(x=finite)
def test_equal_arguments_give_the_declared_constant(operator, x):
    assume(x != 0 or operator.name != "div")
    assert evaluate(operator, [x], [x])[0] == operator.equal


# --- values at the edges ---------------------------------------------------------------------------

inf, nan = np.inf, np.nan


@pytest.mark.parametrize(
    ("name", "arguments_", "expected"),
    [
        ("log", [0.0], -inf), ("log", [-0.0], -inf), ("log", [-1.0], nan), ("log", [inf], inf),
        ("sqrt", [-1.0], nan), ("sqrt", [inf], inf), ("square", [1e200], inf), ("square", [-inf], inf),
        ("inv", [0.0], inf), ("inv", [-0.0], -inf), ("inv", [inf], 0.0), ("exp", [1000.0], inf),
        ("exp", [-1000.0], 0.0), ("exp", [-inf], 0.0), ("tanh", [inf], 1.0), ("tanh", [-20.0], -1.0),
        ("sigmoid", [-1000.0], 0.0), ("sigmoid", [1000.0], 1.0), ("sigmoid", [-inf], 0.0),
        ("sigmoid", [nan], nan), ("relu", [nan], nan), ("relu", [-inf], 0.0), ("relu", [inf], inf),
        ("div", [1.0, 0.0], inf), ("div", [-1.0, 0.0], -inf), ("div", [0.0, 0.0], nan),
        ("mul", [0.0, inf], nan), ("sub", [inf, inf], nan), ("add", [inf, -inf], nan),
        ("minimum", [nan, 1.0], nan), ("maximum", [1.0, nan], nan), ("minimum", [-inf, 1.0], -inf),
        ("abs", [-inf], inf), ("neg", [nan], nan), ("add", [1e308, 1e308], inf),
    ],
)
def test_arithmetic_at_the_edges_is_that_of_ieee_754(name, arguments_, expected):
    result = evaluate(FULL.operators[name], *([a] for a in arguments_))
    assert same(result, [expected])


def test_sigmoid_keeps_its_relative_precision_far_below_zero():
    assert evaluate(FULL.operators["sigmoid"], [-300.0])[0] == pytest.approx(np.exp(-300.0), rel=1e-12)


@each(OPERATORS)
def test_special_values_never_raise_and_never_change_the_shape(operator):
    pairs = np.array([(x, y) for x in SPECIALS for y in SPECIALS]).T
    result = evaluate(operator, *pairs[: operator.arity])
    assert result.dtype == np.float64
    assert result.shape == ((1,) if operator.kind == "reduction" else pairs[0].shape)


# --- ragged vectors --------------------------------------------------------------------------------


def flat(architectures):
    offsets = np.cumsum([0, *map(len, architectures)])
    return np.array([x for nodes in architectures for x in nodes], dtype=np.float64), offsets


@each(NODEWISE)
@given(architectures=ragged)
def test_a_ragged_table_is_evaluated_as_each_architecture_alone(operator, architectures):
    values, offsets = flat(architectures)
    together = evaluate(operator, values, offsets=offsets)
    alone = [evaluate(operator, nodes) for nodes in architectures]
    np.testing.assert_allclose(together, np.concatenate([*alone, []]), rtol=1e-12)


@each(REDUCTIONS)
@given(architectures=ragged)
def test_a_reduction_is_nan_exactly_where_no_finite_node_is_left(operator, architectures):
    result = evaluate(operator, *flat(architectures)[:1], offsets=flat(architectures)[1])
    assert result.shape == (len(architectures),)
    for nodes, value in zip(architectures, result, strict=True):
        kept = np.isfinite(nodes).sum()
        if kept == 0:
            assert np.isnan(value)
        elif kept >= 2 and operator.name in ("max", "min", "first", "last", "count"):
            assert not np.isnan(value)


@each(REDUCTIONS, lambda o: o.name != "slope")
@given(st.data())
def test_a_reduction_leaves_out_what_is_not_finite(operator, data):
    kept = data.draw(st.lists(moderate, min_size=1, max_size=5))
    spoilt = list(kept)
    for bad in data.draw(st.lists(st.sampled_from([nan, inf, -inf]), max_size=3)):
        spoilt.insert(data.draw(st.integers(0, len(spoilt))), bad)
    np.testing.assert_allclose(evaluate(operator, spoilt), evaluate(operator, kept), rtol=1e-12)


@given(st.lists(st.floats(-1e3, 1e3) | st.just(nan), min_size=2, max_size=8))
def test_slope_is_the_least_squares_fit_through_the_finite_nodes(values):
    y = np.array(values)
    kept = np.isfinite(y)
    assume(kept.sum() >= 2)
    fitted = np.polyfit(np.flatnonzero(kept) - np.flatnonzero(kept).mean(), y[kept], 1)[0]
    assert evaluate(FULL.operators["slope"], y)[0] == pytest.approx(fitted, rel=1e-9, abs=1e-9)


@given(st.floats(-1e100, 1e100), st.integers(2, 40))
def test_equal_nodes_have_no_spread_whatever_their_mean_rounds_to(value, length):
    nodes = np.full(length, value)
    assert evaluate(FULL.operators["std"], nodes)[0] == 0
    assert evaluate(FULL.operators["slope"], nodes)[0] == 0
    assert np.isnan(evaluate(FULL.operators["zscore"], nodes)).all()
    assert np.isnan(evaluate(FULL.operators["minmax"], nodes)).all()


@pytest.mark.parametrize("name", ["l2", "std"])
def test_a_finite_node_whose_square_overflows_is_not_left_out(name):
    assert evaluate(FULL.operators[name], [1e200, 3.0, 4.0])[0] == inf


def test_zscore_survives_nodes_whose_squares_overflow():
    np.testing.assert_allclose(evaluate(FULL.operators["zscore"], [1e200, 3e200]), [-1, 1])


def test_nothing_crosses_from_one_architecture_to_the_next():
    values, offsets = [1.0, 2.0, 10.0, 20.0, 40.0], [0, 2, 2, 5]
    shown = {name: list(evaluate(FULL.operators[name], values, offsets=offsets)) for name in
             ("cumsum", "depth_weight", "sum", "first", "last", "count")}
    assert shown["cumsum"] == [1, 3, 10, 30, 70]
    assert shown["depth_weight"] == pytest.approx([0.5, 2, 10 / 3, 40 / 3, 40])
    assert same(shown["sum"], [3, nan, 70])
    assert same(shown["first"], [1, nan, 10])
    assert same(shown["last"], [2, nan, 40])
    assert same(shown["count"], [2, nan, 3])
    assert same(evaluate(FULL.operators["diff"], values, offsets=offsets), [nan, 1, nan, 10, 20])


@given(st.lists(st.integers(-1000, 1000).map(float), min_size=2, max_size=30, unique=True))
def test_beyond_the_references_logrank_goes_on_rising(values):
    reference = np.sort(rounded(np.array(values)))
    width = reference[-1] - reference[0]
    steps = np.array([0.01, 0.5, 1, 10, 1000, 1e6])
    x = np.concatenate([reference[0] - steps[::-1] * width, reference, reference[-1] + steps * width])
    ranks = relative_log_rank(x, reference)
    assert (np.diff(ranks) > 0).all()
    np.testing.assert_array_equal(ranks[len(steps) : -len(steps)], log_rank(reference))
    lost, lowest = relative_log_rank(np.array([np.nan, reference[0] - 1e9 * width]), reference)
    assert lost < lowest < ranks[len(steps)]
