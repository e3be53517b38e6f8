"""The typed tree of a formula."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from typing import Any

from evozc.errors import FormulaError
from primitives import ADD, NETWORK, Operator, Statistic, describe_type

#: What names a statistic in formula text; a name that is no word stands in quotes.
KEY = r"""[A-Za-z_][A-Za-z0-9_]*\.(?:[A-Za-z0-9_]+|"[^",.<>\\\r\n\t]{1,100}")"""
_KEY = re.compile(KEY)
MAX_SIZE = 2000
MAX_DEPTH = 60


class Formula:
    """One node of a formula and all below it; immutable, hashable, equal by its text.

    Make one with :func:`call`, :func:`statistic`, :func:`constant` or
    :func:`~evozc.formula.parse`.

    Attributes:
        symbol: The operator, the statistic, or the number at this node.
        arguments: The formulas below it.
        type: ``network`` for a Scalar, otherwise the node set of the vector.
        size: Number of nodes.
        depth: Nodes on the longest way down; 1 for a leaf.
        text: The formula text, which parses back to this tree.
        has_statistics: Whether there is a statistic in it.
        degenerate: Whether a part of it is constant by construction, as ``x - x``.
        cache: What simplification has worked out about it, so that it does so once.
    """

    __slots__ = (
        "arguments", "cache", "degenerate", "depth", "has_statistics", "size", "symbol", "text", "type",
    )

    symbol: Operator | Statistic | float
    arguments: tuple[Formula, ...]
    type: str
    size: int
    depth: int
    text: str
    has_statistics: bool
    degenerate: bool
    cache: dict[str, Any]

    def __init__(self, symbol: Operator | Statistic | float, arguments: tuple[Formula, ...] = ()) -> None:
        """Use the functions named above instead."""
        size, depth, has_statistics, degenerate = 1, 1, False, False
        if isinstance(symbol, Operator):
            if len(arguments) == 1:
                (only,) = arguments
                kind = _result_type(symbol, (only.type,))
                text = f"{symbol.name}({only.text})"
                size, depth = only.size + 1, only.depth + 1
                has_statistics, degenerate = only.has_statistics, only.degenerate
            else:
                kind = _result_type(symbol, tuple([a.type for a in arguments]))
                text = f"{symbol.name}({', '.join([a.text for a in arguments])})"
                for argument in arguments:
                    size += argument.size
                    depth = max(depth, argument.depth + 1)
                    has_statistics |= argument.has_statistics
                    degenerate |= argument.degenerate
                degenerate |= symbol.equal is not None and arguments[0] == arguments[1]
        elif isinstance(symbol, Statistic):
            kind, text, has_statistics = symbol.type, symbol.key, True
        else:
            kind, text = NETWORK, repr(symbol).removesuffix(".0")
        if size > MAX_SIZE or depth > MAX_DEPTH:
            raise FormulaError(
                f"the formula has {size} symbols and depth {depth}; "
                f"at most {MAX_SIZE} and {MAX_DEPTH} are allowed"
            )
        put = _PUT
        put[0](self, symbol)
        put[1](self, arguments)
        put[2](self, kind)
        put[3](self, size)
        put[4](self, depth)
        put[5](self, text)
        put[6](self, has_statistics)
        put[7](self, degenerate)
        put[8](self, {})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("formulas are immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("formulas are immutable")

    def __copy__(self) -> Formula:
        return self

    def __deepcopy__(self, memo: object) -> Formula:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @property
    def operator(self) -> Operator | None:
        """The operator at this node, or None at a leaf."""
        return self.symbol if isinstance(self.symbol, Operator) else None

    @property
    def value(self) -> float | None:
        """The number at this node, or None."""
        return self.symbol if isinstance(self.symbol, float) else None

    def walk(self) -> Iterator[Formula]:
        """Every node, each before those below it, from left to right."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.arguments))

    def statistics(self) -> tuple[Statistic, ...]:
        """The statistics it uses, each once, in order of appearance."""
        found = {n.symbol.key: n.symbol for n in self.walk() if isinstance(n.symbol, Statistic)}
        return tuple(found.values())


_FIELDS = ("symbol", "arguments", "type", "size", "depth", "text", "has_statistics", "degenerate", "cache")
#: What sets each field of a new formula, past its ``__setattr__``; twice as fast as that of ``object``.
_PUT = tuple(Formula.__dict__[name].__set__ for name in _FIELDS)


def addends(formula: Formula) -> list[Formula]:
    """What a formula adds up, from left to right; the formula itself if its root is no ``add``."""
    stack, found = [formula], []
    while stack:
        part = stack.pop()
        if part.operator is ADD:
            stack.extend(reversed(part.arguments))
        else:
            found.append(part)
    return found


def call(operator: Operator, *arguments: Formula) -> Formula:
    """An operator applied to formulas.

    Raises:
        FormulaError: wrong number or types of arguments, or the tree grows too large.
    """
    return Formula(operator, arguments)


def statistic(symbol: Statistic) -> Formula:
    """A statistic as a leaf.

    Raises:
        FormulaError: its key is no name that formula text could hold.
    """
    if not _KEY.fullmatch(symbol.key):
        raise FormulaError(f"{ascii(symbol.key)[:60]} cannot name a statistic")
    return Formula(symbol)


def constant(value: float) -> Formula:
    """A number as a leaf.

    Raises:
        FormulaError: the number is not finite.
    """
    value = float(value)
    if not math.isfinite(value):
        raise FormulaError(f"a constant must be finite, not {value}")
    return Formula(value + 0.0)  # no negative zero: it would print apart from zero


@functools.lru_cache(maxsize=4096)
def _result_type(operator: Operator, types: tuple[str, ...]) -> str:
    if len(types) != operator.arity:
        raise FormulaError(
            f"{operator.name} takes {operator.arity} argument{'s' * (operator.arity > 1)}, "
            f"not {len(types)}"
        )
    vectors = set(types) - {NETWORK}
    if operator.kind == "elementwise":
        if len(vectors) > 1:
            mixed = " and ".join(sorted(describe_type(v) for v in vectors))
            raise FormulaError(f"{operator.name} cannot mix {mixed}; reduce them to Scalars first")
        return vectors.pop() if vectors else NETWORK
    if operator.kind == "candidates":
        if vectors:
            raise FormulaError(f"{operator.name} takes a Scalar, not a {describe_type(vectors.pop())}")
        return NETWORK
    if not vectors:
        raise FormulaError(f"{operator.name} takes a vector over nodes, not a Scalar")
    return NETWORK if operator.kind == "reduction" else vectors.pop()
