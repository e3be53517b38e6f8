"""How much of a ranking is that of a trivial baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evozc.auditing._association import has_few_values, normal_partial, partial_tau, tau_left
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
        partial: What the baseline leaves of the proxy's tau, 0 for one that adds noise to it
            (:func:`~evozc.auditing._association.tau_left`).
        kendall: Kendall's own partial tau.
        explained: The share of the proxy's tau that is gone then, 1 - partial / tau; undefined
            where tau is not beyond chance.
    """

    baseline: str
    kind: str
    agreement: Measured
    partial: Measured
    kendall: Measured
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
            beside = estimate(ranked, b.values, self._clusters)
            left = self._left(ranked, whole, beside, b)
            found.append(Given(
                b.name, b.kind, self._measured(beside), self._measured(left),
                partial_tau(whole, beside, self.taus[b.name], self._clusters), self._explained(whole, left),
            ))
        return found

    def _measured(self, tau: Estimate) -> Measured:
        return of_influence(tau.tau, tau.influence, self._clusters)

    def _left(self, ranked: np.ndarray, whole: Estimate, beside: Estimate, baseline: Baseline) -> Estimate:
        """As :func:`~evozc.auditing._association.tau_left`, with what is known already."""
        if abs(beside.tau) > 1 - 1e-9:  # the baseline itself
            return Estimate(math.nan, math.nan, math.nan, beside.influence)
        if has_few_values(baseline.values):
            return tau_left(ranked, self._merit, [baseline.values], self._clusters)
        value, influence = normal_partial(whole, [beside], [self.taus[baseline.name]], {})
        return Estimate(value, math.nan, math.nan, influence)

    def _explained(self, whole: Estimate, left: Estimate) -> Measured:
        if math.isnan(left.tau) or not self._measured(whole).excludes(0):
            return Measured()
        ratio = left.tau / whole.tau
        moved = -(left.influence - ratio * whole.influence) / whole.tau
        return of_difference(1 - ratio, moved, self._clusters)


def beyond(
    ranked: np.ndarray, others: Mapping[str, np.ndarray], merit: np.ndarray, clusters: np.ndarray
) -> Measured:
    """What others leave of a proxy's tau, with its interval.

    Args:
        ranked: float64 (architectures,).
        others: By name, float64 (architectures,), at least one.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """
    left = tau_left(ranked, merit, list(others.values()), clusters)
    return of_influence(left.tau, left.influence, clusters)


def main_explanation(rows: Sequence[Given]) -> Given | None:
    """The baseline that explains most of a ranking.

    Of those within .05 of the most, sizes come before operations, and then what the proxy agrees
    with most.
    """
    known = {row.baseline: min(1.0, row.explained.value) for row in rows if row.explained.value is not None}
    most = max(known.values(), default=math.nan)
    level = [row for row in rows if known.get(row.baseline, -math.inf) > most - 0.05]
    sizes = [row for row in level if row.kind not in ("operations", "named")]
    return max(sizes or level, key=lambda row: abs(row.agreement.value or 0.0), default=None)
