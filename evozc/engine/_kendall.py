"""Exact Kendall tau-b against one target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np

from primitives import rounded

#: Entries that are packed, sorted and counted while they are near.
_IN_CACHE = 2**16
#: Ways to weigh architectures that are counted together.
_WAYS = 64
#: Whether each of 16 counters is that of an earlier one.
_BEFORE = np.tril(np.ones((16, 16), np.uint16), -1)


@dataclass(frozen=True)
class Ranked:
    """What :meth:`KendallTau.rank` gives, one entry a row.

    Args:
        taus: float64, Kendall tau-b; NaN where the target or the scores are constant.
        digests: uint64, equal for equal rankings (and for others by a chance of 5e-20).
        missing: int64, scores that are not finite; -1 where all rank alike.
    """

    taus: np.ndarray
    digests: np.ndarray
    missing: np.ndarray


def _serially(work: Callable[[int, int], None], first: int, last: int) -> None:
    work(first, last)


class KendallTau:
    """Kendall tau-b of many scores with one target, in float64 (Kendall, Biometrika 1945).

    The target is sorted once. Scores are sorted as one integer each with the place in the
    target's order, and discordant pairs counted in blocks, all in nearly linear time.

    Args:
        target: float64 (architectures,), finite.
        columns: Where in a row of scores each architecture's stands; None for in their order.
    """

    def __init__(self, target: np.ndarray, columns: np.ndarray | None = None) -> None:
        target = np.asarray(target, dtype=np.float64)
        order = np.argsort(target, kind="stable")
        ordered = target[order]
        self._columns = (order if columns is None else np.asarray(columns)[order]).astype(np.int32)
        self._last = (np.searchsorted(ordered, ordered, side="right") - 1).astype(np.int32)
        self._shift = max(1, (len(target) - 1).bit_length())
        self._total = _pairs(len(target))
        self._tied = int(np.sum(_pairs(np.unique(target, return_counts=True)[1])))

    def __call__(self, scores: np.ndarray) -> float:
        """Tau-b of scores (architectures,) without NaN; NaN if either side is constant."""
        scores = np.asarray(scores, dtype=np.float64)[self._columns]
        if not len(scores):
            return np.nan
        _, keys = np.unique(scores, return_inverse=True)
        packed = (keys.astype(np.uint64) << np.uint64(self._shift)) | np.arange(len(scores), dtype=np.uint64)
        return float(self._counted(np.sort(packed)[None], np.ones(1, bool))[0][0])

    def rank(
        self,
        scores: np.ndarray,
        most_missing: int,
        wanted: np.ndarray,
        spread: Callable[[Callable[[int, int], None], int, int], None] = _serially,
    ) -> Ranked:
        """Tau-b of many scores, as :func:`rankable` ranks them.

        Args:
            scores: float64 (formulas, columns).
            most_missing: Rows with more scores that are not finite are left out, as are constant ones.
            wanted: bool (formulas,), the rows to look at.
            spread: Calls a function of a first and a last row on parts of a range.
        """
        from evozc.engine import _sorting

        code = _code()
        rows, n = len(scores), len(self._columns)
        sort = _sorting.fastest_sort(n)
        state = np.empty(rows, np.int64)
        taus, digests = np.full(rows, np.nan), np.zeros(rows, np.uint64)

        def work(first: int, last: int) -> None:
            height = max(1, _IN_CACHE // n)
            buffer = np.empty((height, n), np.uint64)
            for begin in range(first, last, height):
                part = slice(begin, min(last, begin + height))
                packed = buffer[: part.stop - begin]
                code.pack(scores[part], self._columns, self._shift, packed, state[part])
                for row in begin + np.flatnonzero(state[part] == -2):
                    packed[row - begin], state[row] = self._packed_wide(scores[row])
                valid = wanted[part] & (state[part] >= 0) & (state[part] <= most_missing)
                sort(packed, self._shift)
                taus[part], digests[part] = self._counted(packed, valid)

        spread(work, 0, rows)
        return Ranked(taus, digests, state)

    def taus(self, scores: np.ndarray) -> np.ndarray:
        """Tau-b of every row of float64 (formulas, columns), as :meth:`rank` gives it; NaN if constant."""
        return self.rank(scores, scores.shape[1], np.ones(len(scores), bool)).taus

    def states(self, scores: np.ndarray) -> np.ndarray:
        """As ``missing`` of :class:`Ranked`, and nothing else."""
        packed = np.empty((len(scores), len(self._columns)), np.uint64)
        state = np.empty(len(scores), np.int64)
        _code().pack(scores, self._columns, self._shift, packed, state)
        return state

    def _packed_wide(self, scores: np.ndarray) -> tuple[np.ndarray, int]:
        """A row whose range is too wide for one integer each: ranks first."""
        scores = scores[self._columns]
        _, keys = np.unique(rankable(scores), return_inverse=True)
        packed = (keys.astype(np.uint64) << np.uint64(self._shift)) | np.arange(len(scores), dtype=np.uint64)
        return packed, int(np.count_nonzero(~np.isfinite(scores)))

    def _counted(self, packed: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        taus, digests = np.full(len(packed), np.nan), np.zeros(len(packed), np.uint64)
        _code().count(
            packed, self._shift, self._last, wanted, self._total, self._tied, _BEFORE, taus, digests
        )
        return taus, digests


def _code() -> ModuleType:
    """The compiled functions, or what gives the same where nothing may be compiled."""
    from evozc import _compiling  # numba takes half a second to import

    return import_module("evozc.engine._kendall_compiled" if _compiling.ENABLED else "evozc.engine._plain")


def _pairs(count: np.ndarray | int) -> np.ndarray | int:
    return count * (count - 1) // 2


def kendall_tau(scores: np.ndarray, target: np.ndarray) -> float:
    """Kendall tau-b of two float64 arrays of one length, without NaN; NaN if either is constant."""
    return KendallTau(target)(np.asarray(scores, dtype=np.float64))


def concordances(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How each architecture compares with all others, in O(n log n).

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.

    Returns:
        Three int64 (architectures,): the others that are concordant with each, less those that
        are discordant; those that differ from it in x; and those that differ from it in y.
    """
    x, y = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    return _code().agree(x, y, np.lexsort((y, x)))


