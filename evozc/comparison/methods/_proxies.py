"""All that needs no labels: hand-crafted proxies, network scalars, ParZC-dagger, and given formulas."""

from __future__ import annotations

from collections.abc import Sequence

from evozc.baselines import DAGGERS, proxies
from evozc.comparison.methods._method import Conditions
from evozc.comparison.methods._ranking import Ranking, rank_by
from evozc.errors import FormulaError
from evozc.formula import parse
from evozc.symbols import symbol_set
from evozc.table import Table, Task


class _LabelFree:
    """Each gives a ranking under its own name."""

    name = "proxies"
    needs_labels = False
    standard = True
    order = 30.0
    colour = "#7f8c8d"

    def cost(self, labels: int) -> float:
        del labels
        return 0.1

    def check(self, table: Table) -> None:
        """Any table will do."""

    def run(self, task: Task, conditions: Conditions) -> Sequence[Ranking]:
        symbols = symbol_set().with_statistics(task.held_out.statistics)
        given = {name: parse(text, symbols) for name, text in conditions.given.items()}
        formulas = {**given, **proxies(symbols)}
        for dagger in DAGGERS:
            try:
                formulas.setdefault(dagger.name, parse(dagger.text, symbols))
            except FormulaError:  # the table lacks its statistic
                continue
        return [rank_by(name, formula, task.held_out) for name, formula in formulas.items()]


PROXIES = _LabelFree()
