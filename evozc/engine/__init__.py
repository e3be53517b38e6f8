"""Many formulas x one table -> scores -> exact Kendall tau.

**Scores**: :class:`Evaluator`.

**Kendall tau**: :class:`KendallTau`, :func:`kendall_tau`, :func:`weighted_taus`,
:func:`concordances`, :func:`rankable`.

**Fitness**: :class:`Objective` over tasks and :data:`OVER_TASKS`, :class:`Scorer` of one, :class:`Outcome`,
:class:`Outcomes`.

**One network among others**: :func:`rank_references`, :func:`reference_quantiles`,
:func:`referenced_scores`,
:func:`beyond_references`.
"""

from evozc.engine._evaluator import Evaluator
from evozc.engine._kendall import KendallTau, concordances, kendall_tau, rankable, weighted_taus
from evozc.engine._objective import Objective
from evozc.engine._outcomes import Outcome, Outcomes
from evozc.engine._over_tasks import OVER_TASKS
from evozc.engine._references import (
    beyond_references,
    rank_references,
    reference_quantiles,
    referenced_scores,
)
from evozc.engine._scorer import Scorer

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Evaluator",
    "KendallTau", "concordances", "kendall_tau", "rankable", "weighted_taus",
    "OVER_TASKS", "Objective", "Outcome", "Outcomes", "Scorer",
    "rank_references", "reference_quantiles", "referenced_scores", "beyond_references",
]
