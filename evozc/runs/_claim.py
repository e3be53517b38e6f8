"""Whether a search found more than was known, and more than its shorter formulas, beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evozc.evaluation import Row, standard_error

#: Standard errors on either side of a difference.
_WIDTH = 1.96


@dataclass(frozen=True)
class Against:
    """Kendall tau of the chosen formula minus that of another, on the same held-out architectures.

    Args:
        name: Of the other: a known proxy's, or the formula itself.
        size: Symbols in the other.
        difference: Of the two taus, a known proxy's taken with the better sign.
        low: Lower end of its 95 % interval; isomorphic architectures count as one.
        high: Upper end.
    """

    name: str
    size: int
    difference: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Claim:
    """What may be claimed of the chosen formula.

    Args:
        size: Symbols in it.
        known: The best known proxy on the held-out architectures, chosen with their targets in sight,
            which favours it; None if the table allows none.
        level: The shortest formula of the front that is not worse than the chosen one beyond chance;
            the chosen one itself if there is no such.
    """

    size: int
    known: Against | None
    level: Against | None

    @property
    def text(self) -> str:
        """In one line."""
        if self.level is None:
            return "the chosen formula gives all held-out architectures the same score"
        return f"{self._better()}; {self._shorter(self.level)}"

    def _better(self) -> str:
        if self.known is None:
            return "no known proxy can be had from this table"
        if not self.known.beyond_chance:
            how = "not told from"
        else:
            how = "better than" if self.known.difference > 0 else "worse than"
        return f"the chosen formula is {how} the best known proxy, {self.known.name}: {_shown(self.known)}"

    def _shorter(self, level: Against) -> str:
        if level.size == self.size:
            return "no shorter formula of the front is level with it"
        return f"the formula of size {level.size} on the front is level with it: {_shown(level)}"


def claim(front: Sequence[Row], known: Sequence[Row], keys: Sequence[str]) -> Claim:
    """Hold the last formula of a front against known proxies, and against the shorter ones.

    Args:
        front: From the shortest to the chosen one, with their estimates on held-out architectures.
        known: Known proxies on the same.
        keys: Canonical keys of the architectures.
    """
    chosen = front[-1]
    if math.isnan(chosen.estimate.tau):
        return Claim(chosen.formula.size, None, None)
    defined = [row for row in known if not math.isnan(row.estimate.tau)]
    best = max(defined, key=lambda row: abs(row.estimate.tau), default=None)
    shorter = (
        _against(chosen, row, row.formula.text, keys) for row in front if not math.isnan(row.estimate.tau)
    )
    level = next(found for found in shorter if found.low <= 0)
    known_best = None if best is None else _against(chosen, best, best.name, keys, turned=True)
    return Claim(chosen.formula.size, known_best, level)


def _against(chosen: Row, other: Row, name: str, keys: Sequence[str], turned: bool = False) -> Against:
    """The paired difference; with ``turned`` the other one's scores may fall with the target."""
    sign = -1.0 if turned and other.estimate.tau < 0 else 1.0
    difference = chosen.estimate.tau - sign * other.estimate.tau
    width = _WIDTH * standard_error(chosen.estimate.influence - sign * other.estimate.influence, keys)
    return Against(name, other.formula.size, difference, difference - width, difference + width)


def _shown(found: Against) -> str:
    return f"tau {found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
