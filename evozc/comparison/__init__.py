"""Formulas against baselines on held-out architectures, with confidence intervals.

**Kendall tau**: :func:`estimate`, :class:`Estimate`, :func:`standard_error`.

**Side by side**: :func:`compare`, :class:`Row`, :func:`choose`.
"""

from evozc.comparison._compare import Row, choose, compare
from evozc.comparison._interval import Estimate, estimate, standard_error

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Estimate", "estimate", "standard_error",
    "Row", "choose", "compare",
]
