"""Elementwise operators, on vectors and Scalars alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives import _elementwise_compiled
from primitives._operator import Operator
from primitives._types import Sign


def _sympy(name: str) -> Any:
    def build(*arguments: Any) -> Any:
        import sympy

        return getattr(sympy, name)(*arguments)

    return build


def absolute(x):
    return np.abs(x)


def negative(x):
    return np.negative(x)


def square(x):
    return np.square(x)


def square_root(x):
    return np.sqrt(x)


def logarithm(x):
    return np.log(x)


def inverse(x):
    return np.divide(1.0, x)


def exponential(x):
    return np.exp(x)


def hyperbolic_tangent(x):
    return np.tanh(x)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def relu(x):
    return np.where(x < 0, 0.0, x)


def addition(x, y):
    return np.add(x, y)


def subtraction(x, y):
    return np.subtract(x, y)


def multiplication(x, y):
    return np.multiply(x, y)


def division(x, y):
    return np.divide(x, y)


def minimum(x, y):
    return np.minimum(x, y)


def maximum(x, y):
    return np.maximum(x, y)


def _root_sign(sign: Sign) -> Sign:
    return sign & Sign.NONNEGATIVE or Sign.NONNEGATIVE


def _minimum_sign(x: Sign, y: Sign) -> Sign:
    return _maximum_sign(x.negated(), y.negated()).negated()


def _maximum_sign(x: Sign, y: Sign) -> Sign:
    signs = x | y
    for one in (x, y):  # the result is at least each argument
        if one.within(Sign.POSITIVE):
            return Sign.POSITIVE
        if one.within(Sign.NONNEGATIVE):
            signs &= Sign.NONNEGATIVE
    return signs


# These are built with by name: simplification turns and strips with them, ensembles add up with them.
ABS = Operator(
    "abs", "elementwise", absolute, "|x|",
    latex=r"\left|{0}\right|", sympy=_sympy("Abs"), sign=Sign.magnitude,
    idempotent=True, even=True, keeps_magnitude=True, identity_on=Sign.NONNEGATIVE,
    increasing=Sign.NONNEGATIVE, decreasing=Sign.NONPOSITIVE,
    compiled=_elementwise_compiled.absolute,
)
NEG = Operator(
    "neg", "elementwise", negative, "-x",
    latex="-{0}", precedence=1, sympy=lambda x: -x, sign=Sign.negated,
    undone_by="neg", negates=True, keeps_magnitude=True, decreasing=Sign.REAL,
    compiled=_elementwise_compiled.negative,
)
ADD = Operator(
    "add", "elementwise", addition, "x + y", arity=2,
    latex="{0} + {1}", precedence=1, sympy=lambda x, y: x + y, sign=Sign.plus,
    commutative=True, neutral=0.0, increasing_with=(Sign.REAL, Sign.REAL),
    compiled=_elementwise_compiled.addition,
)
MUL = Operator(
    "mul", "elementwise", multiplication, "x y; NaN for 0 times infinity", arity=2,
    latex=r"{0} \cdot {1}", precedence=2, sympy=lambda x, y: x * y, sign=Sign.times,
    commutative=True, neutral=1.0, increasing_with=(Sign.POSITIVE, Sign.POSITIVE),
    decreasing_with=(Sign.NEGATIVE, Sign.NEGATIVE),
    compiled=_elementwise_compiled.multiplication,
)

ELEMENTWISE = (
    ABS,
    NEG,
    Operator(
        "square", "elementwise", square, "x squared; infinite beyond 1.3e154",
        latex="{0}^{{2}}", precedence=2, sympy=lambda x: x**2,
        sign=lambda x: x.times(x) & Sign.NONNEGATIVE, even=True,
        undone_by="sqrt", invertible=Sign.NONNEGATIVE,
        increasing=Sign.NONNEGATIVE, decreasing=Sign.NONPOSITIVE,
        compiled=_elementwise_compiled.square,
    ),
    Operator(
        "sqrt", "elementwise", square_root, "square root; NaN below 0",
        latex=r"\sqrt{{{0}}}", sympy=_sympy("sqrt"), sign=_root_sign,
        undone_by="square", invertible=Sign.NONNEGATIVE, increasing=Sign.NONNEGATIVE,
        compiled=_elementwise_compiled.square_root,
    ),
    Operator(
        "log", "elementwise", logarithm, "natural logarithm; minus infinity at 0, NaN below",
        latex=r"\log\left({0}\right)", sympy=_sympy("log"),
        undone_by="exp", invertible=Sign.NONNEGATIVE, increasing=Sign.POSITIVE,
        compiled=_elementwise_compiled.logarithm,
    ),
    Operator(
        "inv", "elementwise", inverse, "1 / x; infinite at 0",
        latex=r"\frac{{1}}{{{0}}}", precedence=2, sympy=lambda x: 1 / x,
        sign=lambda x: x | Sign.ZERO, undone_by="inv",
        decreasing=Sign.POSITIVE,
        compiled=_elementwise_compiled.inverse,
    ),
    Operator(
        "exp", "elementwise", exponential, "e to the x; infinite beyond 709",
        latex=r"\exp\left({0}\right)", sympy=_sympy("exp"), sign=lambda x: Sign.NONNEGATIVE,
        undone_by="log", increasing=Sign.REAL, nests=False,
        compiled=_elementwise_compiled.exponential,
    ),
    Operator(
        "tanh", "elementwise", hyperbolic_tangent, "hyperbolic tangent; 1 beyond 19",
        latex=r"\tanh\left({0}\right)", sympy=_sympy("tanh"), sign=lambda x: x,
        increasing=Sign.REAL, nests=False,
        compiled=_elementwise_compiled.hyperbolic_tangent,
    ),
    Operator(
        "sigmoid", "elementwise", sigmoid, "1 / (1 + e^-x); 0 below -709, 1 beyond 37",
        latex=r"\sigma\left({0}\right)",
        sympy=lambda x: 1 / (1 + _sympy("exp")(-x)),
        sign=lambda x: Sign.NONNEGATIVE, increasing=Sign.REAL, nests=False,
        compiled=_elementwise_compiled.sigmoid,
    ),
    Operator(
        "relu", "elementwise", relu, "x where positive, 0 elsewhere; NaN stays NaN",
        latex=r"\left({0}\right)_{{+}}", sympy=lambda x: _sympy("Max")(x, 0),
        sign=lambda x: (x & Sign.NONNEGATIVE) | (Sign.ZERO if x & Sign.NEGATIVE else Sign(0)),
        idempotent=True, identity_on=Sign.NONNEGATIVE, increasing=Sign.NONNEGATIVE,
        compiled=_elementwise_compiled.relu,
    ),
    ADD,
    Operator(
        "sub", "elementwise", subtraction, "x - y", arity=2,
        latex="{0} - {1}", precedence=1, sympy=lambda x, y: x - y,
        sign=lambda x, y: x.plus(y.negated()), antisymmetric=True, neutral=0.0, equal=0.0,
        increasing_with=(Sign.REAL, Sign(0)), decreasing_with=(Sign(0), Sign.REAL),
        compiled=_elementwise_compiled.subtraction,
    ),
    MUL,
    Operator(
        "div", "elementwise", division, "x / y; infinite or NaN at y = 0", arity=2,
        latex=r"\frac{{{0}}}{{{1}}}", precedence=2, sympy=lambda x, y: x / y,
        sign=Sign.times, neutral=1.0, equal=1.0,
        increasing_with=(Sign.POSITIVE, Sign(0)), decreasing_with=(Sign.NEGATIVE, Sign(0)),
        compiled=_elementwise_compiled.division,
    ),
    Operator(
        "minimum", "elementwise", minimum, "the smaller of x and y; NaN if either is", arity=2,
        latex=r"\min\left({0}, {1}\right)", sympy=_sympy("Min"), sign=_minimum_sign,
        commutative=True, idempotent=True,
        compiled=_elementwise_compiled.minimum,
    ),
    Operator(
        "maximum", "elementwise", maximum, "the larger of x and y; NaN if either is", arity=2,
        latex=r"\max\left({0}, {1}\right)", sympy=_sympy("Max"), sign=_maximum_sign,
        commutative=True, idempotent=True,
        compiled=_elementwise_compiled.maximum,
    ),
)
