"""Formulas and predictors on held-out architectures, with confidence intervals.

**Kendall tau**: :func:`estimate`, :class:`Estimate`, :func:`standard_error`,
:func:`interval_of`.

**Formulas side by side**: :func:`compare`, :func:`judge`, :class:`Row`.

**On several tasks**: :func:`compare_over`, :class:`TasksRow`, :func:`together`, :func:`held_out_keys`.

**Scores of any method**: :func:`metrics`, :func:`ndcg`, :func:`regret`, :func:`top_share`,
:func:`best_share`; :class:`Bootstrap` over seeds and architectures, :class:`HeldOut`, :func:`interval`,
:func:`p_value`.
"""

from evozc.evaluation._bootstrap import Bootstrap, HeldOut, interval, p_value
from evozc.evaluation._compare import Row, compare, judge
from evozc.evaluation._interval import Estimate, estimate, interval_of, standard_error
from evozc.evaluation._metrics import best_share, metrics, ndcg, regret, top_share
from evozc.evaluation._over_tasks import TasksRow, compare_over, held_out_keys, together

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Estimate", "estimate", "standard_error", "interval_of",
    "Row", "compare", "judge",
    "TasksRow", "compare_over", "held_out_keys", "together",
    "metrics", "ndcg", "regret", "top_share", "best_share",
    "Bootstrap", "HeldOut", "interval", "p_value",
]
