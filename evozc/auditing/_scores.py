"""What is audited: scores by name, with what is missing and what stands for a failure found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evozc.baselines import find_proxy, proxies
from evozc.engine import Evaluator, rankable
from evozc.errors import ConfigError
from evozc.formula import Formula, parse, statistic
from evozc.table import Table
from primitives import FULL, NETWORK, SymbolSet

#: What NAS-Bench-Suite-Zero stores where a proxy failed.
FAILED = -1e8
_ROUND = 1e3


@dataclass(frozen=True, eq=False)
class Scores:
    """One proxy, formula or column on all architectures.

    Args:
        name: As tables show it.
        formula: What was computed; a column is a formula of one statistic.
        values: float64 (architectures,), as they stand in the table or were computed.
    """

    name: str
    formula: Formula
    values: np.ndarray

    @cached_property
    def sentinels(self) -> tuple[float, ...]:
        """Values that stand for a failure."""
        return find_sentinels(self.values)

    @cached_property
    def known(self) -> np.ndarray:
        """Which architectures have a finite score that is no sentinel, bool (architectures,)."""
        return np.isfinite(self.values) & ~np.isin(self.values, self.sentinels)

    @cached_property
    def ranked(self) -> np.ndarray:
        """To rank by, float64 (architectures,): what is not known ranks last, in one tie."""
        return rankable(np.where(self.known, self.values, np.nan))

    @cached_property
    def turned(self) -> np.ndarray:
        """As :attr:`ranked` with the order of what is known turned round; what is not still ranks last."""
        return rankable(np.where(self.known, -self.values, np.nan))

    @property
    def constant(self) -> bool:
        """Whether all architectures rank alike."""
        return bool(self.ranked.min() == self.ranked.max())

    @property
    def tied(self) -> float:
        """The share of architectures whose score another one has as well."""
        _, counts = np.unique(self.ranked, return_counts=True)
        return float(counts[counts > 1].sum() / len(self.ranked))

    @property
    def published(self) -> np.ndarray:
        """The raw scores as NAS-Bench-Suite-Zero takes them, each failure as -1e8."""
        return np.where(np.isfinite(self.values), self.values, FAILED)


def find_sentinels(values: np.ndarray) -> tuple[float, ...]:
    """Values that stand for a failure rather than for a measurement.

    A lowest or highest value that has one significant digit, is 1,000 or more in size and
    lies further from all others than these lie from one another, as -1e8 among scores of
    some hundred. Both ends are looked at until neither is one.

    Args:
        values: float64 (architectures,); what is not finite is not looked at.
    """
    levels = np.unique(values[np.isfinite(values)])
    found: list[float] = []
    while len(levels) > 2:
        ends = ((levels[0], levels[1:]), (levels[-1], levels[:-1]))
        sentinel = next((end for end, rest in ends if _stands_apart(end, rest)), None)
        if sentinel is None:
            break
        found.append(float(sentinel))
        levels = levels[levels != sentinel]
    return tuple(sorted(found))


def _stands_apart(value: float, others: np.ndarray) -> bool:
    size = abs(value)
    if size < _ROUND:
        return False
    digit = size / 10.0 ** math.floor(math.log10(size))
    distance = np.abs(others - value).min()
    return abs(digit - round(digit)) < 1e-9 and bool(distance > others[-1] - others[0])


def score_all(
    table: Table, names: Sequence[str], formulas: Mapping[str, Formula], everything: bool
) -> list[Scores]:
    """What is to be audited, scored on a table.

    Args:
        table: The architectures.
        names: Columns, known proxies or formula texts.
        formulas: Further ones, by the name to show.
        everything: Also all known proxies and columns that the table allows.

    Raises:
        ConfigError: a name that is none of these.
        FormulaError: a text that is no formula, or needs a statistic that the table lacks.
    """
    symbols = FULL.with_statistics(table.statistics)
    known = proxies(symbols)
    chosen = dict(formulas)
    for name in names:
        chosen.setdefault(name, _resolve(name, table, symbols, known))
    if everything:
        taken = set(chosen.values())
        chosen |= {name: f for name, f in known.items() if f not in taken and name not in chosen}
    if not chosen:
        raise ConfigError("nothing to audit: the table allows no known proxy; name a formula with --proxy")
    values = Evaluator(table).scores(list(chosen.values()))
    return [Scores(name, f, row) for (name, f), row in zip(chosen.items(), values, strict=True)]


def _resolve(name: str, table: Table, symbols: SymbolSet, known: Mapping[str, Formula]) -> Formula:
    column = next((s for s in table.statistics if s.type == NETWORK and name in (s.name, s.key)), None)
    if column is not None:
        return statistic(column)
    if name in known:
        return known[name]
    if name.replace("_", "").isalnum() and not name[0].isdigit():
        try:
            return parse(find_proxy(name).text, symbols)
        except ConfigError:
            offered = ", ".join(known)
            raise ConfigError(
                f"no column, known proxy or formula is called {name[:40]!r}; the table offers {offered}"
            ) from None
    return parse(name, symbols)
