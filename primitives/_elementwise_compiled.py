"""Elementwise operators on single numbers, in the few forms that a compiler turns into vector code.

Plain Python: the engine compiles these functions with numba, and falls back on an
operator's numpy kernel where it has none. There are no branches but conditional
expressions, and no calls into a mathematical library: ``exp``, ``log`` and ``tanh``
are written out, to a few units in the last place.
"""

from __future__ import annotations

import math
import struct

_LOG2_E = 1.4426950408889634
#: The logarithm of 2 in two parts; products of the first with small integers are exact.
_LN2 = float.fromhex("0x1.62e42feep-1")
_LN2_REST = float.fromhex("0x1.a39ef35793c76p-33")
#: Adding it rounds a number to an integer, which then stands in the lowest bits.
_ROUNDING = 1.5 * 2.0**52
_ROUNDING_BITS = 0x4338000000000000
_ONE_BITS = 0x3FF0000000000000
_FRACTION = 0x000FFFFFFFFFFFFF
_SMALLEST_NORMAL = 2.0**-1022
_SQRT_2 = math.sqrt(2.0)
_INFINITE, _UNDEFINED = math.inf, math.nan


def bits(x: float) -> int:
    """The 64 bits of a float64 as a signed integer."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


def from_bits(k: int) -> float:
    """The float64 that has these 64 bits."""
    return struct.unpack("<d", struct.pack("<q", k))[0]


def finite(x: float) -> bool:
    """Whether a number is neither infinite nor NaN."""
    return x - x == 0.0


def power_of_2(k: int) -> float:
    """2 to the k, for -1022 <= k <= 1023."""
    return from_bits((k + 1023) << 52)


def exponent_and_rest(x: float) -> tuple[int, float]:
    """Integer k and r, |r| < 0.35, of x = k log 2 + r."""
    shifted = x * _LOG2_E + _ROUNDING
    k = shifted - _ROUNDING
    return bits(shifted) - _ROUNDING_BITS, (x - k * _LN2) - k * _LN2_REST


def exp_minus_1(r: float) -> float:
    """``exp(r) - 1`` by Taylor's series, for |r| < 0.35."""
    p = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    p = 1.0 / 39916800.0 + r * p
    p = 1.0 / 3628800.0 + r * p
    p = 1.0 / 362880.0 + r * p
    p = 1.0 / 40320.0 + r * p
    p = 1.0 / 5040.0 + r * p
    p = 1.0 / 720.0 + r * p
    p = 1.0 / 120.0 + r * p
    p = 1.0 / 24.0 + r * p
    p = 1.0 / 6.0 + r * p
    p = 0.5 + r * p
    return r + r * r * p


def absolute(x):
    return abs(x)


def negative(x):
    return -x


def square(x):
    return x * x


def square_root(x):
    return math.sqrt(x)


def inverse(x):
    return 1.0 / x


def exponential(x):
    capped = 710.0 if x > 710.0 else (-746.0 if x < -746.0 else x)
    k, r = exponent_and_rest(capped)
    half = k >> 1  # in two steps, since 2 to the k itself may be beyond the range
    return (1.0 + exp_minus_1(r)) * power_of_2(half) * power_of_2(k - half)


def logarithm(x):
    y = x * 2.0**54 if x < _SMALLEST_NORMAL else x
    pattern = bits(y)
    m = from_bits((pattern & _FRACTION) | _ONE_BITS)
    above = m > _SQRT_2
    m = 0.5 * m if above else m
    k = float((pattern >> 52) - 1023) + (1.0 if above else 0.0) - (54.0 if x < _SMALLEST_NORMAL else 0.0)
    s = (m - 1.0) / (m + 1.0)  # log m = 2 artanh s
    z = s * s
    p = 1.0 / 19.0 + z * (1.0 / 21.0)
    p = 1.0 / 17.0 + z * p
    p = 1.0 / 15.0 + z * p
    p = 1.0 / 13.0 + z * p
    p = 1.0 / 11.0 + z * p
    p = 1.0 / 9.0 + z * p
    p = 1.0 / 7.0 + z * p
    p = 1.0 / 5.0 + z * p
    p = 1.0 / 3.0 + z * p
    found = k * _LN2 + (k * _LN2_REST + 2.0 * s + 2.0 * s * z * p)
    positive = found if x < _INFINITE else x
    return positive if x > 0.0 else (-_INFINITE if x == 0.0 else _UNDEFINED)


def hyperbolic_tangent(x):
    size = abs(x)
    capped = 20.0 if size > 20.0 else size
    k, r = exponent_and_rest(2.0 * capped)
    scale = power_of_2(k)
    e = scale * exp_minus_1(r) + (scale - 1.0)  # exp(2 |x|) - 1
    y = e / (e + 2.0)
    return -y if x < 0.0 else y


def sigmoid(x):
    return 1.0 / (1.0 + exponential(-x))


def relu(x):
    return 0.0 if x < 0.0 else x


def addition(x, y):
    return x + y


def subtraction(x, y):
    return x - y


def multiplication(x, y):
    return x * y


def division(x, y):
    return x / y


def minimum(x, y):
    smaller = x if x < y else y
    return x if x != x else smaller


def maximum(x, y):
    larger = x if x > y else y
    return x if x != x else larger
