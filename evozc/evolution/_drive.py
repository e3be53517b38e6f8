"""A search run to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evozc.engine import Objective
from evozc.errors import SearchExhaustedError
from evozc.evolution._search import Search


@dataclass(frozen=True)
class Progress:
    """Where a running search stands, after a generation.

    Args:
        generation: Generations done; the first population is generation 0.
        generations: Generations to do at most.
        tau: Best Kendall tau on the labelled sample, None while there is no valid formula.
        formula: The text of that formula.
        evaluations: Formulas scored so far.
        seconds: Seconds of search so far, those before a resumption included.
        removed: Candidates that each pruning rule has removed.
    """

    generation: int
    generations: int
    tau: float | None
    formula: str
    evaluations: int
    seconds: float
    removed: Mapping[str, int]

    @classmethod
    def of(cls, search: Search, seconds: float) -> Progress:
        """Where a search stands that has taken so many seconds."""
        best = search.hall_of_fame.best
        return cls(
            generation=search.generation - 1,
            generations=search.settings.generations,
            tau=best.tau if best else None,
            formula=best.formula.text if best else "",
            evaluations=search.evaluations,
            seconds=seconds,
            removed=dict(search.removed),
        )


def drive(
    search: Search, objective: Objective, after: Callable[[Progress], object] = lambda _: None,
    spent: float = 0.0,
) -> float:
    """Ask, score and tell until a limit of the settings is reached or nothing new is left to try.

    Args:
        search: At its start, or restored.
        objective: What scores.
        after: Called after every generation.
        spent: Seconds of search before.

    Returns:
        The seconds of the search, those before included.

    Raises:
        SearchExhaustedError: the rules leave no candidate, and nothing valid was found before.
    """
    limit = search.settings.max_seconds
    while not search.finished and not 0 < limit <= spent:
        start = time.monotonic()
        try:
            formulas = search.ask()
        except SearchExhaustedError:
            if search.hall_of_fame.best is None:
                raise
            break  # what has been found is the result
        search.tell(formulas, objective.score(formulas))
        spent += time.monotonic() - start
        after(Progress.of(search, spent))
    return spent
