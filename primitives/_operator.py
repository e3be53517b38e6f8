"""What an operator declares, and the checks that every operator has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from primitives._nodes import Nodes
from primitives._types import Sign

Kind = Literal["elementwise", "vector", "reduction", "candidates"]


class SymbolError(ValueError):
    """An operator or statistic that cannot be registered."""


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator of the formula language, declared once.

    Values are float64. Arithmetic is that of IEEE 754: ``log(0)`` is minus
    infinity, ``0/0`` NaN, overflow infinite. Reductions leave out nodes that are
    not finite, and a score that is not finite ranks last. So every operator is
    total, and none modifies its arguments.

    Args:
        name: The identifier in formula text.
        kind: ``elementwise`` acts on any shape, kernel ``f(x)`` or ``f(x, y)``;
            ``vector`` keeps a vector's shape, kernel ``f(x, nodes)``;
            ``reduction`` turns a vector into a Scalar, kernel ``f(x, nodes)``;
            ``candidates`` compares the architectures with each other, kernel ``f(x)``.
        kernel: The numpy implementation; ``nodes`` is a :class:`Nodes`.
        definition: What it computes, with what happens at zero and at overflow.
        arity: Number of arguments (1 or 2; more than 1 only for elementwise).
        latex: Template with ``{0}``, ``{1}`` for the arguments and ``{i}`` for the index.
        precedence: How tightly the LaTeX form binds (1 sum, 2 product, 3 atom).
        sympy: ``f(x, y, ...)`` for elementwise operators and ``f(x, i, n)`` for
            the others, on sympy expressions; ``i`` is the node index, 1 to ``n``.
        sign: Signs of the arguments -> signs of the result.
        commutative: ``f(x, y) = f(y, x)``.
        idempotent: ``f(f(x)) = f(x)``, or ``f(x, x) = x`` for two arguments.
        even: ``f(-x) = f(x)``; elementwise, then, ``f(|x|) = f(x)``.
        negates: ``f(x) = -x``.
        keeps_magnitude: ``|f(x)| = |x|``.
        antisymmetric: ``f(x, y) = -f(y, x)``.
        identity_on: Signs of ``x`` for which ``f(x) = x``, or 0.
        undone_by: Name of the operator ``g`` with ``g(f(x)) = x`` on ``invertible``.
        invertible: Signs of ``x`` for which that operator undoes this one.
        increasing: Signs on which it is strictly increasing, or 0.
        decreasing: Signs on which it is strictly decreasing, or 0.
        increasing_with: By argument, the signs of a constant in the place of the other with which
            it is strictly increasing in this one, or 0; for two arguments.
        decreasing_with: Likewise, strictly decreasing.
        neutral: Constant ``c`` with ``f(x, c) = x``.
        equal: Constant value of ``f(x, x)``, as 0 for a difference.
        nests: Whether it may stand anywhere beneath itself; False for what, done twice, only
            overflows or saturates.
        against_reference: For ``candidates``, ``f(x, reference)``: what the kernel would give each
            of ``x`` among the architectures whose arguments are ``reference``, float64 in rising
            order, rounded as :func:`~primitives.rounded` does, minus infinity where one is not
            finite, thinned to quantiles where there are many. With it a network alone can be scored.
        source: Where it comes from, if not elementary.
        compiled: What numba compiles in the kernel's stead, or None: then the engine calls
            the kernel. For ``elementwise`` a function of single numbers, ``f(x)`` or
            ``f(x, y)``; for ``vector`` and ``reduction`` ``f(out, x, rows, columns,
            lengths, scratch)`` on
            16 architectures side by side, as in ``primitives/_nodewise_compiled.py``. It agrees with
            the kernel to 12 digits.
    """

    name: str
    kind: Kind
    kernel: Callable[..., np.ndarray]
    definition: str
    arity: int = 1
    latex: str = ""
    precedence: int = 3
    sympy: Callable[..., Any] | None = None
    sign: Callable[..., Sign] = lambda *signs: Sign.REAL
    commutative: bool = False
    idempotent: bool = False
    even: bool = False
    negates: bool = False
    keeps_magnitude: bool = False
    antisymmetric: bool = False
    identity_on: Sign = Sign(0)
    undone_by: str | None = None
    invertible: Sign = Sign.REAL
    increasing: Sign = Sign(0)
    decreasing: Sign = Sign(0)
    increasing_with: tuple[Sign, Sign] = (Sign(0), Sign(0))
    decreasing_with: tuple[Sign, Sign] = (Sign(0), Sign(0))
    neutral: float | None = None
    equal: float | None = None
    nests: bool = True
    against_reference: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    source: str = ""
    compiled: Callable[..., Any] | None = None


