"""Whether a formula ranks as it does where its statistics are a little other than they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from evozc.engine import Evaluator, Objective
from evozc.evaluation import estimate, standard_error
from evozc.formula import Formula
from evozc.table import Table, Task

Disturbance = Callable[[np.ndarray], np.ndarray]


def _rounded(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


#: What is done to every statistic: its digits are halved, or it is told in another unit (bits for nats).
DISTURBANCES: Mapping[str, Disturbance] = MappingProxyType(
    {"float32": _rounded, "another unit": lambda values: values * math.log2(math.e)}
)
#: The part of a standard error by which the tau of a robust formula may move.
_MOST = 0.5


class Robustness:
    """Scores formulas on the labelled samples of tasks, disturbed.

    Args:
        tasks: Of each, what is labelled and nothing else is ever looked at.
        over: How the taus of several tasks become one number.
    """

    def __init__(self, tasks: Sequence[Task], over: str = "mean") -> None:
        self._tasks = tuple(tasks)
        self._whole = Objective(self._tasks, over=over)
        self._disturbed = {
            name: Objective([_disturbed(task, disturb) for task in self._tasks], over=over)
            for name, disturb in DISTURBANCES.items()
        }

    def taus(self, formulas: Sequence[Formula]) -> dict[str, np.ndarray]:
        """Tau by disturbance, float64 (formulas,); NaN where a formula has become invalid."""
        return {name: objective.score(formulas).taus for name, objective in self._disturbed.items()}

    def fragile(self, formulas: Sequence[Formula]) -> np.ndarray:
        """Whether a disturbance moves tau by more than half its standard error: bool (formulas,)."""
        if not formulas:
            return np.zeros(0, bool)
        whole = self._whole.score(formulas).taus
        moved = np.max([np.abs(taus - whole) for taus in self.taus(formulas).values()], axis=0)
        fragile = np.isnan(moved)
        doubtful = np.flatnonzero(moved > 0)
        errors = self._standard_errors([formulas[place] for place in doubtful.tolist()])
        fragile[doubtful] = moved[doubtful] > _MOST * errors
        return fragile

    def _standard_errors(self, formulas: Sequence[Formula]) -> np.ndarray:
        """Of tau, float64 (formulas,); of several tasks, of their mean."""
        squares = np.zeros(len(formulas))
        for task in self._tasks:
            sample, merit = task.labelled, task.labelled_target.merit
            numbers = np.unique(sample.keys, return_inverse=True)[1].astype(np.int64)
            for place, scores in enumerate(Evaluator(sample).scores(formulas)):
                squares[place] += standard_error(estimate(scores, merit, numbers).influence, numbers) ** 2
        return np.sqrt(squares) / len(self._tasks)


def _disturbed(task: Task, disturb: Disturbance) -> Task:
    sample: Table = task.labelled
    values = {key: disturb(column) for key, column in sample.values.items()}
    return Task.whole(replace(sample, values=values), task.target)
