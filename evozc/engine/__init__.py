"""Many formulas x one table -> scores -> exact Kendall tau.

**Scores**: :class:`Evaluator`.

**Kendall tau**: :class:`KendallTau`, :func:`kendall_tau`, :func:`rankable`.

**Fitness**: :class:`Scorer`, :class:`Outcome`.

**One network among others**: :func:`rank_references`, :func:`reference_quantiles`.
"""

from evozc.engine._evaluator import Evaluator
from evozc.engine._kendall import KendallTau, kendall_tau, rankable
from evozc.engine._references import rank_references, reference_quantiles
from evozc.engine._scorer import Outcome, Scorer

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Evaluator",
    "KendallTau", "kendall_tau", "rankable",
    "Outcome", "Scorer",
    "rank_references", "reference_quantiles",
]
