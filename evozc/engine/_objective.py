"""What a search aims at: one number a formula, over one task or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from evozc.engine._scorer import Outcome, Scorer
from evozc.formula import Formula
from evozc.table import Task


class Objective:
    """Scores formulas on the labelled samples of tasks; of several the mean tau counts.

    Args:
        tasks: Of each, what is labelled and nothing else is ever looked at.
        jobs: Threads; the outcomes are the same for any number.

    Attributes:
        tasks: What was given.
        before: Seconds of :attr:`seconds` that were spent before, by a search that goes on.

    Raises:
        DataError: as :class:`Scorer`.
    """

    def __init__(self, tasks: Sequence[Task], jobs: int = 1) -> None:
        self.tasks = tuple(tasks)
        self.before: Mapping[str, float] = {}
        self._scorers = [Scorer(task.labelled, task.labelled_target, jobs) for task in self.tasks]

    @property
    def seconds(self) -> dict[str, float]:
        """As :attr:`Scorer.seconds`, over all tasks."""
        names = self._scorers[0].seconds
        return {n: self.before.get(n, 0.0) + sum(s.seconds[n] for s in self._scorers) for n in names}

    def score(self, formulas: Sequence[Formula]) -> list[Outcome]:
        """One outcome for each formula, in order; invalid on one task is invalid.

        Raises:
            FormulaError: a formula uses a statistic that a task's table lacks.
        """
        by_task = [scorer.score(formulas) for scorer in self._scorers]
        if len(by_task) == 1:
            return by_task[0]
        return [_together(outcomes) for outcomes in zip(*by_task, strict=True)]


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    taus = [outcome.tau for outcome in outcomes if outcome.tau is not None]
    if len(taus) < len(outcomes):
        return next(outcome for outcome in outcomes if outcome.tau is None)
    return Outcome(fmean(taus), " ".join(outcome.ranking for outcome in outcomes))
