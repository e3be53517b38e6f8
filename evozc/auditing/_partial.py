"""How much of a ranking is that of a trivial baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evozc.auditing._association import partial_influence, partial_tau, partial_tau_given
from evozc.auditing._baselines import Baseline
from evozc.auditing._measured import Measured, of_difference, of_influence
from evozc.evaluation import Estimate, estimate

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Given:
    """A proxy beside a trivial baseline.

    Args:
        baseline: Its name.
        kind: As of :class:`~evozc.auditing._baselines.Baseline`.
        agreement: Kendall tau of the proxy with the baseline.
        partial: Kendall's partial tau of the proxy with the target given the baseline.
        explained: The share of the proxy's tau that is gone then, 1 - partial / tau; undefined
            where tau is not beyond chance.
    """

    baseline: str
    kind: str
    agreement: Measured
    partial: Measured
    explained: Measured


class Baselines:
    """Trivial baselines with their taus, worked out once for many proxies.

    Args:
        baselines: None constant.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """

    def __init__(self, baselines: Sequence[Baseline], merit: np.ndarray, clusters: np.ndarray) -> None:
        self.all = list(baselines)
        self._merit, self._clusters = merit, clusters
        self.taus = {b.name: estimate(b.values, merit, clusters) for b in self.all}

    @property
    def size(self) -> Baseline | None:
        """The size that ranks best by itself; None where none is known."""
        sizes = [b for b in self.all if b.is_size]
        return max(sizes, key=lambda b: abs(self.taus[b.name].tau), default=None)

    @property
    def measured(self) -> dict[str, Measured]:
        """The tau of each with the target, by name."""
        return {
            name: of_influence(tau.tau, tau.influence, self._clusters) for name, tau in self.taus.items()
        }

    def given(self, ranked: np.ndarray, whole: Estimate) -> list[Given]:
        """A proxy beside every baseline.

        Args:
            ranked: float64 (architectures,), its scores to rank by.
            whole: Its tau with the target.
        """
        found = []
        for b in self.all:
            with_baseline = estimate(ranked, b.values, self._clusters)
            found.append(Given(
                b.name, b.kind, of_influence(with_baseline.tau, with_baseline.influence, self._clusters),
                partial_tau(whole, with_baseline, self.taus[b.name], self._clusters),
                self._explained(whole, with_baseline, self.taus[b.name]),
            ))
        return found

    def _explained(self, whole: Estimate, with_baseline: Estimate, baseline: Estimate) -> Measured:
        if math.isnan(whole.tau) or not of_influence(whole.tau, whole.influence, self._clusters).excludes(0):
            return Measured()
        if abs(with_baseline.tau) > 1 - 1e-9:
            return Measured(1.0, 1.0, 1.0)
        if abs(baseline.tau) > 1 - 1e-9 or math.isnan(with_baseline.tau + baseline.tau):
            return Measured()
        partial, influence = partial_influence(whole, with_baseline, baseline)
        ratio = partial / whole.tau
        moved = -(influence - ratio * whole.influence) / whole.tau
        return of_difference(1 - ratio, moved, self._clusters)


def beyond(
    ranked: np.ndarray, others: Mapping[str, np.ndarray], merit: np.ndarray, clusters: np.ndarray
) -> Measured:
    """Kendall's partial tau of scores with the target given others.

    Args:
        ranked: float64 (architectures,).
        others: By name, float64 (architectures,), at least one.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """
    rows = list(others.values())
    pairs = [
        [estimate(one, other, clusters) if j < k else None for k, other in enumerate(rows)]
        for j, one in enumerate(rows)
    ]
    return partial_tau_given(
        estimate(ranked, merit, clusters),
        [estimate(ranked, row, clusters) for row in rows],
        [estimate(row, merit, clusters) for row in rows],
        pairs, clusters,
    )


def main_explanation(rows: Sequence[Given]) -> Given | None:
    """The baseline that explains most of a ranking, sizes before operations where they are level."""
    known = [row for row in rows if row.explained.value is not None]
    if not known:
        return None
    best = max(known, key=lambda row: row.explained.value or 0.0)
    sizes = [row for row in known if row.kind not in ("operations", "named")]
    level = [row for row in sizes if (row.explained.value or 0.0) > (best.explained.value or 0.0) - 0.05]
    return max(level, key=lambda row: row.explained.value or 0.0, default=best)
