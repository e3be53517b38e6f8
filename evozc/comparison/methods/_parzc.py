"""The learned predictor ParZC under each of its named settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from evozc.comparison.methods._method import Conditions
from evozc.comparison.methods._ranking import Ranking, listed
from evozc.table import Table, Task

#: Seconds that a setting which trains as the published code does takes for each label.
_PUBLISHED_COST = 300.0


@dataclass(frozen=True)
class _Predictor:
    """One of :data:`evozc.baselines.parzc.NAMED`.

    Args:
        name: Of the settings.
        order: Where lists place it.
        colour: Of its curves.
        standard: Whether a comparison has it where none are named.
        seconds: That it takes; None for as many as the published code.
    """

    name: str
    order: float
    colour: str
    standard: bool = True
    seconds: float | None = None
    needs_labels: bool = True

    def cost(self, labels: int) -> float:
        return _PUBLISHED_COST * labels if self.seconds is None else self.seconds

    def check(self, table: Table) -> None:
        """It needs the statistics and, for graphs, the space that its settings name."""
        from evozc.baselines.parzc import NAMED, ParZC

        ParZC.reading(table, NAMED[self.name])

    def run(self, task: Task, conditions: Conditions) -> Sequence[Ranking]:
        from evozc.baselines.parzc import NAMED, ParZC

        start = time.process_time()
        predictor = ParZC.fit(
            task.labelled, task.labelled_target, NAMED[self.name], seed=conditions.seed, pool=task.table
        )
        fitted = time.process_time()
        scores, _ = predictor.predict(task.held_out)
        seconds = (time.process_time() - fitted) / len(scores)
        return [
            Ranking(self.name, listed(scores), fitted - start, seconds, predictor.parameters, "parameters")
        ]


_OTHER = "#7f8c8d"
PUBLISHED = _Predictor("parzc", 10.0, "#2c6fbb")
STRONG = _Predictor("parzc-strong", 11.0, "#17375e", seconds=8.0)
GRAPH = _Predictor("parzc-graph", 12.0, "#5dade2", seconds=20.0)
TOKEN_MIXING = _Predictor("parzc-token-mixing", 13.0, _OTHER, standard=False)
PAIRWISE = _Predictor("parzc-pairwise", 14.0, _OTHER, standard=False)
SCALE = _Predictor("parzc-scale", 15.0, _OTHER, standard=False)
