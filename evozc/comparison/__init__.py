"""The comparison of methods: label budgets x methods x seeds on one table.

**A comparison**: :class:`ComparisonSettings`, :func:`affordable_budgets`, :func:`check_methods`,
:func:`start_comparison`, :func:`continue_comparison`, :func:`read_comparison_manifest`.

**What came out**: :func:`summarise`, :func:`to_csv`.
"""

from evozc.comparison._csv import to_csv
from evozc.comparison._folder import continue_comparison, read_comparison_manifest, start_comparison
from evozc.comparison._settings import (
    LABEL_FREE,
    LABELLED,
    ComparisonSettings,
    affordable_budgets,
    check_methods,
)
from evozc.comparison._summary import summarise

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "LABELLED", "LABEL_FREE", "ComparisonSettings", "affordable_budgets", "check_methods",
    "start_comparison", "continue_comparison", "read_comparison_manifest",
    "summarise", "to_csv",
]