def weighted_taus(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Kendall tau-b where each architecture stands several times, its copies tied with one another.

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.
        weights: Whole numbers (ways, architectures): how often each stands, in each way to weigh them.

    Returns:
        float64 (ways,); NaN where what is drawn is constant.
    """
    x, y = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    order, columns = np.lexsort((y, x)), np.ascontiguousarray(weights.T, np.int64)
    firsts = range(0, columns.shape[1], _WAYS)
    parts = [np.ascontiguousarray(columns[:, first : first + _WAYS]) for first in firsts]
    balance = np.concatenate([_code().balances(x, y, order, part) for part in parts])
    total = columns.sum(axis=0, dtype=np.int64) ** 2
    untied_x, untied_y = (total - _tied(ranks, columns) for ranks in (x, y))
    with np.errstate(invalid="ignore"):
        return 2 * balance / np.sqrt(untied_x) / np.sqrt(untied_y)


def _tied(ranks: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Ordered pairs that share a rank, copies included."""
    order = np.argsort(ranks, kind="stable")
    starts = np.flatnonzero(np.diff(ranks[order], prepend=-1))
    return np.square(np.add.reduceat(columns[order], starts, axis=0, dtype=np.int64)).sum(axis=0)


def rankable(scores: np.ndarray) -> np.ndarray:
    """Scores as they are ranked: rounded to 40 bits, and minus infinity where not finite.

    Rounding (about 12 significant digits) keeps the order in which a sum was added
    up from breaking ties. What is not finite ranks last, in one tie.

    Args:
        scores: float64, any shape.
    """
    return np.where(np.isfinite(scores), rounded(scores), -np.inf)
