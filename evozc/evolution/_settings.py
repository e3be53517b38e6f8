"""What a search can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evozc._settings import Settings
from evozc.engine import OVER_TASKS
from evozc.symbols import SYMBOL_SETS


@dataclass(frozen=True)
class SearchSettings(Settings):
    """The settings of a search; the defaults suit a few hundred labelled architectures.

    Args:
        seed: Of the run's one random generator.
        population: Formulas that an island keeps from generation to generation.
        islands: Populations that are bred apart.
        terms: Formulas that are added up, by their ranks, in the final one at most.
        generations: Generations to breed after the first population.
        crossover: Share of offspring from two parents.
        mutation: Share of offspring from one parent; the rest is drawn anew.
        tournament: Formulas among which a parent is chosen.
        max_size: Symbols at most in a formula that is bred, so in each term of the final one.
        max_depth: Symbols on the way down in it at most.
        patience: Generations without a better best formula before it stops; 0 for never.
        max_seconds: Stop after this time; 0 for never. Makes runs differ between machines.
        max_evaluations: Stop after scoring this many formulas; 0 for never.
        symbols: Name of the symbol set.
        over_tasks: How the taus of several tasks become the one that counts, of
            :data:`~evozc.engine.OVER_TASKS`.
        zoo: Whether known proxies join the first population.

    Raises:
        ConfigError: values out of range; the message lists all of them.
    """

    title: ClassVar[str] = "search settings"

    seed: int = 0
    population: int = 300
    islands: int = 8
    terms: int = 6
    generations: int = 40
    crossover: float = 0.6
    mutation: float = 0.35
    tournament: int = 4
    max_size: int = 20
    max_depth: int = 9
    patience: int = 0
    max_seconds: float = 0.0
    max_evaluations: int = 0
    symbols: str = "full"
    over_tasks: str = "mean"
    zoo: bool = True

    def _rules(self) -> list[tuple[str, bool]]:
        return [
            ("seed must not be negative", self.seed >= 0),
            ("population must be at least 10", self.population >= 10),
            ("islands must be between 1 and 1000", 1 <= self.islands <= 1000),
            ("terms must be between 1 and 20", 1 <= self.terms <= 20),
            ("generations must not be negative", self.generations >= 0),
            ("crossover and mutation must not be negative", min(self.crossover, self.mutation) >= 0),
            ("crossover and mutation must not exceed 1 together", self.crossover + self.mutation <= 1),
            ("tournament must be between 1 and population", 1 <= self.tournament <= self.population),
            ("max_size must be between 3 and 200", 3 <= self.max_size <= 200),
            ("max_depth must be between 2 and 30", 2 <= self.max_depth <= 30),
            ("patience must not be negative", self.patience >= 0),
            ("max_seconds must not be negative", self.max_seconds >= 0),
            ("max_evaluations must not be negative", self.max_evaluations >= 0),
            (f"over_tasks must be one of {', '.join(OVER_TASKS)}", self.over_tasks in OVER_TASKS),
            (f"symbols must be one of {', '.join(SYMBOL_SETS.names())}", self.symbols in SYMBOL_SETS.names()),
        ]
