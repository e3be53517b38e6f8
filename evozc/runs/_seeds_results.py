"""What searches with several seeds come to."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from evozc.runs._results import SearchResults


@dataclass(frozen=True)
class SeedRow:
    """What the search of a seed chose; what is undefined is None.

    Args:
        seed: Of the search and of the labelled sample.
        labelled_tau: Kendall tau of the chosen formula on the labelled sample.
        held_out_tau: On the held-out architectures.
        low: Lower end of its 95 % interval over architectures.
        high: Upper end.
        known: The known proxy of the highest tau on the labelled sample.
        known_tau: Its tau on the held-out architectures.
        size: Symbols in the formula.
        formula: Its text.
    """

    seed: int
    labelled_tau: float | None
    held_out_tau: float | None
    low: float | None
    high: float | None
    known: str
    known_tau: float | None
    size: int
    formula: str


@dataclass(frozen=True)
class Spread:
    """A number over seeds; what is undefined is None.

    Args:
        mean: Over the seeds of which it is defined.
        low: Lower end of the 95 % interval of the mean, by Student's t over seeds: of another seed on
            the same table, not of another table.
        high: Upper end.
        deviation: Between seeds.
        least: Of a seed.
        most: Of a seed.
        seeds: Of how many it is defined.
    """

    mean: float | None
    low: float | None
    high: float | None
    deviation: float | None
    least: float | None
    most: float | None
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        """Of the values of seeds."""
        known = np.array([value for value in values if value is not None], np.float64)
        if not len(known):
            return cls(None, None, None, None, None, None, 0)
        mean, least, most = float(known.mean()), float(known.min()), float(known.max())
        if len(known) == 1:
            return cls(mean, None, None, None, least, most, 1)
        deviation = float(known.std(ddof=1))
        from scipy.stats import t  # takes longer to import than a short search needs

        half = float(t.ppf(0.975, len(known) - 1)) * deviation / math.sqrt(len(known))
        return cls(mean, mean - half, mean + half, deviation, least, most, len(known))


@dataclass(frozen=True)
class SeedsResults:
    """What ``results.json`` of searches over seeds holds.

    Args:
        table: As the user named it.
        target: What architectures were ranked by.
        tau: Held-out tau of the chosen formulas.
        known: Held-out tau of the known proxy that the labelled sample of each seed ranks highest.
        over_known: The difference of the two, seed by seed.
        seeds: One row a seed.
        versions: Of what the searches were begun with.
    """

    table: str
    target: str
    tau: Spread
    known: Spread
    over_known: Spread
    seeds: tuple[SeedRow, ...]
    versions: Mapping[str, str]

    def to_csv(self) -> str:
        """One row a seed."""
        text = io.StringIO()
        columns = [field.name for field in fields(SeedRow)]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in self.seeds)
        return text.getvalue()


def summary(found: Sequence[SearchResults], versions: Mapping[str, str]) -> SeedsResults:
    """What searches with several seeds come to."""
    rows = tuple(map(_row, found))
    pairs = [(row.held_out_tau, row.known_tau) for row in rows]
    return SeedsResults(
        table=found[0].table,
        target=found[0].target,
        tau=Spread.of([tau for tau, _ in pairs]),
        known=Spread.of([known for _, known in pairs]),
        over_known=Spread.of([None if a is None or b is None else a - b for a, b in pairs]),
        seeds=rows,
        versions=versions,
    )


def _row(results: SearchResults) -> SeedRow:
    chosen = results.chosen
    known = max(
        results.baselines, default=None,
        key=lambda one: -math.inf if one.labelled_tau is None else one.labelled_tau,
    )
    return SeedRow(
        results.seed, chosen.labelled_tau, chosen.held_out_tau, chosen.low, chosen.high,
        known.name if known else "", known.held_out_tau if known else None, chosen.size, chosen.formula,
    )
