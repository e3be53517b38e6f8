"""The measures as comma-separated values, one row a method and budget."""

from __future__ import annotations

import csv
import io

from evozc.comparison._results import ComparisonResults

_NUMBERS = ("mean", "std", "low", "high")


def to_csv(results: ComparisonResults) -> str:
    """The table of ``results.json``'s methods; a measure has four columns, and empty cells are undefined."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = list(results.methods[0].measures)
    writer.writerow([
        "budget", "method", *(f"{name} {number}" for name in names for number in _NUMBERS),
        "fit_seconds", "score_seconds", "size", "counts", "not_finite",
    ])
    for row in results.methods:
        numbers = [getattr(row.measures[name], number) for name in names for number in _NUMBERS]
        writer.writerow([
            row.budget, row.method, *numbers,
            row.fit_seconds, row.score_seconds, row.size, row.counts, row.not_finite,
        ])
    return file.getvalue()
