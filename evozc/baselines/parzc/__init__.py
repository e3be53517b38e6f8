"""The learned predictor ParZC (Dong et al., AAAI 2025, arXiv 2402.02105); imports torch.

**The predictor**: :class:`ParZC`, :func:`save_predictor`, :func:`load_predictor`.

**Its settings**: :class:`ParZCSettings`, :data:`NAMED`.

**Losses**: :func:`diff_kendall`, :func:`pairwise_logistic`, :func:`squared_error`.
"""

from evozc.baselines.parzc._loss import diff_kendall, pairwise_logistic, squared_error
from evozc.baselines.parzc._predictor import ParZC
from evozc.baselines.parzc._settings import NAMED, ParZCSettings
from evozc.baselines.parzc._storage import load_predictor, save_predictor

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "ParZC", "load_predictor", "save_predictor",
    "NAMED", "ParZCSettings",
    "diff_kendall", "pairwise_logistic", "squared_error",
]
