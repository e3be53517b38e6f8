"""A figure with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evozc.evaluation import interval, standard_error

#: Standard errors on either side of a figure.
_WIDTH = 1.96
_NEARLY_ONE = 1 - 1e-12


@dataclass(frozen=True)
class Measured:
    """A figure and its 95 % interval.

    Args:
        value: None where it is undefined, as the tau of constant scores.
        low: Lower end; None where no interval is known.
        high: Upper end.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None

    def excludes(self, figure: float) -> bool:
        """Whether the whole interval lies on one side of ``figure``; False without an interval."""
        if self.low is None or self.high is None:
            return False
        return self.low > figure or self.high < figure


def of_influence(value: float, influence: np.ndarray, clusters: Sequence[str] | np.ndarray) -> Measured:
    """A correlation and its interval, symmetric on the scale of atanh.

    Args:
        value: From -1 to 1; NaN where undefined.
        influence: float64 (architectures,), each one's share in the deviation of ``value``.
        clusters: One name an architecture; those of one name count as one observation.
    """
    if math.isnan(value):
        return Measured()
    error = standard_error(influence, clusters)
    inside = max(-_NEARLY_ONE, min(_NEARLY_ONE, value))
    middle, width = math.atanh(inside), _WIDTH * error / (1 - inside**2)
    return Measured(float(value), math.tanh(middle - width), math.tanh(middle + width))


def of_difference(value: float, influence: np.ndarray, clusters: Sequence[str] | np.ndarray) -> Measured:
    """A difference or a ratio and its interval, symmetric; arguments as of :func:`of_influence`."""
    if math.isnan(value):
        return Measured()
    width = _WIDTH * standard_error(influence, clusters)
    return Measured(float(value), float(value - width), float(value + width))


def of_draws(value: float, draws: np.ndarray) -> Measured:
    """A figure and the 2.5 and 97.5 % quantiles of its bootstrap draws."""
    if math.isnan(value):
        return Measured()
    low, high = interval(draws)
    return Measured(float(value), None if math.isnan(low) else low, None if math.isnan(high) else high)


def of_repeats(values: Sequence[float]) -> Measured:
    """The mean of repeats and its t interval; without an interval where there is one repeat alone."""
    from scipy.stats import t

    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Measured()
    mean = float(np.mean(known))
    if len(known) < 2:
        return Measured(mean)
    width = float(t.ppf(0.975, len(known) - 1) * np.std(known, ddof=1) / math.sqrt(len(known)))
    return Measured(mean, mean - width, mean + width)
