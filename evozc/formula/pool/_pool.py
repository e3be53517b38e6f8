"""Formulas as numbers: every distinct one of a pool has its own, and is worked out once."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from array import array
from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np

from evozc.errors import ConfigError
from evozc.formula._tree import MAX_DEPTH, Formula
from evozc.formula.pool import layout as at
from evozc.formula.pool.layout import Arrays
from primitives import ABS, NEG, NETWORK, TYPES, Operator, Sign, Statistic, SymbolSet

_KINDS = {"elementwise": at.ELEMENTWISE, "vector": at.VECTOR, "reduction": at.REDUCTION,
          "candidates": at.CANDIDATES}
#: The least room for formulas, and what has to be free before new ones are made.
_ROOM = 2**14
_MOST_UNNESTED = 64
_NONE = np.zeros(0, np.int32)
#: Numbers of types; a Scalar's is the highest.
TYPE_NUMBERS = {name: number for number, name in enumerate(TYPES)}


class Pool:
    """Distinct formulas, each under a number above those of its parts.

    Args:
        symbols: Operators and statistics to begin with; others join with the formulas that hold them.

    Attributes:
        code: The compiled functions.
        arrays: For them; replaced as the pool grows.
        symbols: Operators, statistics and constants, by the numbers that nodes call them by.
        age: How often numbers have been given anew.
    """

    def __init__(self, symbols: SymbolSet | None = None) -> None:
        from evozc.formula.pool import compiled  # numba takes half a second to import

        self.code = compiled
        self.symbols: list[Operator | Statistic | float] = []
        self.age = 0
        self._codes: dict[Operator | str | float, int] = {}
        self._made: dict[int, Formula] = {}
        self._ends = [0, 0]  # of what is taken of ``signs`` and ``text``
        self._unnested = 0
        self.arrays = Arrays(
            *_empty(2 * _ROOM), np.zeros(4, np.int64), np.zeros((64, 19), np.int32), np.zeros((64, 2)),
            np.zeros(64, np.uint64), np.zeros(4096, np.int32), np.zeros(1024, np.uint8),
            np.zeros((2, 4 * MAX_DEPTH), np.int64),
        )
        self.arrays.head[[at.ABS, at.NEG, at.PENDING]] = self.code_of(ABS), self.code_of(NEG), at.NOTHING
        if symbols is not None:
            for operator in symbols.operators.values():
                self.code_of(operator)
            for statistic in symbols.statistics.values():
                self.code_of(statistic)

    def __len__(self) -> int:
        return int(self.arrays.head[at.COUNT])

    # --- symbols ---

    def code_of(self, symbol: Operator | Statistic | float) -> int:
        """The number of a symbol, which joins the pool if it is new.

        Raises:
            ConfigError: more than 64 operators that may not be nested.
        """
        key = symbol.key if isinstance(symbol, Statistic) else symbol
        if key not in self._codes:
            if isinstance(symbol, Operator) and symbol.equal is not None:
                self.code_of(symbol.equal + 0.0)
            self._codes[key] = len(self.symbols)
            self.symbols.append(symbol)
            self._declare(len(self.symbols) - 1, symbol)
        return self._codes[key]

    def _declare(self, number: int, symbol: Operator | Statistic | float) -> None:
        text, signs = _text(symbol), _signs(symbol)
        starts = self._ends
        self._ends = ends = [starts[0] + len(signs), starts[1] + len(text)]
        a = self.arrays
        self.arrays = a = a._replace(
            traits=_with_room(a.traits, number + 1), values=_with_room(a.values, number + 1),
            prints=_with_room(a.prints, number + 1), signs=_with_room(a.signs, ends[0]),
            text=_with_room(a.text, ends[1]),
        )
        a.signs[starts[0] : ends[0]], a.text[starts[1] : ends[1]] = signs, bytearray(text)
        a.prints[number] = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
        row = a.traits[number]
        row[at.SIGNS], row[at.TEXT_START], row[at.TEXT_END] = starts[0], starts[1], ends[1]
        row[at.UNNESTED] = row[at.UNDONE_BY] = -1
        if isinstance(symbol, Operator):
            self._declare_operator(number, symbol, row)
        elif isinstance(symbol, Statistic):
            row[at.KIND], row[at.RESULT] = at.STATISTIC, TYPE_NUMBERS[symbol.type]
        else:
            row[at.KIND], row[at.RESULT] = at.CONSTANT, TYPE_NUMBERS[NETWORK]
            a.values[number, at.VALUE] = symbol

    def _declare_operator(self, number: int, operator: Operator, row: np.ndarray) -> None:
        row[at.KIND], row[at.ARITY] = _KINDS[operator.kind], operator.arity
        row[at.PROPERTIES] = sum(flag for flag, holds in {
            at.COMMUTATIVE: operator.commutative, at.IDEMPOTENT: operator.idempotent,
            at.EVEN: operator.even, at.NEGATES: operator.negates,
            at.KEEPS_MAGNITUDE: operator.keeps_magnitude, at.ANTISYMMETRIC: operator.antisymmetric,
            at.HAS_NEUTRAL: operator.neutral is not None, at.HAS_EQUAL: operator.equal is not None,
        }.items() if holds)
        row[at.COMPILED] = operator.compiled is not None
        row[at.IDENTITY_ON], row[at.INVERTIBLE] = operator.identity_on, operator.invertible
        row[at.INCREASING], row[at.DECREASING] = operator.increasing, operator.decreasing
        row[at.INCREASING_X : at.INCREASING_Y + 1] = operator.increasing_with
        row[at.DECREASING_X : at.DECREASING_Y + 1] = operator.decreasing_with
        if operator.equal is not None:
            row[at.EQUAL] = self._codes[operator.equal + 0.0]
        if operator.neutral is not None:
            self.arrays.values[number, at.NEUTRAL] = operator.neutral
        if not operator.nests:
            if self._unnested == _MOST_UNNESTED:
                raise ConfigError(f"more than {_MOST_UNNESTED} operators that may not be nested")
            row[at.UNNESTED] = self._unnested
            self._unnested += 1
        for other, symbol in enumerate(self.symbols):
            if isinstance(symbol, Operator):
                if symbol.undone_by == operator.name:
                    self.arrays.traits[other, at.UNDONE_BY] = number
                if operator.undone_by == symbol.name:
                    row[at.UNDONE_BY] = other

    # --- formulas ---

    def numbers(self, formulas: Iterable[Formula]) -> np.ndarray:
        """The number of each formula: int64, in their order; those that are new join the pool."""
        symbols, number_of = array("i"), self._codes
        add, stack = symbols.append, []
        for formula in formulas:
            stack.append(formula)
            while stack:
                part = stack.pop()
                symbol = part.symbol
                known = number_of.get(symbol.key if isinstance(symbol, Statistic) else symbol)
                add(self.code_of(symbol) if known is None else known)
                if part.arguments:
                    stack.extend(part.arguments[::-1])
        self.reserve(len(symbols))
        return self.code.build(self.arrays, np.frombuffer(symbols, np.int32) if symbols else _NONE)

    def formula(self, number: int) -> Formula:
        """The formula of a number; the same object every time."""
        return self._formula(number, self.arrays.nodes, self._made)

    def _formula(self, number: int, nodes: np.ndarray, made: dict[int, Formula]) -> Formula:
        found = made.get(number)
        if found is None:
            symbol, *arguments = nodes[number, [at.SYMBOL, at.X, at.Y]].tolist()
            parts = tuple(self._formula(a, nodes, made) for a in arguments if a >= 0)
            found = made[number] = Formula(self.symbols[symbol], parts)
        return found

    @property
    def waits(self) -> bool:
        """Whether a compiled function has come upon an operator on numbers, for :meth:`fold`."""
        return bool(self.arrays.head[at.PENDING] >= 0)

    def fold(self) -> None:
        """Work out an operator on numbers by its kernel."""
        nodes, n = self.arrays.nodes, int(self.arrays.head[at.PENDING])
        self.arrays.head[at.PENDING] = at.NOTHING
        operator = self.symbols[nodes[n, at.SYMBOL]]
        arguments = [self.symbols[nodes[a, at.SYMBOL]] for a in nodes[n, [at.X, at.Y]] if a >= 0]
        with np.errstate(all="ignore"):
            value = float(operator.kernel(*(np.array([x], dtype=np.float64) for x in arguments))[0])
        nodes[n, at.FOLDED] = self.leaf(value + 0.0) if math.isfinite(value) else at.NOTHING

    def leaf(self, symbol: Statistic | float) -> int:
        """The number of a formula of one symbol."""
        number = self.code_of(symbol)
        return int(self.code.intern(self.arrays, number, at.NOTHING, at.NOTHING))

    # --- room ---

    def reserve(self, count: int = _ROOM) -> None:
        """Make room for that many more formulas."""
        a, used = self.arrays, len(self)
        if used + count <= len(a.nodes):
            return
        nodes, keys, slots = _empty(max(2 * len(a.nodes), used + count))
        nodes[:used], keys[:used] = a.nodes[:used], a.keys[:used]
        self.code.fill(slots, keys[:used])
        self.arrays = a._replace(nodes=nodes, keys=keys, slots=slots)

    def forget_all_but(self, numbers: np.ndarray) -> np.ndarray:
        """Keep some formulas and their parts alone; int64, the new number of each old one, -1 if gone."""
        a, used = self.arrays, len(self)
        kept = np.zeros(used, bool)
        kept[numbers] = True
        self.code.mark_parts(a.nodes, kept)
        new = np.where(kept, np.cumsum(kept) - 1, at.NOTHING)
        count = int(np.count_nonzero(kept))
        nodes, keys, slots = _empty(2 * max(count, _ROOM))
        nodes[:count], keys[:count] = a.nodes[:used][kept], a.keys[:used][kept]
        for column in (at.X, at.Y):
            nodes[:count, column] = np.where(nodes[:count, column] >= 0, new[nodes[:count, column]], -1)
        nodes[:count, [at.REDUCED, at.SHORTEST, at.FOLDED]] = at.UNKNOWN
        self.code.fill(slots, keys[:count])
        a.head[at.COUNT] = count
        self.arrays, self.age, self._made = a._replace(nodes=nodes, keys=keys, slots=slots), self.age + 1, {}
        return new


class Formulas(Sequence[Formula]):
    """Formulas of a pool, each made when somebody looks at it; they stay what they are when it forgets them.

    Args:
        pool: Where they are.
        numbers: int64, theirs in it.

    Attributes:
        pool: Where they were made.
    """

    def __init__(self, pool: Pool, numbers: np.ndarray) -> None:
        self.pool, self._numbers = pool, numbers
        self._age, self._arrays = pool.age, pool.arrays
        self._made: dict[int, Formula] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Formula: ...

    @overload
    def __getitem__(self, place: slice) -> list[Formula]: ...

    def __getitem__(self, place: int | slice) -> Formula | list[Formula]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        number = int(self._numbers[place])
        if self._age == self.pool.age:
            return self.pool.formula(number)
        return self.pool._formula(number, self._arrays.nodes, self._made)

    def texts(self) -> list[str]:
        """Their texts, without making any."""
        ends = np.cumsum(self._arrays.nodes[self._numbers, at.LENGTH], dtype=np.int64)
        if not len(ends):
            return []
        out = np.empty(ends[-1], np.uint8)
        self.pool.code.write(self._arrays, self._numbers, out)
        whole = out.tobytes().decode("ascii")
        return [whole[a:b] for a, b in itertools.pairwise([0, *ends.tolist()])]

    def numbers_in(self, pool: Pool) -> np.ndarray:
        """Their numbers in a pool: int64."""
        return self._numbers if pool is self.pool and pool.age == self._age else pool.numbers(self)


def _text(symbol: Operator | Statistic | float) -> bytes:
    if isinstance(symbol, Operator):
        return f"{symbol.name}(".encode()
    return (symbol.key if isinstance(symbol, Statistic) else Formula(symbol).text).encode()


@functools.lru_cache(maxsize=4096)
def _sign_table(operator: Operator) -> list[int]:
    of = [Sign(signs) for signs in range(8)]
    if operator.arity == 1:
        return [int(sign) for x in of for sign in [operator.sign(x)] * 8]
    return [int(operator.sign(x, y)) for x in of for y in of]


def _signs(symbol: Operator | Statistic | float) -> list[int]:
    if isinstance(symbol, Operator):
        return _sign_table(symbol)
    return [int(symbol.sign if isinstance(symbol, Statistic) else Sign.of(symbol))]


def _empty(room: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, keys and an empty hash table for that many formulas."""
    slots = 1 << (2 * room - 1).bit_length()
    return np.empty((room, 13), np.int32), np.empty((room, 2), np.uint64), np.zeros(slots, np.int32)


def _with_room(values: np.ndarray, size: int) -> np.ndarray:
    """The same, and twice as long if it is shorter than the size."""
    if size <= len(values):
        return values
    longer = np.zeros((max(size, 2 * len(values)), *values.shape[1:]), values.dtype)
    longer[: len(values)] = values
    return longer
