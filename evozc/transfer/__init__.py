"""Transfer: what is found on some tasks, judged on others that it was not found on.

**A study**: :class:`TransferSettings`, :func:`start_transfer`, :func:`continue_transfer`.

**Its folder**: :class:`TransferFolder`, :class:`TransferManifest`, :func:`read_transfer_results`.

**What came out**: :class:`TransferResults` of :class:`TransferRow` and :class:`Tau`.
"""

from evozc.transfer._folder import TransferFolder, TransferManifest, read_transfer_results
from evozc.transfer._results import Found, JudgedTask, Tau, TransferResults, TransferRow
from evozc.transfer._run import continue_transfer, start_transfer
from evozc.transfer._settings import TransferSettings

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "TransferSettings", "start_transfer", "continue_transfer",
    "TransferFolder", "TransferManifest", "read_transfer_results",
    "TransferResults", "TransferRow", "Tau", "JudgedTask", "Found",
]
