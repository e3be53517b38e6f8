"""What a search aims at: one number a formula, over one task or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evozc.engine._outcomes import Outcome, Outcomes
from evozc.engine._over_tasks import OVER_TASKS
from evozc.engine._scorer import Scorer
from evozc.formula import Formula
from evozc.table import Task


class Objective:
    """Scores formulas on the labelled samples of tasks; of several their taus become one number.

    Args:
        tasks: Of each, what is labelled and nothing else is ever looked at.
        jobs: Threads; the outcomes are the same for any number.
        over: How the taus of several tasks become one number, of :data:`OVER_TASKS`.

    Attributes:
        tasks: What was given.
        over: That number, of taus float64 (tasks, formulas).
        before: Seconds of :attr:`seconds` that were spent before, by a search that goes on.

    Raises:
        DataError: as :class:`Scorer`.
    """

    def __init__(self, tasks: Sequence[Task], jobs: int = 1, over: str = "mean") -> None:
        self.tasks = tuple(tasks)
        self.over = OVER_TASKS[over].value
        self.before: Mapping[str, float] = {}
        self._scorers = [Scorer(task.labelled, task.labelled_target, jobs) for task in self.tasks]

    @property
    def seconds(self) -> dict[str, float]:
        """As :attr:`Scorer.seconds`, over all tasks."""
        names = self._scorers[0].seconds
        return {n: self.before.get(n, 0.0) + sum(s.seconds[n] for s in self._scorers) for n in names}

    def score(self, formulas: Sequence[Formula]) -> Outcomes:
        """One outcome for each formula, in order; invalid on one task is invalid.

        Raises:
            FormulaError: a formula uses a statistic that a task's table lacks.
        """
        by_task = [scorer.score(formulas) for scorer in self._scorers]
        if len(by_task) == 1:
            return by_task[0]
        return Outcomes.of(self._together(outcomes) for outcomes in zip(*by_task, strict=True))

    def _together(self, outcomes: Sequence[Outcome]) -> Outcome:
        taus = [outcome.tau for outcome in outcomes if outcome.tau is not None]
        if len(taus) < len(outcomes):
            return next(outcome for outcome in outcomes if outcome.tau is None)
        tau = float(self.over(np.array(taus)[:, None])[0])
        return Outcome(tau, " ".join(outcome.ranking for outcome in outcomes))
