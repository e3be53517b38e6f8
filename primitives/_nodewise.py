"""Operators that look along the nodes of an architecture, or across architectures."""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives import _nodewise_compiled
from primitives._operator import Operator
from primitives._types import Sign


def softmax(x, nodes):
    finite = np.where(np.isfinite(x), x, np.nan)
    raised = np.exp(finite - nodes.spread(nodes.max(finite)))
    return raised / nodes.spread(nodes.sum(raised))


def zscore(x, nodes):
    scaled = minmax(x, nodes)  # NaN if all equal; no square of a scaled node overflows
    centred = scaled - nodes.spread(nodes.mean(scaled))
    return centred / nodes.spread(np.sqrt(nodes.mean(np.square(centred))))


def minmax(x, nodes):
    lowest = nodes.min(x)
    return (x - nodes.spread(lowest)) / nodes.spread(nodes.max(x) - lowest)


def cumulative_sum(x, nodes):
    kept = np.where(np.isfinite(x), x, 0.0)
    result = np.empty_like(kept)
    for step in range(nodes.lengths.max(initial=0)):  # by depth: no sum crosses architectures
        now = np.flatnonzero(nodes.position == step)
        result[now] = kept[now] + (result[now - 1] if step else 0.0)
    return result


def difference(x, nodes):
    result = np.full_like(x, np.nan)
    result[1:] = x[1:] - x[:-1]
    result[nodes.position == 0] = np.nan
    return result


def depth_weight(x, nodes):
    return x * (nodes.position + 1.0) / nodes.spread(nodes.lengths)


def total(x, nodes):
    return nodes.sum(x)


def average(x, nodes):
    return nodes.mean(x)


def largest(x, nodes):
    return nodes.max(x)


def smallest(x, nodes):
    return nodes.min(x)


def deviation(x, nodes):
    risen = _above_lowest(x, nodes)
    centred = risen - nodes.spread(nodes.mean(risen))
    return np.sqrt(nodes.sum(np.square(centred), among=x) / nodes.count(x))


def _above_lowest(x, nodes):
    """Equal nodes become exactly zero, which subtracting their rounded mean does not achieve."""
    return x - nodes.spread(nodes.min(x))


def norm(x, nodes):
    return np.sqrt(nodes.sum(np.square(x), among=x))


def log_sum_exp(x, nodes):
    highest = nodes.max(x)
    return highest + np.log(nodes.sum(np.exp(x - nodes.spread(highest))))


def first(x, nodes):
    return nodes.sum(np.where(nodes.position == nodes.spread(_edge(x, nodes, np.minimum)), x, np.nan))


def last(x, nodes):
    return nodes.sum(np.where(nodes.position == nodes.spread(_edge(x, nodes, np.maximum)), x, np.nan))


def _edge(x, nodes, ufunc):
    position = np.where(np.isfinite(x), nodes.position, np.nan)
    return nodes.reduce(ufunc, position, np.inf if ufunc is np.minimum else -np.inf)


def slope(x, nodes):
    depth = np.where(np.isfinite(x), nodes.position + 1.0, np.nan)
    depth = depth - nodes.spread(nodes.mean(depth))
    return nodes.sum(depth * _above_lowest(x, nodes), among=x) / nodes.sum(np.square(depth))


def finite_count(x, nodes):
    return nodes.count(x)


def rounded(x):
    """Finite numbers to 40 bits: the order in which a sum was added up then breaks no tie."""
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    shorter = ((bits + (1 << 11)) & ~np.int64((1 << 12) - 1)).view(np.float64)
    largest = np.finfo(np.float64).max  # which itself would be rounded to infinity
    return np.clip(shorter, -largest, largest)


def log_rank(x: np.ndarray) -> np.ndarray:
    """Logarithm of the relative rank of each x among all of them, float64; the kernel of ``logrank``."""
    return relative_log_rank(x, np.sort(np.where(np.isfinite(x), rounded(x), -np.inf)))


