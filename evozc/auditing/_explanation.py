"""What the parts of a formula contribute, where it errs, and what it says of two architectures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from evozc.auditing._measured import Measured, of_difference, of_influence
from evozc.engine import Evaluator, rankable
from evozc.errors import DataError
from evozc.evaluation import Estimate, estimate
from evozc.formula import Formula, addends, call
from evozc.table import Table
from primitives import FULL

#: Terms whose coalitions are all looked at.
MOST_TERMS = 6
#: Symbols that are looked at one by one.
_MOST_SYMBOLS = 40
_ERRORS = 5


@dataclass(frozen=True)
class Part:
    """A part of a formula and what goes with it.

    Args:
        text: Of the term, statistic or operator's subformula.
        kind: ``term``; ``statistic``, without which all its values are their median; or
            ``operator``, in whose place its better argument stands.
        without: Tau of the formula without it.
        change: Tau without it less tau with it: below 0 for what helps.
        shapley: Of a term, its mean gain over all orders in which terms may join (Shapley, 1953).
    """

    text: str
    kind: str
    without: Measured
    change: Measured
    shapley: Measured | None = None


@dataclass(frozen=True)
class Error:
    """An architecture that a formula places far from where it belongs.

    Args:
        architecture: Its text.
        rank: By score, 1 is the best; the mean of those it ties with.
        true_rank: By the target.
    """

    architecture: str
    rank: float
    true_rank: float


@dataclass(frozen=True)
class Explanation:
    """A formula taken apart.

    Args:
        parts: Terms, statistics, operators.
        overrated: Architectures ranked too well, the worst first.
        underrated: Those ranked too badly.
    """

    parts: tuple[Part, ...]
    overrated: tuple[Error, ...]
    underrated: tuple[Error, ...]


def explain(
    formula: Formula, table: Table, ranked: np.ndarray, merit: np.ndarray, clusters: np.ndarray
) -> Explanation:
    """Take a formula apart on a table.

    Args:
        formula: What to explain.
        table: Of the architectures.
        ranked: float64 (architectures,), the formula's scores to rank by.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """
    whole = estimate(ranked, merit, clusters)
    parts: list[Part] = []
    if not math.isnan(whole.tau) and formula.arguments:
        parts = [*_terms(formula, table, whole, merit, clusters),
                 *_statistics(formula, table, whole, merit, clusters),
                 *_operators(formula, table, whole, merit, clusters)]
    rank, true_rank = rankdata(-ranked), rankdata(-merit)
    order = np.argsort(rank - true_rank, kind="stable")

    def errors(places: np.ndarray, sign: int) -> tuple[Error, ...]:
        return tuple(
            Error(table.architectures[i], float(rank[i]), float(true_rank[i]))
            for i in places[:_ERRORS] if sign * (rank[i] - true_rank[i]) > 0
        )

    return Explanation(tuple(parts), errors(order, -1), errors(order[::-1], 1))


@dataclass(frozen=True)
class Opinion:
    """What a formula, or a term of it, says of two architectures.

    Args:
        text: Of the formula or term.
        scores: Of the two.
        beaten: The share of all architectures of the table that each beats.
    """

    text: str
    scores: tuple[float | None, float | None]
    beaten: tuple[float, float]


def compare_two(
    formula: Formula, table: Table, merit: np.ndarray, first: str, second: str
) -> tuple[Opinion, ...]:
    """What a formula and each of its terms say of two architectures, and last what the target says.

    Raises:
        DataError: the table lacks one of them.
    """
    places = []
    for architecture in (first, second):
        if architecture not in table.architectures:
            raise DataError(f"the table holds no architecture {architecture[:120]!r}")
        places.append(table.architectures.index(architecture))
    terms = addends(formula)
    asked = {formula.text: formula, **{term.text: term for term in terms if len(terms) > 1}}
    rows = dict(zip(asked, Evaluator(table).scores(list(asked.values())), strict=True))
    rows["target"] = merit
    found = []
    for text, row in rows.items():
        ranks = rankdata(rankable(row))
        pair = [float(row[i]) if math.isfinite(row[i]) else None for i in places]
        beaten = [float((ranks[i] - 1) / max(1, len(ranks) - 1)) for i in places]
        found.append(Opinion(text, (pair[0], pair[1]), (beaten[0], beaten[1])))
    return tuple(found)


def _terms(
    formula: Formula, table: Table, whole: Estimate, merit: np.ndarray, clusters: np.ndarray
) -> list[Part]:
    terms = addends(formula)
    if len(terms) < 2:
        return []
    everyone = frozenset(range(len(terms)))
    drops = {i: everyone - {i} for i in everyone}
    estimates = _estimates(_sums(drops.values(), terms), table, merit, clusters)
    effect = {i: abs(estimates[kept].tau - whole.tau) for i, kept in drops.items()}
    players = sorted(sorted(everyone, key=lambda i: -np.nan_to_num(effect[i], nan=2.0))[:MOST_TERMS])
    values = _shapley(terms, players, table, merit, clusters)
    return [
        Part(
            terms[i].text, "term", of_influence(estimates[kept].tau, estimates[kept].influence, clusters),
            _change(estimates[kept], whole, clusters), values.get(i),
        )
        for i, kept in drops.items()
    ]


