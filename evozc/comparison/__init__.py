"""The comparison of methods: label budgets x methods x seeds on one table.

**A comparison**: :class:`ComparisonSettings`, :func:`affordable_budgets`, :func:`check_methods`,
:func:`start_comparison`, :func:`continue_comparison`.

**Its folder**: :class:`ComparisonFolder`, :class:`ComparisonManifest`, :func:`read_comparison`.

**What came out**: :class:`ComparisonResults`, :func:`read_comparison_results`, :func:`to_csv`.

**Methods**: :data:`METHODS`; what one is: :mod:`evozc.comparison.methods`.
"""

from evozc.comparison._csv import to_csv
from evozc.comparison._folder import (
    ComparisonFolder,
    ComparisonManifest,
    read_comparison,
    read_comparison_results,
)
from evozc.comparison._results import ComparisonResults, Difference, Measure, MethodRow
from evozc.comparison._run import continue_comparison, start_comparison
from evozc.comparison._settings import ComparisonSettings, affordable_budgets, check_methods
from evozc.comparison.methods import METHODS

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "ComparisonSettings", "affordable_budgets", "check_methods", "continue_comparison", "start_comparison",
    "ComparisonFolder", "ComparisonManifest", "read_comparison",
    "ComparisonResults", "Difference", "Measure", "MethodRow", "read_comparison_results", "to_csv",
    "METHODS",
]
