"""Several formulas in one: a sum of the logarithms of their ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from evozc.engine import OVER_TASKS, Evaluator, KendallTau, Objective
from evozc.errors import DataError
from evozc.evolution._hall_of_fame import Entry, HallOfFame
from evozc.evolution._robustness import Robustness
from evozc.evolution._search import Search
from evozc.formula import Formula, constant, simplify
from evozc.table import Task
from primitives import ADD, LOGRANK, MUL, NEG, log_rank


def with_ensembles(search: Search, objective: Objective) -> HallOfFame:
    """The hall of fame of a search together with sums of its finalists; the best is its result.

    What is :meth:`~evozc.evolution.Robustness.fragile` has no part in it, as long as anything is left.

    Args:
        search: That has ended.
        objective: What it aimed at.

    Raises:
        DataError: no valid formula was found.
    """
    if search.hall_of_fame.best is None:
        raise DataError("the search found no valid formula; give it more generations")
    robustness, finalists = Robustness(objective.tasks, search.settings.over_tasks), search.finalists
    fragile = robustness.fragile(finalists)
    check = not fragile.all()  # else there would be nothing left
    sound = [formula for formula, out in zip(finalists, check & fragile, strict=True) if not out]
    sums = ensembles(sound, objective.tasks, search.settings.terms, search.settings.over_tasks)
    fragile = check & robustness.fragile(sums)
    sound += [formula for formula, out in zip(sums, fragile, strict=True) if not out]
    hall = HallOfFame()
    for formula, outcome in zip(sound, objective.score(sound), strict=True):
        if outcome.tau is not None:
            hall.offer(Entry(formula, outcome.tau, outcome.ranking))
    return hall


def ensembles(
    formulas: Sequence[Formula], tasks: Sequence[Task], terms: int, over: str = "mean"
) -> list[Formula]:
    """The best formula, then a sum of two ``logrank`` terms, of three, and so on.

    Each term is the formula, or the negative of one, whose log-rank raises Kendall's tau of
    the sum most, of several tasks what its taus become (forward selection with replacement: Caruana et al.,
    ICML 2004; the sum of log-ranks: AZ-NAS, arXiv 2403.19232, section 3.4). What was evolved apart
    errs apart, so that the sum holds on other architectures better than any of its terms.

    Args:
        formulas: To draw from; those that are constant on the sample are left out.
        tasks: Their labelled samples alone are looked at.
        terms: How many at most; a term may be taken again and then weighs more.
        over: How the taus of several tasks become one number, of :data:`~evozc.engine.OVER_TASKS`.

    Returns:
        Formulas of 1, 2, ... terms; one may be worse on the sample than the one before.

    Raises:
        DataError: no formula tells the labelled architectures apart.
    """
    samples = [_Sample(formulas, task) for task in tasks]
    chosen: list[Formula] = []
    found: list[Formula] = []
    for _ in range(terms):
        taus = OVER_TASKS[over].value(np.array([sample.taus() for sample in samples]))
        if np.isnan(taus).all():
            raise DataError("no formula tells the labelled architectures apart")
        best = int(np.nanargmax(taus))
        turned, place = divmod(best, len(formulas))
        term = formulas[place]
        chosen.append(simplify(Formula(NEG, (term,))) if turned else term)
        for sample in samples:
            sample.add(best)
        found.append(_sum(chosen))
    return found


class _Sample:
    """A labelled sample, and the sum of the log-ranks that have been taken on it.

    Ranks are those of every formula, then those of its negative.
    """

    def __init__(self, formulas: Sequence[Formula], task: Task) -> None:
        scores = Evaluator(task.labelled).scores(formulas)
        self._ranks = np.array([log_rank(row) for row in [*scores, *-scores]])
        self._kendall = KendallTau(task.labelled_target.merit)
        self._total = np.zeros(len(task.labelled))

    def taus(self) -> np.ndarray:
        """Tau of the sum with each further term; NaN where it is constant."""
        return self._kendall.taus(self._total + self._ranks)

    def add(self, term: int) -> None:
        """Take one of the terms."""
        self._total = self._total + self._ranks[term]


def _sum(terms: Sequence[Formula]) -> Formula:
    """One term as it is; several as a balanced sum of their log-ranks, so that it is not deep."""
    if len(terms) == 1:
        return terms[0]
    parts = [_weighted(*pair) for pair in Counter(terms).items()]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [Formula(ADD, pair) for pair in pairs] + parts[len(parts) & ~1 :]
    return simplify(parts[0])


def _weighted(term: Formula, weight: int) -> Formula:
    ranked = Formula(LOGRANK, (term,))
    return ranked if weight == 1 else Formula(MUL, (constant(weight), ranked))
