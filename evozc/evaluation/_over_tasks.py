"""Formulas on several tasks at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evozc.engine import OVER_TASKS
from evozc.evaluation._compare import Row, compare
from evozc.evaluation._interval import Estimate, interval_of, standard_error
from evozc.formula import Formula
from evozc.table import Task


@dataclass(frozen=True)
class TasksRow(Row):
    """A formula on several tasks: its numbers are those that their taus become.

    Args:
        by_task: Its rows on each of the tasks.
    """

    by_task: tuple[Row, ...]


def compare_over(
    formulas: Mapping[str, Formula], tasks: Sequence[Task], over: str = "mean"
) -> list[TasksRow]:
    """Every formula on the labelled and on the held-out architectures of tasks.

    Args:
        formulas: By the name to show.
        tasks: With the targets of both.
        over: How taus become one number, of :data:`~evozc.engine.OVER_TASKS`.

    Returns:
        One row a formula, in the given order.

    Raises:
        FormulaError: a formula needs a statistic that a task's table lacks.
    """
    keys = held_out_keys(tasks)
    by_task = zip(*(compare(formulas, task) for task in tasks), strict=True)
    return [_row(rows, keys, over) for rows in by_task]


def held_out_keys(tasks: Sequence[Task]) -> tuple[str, ...]:
    """The canonical keys of the held-out architectures of one task after another."""
    return tuple(key for task in tasks for key in task.held_out.keys)


def _row(rows: Sequence[Row], keys: Sequence[str], over: str) -> TasksRow:
    labelled = np.array([[row.labelled_tau] for row in rows])
    return TasksRow(
        name=rows[0].name,
        formula=rows[0].formula,
        estimate=together([row.estimate for row in rows], keys, over),
        labelled_tau=float(OVER_TASKS[over].value(labelled)[0]),
        dropped=sum(row.dropped for row in rows),
        by_task=tuple(rows),
    )


def together(estimates: Sequence[Estimate], keys: Sequence[str], over: str = "mean") -> Estimate:
    """What the taus of several tasks become, with its 95 % interval over the architectures.

    The number is a smooth function of the taus, so that its influences are theirs, each times the
    slope; architectures of one key count as one observation across tasks, as those of one table do
    that are ranked by several targets.

    Args:
        estimates: One a task.
        keys: Canonical keys of the architectures of one task after another.
        over: Of :data:`~evozc.engine.OVER_TASKS`.
    """
    if len(estimates) == 1:
        return estimates[0]
    taus = np.array([one.tau for one in estimates])
    tau = float(OVER_TASKS[over].value(taus[:, None])[0])
    if np.isnan(tau):
        return Estimate(tau, tau, tau, np.zeros(len(keys)))
    shares = OVER_TASKS[over].shares(taus)
    influence = np.concatenate([s * one.influence for s, one in zip(shares, estimates, strict=True)])
    return Estimate(tau, *interval_of(tau, standard_error(influence, keys)), influence)
