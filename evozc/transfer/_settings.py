"""What a study of transfer can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evozc._settings import Settings
from evozc.engine import OVER_TASKS
from evozc.evolution import SearchSettings


@dataclass(frozen=True)
class TransferSettings(Settings):
    """The settings of a study of transfer.

    Args:
        seeds: Numbers of seeds, from 0; each has its own labelled samples and searches.
        population: Of each island of the searches.
        generations: Of the searches.
        terms: Formulas that are added up in the final one at most.
        over_tasks: How the taus of several tasks become the one that a search raises.
        symbols: Name of the symbol set.

    Raises:
        ConfigError: values out of range.
    """

    title: ClassVar[str] = "transfer"

    seeds: int = 3
    population: int = 300
    generations: int = 40
    terms: int = 6
    over_tasks: str = "mean"
    symbols: str = "full"

    def _rules(self) -> list[tuple[str, bool]]:
        self.search(0)  # which has rules of its own
        return [
            ("seeds must be between 1 and 1000", 1 <= self.seeds <= 1000),
            (f"over_tasks must be one of {', '.join(OVER_TASKS)}", self.over_tasks in OVER_TASKS),
        ]

    def search(self, seed: int) -> SearchSettings:
        """Of one of the searches."""
        return SearchSettings(
            seed=seed, population=self.population, generations=self.generations, terms=self.terms,
            over_tasks=self.over_tasks, symbols=self.symbols,
        )