def _shapley(
    terms: Sequence[Formula], players: Sequence[int], table: Table, merit: np.ndarray, clusters: np.ndarray
) -> dict[int, Measured]:
    """Shapley values of some terms, the others always present; tau of no term at all is 0."""
    rest = frozenset(range(len(terms))) - set(players)
    coalitions = {
        frozenset(chosen): rest | set(chosen)
        for size in range(len(players) + 1) for chosen in itertools.combinations(players, size)
    }
    estimates = _estimates(_sums([c for c in coalitions.values() if c], terms), table, merit, clusters)
    nothing = Estimate(0.0, 0.0, 0.0, np.zeros(len(merit)))
    worth = {
        chosen: nothing if not all_of or math.isnan(estimates[all_of].tau) else estimates[all_of]
        for chosen, all_of in coalitions.items()
    }
    found = {}
    count = len(players)
    for player in players:
        value, influence = 0.0, np.zeros(len(merit))
        for chosen in coalitions:
            if player in chosen:
                continue
            weight = 1 / (count * math.comb(count - 1, len(chosen)))
            joined, before = worth[chosen | {player}], worth[chosen]
            value += weight * (joined.tau - before.tau)
            influence += weight * (joined.influence - before.influence)
        found[player] = of_difference(value, influence, clusters)
    return found


def _sums(kept: Iterable[frozenset[int]], terms: Sequence[Formula]) -> dict[frozenset[int], Formula]:
    """By the terms kept, their sum; made from left to right, as it was written."""
    add = FULL.operators["add"]
    found: dict[frozenset[int], Formula] = {}
    for places in kept:
        first, *others = sorted(places)
        total = terms[first]
        for place in others:
            total = call(add, total, terms[place])
        found[frozenset(places)] = total
    return found


def _estimates(
    formulas: Mapping[frozenset[int], Formula], table: Table, merit: np.ndarray, clusters: np.ndarray
) -> dict[frozenset[int], Estimate]:
    rows: Iterable[np.ndarray] = Evaluator(table).scores(list(formulas.values())) if formulas else []
    return {
        kept: estimate(row, merit, clusters) for kept, row in zip(formulas, rows, strict=True)
    }


def _statistics(
    formula: Formula, table: Table, whole: Estimate, merit: np.ndarray, clusters: np.ndarray
) -> list[Part]:
    found = []
    for statistic in formula.statistics():
        values = table.values[statistic.key]
        median = np.nanmedian(values) if np.isfinite(values).any() else 0.0
        flat = np.where(np.isfinite(values), median, values)
        row = Evaluator(replace(table, values={**table.values, statistic.key: flat})).scores([formula])[0]
        left = estimate(row, merit, clusters)
        found.append(Part(
            statistic.key, "statistic", of_influence(left.tau, left.influence, clusters),
            _change(left, whole, clusters),
        ))
    return found


def _operators(
    formula: Formula, table: Table, whole: Estimate, merit: np.ndarray, clusters: np.ndarray
) -> list[Part]:
    """Every distinct operation in whose place one of its arguments can stand."""
    tops = {id(node) for node in _spine(formula)}
    nodes = {n.text: n for n in formula.walk() if n.operator is not None and id(n) not in tops}
    options = [
        (node, argument) for node in list(nodes.values())[:_MOST_SYMBOLS]
        for argument in node.arguments if argument.type == node.type and argument.has_statistics
    ]
    options = [(node, argument) for node, argument in options if node is not argument]
    if not options:
        return []
    rows = Evaluator(table).scores([_swapped(formula, node.text, argument) for node, argument in options])
    best: dict[str, Estimate] = {}
    for (node, _), row in zip(options, rows, strict=True):
        left = estimate(row, merit, clusters)
        if node.text not in best or not left.tau <= best[node.text].tau:  # anything rather than NaN
            best[node.text] = left
    return [
        Part(
            text, "operator", of_influence(left.tau, left.influence, clusters), _change(left, whole, clusters)
        )
        for text, left in best.items()
    ]


def _spine(formula: Formula) -> list[Formula]:
    """The additions at the top, whose parts are the terms."""
    stack, found = [formula], []
    while stack:
        node = stack.pop()
        if node.operator is not None and node.operator.name == "add":
            found.append(node)
            stack.extend(node.arguments)
    return found


def _swapped(formula: Formula, text: str, by: Formula) -> Formula:
    """The formula with every subformula of that text replaced."""
    if formula.text == text:
        return by
    if formula.operator is None:
        return formula
    return call(formula.operator, *(_swapped(argument, text, by) for argument in formula.arguments))


def _change(left: Estimate, whole: Estimate, clusters: np.ndarray) -> Measured:
    return of_difference(left.tau - whole.tau, left.influence - whole.influence, clusters)
