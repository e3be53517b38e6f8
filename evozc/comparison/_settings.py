"""What a comparison can be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from evozc._settings import Settings
from evozc.comparison.methods import METHODS, Conditions
from evozc.errors import DataError, EvozcError
from evozc.table import Table

BUDGETS = (20, 78, 156, 469)
#: The share of the classes that the default budgets leave to be held out.
_LEFT = 0.25


def standard_methods() -> tuple[str, ...]:
    """The methods of a comparison where none are named, in their order."""
    found = METHODS.everything()
    return tuple(sorted((n for n, m in found.items() if m.standard), key=lambda n: found[n].order))


@dataclass(frozen=True)
class ComparisonSettings(Settings):
    """The settings of a comparison.

    Args:
        methods: Of :data:`~evozc.comparison.methods.METHODS`.
        budgets: Numbers of labelled architectures.
        seeds: Numbers of seeds, from 0; each has its own split, searches and trainings.
        population: Of each island of the searches.
        generations: Of the searches.
        draws: Of the bootstrap.
        given: Formulas to compare as they are, by name, beside those that need no labels.
        seen: Canonical keys that they were searched on, which are then not held out.

    Raises:
        ConfigError: values out of range.
    """

    title: ClassVar[str] = "comparison"

    methods: tuple[str, ...] = field(default_factory=standard_methods)
    budgets: tuple[int, ...] = BUDGETS
    seeds: int = 3
    population: int = 300
    generations: int = 40
    draws: int = 1000
    given: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[str, ...] = ()

    def _rules(self) -> list[tuple[str, bool]]:
        known = METHODS.names()
        unknown = [method for method in self.methods if method not in known]
        return [
            (f"unknown method {unknown[0] if unknown else ''!r}; known are {', '.join(known)}", not unknown),
            ("name at least one method", bool(self.methods)),
            ("budgets must be at least 4 labelled architectures each",
             bool(self.budgets) and min(self.budgets) >= 4),
            ("seeds must be between 1 and 1000", 1 <= self.seeds <= 1000),
            ("draws must be between 10 and 1000000", 10 <= self.draws <= 10**6),
        ]

    def conditions(self, seed: int) -> Conditions:
        """What is asked of all methods under a seed."""
        return Conditions(seed, self.population, self.generations, self.given)


def check_methods(table: Table, methods: Iterable[str]) -> dict[str, str]:
    """Why methods cannot be used on a table, by name; those that can are not mentioned."""
    reasons = {}
    for name in methods:
        try:
            METHODS.get(name).check(table)
        except EvozcError as error:
            reasons[name] = str(error)
    return reasons


def affordable_budgets(table: Table) -> tuple[int, ...]:
    """The default budgets that leave a quarter of the table's classes held out.

    Raises:
        DataError: none does.
    """
    if table.train is None:
        trainable = int((1 - _LEFT) * len(set(table.keys)))
    else:
        trainable = len({key for key, labelled in zip(table.keys, table.train, strict=True) if labelled})
    budgets = tuple(b for b in BUDGETS if b <= trainable)
    if not budgets:
        raise DataError(
            f"the table offers {trainable} non-isomorphic architectures to label, and the smallest default "
            f"budget is {BUDGETS[0]}: extract more architectures, or name smaller --budget"
        )
    return budgets
