"""Rank correlations with influences: Spearman's, Kendall's given other variables, and within strata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from evozc.auditing._measured import Measured, of_influence
from evozc.engine import concordances, rankable
from evozc.evaluation import Estimate, estimate

#: Beyond this a Kendall tau leaves nothing to be explained.
_ONE = 1 - 1e-9
#: From so many architectures to a value on, those that share it are held against one another.
_ARCHITECTURES_A_VALUE = 5


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

    It is not 0 where x and y follow z and noise alone, unless z orders nothing (Korn, 1984): of
    two that agree with z to .7 each it is .2. :func:`tau_left` is.

    Args:
        xy: Tau of x and y, and each architecture's influence on it.
        xz: Of x and z.
        yz: Of y and z.
        clusters: As of :func:`spearman`.

    Returns:
        Undefined where one of the three is, or z decides x or y.
    """
    value, influence = _partial(xy, [xz], [yz], {})
    return of_influence(value, influence, clusters)


def normal_partial(
    xy: Estimate, xz: Sequence[Estimate], yz: Sequence[Estimate], zz: Mapping[tuple[int, int], Estimate]
) -> tuple[float, np.ndarray]:
    """The tau of what x and y have in common beyond all z, were their ranks those of normal variables.

    Tau becomes a correlation by Greiner's relation r = sin(pi tau / 2) (Kruskal, 1958), which
    holds for any variables that are monotone functions of normal ones; the partial
    correlation follows from the inverse of their matrix, and goes back to a tau. It is 0 where x and
    y follow z and noise alone.

    Args:
        xy: Tau of x and y.
        xz: Of x and each z.
        yz: Of y and each z.
        zz: Of every two z, by their places, the smaller first.

    Returns:
        The value, NaN where undefined, and each architecture's influence on it.
    """
    value, influence = _partial(
        _correlation(xy), list(map(_correlation, xz)), list(map(_correlation, yz)),
        {places: _correlation(pair) for places, pair in zz.items()},
    )
    if math.isnan(value) or abs(value) > _ONE:
        return math.nan, influence
    return 2 / math.pi * math.asin(value), influence * 2 / math.pi / math.sqrt(1 - value * value)


def _correlation(pair: Estimate) -> Estimate:
    angle = math.pi / 2 * pair.tau
    return Estimate(
        math.sin(angle), math.nan, math.nan, math.pi / 2 * math.cos(angle) * pair.influence
    )


def _partial(
    xy: Estimate, xz: Sequence[Estimate], yz: Sequence[Estimate], zz: Mapping[tuple[int, int], Estimate]
) -> tuple[float, np.ndarray]:
    """The partial correlation, from the inverse of the matrix of correlations, and its influences."""
    count = 2 + len(xz)
    entries: dict[tuple[int, int], Estimate] = {(0, 1): xy}
    for k in range(len(xz)):
        entries |= {(0, k + 2): xz[k], (1, k + 2): yz[k]}
    entries |= {(j + 2, k + 2): pair for (j, k), pair in zz.items()}
    matrix = np.eye(count)
    for (i, j), pair in entries.items():
        matrix[i, j] = matrix[j, i] = pair.tau
    influence = np.zeros(len(xy.influence))
    decided = max(abs(pair.tau) for place, pair in entries.items() if place != (0, 1)) > _ONE
    if np.isnan(matrix).any() or decided or np.linalg.cond(matrix) > 1e8:
        return math.nan, influence
    inverse = np.linalg.inv(matrix)
    if min(inverse[0, 0], inverse[1, 1]) <= 0:  # taus of tied variables may not fit together
        return math.nan, influence
    scale = math.sqrt(inverse[0, 0] * inverse[1, 1])
    value = -inverse[0, 1] / scale
    if abs(value) > 1:
        return math.nan, influence
    for (i, j), pair in entries.items():  # d(inverse) = -inverse d(matrix) inverse
        moved = -np.outer(inverse[:, i], inverse[j, :])
        moved += moved.T
        sides = moved[0, 0] / inverse[0, 0] + moved[1, 1] / inverse[1, 1]
        influence += (-moved[0, 1] / scale - value / 2 * sides) * pair.influence
    return float(value), influence


def tau_left(
    x: np.ndarray, y: np.ndarray, others: Sequence[np.ndarray], clusters: np.ndarray
) -> Estimate:
    """The tau of x and y that others leave: 0 where both follow the others and noise alone.

    Of others with few values (five architectures and more to each) the pairs that are equal in
    all of them are looked at; for the rest stands :func:`normal_partial`, among these pairs.

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.
        others: The same, at least one.
        clusters: As of :func:`spearman`.

    Returns:
        The tau, NaN where undefined, with influences but without an interval.
    """
    few = [z for z in others if has_few_values(z)]
    many = [z for z in others if not any(z is one for one in few)]
    strata = np.unique(np.stack(few, axis=1), axis=0, return_inverse=True)[1].ravel() if few else None

    def tau(a: np.ndarray, b: np.ndarray) -> Estimate:
        return estimate(a, b, clusters) if strata is None else estimate_within(a, b, strata)

    if not many:
        return tau(x, y)
    between = {
        (j, k): tau(many[j], many[k]) for k in range(len(many)) for j in range(k)
    }
    value, influence = normal_partial(
        tau(x, y), [tau(x, z) for z in many], [tau(y, z) for z in many], between
    )
    return Estimate(value, math.nan, math.nan, influence)


def has_few_values(z: np.ndarray) -> bool:
    """Whether five architectures and more share a value, on average."""
    return len(np.unique(z)) * _ARCHITECTURES_A_VALUE <= len(z)


def tau_within(x: np.ndarray, y: np.ndarray, strata: np.ndarray, clusters: np.ndarray) -> Measured:
    """:func:`estimate_within` with its interval."""
    found = estimate_within(x, y, strata)
    return of_influence(found.tau, found.influence, clusters)


def estimate_within(x: np.ndarray, y: np.ndarray, strata: np.ndarray) -> Estimate:
    """Kendall tau-b over the pairs of architectures that share a stratum.

    Args:
        x: float64 (architectures,), without NaN.
        y: The same.
        strata: int64 (architectures,).

    Returns:
        The tau with influences but without an interval; NaN where no stratum holds two
        architectures that differ in x, and two that differ in y.
    """
    n, sizes = len(x), np.bincount(strata)[strata]
    # Sorted by stratum first, pairs of different strata are concordant and untied.
    both = (strata * 1.0 * n + _dense(values) for values in (rankable(x), y))
    agreement, untied_x, untied_y = (counts - (n - sizes) for counts in concordances(*both))
    means = untied_x.mean(), untied_y.mean()
    if min(means) <= 0:
        return Estimate(math.nan, math.nan, math.nan, np.zeros(n))
    concordance = agreement / math.sqrt(means[0] * means[1])
    tau = float(concordance.mean())
    ties = tau * (untied_x / means[0] + untied_y / means[1] - 2) / 2
    return Estimate(tau, math.nan, math.nan, 2 * (concordance - tau - ties) / n)


def _dense(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1]


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
