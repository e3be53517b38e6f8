"""Many formulas on one table, each distinct part computed once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from evozc.engine._layout import CONSTANT, KINDS, Layout, aligned
from evozc.engine._program import Program
from evozc.errors import FormulaError
from evozc.formula import Formula
from evozc.formula.pool import Formulas, Pool
from evozc.formula.pool import layout as at
from evozc.table import Table
from primitives import LANES, NETWORK, TYPES, Statistic

_NETWORK = KINDS[NETWORK]
_REGISTER = CONSTANT + 1
_ROOM = 4 * LANES
#: Formulas and parts that an evaluator's own pool keeps from one call to the next.
_MOST_KEPT = 2**17


class Evaluator:
    """Scores formulas on the architectures of a table, in float64.

    Compiled kernels are run on one bundle of architectures after another
    (:class:`~evozc.engine._layout.Layout`); numba compiles each of them once on a machine.

    Args:
        table: The statistics; targets are not looked at.
        first: Architectures of the first bundle, at most :data:`~primitives.LANES`.
        jobs: Threads; what comes out is the same for any number.

    Attributes:
        seconds: Seconds so far of the ``probe`` of first bundles and of the ``rest``, and
            those that dropping formulas after the first bundle ``saved``.
    """

    def __init__(self, table: Table, first: Sequence[int] | np.ndarray = (), jobs: int = 1) -> None:
        self.table = table
        self.layout = Layout(table, first)
        self._statistics: dict[str, np.ndarray] = {}
        self._scores = aligned(0)
        self._pool: Pool | None = None
        self._threads = ThreadPoolExecutor(jobs) if jobs > 1 else None
        self._jobs = jobs
        self.seconds = {"probe": 0.0, "rest": 0.0, "saved": 0.0}

    def scores(self, formulas: Sequence[Formula]) -> np.ndarray:
        """The score of every architecture under every formula.

        Args:
            formulas: Each gives one Scalar an architecture.

        Returns:
            float64 (formulas, architectures); not finite where a formula is undefined.

        Raises:
            FormulaError: a formula is no Scalar, or uses a statistic that the table lacks.
        """
        pool, numbers = self.numbered(formulas)
        distinct, rows = np.unique(numbers, return_inverse=True)
        return self.layout.take(self.columns(pool, distinct), NETWORK)[rows]

    def numbered(self, formulas: Sequence[Formula]) -> tuple[Pool, np.ndarray]:
        """A pool, and the formulas' numbers in it; those of a pool stay there."""
        if isinstance(formulas, Formulas):
            return formulas.pool, formulas.numbers_in(formulas.pool)
        if self._pool is None or len(self._pool) > _MOST_KEPT:
            self._pool = Pool()
        return self._pool, self._pool.numbers(formulas)

    def columns(
        self,
        pool: Pool,
        formulas: np.ndarray,
        survive: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """The scores of formulas that are all different, in the order of the layout's columns.

        Args:
            pool: Where the formulas are.
            formulas: int64, their numbers; each gives one Scalar an architecture.
            survive: Rows of formulas and their scores on the first bundle -> whether to go
                on with each; not asked about formulas that need all architectures at once.
                The rest of the row of one that is dropped is undefined.

        Returns:
            float64 (formulas, columns), valid until the next call.

        Raises:
            FormulaError: as :meth:`scores`.
        """
        run = _Run(self, pool, formulas)
        for stage in range(run.stages):
            run.stage(stage, survive if stage == 0 else None)
        return run.scores

    def statistic(self, symbol: Statistic) -> np.ndarray:
        """The values of a statistic, as laid out.

        Raises:
            FormulaError: the table lacks it.
        """
        if symbol.key not in self._statistics:
            if symbol.key not in self.table.values:
                raise FormulaError(f"a formula needs {symbol.key}, which the table does not hold")
            self._statistics[symbol.key] = self.layout.put(self.table.values[symbol.key], symbol.type)
        return self._statistics[symbol.key]

    def room_for(self, rows: int) -> np.ndarray:
        """Rows of scores, all columns; the same memory every time."""
        width = self.layout.bundles * LANES
        if self._scores.size < rows * width:
            self._scores = aligned(rows * width)
        return self._scores[: rows * width].reshape(rows, width)

    def spread(self, work: Callable[[int, int], None], first: int, last: int) -> None:
        """Call ``work`` on parts of a range, in threads if there are several jobs."""
        if self._threads is None or last - first < 2 * self._jobs:
            work(first, last)
            return
        bounds = np.linspace(first, last, 4 * self._jobs + 1).astype(int)
        list(self._threads.map(work, bounds[:-1], bounds[1:]))


class _Run:
    """One program on its way: where every value lies, and what is left to compute."""

    def __init__(self, evaluator: Evaluator, pool: Pool, formulas: np.ndarray) -> None:
        from evozc import _compiling  # numba takes half a second to import
        from evozc.engine import _compiled

        for number in formulas[pool.arrays.nodes[formulas, at.TYPE] != _NETWORK].tolist():
            raise FormulaError(f"{pool.formula(number)} gives no Scalar an architecture")
        self.code = _compiled
        self.evaluator, self.layout = evaluator, evaluator.layout
        self.program = program = Program(pool, formulas)
        self.scores = evaluator.room_for(len(formulas))
        self.x, self.y, self.kind = program.x, program.y, program.kind
        self.compiled = (self.x >= 0) & ~program.outside
        operators = program.operators
        self.compiling = _compiling.ENABLED
        inside = [self.compiling and o.compiled is not None for o in operators]
        addresses = [_compiled.address(o) if i else 0 for o, i in zip(operators, inside, strict=True)]
        self.kernels = np.array(addresses, np.int64)
        self.nodewise = np.array([o.kind != "elementwise" for o in operators], bool)
        self.live = np.ones(len(program), bool)
        self.base, self.at = np.zeros(len(program), np.int64), self.kind.copy()
        self.arrays: dict[int, np.ndarray] = {}
        self.stages = 1 + int(program.stage.max(initial=-1))
        self._place()

    def _place(self) -> None:
        """Give every value its place: leaves and what outlives its stage in memory, the rest in registers."""
        program = self.program
        constants = np.flatnonzero(self.kind == CONSTANT).tolist()
        numbers = aligned(LANES * len(constants)).reshape(len(constants), LANES)
        numbers.T[:] = program.pool.arrays.values[program.symbols[constants], at.VALUE]
        self.arrays.update(zip(constants, numbers, strict=True))
        for v in np.flatnonzero((self.x < 0) & (self.kind != CONSTANT)).tolist():
            self.arrays[v] = self.evaluator.statistic(program.symbol(v))
        kept = program.outside | (not self.compiling)
        for argument in (self.x, self.y):
            reads = np.flatnonzero(argument >= 0)
            later = program.outside[reads] | (program.stage[argument[reads]] < program.stage[reads])
            kept[argument[reads[later]]] = True
        kept[program.roots] = False
        for v in np.flatnonzero(kept & (self.x >= 0)).tolist():
            self.arrays[v] = self.layout.empty(TYPES[self.kind[v]])
        for v, array in self.arrays.items():
            self.base[v] = array.ctypes.data
        stored = self.base != 0
        inner = self.x[program.roots] >= 0  # what is no leaf is computed in its row at once
        rows = self.scores.ctypes.data + self.scores.strides[0] * np.arange(len(self.scores))
        self.base[program.roots[inner]] = rows[inner]
        stored[program.roots] = True
        self.register = self.compiled & ~stored
        self.at[self.register] = _REGISTER
        for row in np.flatnonzero(~inner).tolist():
            self.scores[row].reshape(-1, LANES)[:] = self.arrays[program.roots[row]].reshape(-1, LANES)

    def stage(self, stage: int, survive: Callable[[np.ndarray, np.ndarray], np.ndarray] | None) -> None:
        """Compute what belongs to a stage: the compiled part, then what is outside."""
        program = self.program
        values = np.flatnonzero(self.compiled & (program.stage == stage))
        work, begin, share = self._prepared(values), 0, 1.0
        if self.compiling:
            work(0, 0)  # compiles the loop where it is not yet: that is no time of scoring
        start = time.perf_counter()
        if survive is not None and self.layout.bundles > 1:
            work(0, 1)
            begin, share = 1, self._drop(survive, values)
        probed = time.perf_counter()
        self.evaluator.spread(work, begin, self.layout.bundles)
        seconds, rest = self.evaluator.seconds, time.perf_counter() - probed
        seconds["probe"] += probed - start
        seconds["rest"] += rest
        seconds["saved"] += rest * (1 - share) / share if share else 0.0
        for v in np.flatnonzero(program.outside & (program.stage == stage) & self.live).tolist():
            self._outside(v)

    def _drop(self, survive: Callable[[np.ndarray, np.ndarray], np.ndarray], values: np.ndarray) -> float:
        """Leave out what no surviving formula needs; the share of the values that is left."""
        roots = self.program.roots
        asked = (self.program.stage[roots] == 0) & ~self.program.outside[roots]
        alive = ~asked
        rows = np.flatnonzero(asked)
        alive[rows] = survive(rows, self.scores[rows, :LANES])
        if not alive.all():
            self.live[:] = self.code.needed(roots[alive], self.x, self.y)
        return float(self.live[values].mean()) if len(values) else 1.0

    def _prepared(self, values: np.ndarray) -> Callable[[int, int], None]:
        """The loop over a range of bundles that computes these values."""
        if not self.compiling:
            return lambda first, _: self._plainly(values) if first == 0 else None
        layout, x, y, kind = self.layout, self.x[values], self.y[values], self.kind[values]
        operator = self.program.operator[values]
        kernels, nodewise = self.kernels[operator], self.nodewise[operator]
        slots, count = self.code.allocate(values, self.x, self.y, self.register)
        size = LANES * int(layout.rows.max(initial=1))
        base = np.where(self.register, 8 * size * slots, self.base)
        shape = np.where(nodewise, self.kind[x], kind)
        spread = kind < _NETWORK
        steps = [np.where(spread & (self.kind[a] >= _NETWORK), 0, LANES) for a in (x, y)]
        places = (base[values], self.at[values], base[x], self.at[x], steps[0], base[y], self.at[y], steps[1])

        def work(first: int, last: int) -> None:
            registers, scratch = aligned(size * count), aligned(_ROOM)
            self.code.run(
                first, last, self.live[values], kernels, nodewise, shape, *places, layout.rows, layout.start,
                layout.lengths.ctypes.data, registers.ctypes.data, scratch.ctypes.data, 8 * LANES,
            )

        return work

    def _plainly(self, values: np.ndarray) -> None:
        for v in values.tolist():
            self._outside(v)

    def _outside(self, v: int) -> None:
        """Compute a value by its operator's numpy kernel, for all architectures."""
        table, operator, wanted = self.evaluator.table, self.program.symbol(v), TYPES[self.kind[v]]
        given = [a for a in (self.x[v], self.y[v]) if a >= 0]
        arguments: list[Any] = [self._flat(a) for a in given]
        if operator.kind == "candidates":
            arguments = [np.broadcast_to(arguments[0], len(table))]
        elif operator.kind in ("vector", "reduction"):
            arguments.append(table.nodes[TYPES[self.kind[given[0]]]])
        elif wanted != NETWORK:
            arguments = [
                table.nodes[wanted].spread(value) if self.kind[a] == _NETWORK else value
                for a, value in zip(given, arguments, strict=True)
            ]
        with np.errstate(all="ignore"):
            result = operator.kernel(*arguments)
        for row in np.flatnonzero(self.program.roots == v):
            self.layout.put(result, wanted, self.scores[row])
        if v in self.arrays:
            self.layout.put(result, wanted, self.arrays[v])

    def _flat(self, v: int) -> np.ndarray:
        """A value in the order of the table."""
        if self.kind[v] == CONSTANT:
            return np.array([self.program.symbol(v)])
        if self.x[v] < 0:
            return self.evaluator.table.values[self.program.symbol(v).key]
        held = self.arrays.get(v)
        row = self.scores[np.flatnonzero(self.program.roots == v)[0]] if held is None else held
        return self.layout.take(row, TYPES[self.kind[v]])
