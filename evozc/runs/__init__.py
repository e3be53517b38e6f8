"""The run folder, and searches that start, stop and go on in one.

**A search**: :func:`start_run`, :func:`continue_run`, :class:`Progress`.

**The folder**: :class:`RunFolder`, :func:`read_manifest`, :func:`read_results`, :func:`read_log`.

**What a run was about**: :func:`open_data`, :func:`changed_versions`,
:func:`describe`.
"""

from evozc.runs._folder import RunFolder, read_log, read_manifest, read_results
from evozc.runs._results import describe
from evozc.runs._search_run import (
    Progress,
    changed_versions,
    continue_run,
    open_data,
    start_run,
)

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Progress", "continue_run", "start_run",
    "RunFolder", "read_log", "read_manifest", "read_results",
    "changed_versions", "describe", "open_data",
]
