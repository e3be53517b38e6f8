"""What stands where in the arrays of a pool of formulas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np  # noqa: TC002 - read at run time

# Columns of ``nodes``: what a formula is made of, and what is known of it.
SYMBOL, X, Y, SIZE, DEPTH, LENGTH, TYPE, SIGN, FLAGS, REDUCED, SHORTEST, FOLDED, MARK = range(13)
# Flags.
HAS_STATISTICS, DEGENERATE, REPEATS = 1, 2, 4
# Columns of ``keys``: 64 bits that stand for the text, and the operators within that may not be nested.
PRINT, WITHIN = range(2)
# Columns of ``traits``: what a symbol declares.
(KIND, ARITY, RESULT, SIGNS, PROPERTIES, IDENTITY_ON, UNDONE_BY, INVERTIBLE, INCREASING, DECREASING,
 INCREASING_X, INCREASING_Y, DECREASING_X, DECREASING_Y, UNNESTED, EQUAL, COMPILED, TEXT_START,
 TEXT_END) = range(19)
# Kinds.
ELEMENTWISE, VECTOR, REDUCTION, CANDIDATES, STATISTIC, CONSTANT = range(6)
# Properties.
COMMUTATIVE, IDEMPOTENT, EVEN, NEGATES, KEEPS_MAGNITUDE, ANTISYMMETRIC, HAS_NEUTRAL, HAS_EQUAL = (
    1 << k for k in range(8)
)
# Columns of ``values``: a constant's own, and an operator's neutral one.
VALUE, NEUTRAL = range(2)
# Places of ``head``: how many formulas there are, two operators, and the formula that waits to be folded.
COUNT, ABS, NEG, PENDING = range(4)
#: The type of a Scalar; vectors have lower numbers.
NETWORK = 3
#: Signs of numbers, as those of ``primitives.Sign``.
NEGATIVE, ZERO, POSITIVE, NONNEGATIVE = 1, 2, 4, 6
UNKNOWN, NOTHING = -2, -1


class Arrays(NamedTuple):
    """What compiled functions see of a pool; the columns are those above.

    Args:
        nodes: int32 (room, 13), what each formula is made of and what is known of it.
        keys: uint64 (room, 2), 64 bits for each, and operators within it that may not be nested.
        slots: int32, a hash table of numbers by what they are made of, at most half full.
        head: int64 (4,), counts and special symbols.
        traits: int32 (symbols, 19), what each symbol declares.
        values: float64 (symbols, 2), what a constant is, and what is neutral to an operator.
        prints: uint64 (symbols,), 64 bits for each symbol's text.
        signs: int32, signs of results by the signs of arguments.
        text: uint8, the symbols' texts.
        stacks: int64 (2, ...), to walk two formulas.
    """

    nodes: np.ndarray
    keys: np.ndarray
    slots: np.ndarray
    head: np.ndarray
    traits: np.ndarray
    values: np.ndarray
    prints: np.ndarray
    signs: np.ndarray
    text: np.ndarray
    stacks: np.ndarray
