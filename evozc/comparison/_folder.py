"""The folder of a comparison: one file a finished cell, so that nothing is done twice.

``manifest.json``            what was asked for: table and its hash, target, settings, versions
``cells/METHOD-BUDGET-SEED.json``  scores of the held-out architectures, times, the formula
``results.json``             every measure of every method, with intervals
``comparison.csv``           the same, one row a method and budget
``figures/*.svg``, ``report.html``  for people
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evozc._files import exists
from evozc._folder import Folder, Kind, read_manifest, read_sealed
from evozc.comparison._results import ComparisonResults
from evozc.comparison._settings import ComparisonSettings
from evozc.symbols import SymbolRecord
from evozc.table import TaskSource


@dataclass(frozen=True)
class ComparisonManifest:
    """What a comparison was asked for.

    Args:
        tasks: Where the table comes from; of each seed the sample is drawn anew.
        settings: Of the comparison.
        plug_ins: Package and version of the methods that other packages add, by name.
        symbols: What formulas are made of, with the packages that add to it.
        versions: Of Python and of packages, by name.
    """

    tasks: tuple[TaskSource, ...]
    settings: ComparisonSettings
    plug_ins: Mapping[str, str]
    symbols: SymbolRecord
    versions: Mapping[str, str]


COMPARISON = Kind(
    "evozc-comparison-3", "the folder of a comparison", "comparison", ComparisonManifest,
    ("cells/*.json", "results.json", "comparison.csv", "figures/*.svg", "report.html"),
    "evozc compare {}",
)


class ComparisonFolder(Folder[ComparisonManifest]):
    """The folder of a comparison that is open for writing; use it as a context manager."""

    kind = COMPARISON


def read_comparison(path: Path) -> ComparisonManifest:
    """What a comparison was asked for.

    Raises:
        CheckpointError: not the folder of a comparison, of another version, or damaged.
    """
    return read_manifest(path, COMPARISON)


def read_comparison_results(path: Path) -> ComparisonResults | None:
    """What came out of a comparison; None if it has not ended.

    Raises:
        CheckpointError: not the folder of a comparison, of another version, or damaged.
    """
    read_comparison(path)
    results = Path(path) / "results.json"
    return read_sealed(results, ComparisonResults) if exists(results) else None
