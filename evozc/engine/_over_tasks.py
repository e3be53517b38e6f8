"""How the taus of several tasks become one number, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OverTasks:
    """One number of several tasks' taus; of one task it is that task's.

    Args:
        value: float64 (tasks, formulas) -> (formulas,); NaN where one of the taus is.
        shares: float64 (tasks,) -> (tasks,): how much the number grows with each task's tau, for intervals.
    """

    value: Callable[[np.ndarray], np.ndarray]
    shares: Callable[[np.ndarray], np.ndarray]


def _mean(taus: np.ndarray) -> np.ndarray:
    return taus.mean(axis=0)


def _equal(taus: np.ndarray) -> np.ndarray:
    return np.full(len(taus), 1 / len(taus))


def _worst(taus: np.ndarray) -> np.ndarray:
    return taus.min(axis=0)


def _all_of_the_worst(taus: np.ndarray) -> np.ndarray:
    return np.eye(len(taus))[taus.argmin()]


def _less_deviation(taus: np.ndarray) -> np.ndarray:
    return taus.mean(axis=0) - taus.std(axis=0)


def _less_for_what_is_far_above(taus: np.ndarray) -> np.ndarray:
    deviation = taus.std()
    slope = (taus - taus.mean()) / deviation if deviation > 0 else np.zeros(len(taus))
    return (1 - slope) / len(taus)


#: By the name that ``--over-tasks`` takes.
OVER_TASKS: Mapping[str, OverTasks] = {
    "mean": OverTasks(_mean, _equal),
    "min": OverTasks(_worst, _all_of_the_worst),
    "mean-std": OverTasks(_less_deviation, _less_for_what_is_far_above),
}
