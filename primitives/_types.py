"""The types of formula values, and what is known of a value's sign."""

from __future__ import annotations

import enum
from typing import Self

#: The node sets of a network; a value of such a type is a vector over its nodes.
NODE_SETS = ("layer", "activation", "block")
#: The type of a value that is one number for a network.
NETWORK = "network"
TYPES = (*NODE_SETS, NETWORK)


def describe_type(name: str) -> str:
    """``Scalar`` or ``Vector[layer]``, as messages call a type."""
    return "Scalar" if name == NETWORK else f"Vector[{name}]"


class Sign(enum.IntFlag):
    """The set of signs that a finite value may have."""

    NEGATIVE = 1
    ZERO = 2
    POSITIVE = 4
    NONPOSITIVE = 3
    NONNEGATIVE = 6
    REAL = 7

    @classmethod
    def of(cls, value: float) -> Self:
        """The sign of one finite number."""
        return cls.POSITIVE if value > 0 else cls.NEGATIVE if value < 0 else cls.ZERO

    def within(self, other: Self) -> bool:
        """Whether every sign of this set is one of ``other``."""
        return not int(self) & ~int(other)  # as plain integers: this is asked very often

    def negated(self) -> Self:
        """The signs of ``-x``."""
        flipped = self & Sign.ZERO
        if self & Sign.NEGATIVE:
            flipped |= Sign.POSITIVE
        if self & Sign.POSITIVE:
            flipped |= Sign.NEGATIVE
        return flipped

    def magnitude(self) -> Self:
        """The signs of ``|x|``."""
        return (self | self.negated()) & Sign.NONNEGATIVE

    def plus(self, other: Self) -> Self:
        """The signs of ``x + y``."""
        if self == Sign.ZERO:
            return other
        if other == Sign.ZERO:
            return self
        both = self | other
        if both & Sign.NEGATIVE and both & Sign.POSITIVE:
            return Sign.REAL
        return both if self & other & Sign.ZERO else both & ~Sign.ZERO

    def times(self, other: Self) -> Self:
        """The signs of ``x * y``; a product may underflow, so zero is always among them."""
        signs = Sign.ZERO
        if self & Sign.POSITIVE:
            signs |= other
        if self & Sign.NEGATIVE:
            signs |= other.negated()
        return signs
