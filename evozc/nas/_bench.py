"""How good the architectures are that a proxy and a few trainings find, in a pool whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evozc.nas._queries import Queries
from evozc.table import Table


@dataclass(frozen=True)
class Picked:
    """What one method picks with a number of trainings, over the repetitions.

    Args:
        method: Its name.
        queries: Architectures trained; 0 for the proxy's best.
        rank: Of the pick among all, 1 is the best: mean.
        rank_deviation: Its sample standard deviation.
        regret: Of the best of all to the pick, in the target's unit: mean.
        tested: The pick's value of the test target: mean.
    """

    method: str
    queries: int
    rank: float
    rank_deviation: float
    regret: float
    tested: float


def bench_queries(
    table: Table, terms: np.ndarray, target: str | None = None, test: str | None = None,
    budgets: Sequence[int] = (0, 10, 20, 50, 100), repetitions: int = 30,
) -> list[Picked]:
    """Trainings that queries choose, beside as many at random; the pick is chosen on ``target`` alone.

    Args:
        table: The pool.
        terms: float64 (terms, architectures), as :class:`Queries` takes them.
        target: What trainings tell. [default: the only target]
        test: What is reported. [default: the same]
        budgets: Numbers of trainings.
        repetitions: Seeds of draws, and of the order of ties.
    """
    truth = table.target(target).merit
    reported = table.target(test or target).values
    ranks = len(truth) - np.searchsorted(np.sort(truth), truth, side="right") + 1
    picks: dict[tuple[str, int], list[int]] = {}
    for seed in range(repetitions):
        queries = Queries(terms, table.keys, seed=seed)
        drawn = random.Random(f"bench {seed}").sample(range(len(truth)), max(1, *budgets))
        for budget in sorted(budgets):
            while len(queries.answers) < budget:
                number = queries.ask()
                queries.tell(number, truth[number])
            picks.setdefault(("queries", budget), []).append(queries.pick())
            best = max(drawn[: max(1, budget)], key=lambda number: truth[number])
            picks.setdefault(("random search", budget), []).append(best)
    return [
        Picked(
            method, budget, float(ranks[chosen].mean()), float(ranks[chosen].std(ddof=1)),
            float((truth.max() - truth[chosen]).mean()), float(reported[chosen].mean()),
        )
        for (method, budget), chosen in sorted(picks.items())
    ]
