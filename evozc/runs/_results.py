"""What came out of a search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evozc.baselines import proxies
from evozc.engine import Objective
from evozc.evaluation import Row, TasksRow, compare_over
from evozc.evolution import Robustness, Search, with_ensembles
from evozc.formula import addends, to_latex
from evozc.runs._claim import Claim, claim
from evozc.table import Task


@dataclass(frozen=True)
class Judged:
    """A formula and how it ranks; what is undefined is None.

    Args:
        formula: Its text.
        latex: The same as LaTeX.
        size: Symbols in it.
        labelled_tau: Kendall tau on the labelled sample.
        held_out_tau: Kendall tau on the held-out architectures.
        low: Lower end of its 95 % interval.
        high: Upper end.
        not_finite: Held-out architectures without a finite score.
    """

    formula: str
    latex: str
    size: int
    labelled_tau: float | None
    held_out_tau: float | None
    low: float | None
    high: float | None
    not_finite: int


@dataclass(frozen=True)
class Chosen(Judged):
    """The formula that the labelled sample alone chose.

    Args:
        terms: What it is the sum of; itself if of nothing.
        disturbed: Its tau on the labelled sample where statistics are disturbed, by how: see
            :data:`~evozc.evolution.DISTURBANCES`.
    """

    terms: tuple[str, ...]
    disturbed: Mapping[str, float | None]


@dataclass(frozen=True)
class Baseline(Judged):
    """A known proxy.

    Args:
        name: As tables show it.
    """

    name: str


@dataclass(frozen=True)
class TaskTau:
    """Kendall tau of a formula on one of several tasks; what is undefined is None.

    Args:
        labelled_tau: On its labelled sample.
        held_out_tau: On its held-out architectures.
        low: Lower end of the 95 % interval of that.
        high: Upper end.
    """

    labelled_tau: float | None
    held_out_tau: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class TaskResults:
    """One of several tasks.

    Args:
        table: As the user named it.
        target: What architectures were ranked by, with a word on the direction where lower is better.
        noise_ceiling: Of the target, if known.
        labelled: Number of labelled architectures.
        held_out: Number of held-out architectures.
        front: Of the formulas of the front, in its order.
        baselines: Of the known proxies, likewise.
    """

    table: str
    target: str
    noise_ceiling: float | None
    labelled: int
    held_out: int
    front: tuple[TaskTau, ...]
    baselines: tuple[TaskTau, ...]


@dataclass(frozen=True)
class SearchResults:
    """What ``results.json`` of a search holds.

    Of a search on several tasks, the numbers of a formula are those that its taus on them become, the
    architectures are those of all tasks, and tables and targets are named one after another.

    Args:
        chosen: The result.
        front: The best formula of each size, the shortest first.
        baselines: Known proxies beside it.
        claim: What of it is beyond chance; None of several tasks.
        target: What architectures were ranked by.
        noise_ceiling: Of the target, if known.
        table: As the user named it.
        labelled: Number of labelled architectures.
        held_out: Number of held-out architectures.
        held_out_classes: How many of them are not isomorphic.
        over_tasks: How the taus of several tasks became one number.
        tasks: Each of several tasks by itself; none where there is one.
        seed: Of the search.
        generations: After the first population.
        evaluations: Formulas scored.
        removed: Candidates by the rule that removed them.
        seconds: Of the search.
        scoring_seconds: What the rules and the probe took and saved, and what scoring the rest took.
    """

    chosen: Chosen
    front: tuple[Judged, ...]
    baselines: tuple[Baseline, ...]
    claim: Claim | None
    target: str
    noise_ceiling: float | None
    table: str
    labelled: int
    held_out: int
    held_out_classes: int
    over_tasks: str
    tasks: tuple[TaskResults, ...]
    seed: int
    generations: int
    evaluations: int
    removed: Mapping[str, int]
    seconds: float
    scoring_seconds: Mapping[str, float]

    def front_csv(self) -> str:
        """The Pareto front as comma-separated values."""
        columns = ("size", "labelled_tau", "held_out_tau", "low", "high")
        rows = [",".join([*columns, "formula"])]
        for entry in self.front:
            numbers = (getattr(entry, column) for column in columns)
            formula = entry.formula.replace('"', '""')  # as of names that are no words
            rows.append(",".join([*("" if n is None else str(n) for n in numbers), f'"{formula}"']))
        return "".join(f"{row}\n" for row in rows)


def pruning_seconds(search: Search, objective: Objective) -> dict[str, float]:
    """What pruning has taken and, by what scoring and recording the others took, saved."""
    seconds = objective.seconds
    return {
        "rules": search.pruning,
        "rules_saved": search.spared * (seconds["rest"] + search.recording) / max(1, search.evaluations),
        "probe": seconds["probe"],
        "probe_saved": seconds["saved"],
        "rest": seconds["rest"],
    }


def collect_results(
    search: Search, objective: Objective, tasks: Sequence[Task], seconds: float
) -> SearchResults:
    """The hall of fame and the baselines on the held-out architectures, looked at for the first time.

    Raises:
        DataError: the search found no valid formula.
    """
    scoring = pruning_seconds(search, objective)
    hall = with_ensembles(search, objective)
    over = search.settings.over_tasks
    front = compare_over({str(entry.size): entry.formula for entry in hall}, tasks, over)
    baselines = compare_over(proxies(search.symbols), tasks, over)
    chosen = front[-1]
    disturbed = Robustness(objective.tasks, over).taus([chosen.formula]).items()
    return SearchResults(
        chosen=Chosen(
            **_figures(chosen),
            terms=tuple(term.text for term in addends(chosen.formula)),
            disturbed={how: None if np.isnan(tau[0]) else float(tau[0]) for how, tau in disturbed},
        ),
        front=tuple(Judged(**_figures(row)) for row in front),
        baselines=tuple(judged(row) for row in baselines),
        claim=_claim(tasks, front, baselines),
        target=_listed(task.held_out_target.title for task in tasks),
        noise_ceiling=tasks[0].held_out_target.noise_ceiling if len(tasks) == 1 else None,
        table=_listed(task.name for task in tasks),
        labelled=sum(len(task.labelled) for task in tasks),
        held_out=sum(len(task.held_out) for task in tasks),
        held_out_classes=len({key for task in tasks for key in task.held_out.keys}),
        over_tasks=over,
        tasks=tuple(_by_task(tasks, front, baselines)),
        seed=search.settings.seed,
        generations=search.generation - 1,
        evaluations=search.evaluations,
        removed=dict(search.removed),
        seconds=round(seconds, 3),
        scoring_seconds={name: round(value, 3) for name, value in scoring.items()},
    )


def _claim(
    tasks: Sequence[Task], front: Sequence[TasksRow], baselines: Sequence[TasksRow]
) -> Claim | None:
    if len(tasks) > 1:
        return None
    return claim(
        [row.by_task[0] for row in front], [row.by_task[0] for row in baselines], tasks[0].held_out.keys
    )


def _by_task(
    tasks: Sequence[Task], front: Sequence[TasksRow], baselines: Sequence[TasksRow]
) -> Iterator[TaskResults]:
    for place, task in enumerate(tasks if len(tasks) > 1 else ()):
        yield TaskResults(
            table=task.name,
            target=task.target,
            noise_ceiling=task.held_out_target.noise_ceiling,
            labelled=len(task.labelled),
            held_out=len(task.held_out),
            front=tuple(TaskTau(**_numbers(row.by_task[place])) for row in front),
            baselines=tuple(TaskTau(**_numbers(row.by_task[place])) for row in baselines),
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def judged(row: Row) -> Baseline:
    """A row of a comparison under its name."""
    return Baseline(**_figures(row), name=row.name)


def _figures(row: Row) -> dict[str, Any]:
    return {
        "formula": row.formula.text,
        "latex": to_latex(row.formula),
        "size": row.formula.size,
        **_numbers(row),
        "not_finite": row.dropped,
    }


def _numbers(row: Row) -> dict[str, float | None]:
    numbers = {
        "labelled_tau": row.labelled_tau,
        "held_out_tau": row.estimate.tau,
        "low": row.estimate.low,
        "high": row.estimate.high,
    }
    return {name: None if value != value else value for name, value in numbers.items()}
