"""Several formulas in one: a sum of the logarithms of their ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from evozc.engine import Evaluator, KendallTau, Scorer
from evozc.errors import DataError
from evozc.formula import Formula, constant, simplify
from evozc.search._hall_of_fame import Entry, HallOfFame
from evozc.search._search import Search
from evozc.table import Table, Target
from primitives import ADD, LOGRANK, MUL, NEG, log_rank


def with_ensembles(search: Search, train: Table, target: Target) -> HallOfFame:
    """The hall of fame of a search together with sums of its finalists; the best is its result.

    Args:
        search: That has ended.
        train: The labelled sample.
        target: What it is ranked by.

    Raises:
        DataError: no finalist tells the labelled architectures apart.
    """
    hall = HallOfFame()
    for entry in search.hall_of_fame:
        hall.offer(entry)
    sums = ensembles(search.finalists, train, target, search.settings.terms)
    for formula, outcome in zip(sums, Scorer(train, target).score(sums), strict=True):
        if outcome.tau is not None:
            hall.offer(Entry(formula, outcome.tau, outcome.ranking))
    return hall


def ensembles(formulas: Sequence[Formula], train: Table, target: Target, terms: int) -> list[Formula]:
    """The best formula, then a sum of two ``logrank`` terms, of three, and so on.

    Each term is the formula, or the negative of one, whose log-rank raises Kendall's tau of
    the sum most (forward selection with replacement: Caruana et al., ICML 2004; the sum of
    log-ranks: AZ-NAS, arXiv 2403.19232, section 3.4). What was evolved apart errs apart, so
    that the sum holds on other architectures better than any of its terms.

    Args:
        formulas: To draw from; those that are constant on the sample are left out.
        train: The labelled sample.
        target: What it is ranked by.
        terms: How many at most; a term may be taken again and then weighs more.

    Returns:
        Formulas of 1, 2, ... terms; one may be worse on the sample than the one before.

    Raises:
        DataError: no formula tells the labelled architectures apart.
    """
    scores = Evaluator(train).scores(formulas)
    ranks = np.array([log_rank(row) for row in [*scores, *-scores]])
    kendall = KendallTau(target.merit)
    total = np.zeros(len(train))
    chosen: list[Formula] = []
    found: list[Formula] = []
    for _ in range(terms):
        taus = kendall.taus(total + ranks)
        if np.isnan(taus).all():
            raise DataError("no formula tells the labelled architectures apart")
        best = int(np.nanargmax(taus))
        turned, place = divmod(best, len(formulas))
        term = formulas[place]
        chosen.append(simplify(Formula(NEG, (term,))) if turned else term)
        total = total + ranks[best]
        found.append(_sum(chosen))
    return found


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
