"""The folder of a study of transfer: one file a finished search, so that nothing is done twice.

``manifest.json``     what was asked for: tasks and their hashes, settings, versions
``cells/TASKS-SEED.json``  the formula of a search, and its taus on every task
``results.json``      the matrix, with intervals
``transfer.csv``      the same
``matrix.svg``        the same, for people
``report.html``       all of it on one page that opens offline
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evozc._files import exists
from evozc._folder import Folder, Kind, read_manifest, read_sealed
from evozc.table import TaskSource
from evozc.transfer._results import TransferResults
from evozc.transfer._settings import TransferSettings


@dataclass(frozen=True)
class TransferManifest:
    """What a study was asked for.

    Args:
        tasks: Where they come from; of each seed the samples are drawn anew.
        spaces: The number of each one's space; tasks of one space are left out together.
        settings: Of the study.
        versions: Of Python and of packages, by name.
    """

    tasks: tuple[TaskSource, ...]
    spaces: tuple[int, ...]
    settings: TransferSettings
    versions: Mapping[str, str]


TRANSFER = Kind(
    "evozc-transfer-1", "the folder of a study of transfer", "study", TransferManifest,
    ("cells/*.json", "results.json", "transfer.csv", "matrix.svg", "report.html"), "evozc transfer {}",
)


class TransferFolder(Folder[TransferManifest]):
    """The folder of a study that is open for writing; use it as a context manager."""

    kind = TRANSFER


def read_transfer_results(path: Path) -> TransferResults | None:
    """What came out of a study; None if it has not ended.

    Raises:
        CheckpointError: not the folder of a study, of another version, or damaged.
    """
    read_manifest(path, TRANSFER)
    results = Path(path) / "results.json"
    return read_sealed(results, TransferResults) if exists(results) else None
