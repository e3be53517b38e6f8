"""Kendall tau with a confidence interval, without resampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evozc.engine import concordances, kendall_tau, rankable


@dataclass(frozen=True)
class Estimate:
    """A Kendall tau and how sure it is.

    Args:
        tau: Tau-b; NaN where the scores are constant.
        low: Lower end of the 95 % interval.
        high: Upper end.
        influence: float64 (architectures,): each one's share in the deviation of tau.
    """

    tau: float
    low: float
    high: float
    influence: np.ndarray


def estimate(scores: np.ndarray, target: np.ndarray, clusters: Sequence[str] | np.ndarray) -> Estimate:
    """Tau-b of scores with a target and its 95 % interval, in O(n log n).

    Tau is a U-statistic: its standard error follows from how concordant each
    architecture is with all others (Hoeffding, 1948; Fligner and Rust, 1983).
    Architectures of one cluster, as isomorphic cells, count as one observation. The
    interval is symmetric on the scale of atanh, so that it stays within -1 and 1.

    Args:
        scores: float64 (architectures,); what is not finite ranks last.
        target: float64 (architectures,), finite.
        clusters: As of :func:`standard_error`.
    """
    x, n = rankable(scores), len(target)
    tau = kendall_tau(x, target)
    if math.isnan(tau):
        return Estimate(tau, math.nan, math.nan, np.zeros(n))
    agreement, untied_x, untied_y = concordances(x, target)
    mean_x, mean_y = untied_x.mean(), untied_y.mean()
    concordance = agreement / math.sqrt(mean_x) / math.sqrt(mean_y)
    ties = tau * (untied_x / mean_x + untied_y / mean_y - 2) / 2  # tau-b's denominator varies as well
    influence = 2 * (concordance - tau - ties) / n
    return Estimate(tau, *interval_of(tau, standard_error(influence, clusters)), influence)


def interval_of(tau: float, error: float) -> tuple[float, float]:
    """The 95 % interval of a tau with a standard error, symmetric on the scale of atanh."""
    middle, width = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, tau))), 1.96 * error / max(1e-12, 1 - tau**2)
    return math.tanh(middle - width), math.tanh(middle + width)


def standard_error(influence: np.ndarray, clusters: Sequence[str] | np.ndarray) -> float:
    """The standard error of an estimate, or of a difference of two, from its influences.

    Args:
        influence: float64 (architectures,).
        clusters: One name an architecture, or int64 (architectures,) from 0 up, which is quicker.
    """
    if isinstance(clusters, np.ndarray) and clusters.dtype.kind == "i":
        sums = np.bincount(clusters, weights=influence)[np.bincount(clusters) > 0]
    else:
        numbers: dict[str, int] = {}
        owner = [numbers.setdefault(name, len(numbers)) for name in clusters]
        sums = np.bincount(owner, weights=influence)
    return math.sqrt(float(np.square(sums).sum()) * len(sums) / max(1, len(sums) - 1))
