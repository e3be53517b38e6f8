"""From the formulas of all searches to the matrix: held-out targets are read here alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evozc.baselines import proxies
from evozc.engine import Evaluator
from evozc.evaluation import Estimate, estimate, held_out_keys, interval_of, standard_error
from evozc.evolution import symbols_of, uncommon
from evozc.formula import Formula, parse
from evozc.table import Task
from evozc.transfer._results import Found, JudgedTask, Kind, Tau, TransferResults, TransferRow, names_of
from evozc.transfer._settings import TransferSettings


def matrix(
    by_seed: Sequence[Sequence[Task]], spaces: Sequence[int], found: Sequence[Found],
    settings: TransferSettings, versions: Mapping[str, str],
) -> TransferResults:
    """Judge what was found, and known proxies, on the held-out architectures of every task.

    Args:
        by_seed: The tasks of every seed.
        spaces: The number of each task's space.
        found: What all searches gave.
        settings: Of the study.
        versions: For the results.
    """
    tasks = by_seed[0]
    numbers = range(len(tasks))
    symbols = symbols_of(tasks, settings.search(0))
    known = proxies(symbols)
    formulas = {text: parse(text, symbols) for text in dict.fromkeys(f.formula for f in found)}
    formulas |= {formula.text: formula for formula in known.values()}
    judged = [[_judge(formulas, seeded[n]) for seeded in by_seed] for n in numbers]
    keys = [held_out_keys([seeded[n] for seeded in by_seed]) for n in numbers]
    text = {(one.tasks, one.seed): one.formula for one in found}
    seeds = range(len(by_seed))

    def tau(task: int, chosen: Iterable[str]) -> Tau:
        """Of one formula a seed."""
        return _tau([judged[task][seed][one] for seed, one in enumerate(chosen)], keys[task])

    def on(sources: tuple[int, ...], task: int) -> Tau | None:
        if not sources:
            return None
        return tau(task, [text[sources, seed] for seed in seeds])

    def others(task: int) -> tuple[int, ...]:
        return tuple(n for n in numbers if spaces[n] != spaces[task])

    rows = [
        _row("all but its space", "left out", [on(others(task), task) for task in numbers]),
        _row("itself, with labels", "labelled", [on((task,), task) for task in numbers]),
    ]
    rows += [
        _row(name, "task", [on((n,), task) if spaces[task] != spaces[n] else None for task in numbers])
        for n, name in enumerate(names_of([(task.name, task.target) for task in tasks]))
    ]
    last = [
        _row(name, "proxy", [tau(task, [formula.text for _ in seeds]) for task in numbers])
        for name, formula in known.items()
    ]
    last.sort(key=lambda row: -(row.mean if row.mean is not None else -math.inf))
    return TransferResults(
        tasks=tuple(
            JudgedTask(task.name, task.target, len(task.labelled),
                       tuple(len(seeded[n].held_out) for seeded in by_seed), spaces[n])
            for n, task in enumerate(tasks)
        ),
        statistics=tuple(symbols.statistics),
        left_out=tuple(uncommon(tasks)),
        rows=(*rows, *last),
        formulas=tuple(found),
        versions=versions,
    )


def _judge(formulas: Mapping[str, Formula], task: Task) -> dict[str, Estimate]:
    merit = task.held_out_target.merit
    scores = Evaluator(task.held_out).scores(list(formulas.values()))
    return {
        name: estimate(row, merit, task.held_out.keys) for name, row in zip(formulas, scores, strict=True)
    }


def _tau(estimates: Sequence[Estimate], keys: Sequence[str]) -> Tau:
    """The mean over seeds; its error is that of the architectures and that of the seeds."""
    values = np.array([one.tau for one in estimates])
    if np.isnan(values).any():
        return Tau(None, None, None, tuple(_known(value) for value in values))
    mean = float(values.mean())
    architectures = standard_error(np.concatenate([e.influence for e in estimates]) / len(values), keys)
    seeds = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    low, high = interval_of(mean, math.hypot(architectures, seeds))
    return Tau(mean, low, high, tuple(map(float, values)))


def _row(name: str, kind: Kind, taus: Sequence[Tau | None]) -> TransferRow:
    means = [tau.mean for tau in taus if tau is not None]
    known = [mean for mean in means if mean is not None]
    whole = bool(known) and len(known) == len(means)
    return TransferRow(
        name, kind, tuple(taus), float(np.mean(known)) if whole else None, min(known) if whole else None
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
