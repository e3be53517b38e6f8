"""The comparison of methods: label budgets x methods x seeds on one table.

**A comparison**: :class:`StudySettings`, :func:`affordable_budgets`, :func:`check_methods`,
:func:`start_study`, :func:`continue_study`, :func:`read_study_manifest`.

**What came out**: :func:`summarise`, :func:`to_csv`.
"""

from evozc.study._csv import to_csv
from evozc.study._folder import continue_study, read_study_manifest, start_study
from evozc.study._settings import LABEL_FREE, LABELLED, StudySettings, affordable_budgets, check_methods
from evozc.study._summary import summarise

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "LABELLED", "LABEL_FREE", "StudySettings", "affordable_budgets", "check_methods",
    "start_study", "continue_study", "read_study_manifest",
    "summarise", "to_csv",
]