#: Values at which a kernel has to behave: zeros, small, huge, subnormal and not finite.
_PROBES = np.array([0.0, -0.0, -1.0, 1.0, 0.5, 5e-324, 1e308, -1e308, np.nan, np.inf, -np.inf])


def probe_operator(operator: Operator) -> Operator:
    """The operator itself, once its kernel has kept every promise of its kind.

    Raises:
        SymbolError: the name is no identifier; the arity or another declaration does not fit the
            kind; the kernel raises, returns another shape or dtype than float64, changes its
            input, answers differently when asked again, or is not finite for most
            ordinary values. The message names the probe that failed.
    """
    name = operator.name

    def refuse(reason: str) -> SymbolError:
        return SymbolError(f"operator {name!r}: {reason}")

    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        raise refuse("the name must be a lower-case identifier")
    if operator.kind not in ("elementwise", "vector", "reduction", "candidates"):
        raise refuse(f"unknown kind {operator.kind!r}")
    if operator.arity not in ((1, 2) if operator.kind == "elementwise" else (1,)):
        raise refuse(f"{operator.kind} operators cannot have {operator.arity} arguments")
    if operator.against_reference is not None and operator.kind != "candidates":
        raise refuse("against_reference belongs to operators of the kind 'candidates'")
    ordinary = np.linspace(0.25, 4.0, 12)
    for probe in (ordinary, -ordinary, _PROBES, np.zeros(4), _PROBES[6:7]):
        _check_call(operator, probe, refuse)
    with np.errstate(all="ignore"):
        results = [operator.kernel(*_arguments(operator, sample)) for sample in (ordinary, -ordinary)]
    if not any(np.isfinite(result).any() for result in results):
        raise refuse("gives no finite value for any ordinary number between -4 and 4")
    return operator


def _arguments(operator: Operator, probe: np.ndarray) -> list[Any]:
    arrays = [np.roll(probe, shift) for shift in range(operator.arity)]
    if operator.kind in ("vector", "reduction"):
        return [*arrays, Nodes(np.array([0, len(probe) // 2, len(probe)]))]
    return arrays


def _check_call(
    operator: Operator, probe: np.ndarray, refuse: Callable[[str], SymbolError]
) -> None:
    shown = np.array2string(probe[:4], separator=", ")
    arguments = _arguments(operator, probe)
    arrays = arguments[: operator.arity]
    before = [array.copy() for array in arrays]
    answers = []
    for _ in range(2):
        try:
            with np.errstate(all="ignore"):
                answers.append(operator.kernel(*arguments))
        except Exception as error:  # a user's kernel may raise anything
            raise refuse(f"raised {type(error).__name__} at {shown}: {error}") from error
        if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays, before, strict=True)):
            raise refuse(f"changed its input at {shown}; copy it first")
    expected = (2,) if operator.kind == "reduction" else probe.shape
    for answer in answers:
        if not isinstance(answer, np.ndarray) or answer.dtype != np.float64:
            found = getattr(answer, "dtype", type(answer).__name__)
            raise refuse(f"must return a float64 array, returned {found} at {shown}")
        if answer.shape != expected:
            raise refuse(f"must return shape {expected}, returned {answer.shape} at {shown}")
    if not np.array_equal(answers[0], answers[1], equal_nan=True):
        raise refuse(f"answers differently when asked twice at {shown}")
