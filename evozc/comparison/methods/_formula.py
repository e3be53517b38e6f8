"""The formula that a search finds: the method that all others are held against."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from evozc.baselines import proxies
from evozc.comparison.methods._method import Conditions
from evozc.comparison.methods._ranking import FrontEntry, Ranking, listed, rank_by
from evozc.engine import Evaluator, Objective
from evozc.evolution import Search, SearchSettings, drive, symbols_of, with_ensembles
from evozc.table import Table, Task


class _Discovered:
    """A search as ``evozc search`` makes it; the formula is chosen by the labelled sample alone."""

    name = "formula"
    needs_labels = True
    standard = True
    order = 0.0
    colour = "#c0392b"

    def cost(self, labels: int) -> float:
        del labels
        return 200.0

    def check(self, table: Table) -> None:
        """Any table will do."""

    def run(self, task: Task, conditions: Conditions) -> Sequence[Ranking]:
        settings = SearchSettings(
            seed=conditions.seed, population=conditions.population, generations=conditions.generations
        )
        symbols = symbols_of([task], settings)
        start = time.process_time()
        search = Search(symbols, settings, list(proxies(symbols).values()))
        objective = Objective([task])
        drive(search, objective)
        hall = list(with_ensembles(search, objective))
        seconds = time.process_time() - start
        scores = Evaluator(task.held_out).scores([entry.formula for entry in hall])
        front = tuple(
            FrontEntry(entry.size, entry.tau, entry.formula.text, entry is hall[-1], listed(row))
            for entry, row in zip(hall, scores, strict=True)
        )
        ranking = rank_by(self.name, hall[-1].formula, task.held_out)
        return [replace(ranking, fit_seconds=seconds, front=front)]


FORMULA = _Discovered()
