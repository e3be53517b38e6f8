"""The contract of a method of a comparison."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler

import numpy as np

from evozc._records import from_json, to_json
from evozc.benchmarks import open_table
from evozc.comparison.methods import Conditions, Method, Ranking, probe_method
from evozc.errors import EvozcError
from evozc.table import Table, Target, Task
from evozc.testing._contract import ContractError, only, require, untouched

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def check_method(
    method: Method, table: Table | None = None, *, target: str | None = None, labels: int = 20,
    population: int = 20, generations: int = 1, seed: int = 0,
) -> Sequence[Ranking]:
    """Check that a method of a comparison keeps its protocol; it runs three times, on the same split.

    Args:
        method: To check.
        table: That it can be used on; the bundled benchmark, which has all statistics, by default.
        target: What to rank by; may be None if the table holds one target.
        labels: Labelled architectures.
        population: Of each island of a search, for methods that search.
        generations: Of a search.
        seed: Of the split, and of whatever is random in the method.

    Returns:
        What it gave.

    Raises:
        ContractError: it does not; the message says what.
    """
    _check_declarations(method, labels)
    table = open_table("digits") if table is None else table
    task = Task.draw(table, target, labels, seed).blind
    with only(what=f"{method.name}: check, on a table that it can be used on"):
        method.check(table)
    conditions = Conditions(seed, population, generations, {})
    found = _run(method, task, conditions)
    with untouched(method.name):  # not before: what a method imports may draw
        again = _run(_copied(method), task, conditions)
    require(
        _scores(again) == _scores(found),
        f"{method.name}: a copy, as another process has it, gives other scores for the same seed",
    )
    turned = _run(method, _turned(task), conditions)
    if method.needs_labels:
        require(
            _scores(turned) != _scores(found),
            f"{method.name}: needs labels, but gives the same scores when they are turned round",
        )
    else:
        require(_scores(turned) == _scores(found), f"{method.name}: needs no labels, but looks at them")
    return found


def _check_declarations(method: Method, labels: int) -> None:
    name = getattr(method, "name", type(method).__name__)
    try:
        probe_method(str(name), method)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{name}: {error}") from error
    require(math.isfinite(method.order), f"{name}: order must be a finite number, not {method.order}")
    require(
        isinstance(method.colour, str) and _COLOUR.fullmatch(method.colour),
        f"{name}: the colour must be written as #c0392b, not {method.colour!r}",
    )
    for flag in ("needs_labels", "standard"):
        require(isinstance(getattr(method, flag), bool), f"{name}: {flag} must be True or False")
    costs = [method.cost(n) for n in (4, labels, 1000)]
    require(all(math.isfinite(c) and c >= 0 for c in costs), f"{name}: its cost is {costs}, not seconds")


def _run(method: Method, task: Task, conditions: Conditions) -> Sequence[Ranking]:
    with only(what=f"{method.name}: run"):
        found = method.run(task, conditions)
    require(found, f"{method.name}: gives no ranking")
    for ranking in found:
        where = f"{method.name}: a ranking"
        require(isinstance(ranking, Ranking), f"{where} is {type(ranking).__name__}, not Ranking")
        count = len(task.held_out)
        require(
            len(ranking.scores) == count,
            f"{where} has {len(ranking.scores)} scores, but {count} architectures are held out",
        )
        require(
            all(score is None or math.isfinite(score) for score in ranking.scores),
            f"{where} holds scores that are not finite; they are None, as listed() makes them",
        )
        require(any(score is not None for score in ranking.scores), f"{where} holds no score at all")
        times = ranking.fit_seconds, ranking.score_seconds, ranking.size
        require(all(math.isfinite(n) and n >= 0 for n in times), f"{where} has times and size {times}")
        try:
            kept = from_json(Ranking, json.loads(json.dumps(to_json(ranking), allow_nan=False)))
        except (EvozcError, TypeError, ValueError) as error:
            raise ContractError(f"{where} cannot be written to a file: {error}") from error
        require(_scores([kept]) == _scores([ranking]), f"{where} is another one when it is read again")
    names = [ranking.method for ranking in found]
    require(len(set(names)) == len(names), f"{method.name}: two rankings bear one name: {names}")
    if method.needs_labels:
        require(names == [method.name], f"{method.name}: gives {names}, not one ranking under its own name")
    return found


def _copied(method: Method) -> Method:
    try:
        ForkingPickler.dumps(method)
        return copy.deepcopy(method)
    except Exception as error:
        raise ContractError(f"{method.name}: cannot be sent to another process: {error}") from error


def _turned(task: Task) -> Task:
    """The task with the labels of its labelled architectures in reverse order."""
    target: Target = task.labelled_target
    ordered = np.argsort(target.values, kind="stable")
    values = np.empty_like(target.values)
    values[ordered] = target.values[ordered[::-1]]
    return replace(task, labelled=task.labelled.with_targets([replace(target, values=values)]))


def _scores(rankings: Sequence[Ranking]) -> Mapping[str, tuple[float | None, ...]]:
    return {ranking.method: tuple(ranking.scores) for ranking in rankings}
