"""What came out of a search, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evozc.baselines import proxies
from evozc.engine import Scorer
from evozc.errors import CheckpointError
from evozc.evaluation import Row, compare
from evozc.formula import addends, to_latex
from evozc.search import Search, with_ensembles
from evozc.table import Table


def pruning_seconds(search: Search, scorer: Scorer) -> dict[str, float]:
    """What pruning has taken and, by what scoring and recording the others took, saved."""
    scoring = scorer.seconds["rest"]
    return {
        "rules": search.pruning,
        "rules_saved": search.spared * (scoring + search.recording) / max(1, search.evaluations),
        "probe": scorer.seconds["probe"],
        "probe_saved": scorer.seconds["saved"],
        "rest": scoring,
    }


def collect_results(
    search: Search,
    train: Table,
    test: Table,
    manifest: Mapping[str, Any],
    seconds: float,
    scoring: Mapping[str, float],
) -> dict[str, Any]:
    """The hall of fame and the baselines on the held-out architectures, looked at for the first time."""
    target = manifest["target"]
    if search.hall_of_fame.best is None:
        raise CheckpointError("the search found no valid formula; give it more generations")
    hall = with_ensembles(search, train, train.target(target))
    front = compare({str(entry.size): entry.formula for entry in hall}, train, test, target)
    baselines = compare(proxies(search.symbols), train, test, target)
    return {
        "chosen": {**describe(front[-1]), "terms": [term.text for term in addends(front[-1].formula)]},
        "front": [describe(row) for row in front],
        "baselines": [{"name": row.name, **describe(row)} for row in baselines],
        "target": target,
        "noise_ceiling": test.target(target).noise_ceiling,
        "table": manifest["table"],
        "labelled": len(train),
        "held_out": len(test),
        "held_out_classes": len(set(test.keys)),
        "seed": search.settings.seed,
        "generations": search.generation - 1,
        "evaluations": search.evaluations,
        "removed": dict(search.removed),
        "seconds": round(seconds, 3),
        "scoring_seconds": {name: round(value, 3) for name, value in scoring.items()},
    }


def describe(row: Row) -> dict[str, Any]:
    """A row of a comparison as JSON values."""
    numbers = {
        "labelled_tau": row.labelled_tau,
        "held_out_tau": row.estimate.tau,
        "low": row.estimate.low,
        "high": row.estimate.high,
    }
    return {
        "formula": row.formula.text,
        "latex": to_latex(row.formula),
        "size": row.formula.size,
        **{name: None if value != value else value for name, value in numbers.items()},
        "not_finite": row.dropped,
    }


def front_csv(results: Mapping[str, Any]) -> str:
    """The Pareto front as comma-separated values."""
    columns = ("size", "labelled_tau", "held_out_tau", "low", "high", "formula")
    rows = [
        [*("" if entry[c] is None else str(entry[c]) for c in columns[:-1]), f'"{entry["formula"]}"']
        for entry in results["front"]
    ]
    return "".join(",".join(row) + "\n" for row in [columns, *rows])
