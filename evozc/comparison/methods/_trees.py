"""Extremely randomised trees, the trivial learner."""

from __future__ import annotations

import time
from collections.abc import Sequence

from evozc.baselines import Trees
from evozc.comparison.methods._method import Conditions
from evozc.comparison.methods._ranking import Ranking, listed
from evozc.table import Table, Task


class _Trees:
    """On every proxy and every reduction of every statistic."""

    name = "trees"
    needs_labels = True
    standard = True
    order = 20.0
    colour = "#3a8f4d"

    def cost(self, labels: int) -> float:
        del labels
        return 1.0

    def check(self, table: Table) -> None:
        """Any table will do."""

    def run(self, task: Task, conditions: Conditions) -> Sequence[Ranking]:
        start = time.process_time()
        trees = Trees(task.labelled, task.labelled_target, conditions.seed)
        fitted = time.process_time()
        scores = trees.predict(task.held_out)
        seconds = (time.process_time() - fitted) / len(scores)
        return [Ranking(self.name, listed(scores), fitted - start, seconds, trees.parameters, "parameters")]


TREES = _Trees()
