"""Rank correlations with influences: Spearman's, Kendall's given other variables, and within strata."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evozc.auditing._measured import Measured, of_influence
from evozc.evaluation import Estimate, estimate

#: Beyond this a Kendall tau leaves nothing to be explained.
_ONE = 1 - 1e-9


def spearman(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> Measured:
    """Spearman's rho with a 95 % interval, in O(n log n).

    Rho is the correlation of mid-ranks, a function of the empirical distribution; an
    architecture's influence counts what it moves in the ranks of the others as well
    (Hampel, 1974; of rho: Croux and Dehon, 2010).

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.
        clusters: int64 or texts (architectures,); those of one cluster count as one observation.
    """
    ranks = [_midranks(x), _midranks(y)]
    (cross, d_cross), (vx, d_vx), (vy, d_vy) = (
        _moment((x, ranks[0]), (y, ranks[1])),
        _moment((x, ranks[0]), (x, ranks[0])),
        _moment((y, ranks[1]), (y, ranks[1])),
    )
    if vx < 1e-15 or vy < 1e-15:
        return Measured()
    rho = cross / math.sqrt(vx * vy)
    influence = d_cross / math.sqrt(vx * vy) - rho / 2 * (d_vx / vx + d_vy / vy)
    return of_influence(rho, influence / len(x), clusters)


def partial_tau(xy: Estimate, xz: Estimate, yz: Estimate, clusters: np.ndarray) -> Measured:
    """Kendall's partial tau of x and y given z (Kendall, Biometrika 1942), by the delta method.

    It is 0 where all of the agreement of x and y is what two variables that follow z alone
    would show; it may differ a little from 0 under conditional independence (Korn, 1984),
    so that tau within strata of z belongs beside it.

    Args:
        xy: Tau of x and y, and each architecture's influence on it.
        xz: Of x and z.
        yz: Of y and z.
        clusters: As of :func:`spearman`.

    Returns:
        Undefined where one of the three is, or z decides x or y.
    """
    a, b, c = xy.tau, xz.tau, yz.tau
    if any(map(math.isnan, (a, b, c))) or max(abs(b), abs(c)) > _ONE:
        return Measured()
    value, influence = partial_influence(xy, xz, yz)
    return of_influence(value, influence, clusters)


def partial_influence(xy: Estimate, xz: Estimate, yz: Estimate) -> tuple[float, np.ndarray]:
    """The partial tau and each architecture's influence on it; arguments as of :func:`partial_tau`."""
    a, b, c = xy.tau, xz.tau, yz.tau
    scale = math.sqrt((1 - b * b) * (1 - c * c))
    value = (a - b * c) / scale
    by_xz = -c / scale + value * b / (1 - b * b)
    by_yz = -b / scale + value * c / (1 - c * c)
    return value, xy.influence / scale + by_xz * xz.influence + by_yz * yz.influence


def partial_tau_given(
    xy: Estimate, xz: Sequence[Estimate], yz: Sequence[Estimate], zz: Sequence[Sequence[Estimate]],
    clusters: np.ndarray,
) -> Measured:
    """Kendall's partial tau given several variables: from the inverse of the matrix of taus.

    As partial correlations follow from the inverse correlation matrix (Kendall and Gibbons,
    Rank Correlation Methods, 1990, chapter 8). What depends on the others alone is left out.

    Args:
        xy: Tau of x and y.
        xz: Of x and each z.
        yz: Of y and each z.
        zz: Of every two z, the diagonal not looked at.
        clusters: As of :func:`spearman`.
    """
    count = 2 + len(xz)
    entries: dict[tuple[int, int], Estimate] = {(0, 1): xy}
    for k in range(len(xz)):
        entries |= {(0, k + 2): xz[k], (1, k + 2): yz[k]}
        entries |= {(j + 2, k + 2): zz[j][k] for j in range(k)}
    matrix = np.eye(count)
    for (i, j), pair in entries.items():
        matrix[i, j] = matrix[j, i] = pair.tau
    if np.isnan(matrix).any() or np.linalg.cond(matrix) > 1e6:
        return Measured()
    inverse = np.linalg.inv(matrix)
    if min(inverse[0, 0], inverse[1, 1]) <= 0:  # taus of tied variables may not fit together
        return Measured()
    scale = math.sqrt(inverse[0, 0] * inverse[1, 1])
    value = -inverse[0, 1] / scale
    if abs(value) > 1:
        return Measured()
    influence = np.zeros(len(xy.influence))
    for (i, j), pair in entries.items():  # d(inverse) = -inverse d(matrix) inverse
        moved = -np.outer(inverse[:, i], inverse[j, :])
        moved += moved.T
        sides = moved[0, 0] / inverse[0, 0] + moved[1, 1] / inverse[1, 1]
        influence += (-moved[0, 1] / scale - value / 2 * sides) * pair.influence
    return of_influence(value, influence, clusters)


def tau_within(x: np.ndarray, y: np.ndarray, strata: np.ndarray, clusters: np.ndarray) -> Measured:
    """Kendall tau-b over the pairs of architectures that share a stratum.

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.
        strata: int64 (architectures,).
        clusters: As of :func:`spearman`.

    Returns:
        Undefined where no stratum holds two architectures that differ in both.
    """
    sizes = np.bincount(strata)[strata]
    n = len(x)
    # Sorted by stratum first, pairs of different strata are concordant and untied.
    scores, target = (strata * 1.0 * n + _dense(values) for values in (x, y))
    whole = estimate(scores, target, clusters)
    untied_x, untied_y = (n - _tied(values) for values in (scores, target))
    means = untied_x.mean(), untied_y.mean()
    if math.isnan(whole.tau):
        return Measured()
    ties = whole.tau * (untied_x / means[0] + untied_y / means[1] - 2) / 2
    agreement = (n * whole.influence / 2 + whole.tau + ties) * math.sqrt(means[0] * means[1])
    agreement, untied_x, untied_y = (
        values - (n - sizes) for values in (np.round(agreement), untied_x, untied_y)
    )
    means = untied_x.mean(), untied_y.mean()
    if min(means) <= 0:
        return Measured()
    concordance = agreement / math.sqrt(means[0] * means[1])
    tau = float(concordance.mean())
    ties = tau * (untied_x / means[0] + untied_y / means[1] - 2) / 2
    return of_influence(tau, 2 * (concordance - tau - ties) / n, clusters)


def _dense(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1]


def _tied(values: np.ndarray) -> np.ndarray:
    """How many share each one's value, itself counted."""
    _, owner, counts = np.unique(values, return_inverse=True, return_counts=True)
    return counts[owner]


def _midranks(values: np.ndarray) -> np.ndarray:
    """The empirical distribution function at each value, half of the ties counted."""
    _, owner, counts = np.unique(values, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - counts / 2) / len(values))[owner]


def _moment(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> tuple[float, np.ndarray]:
    """The covariance of two mid-ranks, and n times each architecture's influence on it.

    One architecture more adds its own product, and half or all of a step to the ranks of
    those that it ties with or precedes.
    """
    (x, fx), (y, fy) = one, other
    product = float((fx * fy).mean())
    influence = fx * fy + _after(x, fy) + _after(y, fx) - 3 * product
    return product - 0.25, influence


def _after(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean weight, over all, of those with a higher value, half of the ties counted."""
    _, owner = np.unique(values, return_inverse=True)
    sums = np.bincount(owner, weights=weights)
    above = sums.sum() - np.cumsum(sums) + sums / 2
    return (above / len(values))[owner]
