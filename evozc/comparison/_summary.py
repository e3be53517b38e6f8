"""From the scores of all cells to measures, intervals and differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evozc.benchmarks import open_table
from evozc.comparison._methods import Record
from evozc.comparison._settings import LABELLED, ComparisonSettings
from evozc.comparison._split import split_budgets
from evozc.engine import kendall_tau, rankable
from evozc.evaluation import Bootstrap, HeldOut, interval, metrics, p_value

#: The method that all others are held against.
REFERENCE = "formula"
#: Measures with intervals.
_DRAWN = (
    "kendall", "kendall top 25 %", "kendall top 10 %", "spearman", "spearman top 25 %", "spearman top 10 %",
    "regret", "ndcg",
)


def summarise(manifest: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
    """What ``results.json`` holds: the labels of the held-out architectures are read here alone.

    Args:
        manifest: Of the comparison.
        records: Of all its cells.

    Raises:
        DataError: the table cannot be read.
    """
    settings = ComparisonSettings.from_mapping(manifest["settings"])
    table = open_table(manifest["table"])
    target = table.target(manifest["target"])
    tests = [split_budgets(table, settings.budgets, seed, settings.seen)[1] for seed in range(settings.seeds)]
    held_out = [HeldOut(test.target(target.name).merit, test.keys) for test in tests]
    bootstrap = Bootstrap(held_out, settings.draws)
    grouped: dict[tuple[int, str], list[Record]] = defaultdict(list)
    for record in records:
        grouped[record["budget"], record["method"]].append(record)
    draws = {
        key: {m: bootstrap.draws(m, [r["scores"] for r in group]) for m in _DRAWN}
        for key, group in grouped.items()
    }
    rows = [_row(key, group, held_out, draws[key]) for key, group in grouped.items()]
    return {
        "table": manifest["table"],
        "target": target.name,
        "unit": target.unit,
        "noise_ceiling": target.noise_ceiling,
        "seeds": settings.seeds,
        "budgets": list(settings.budgets),
        "held_out": [len(test) for test in tests],
        "held_out_classes": [len(set(test.keys)) for test in tests],
        "draws": settings.draws,
        "methods": rows,
        "differences": _differences(rows, draws, settings.budgets),
        "formulas": _formulas(records, held_out),
        "agreement": _agreement(grouped, max(settings.budgets)),
        "ranks": _ranks(grouped, max(settings.budgets), held_out[0]),
        "versions": manifest["versions"],
    }


def _row(
    key: tuple[int, str], group: Sequence[Record], held_out: Sequence[HeldOut],
    draws: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    budget, method = key
    by_seed = [metrics(r["scores"], held_out[r["seed"]].merit) for r in group]
    measured = {}
    for name in by_seed[0]:
        values = [found[name] for found in by_seed]
        known = [value for value in values if value is not None]
        low, high = interval(draws[name]) if name in draws else (np.nan, np.nan)
        measured[name] = {
            "mean": float(np.mean(known)) if known else None,
            "std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            "low": _known(low), "high": _known(high), "values": values,
        }
    return {
        "budget": budget,
        "method": method,
        "measures": measured,
        "fit_seconds": float(np.mean([r["fit_seconds"] for r in group])),
        "score_seconds": float(np.mean([r["score_seconds"] for r in group])),
        "size": float(np.mean([r["size"] for r in group])),
        "counts": group[0]["counts"],
        "not_finite": int(sum(np.count_nonzero(~np.isfinite(r["scores"])) for r in group)),
    }


def _differences(
    rows: Sequence[Mapping[str, Any]], draws: Mapping[tuple[int, str], Mapping[str, np.ndarray]],
    budgets: Sequence[int],
) -> list[dict[str, Any]]:
    """Kendall tau of the discovered formula minus that of each other method, paired."""
    means = {(row["budget"], row["method"]): row["measures"]["kendall"]["mean"] for row in rows}
    found = []
    for budget in budgets:
        if means.get((budget, REFERENCE)) is None:
            continue
        for other, mean in means.items():
            if other[0] not in (0, budget) or other[1] == REFERENCE or mean is None:
                continue
            paired = draws[budget, REFERENCE]["kendall"] - draws[other]["kendall"]
            low, high = interval(paired)
            found.append({
                "budget": budget, "method": other[1], "difference": means[budget, REFERENCE] - mean,
                "low": _known(low), "high": _known(high), "p": p_value(paired),
                "significant": bool(low > 0 or high < 0),
            })
    return found


def _formulas(records: Sequence[Record], held_out: Sequence[HeldOut]) -> list[dict[str, Any]]:
    """Every discovered formula with its Pareto front."""
    found = []
    for record in records:
        if record["method"] != REFERENCE:
            continue
        merit = held_out[record["seed"]].merit
        front = [
            {**_without_scores(entry), "held_out_tau": _tau(entry["scores"], merit)}
            for entry in record["front"]
        ]
        kept = {name: record[name] for name in ("budget", "seed", "formula", "latex", "size")}
        found.append({**kept, "held_out_tau": _tau(record["scores"], merit), "front": front})
    return found


def _without_scores(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "scores"}


def _agreement(grouped: Mapping[tuple[int, str], Sequence[Record]], budget: int) -> dict[str, Any]:
    """Kendall tau between the scores of every two methods, averaged over seeds."""
    names = _shown(grouped, budget)
    matrix = [
        [
            _known(float(np.mean([
                kendall_tau(rankable(r["scores"]), rankable(s["scores"]))
                for r, s in zip(grouped[a], grouped[b], strict=True)
            ])))
            for b in names
        ]
        for a in names
    ]
    return {"budget": budget, "methods": [name for _, name in names], "tau": matrix}


def _ranks(
    grouped: Mapping[tuple[int, str], Sequence[Record]], budget: int, held_out: HeldOut
) -> dict[str, Any]:
    """True and predicted ranks (1 is the best) on the held-out architectures of the first seed."""
    from scipy.stats import rankdata

    names = [key for key in _shown(grouped, budget) if key[0]]
    predicted = {
        name: rankdata(-rankable(grouped[budget, name][0]["scores"]), method="average").tolist()
        for _, name in names
    }
    return {"budget": budget, "true": rankdata(-held_out.merit).tolist(), "predicted": predicted}


def _shown(grouped: Mapping[tuple[int, str], Any], budget: int) -> list[tuple[int, str]]:
    ordered = [key for key in grouped if key[0] == budget]
    ordered.sort(key=lambda key: LABELLED.index(key[1]) if key[1] in LABELLED else len(LABELLED))
    return ordered + [key for key in grouped if key[0] == 0]


def _tau(scores: np.ndarray, merit: np.ndarray) -> float | None:
    return _known(kendall_tau(rankable(scores), merit))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
