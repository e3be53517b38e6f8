"""What a method of a comparison says about itself, and how it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from evozc.comparison.methods._ranking import Ranking
from evozc.table import Table, Task


@dataclass(frozen=True)
class Conditions:
    """What a comparison asks of all its methods alike; most take the seed alone.

    Args:
        seed: Of the split, and of whatever is random in the method.
        population: Of each island of a search.
        generations: Of a search.
        given: Formulas to compare as they are, by name.
    """

    seed: int
    population: int
    generations: int
    given: Mapping[str, str]


@runtime_checkable
class Method(Protocol):
    """One way to rank architectures that it has not seen.

    Another package adds its own under the entry points ``evozc.methods``; the object must be
    pickled, since it may run in another process.
    """

    @property
    def name(self) -> str:
        """As ``--method`` takes it; of printable characters without a slash."""
        ...

    @property
    def needs_labels(self) -> bool:
        """Whether it runs at every label budget; otherwise it runs once a seed, without labels."""
        ...

    @property
    def standard(self) -> bool:
        """Whether a comparison has it where none are named."""
        ...

    @property
    def order(self) -> float:
        """Where lists and figures place it, the lowest first."""
        ...

    @property
    def colour(self) -> str:
        """Of its curves, as ``#c0392b``."""
        ...

    def cost(self, labels: int) -> float:
        """About how long it takes with so many labels, in seconds; the longest are begun first."""
        ...

    def check(self, table: Table) -> None:
        """See whether it can be used on a table.

        Raises:
            EvozcError: it cannot; the message says why.
        """
        ...

    def run(self, task: Task, conditions: Conditions) -> Sequence[Ranking]:
        """Score the held-out architectures; the same conditions give the same scores.

        Args:
            task: Blind: only the labelled architectures have a target, under ``task.target``. Without
                need of labels it is not to be looked at either.
            conditions: What is asked of all methods.

        Returns:
            One ranking under the method's name; a method without labels may give several, under
            names of their own.

        Raises:
            EvozcError: it cannot be used on this sample.
        """
        ...