def relative_log_rank(x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Logarithm of the relative rank of each x among the sorted reference values, rounded as x is.

    Beyond the lowest and the highest reference, order is kept by up to half a rank more, by how
    many times the width of all references x is away.
    """
    kept = np.where(np.isfinite(x), rounded(x), -np.inf)
    below = np.searchsorted(reference, kept, side="left")
    rank = 0.5 * (below + np.searchsorted(reference, kept, side="right") + 1)
    finite = reference[np.isfinite(reference)]
    if len(finite) and finite[0] < finite[-1]:
        above, beneath = kept > finite[-1], (kept < finite[0]) & np.isfinite(kept)
        with np.errstate(over="ignore"):
            width = finite[-1] - finite[0]
            rank[above] += 0.5 - 0.5 / (1 + np.log1p((kept[above] - finite[-1]) / width))
            rank[beneath] += 0.5 / (1 + np.log1p((finite[0] - kept[beneath]) / width))
    return np.log(rank / len(reference))


def _sum(term: Any, i: Any, n: Any) -> Any:
    import sympy

    return sympy.Sum(term, (i, 1, n))


def _mean(term: Any, i: Any, n: Any) -> Any:
    return _sum(term, i, n) / n


def _std(x: Any, i: Any, n: Any) -> Any:
    return _mean((x - _mean(x, i, n)) ** 2, i, n) ** _half()


def _half() -> Any:
    import sympy

    return sympy.Rational(1, 2)


def _exp(x: Any) -> Any:
    import sympy

    return sympy.exp(x)


def _extremum(name: str) -> Any:
    def build(x: Any, i: Any, n: Any) -> Any:
        from primitives import _sympy_extrema

        return getattr(_sympy_extrema, name)(x, (i, 1, n))

    return build


_MAX, _MIN = _extremum("NodeMax"), _extremum("NodeMin")


def _cumsum_form(x: Any, i: Any, n: Any) -> Any:
    import sympy

    j = sympy.Dummy("j", integer=True, positive=True)
    return sympy.Sum(x.subs(i, j), (j, 1, i))


def _diff_form(x: Any, i: Any, n: Any) -> Any:
    import sympy

    return sympy.Piecewise((x - x.subs(i, i - 1), i > 1))  # nothing at the first node


def _logsumexp_form(x: Any, i: Any, n: Any) -> Any:
    import sympy

    return sympy.log(_sum(sympy.exp(x), i, n))


def _slope_form(x: Any, i: Any, n: Any) -> Any:
    centred = i - (n + 1) / 2
    return _sum(centred * x, i, n) / _sum(centred**2, i, n)


def _logrank_form(x: Any, i: Any, n: Any) -> Any:
    """``n`` candidates, of which candidate ``i`` has the argument ``candidate[i]``."""
    import sympy

    other = sympy.IndexedBase("candidate", real=True)[i]
    half = sympy.Rational(1, 2)
    ahead = half + sympy.sign(x - other) / 2  # a comparison would look into x, where diff has no first node
    return sympy.log((sympy.Sum(ahead, (i, 1, n)) + half) / n)


VECTOR = (
    Operator(
        "softmax", "vector", softmax, "exponentials divided by their sum over the nodes",
        latex=r"\mathrm{{softmax}}\left({0}\right)",
        sympy=lambda x, i, n: _exp(x) / _sum(_exp(x), i, n), sign=lambda x: Sign.NONNEGATIVE,
        nests=False,
        compiled=_nodewise_compiled.softmax,
    ),
    Operator(
        "zscore", "vector", zscore,
        "deviation from the mean over the nodes, in (population) standard deviations; NaN if all equal",
        latex=r"\mathrm{{zscore}}\left({0}\right)",
        sympy=lambda x, i, n: (x - _mean(x, i, n)) / _std(x, i, n), idempotent=True, nests=False,
        compiled=_nodewise_compiled.zscore,
    ),
    Operator(
        "minmax", "vector", minmax, "scaled to 0 at the smallest node and 1 at the largest; NaN if all equal",
        latex=r"\mathrm{{minmax}}\left({0}\right)",
        sympy=lambda x, i, n: (x - _MIN(x, i, n)) / (_MAX(x, i, n) - _MIN(x, i, n)),
        sign=lambda x: Sign.NONNEGATIVE, idempotent=True, nests=False,
        source="ParZC, arXiv 2402.02105, section 3.1",
        compiled=_nodewise_compiled.minmax,
    ),
    Operator(
        "cumsum", "vector", cumulative_sum, "sum of the finite nodes up to and with this one",
        latex=r"\mathrm{{cumsum}}\left({0}\right)", sympy=_cumsum_form,
        sign=lambda x: x.plus(x) | Sign.ZERO,  # zero before the first finite node
        compiled=_nodewise_compiled.cumulative_sum,
    ),
    Operator(
        "diff", "vector", difference, "difference to the node before; NaN at the first node",
        latex=r"\Delta\left({0}\right)", sympy=_diff_form,
        source="progressivity of AZ-NAS, arXiv 2403.19232, equation 5",
        compiled=_nodewise_compiled.difference,
    ),
    Operator(
        "depth_weight", "vector", depth_weight, "x times (position / number of nodes), position from 1",
        latex=r"\frac{{{i}}}{{n}} \cdot {0}", precedence=2,
        sympy=lambda x, i, n: x * i / n, sign=lambda x: x | Sign.ZERO,
        compiled=_nodewise_compiled.depth_weight,
    ),
)

REDUCTIONS = (
    Operator(
        "sum", "reduction", total, "sum", latex=r"\sum_{{{i}}} {0}", precedence=1,
        sympy=_sum, sign=lambda x: x.plus(x),
        compiled=_nodewise_compiled.total,
    ),
    Operator(
        "mean", "reduction", average, "mean", latex=r"\mathrm{{mean}}_{{{i}}}\left({0}\right)",
        sympy=_mean, sign=lambda x: x.plus(x),
        compiled=_nodewise_compiled.average,
    ),
    Operator(
        "max", "reduction", largest, "largest node", latex=r"\max_{{{i}}} {0}", precedence=1,
        sympy=_MAX, sign=lambda x: x,
        compiled=_nodewise_compiled.largest,
    ),
    Operator(
        "min", "reduction", smallest, "smallest node", latex=r"\min_{{{i}}} {0}", precedence=1,
        sympy=_MIN, sign=lambda x: x,
        compiled=_nodewise_compiled.smallest,
    ),
    Operator(
        "std", "reduction", deviation, "population standard deviation",
        latex=r"\mathrm{{std}}_{{{i}}}\left({0}\right)", sympy=_std,
        sign=lambda x: Sign.NONNEGATIVE, even=True,
        compiled=_nodewise_compiled.deviation,
    ),
    Operator(
        "l2", "reduction", norm, "Euclidean norm", latex=r"\left\lVert {0} \right\rVert_{{2}}",
        sympy=lambda x, i, n: _sum(x**2, i, n) ** _half(),
        sign=lambda x: Sign.NONNEGATIVE, even=True,
        compiled=_nodewise_compiled.norm,
    ),
    Operator(
        "logsumexp", "reduction", log_sum_exp, "logarithm of the sum of the exponentials",
        latex=r"\log \sum_{{{i}}} \exp\left({0}\right)", precedence=1, sympy=_logsumexp_form,
        compiled=_nodewise_compiled.log_sum_exp,
    ),
    Operator(
        "first", "reduction", first, "the first finite node",
        latex=r"\mathrm{{first}}_{{{i}}}\left({0}\right)",
        sympy=lambda x, i, n: x.subs(i, 1), sign=lambda x: x,
        compiled=_nodewise_compiled.first,
    ),
    Operator(
        "last", "reduction", last, "the last finite node",
        latex=r"\mathrm{{last}}_{{{i}}}\left({0}\right)",
        sympy=lambda x, i, n: x.subs(i, n), sign=lambda x: x,
        compiled=_nodewise_compiled.last,
    ),
    Operator(
        "slope", "reduction", slope,
        "least-squares slope over the position of the finite nodes; NaN for a single node",
        latex=r"\mathrm{{slope}}_{{{i}}}\left({0}\right)", sympy=_slope_form,
        compiled=_nodewise_compiled.slope,
    ),
    Operator(
        "count", "reduction", finite_count, "number of finite nodes",
        latex=r"\mathrm{{count}}_{{{i}}}\left({0}\right)",
        sympy=lambda x, i, n: n, sign=lambda x: Sign.POSITIVE,
        compiled=_nodewise_compiled.finite_count,
    ),
)

LOGRANK = Operator(
    "logrank", "candidates", log_rank,
    "logarithm of rank / m among the m architectures scored together, ties averaged; "
    "an architecture that is not finite ranks last; arguments are compared to 12 digits",
    latex=r"\log \mathrm{{rank}}\left({0}\right)", sympy=_logrank_form,
    sign=lambda x: Sign.NONPOSITIVE, increasing=Sign.REAL, nests=False,
    against_reference=relative_log_rank,
    source="AZ-NAS, arXiv 2403.19232, section 3.4",
)

CANDIDATES = (LOGRANK,)
