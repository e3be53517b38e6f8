"""Bias of scores towards structure, as published and on ranks, and what removing it costs.

NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022, section 4.2) calls the Pearson
correlation of a proxy's raw scores with a structural number its bias. Its figures are
reproduced, failures of -1e8 included; beside them stands Spearman's rho without failures,
which a single one cannot move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from evozc.auditing._association import spearman
from evozc.auditing._baselines import Baseline
from evozc.auditing._measured import Measured, of_difference, of_influence
from evozc.auditing._operations import Operations
from evozc.auditing._scores import Scores
from evozc.engine import KendallTau, rankable
from evozc.evaluation import Estimate, estimate

#: Constants that their rule is tried with, in standard deviations of the structural number.
_CONSTANTS = np.geomspace(1e-3, 1e3, 25)


@dataclass(frozen=True, eq=False)
class Structure:
    """A structural number of every architecture.

    Args:
        name: As NAS-Bench-Suite-Zero calls it, where it has it.
        values: float64 (architectures,), not constant.
        removed: Whether an audit looks at what taking it out leaves.
    """

    name: str
    values: np.ndarray
    removed: bool = True


def structures(baselines: Sequence[Baseline], operations: Operations | None) -> list[Structure]:
    """The structural numbers that a table and its space allow.

    Of graphs: ``conv:pool`` (convolutions less poolings, a difference), ``cell size``
    (operations that are not none), ``skips``, ``kernels`` (largest less smallest kernels),
    ``distinct operations``. Of sizes: parameters, or what else is known first.
    """
    found: list[Structure] = []
    if operations is not None:
        classes = operations.classes
        if {"convolution", "pooling"} <= set(classes):
            found.append(Structure("conv:pool", classes["convolution"] - classes["pooling"]))
        found.append(Structure("cell size", operations.counts.sum(axis=0) - classes.get("none", 0.0)))
        if "skip" in classes:
            found.append(Structure("skips", classes["skip"]))
        if operations.kernels is not None:
            found.append(Structure("kernels", operations.kernels, removed=False))
        found.append(Structure("distinct operations", operations.distinct, removed=False))
    size = next((b for b in baselines if b.kind == "parameters"), None)
    size = size or next((b for b in baselines if b.is_size), None)
    if size is not None:
        found.append(Structure(size.name, size.values))
    return [s for s in found if s.values.min() < s.values.max()]


def published_bias(scores: Scores, structure: Structure) -> float:
    """Pearson's correlation of raw scores, failures as -1e8; NaN where the scores are constant."""
    return _pearson(scores.published, structure.values)


def pearson_without_failures(scores: Scores, structure: Structure) -> float:
    """The same without the architectures whose score is missing or stands for a failure."""
    return _pearson(scores.values[scores.known], structure.values[scores.known])


def rank_bias(scores: Scores, structure: Structure, clusters: np.ndarray) -> Measured:
    """Spearman's rho with its interval, without failures."""
    known = scores.known
    return spearman(rankable(scores.values[known]), structure.values[known], clusters[known])


@dataclass(frozen=True)
class Removal:
    """What a way of taking a bias out leaves.

    Args:
        way: ``rank residuals``, or their rule ``minimise``, ``equalise`` or ``performance``.
        constant: C of their rule, in units of the structural number; None for residuals.
        bias: What is left of it: Spearman's rho for residuals, Pearson's for their rule.
        tau: Of what is left with the target.
        change: Of tau, against that of the scores as they are.
    """

    way: str
    constant: float | None
    bias: float
    tau: Measured
    change: Measured


def remove_bias(
    scores: Scores, structure: Structure, merit: np.ndarray, clusters: np.ndarray
) -> list[Removal]:
    """Tau once the bias towards a structural number is taken out.

    Rank residuals: what a straight line through the ranks of the structural number leaves of
    the ranks of the scores. Their rule divides scores by b + C (their section 4.2), b the
    structural number from 0 up; their code for it is not public, so the three ways to choose C are
    ours after their text: ``minimise`` brings the bias next to 0, ``equalise`` next to the
    target's own, ``performance`` takes the best tau on the architectures at hand.

    Args:
        scores: Of which the known ones alone are looked at.
        structure: What they may be biased towards.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).

    Returns:
        Nothing where fewer than four architectures have a score, or these are constant.
    """
    known = scores.known
    values, b, merit = scores.values[known], structure.values[known], merit[known]
    owner = clusters[known]
    if len(values) < 4 or any(v.min() == v.max() for v in (rankable(values), b, merit)):
        return []
    before = estimate(rankable(values), merit, owner)

    def removal(way: str, after: Estimate, bias: float, constant: float | None = None) -> Removal:
        change = of_difference(after.tau - before.tau, after.influence - before.influence, owner)
        return Removal(way, constant, bias, of_influence(after.tau, after.influence, owner), change)

    ranks, line = rankdata(rankable(values)), rankdata(b)
    slope = np.cov(ranks, line)[0, 1] / line.var(ddof=1)
    residuals = np.round(ranks - slope * (line - line.mean()), 6)
    bias = _pearson(rankdata(residuals), line)
    found = [removal("rank residuals", estimate(residuals, merit, owner), 0.0 if np.isnan(bias) else bias)]
    constants = _CONSTANTS * b.std()
    divided = values / (b - b.min() + constants[:, None])
    biases = np.array([_pearson(row, b) for row in divided])
    if np.isnan(biases).any():  # scores that overflow once they are divided
        return found
    chosen = {
        "minimise": int(np.argmin(np.abs(biases))),
        "equalise": int(np.argmin(np.abs(biases - _pearson(merit, b)))),
        "performance": int(np.nanargmax(KendallTau(merit).taus(divided))),
    }
    taus = {place: estimate(divided[place], merit, owner) for place in set(chosen.values())}
    return found + [
        removal(way, taus[place], float(biases[place]), float(constants[place]))
        for way, place in chosen.items()
    ]


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    x, y = (v / max(np.abs(v).max(initial=0.0), 1e-300) for v in (x, y))  # 1e200 squared would overflow
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else np.nan
