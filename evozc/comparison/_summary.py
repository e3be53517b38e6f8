"""From the scores of all cells to measures, intervals and differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from evozc.comparison._cell import CellResult, draw_task
from evozc.comparison._folder import ComparisonManifest
from evozc.comparison._results import (
    Agreement,
    ComparisonResults,
    Difference,
    Discovered,
    FrontPoint,
    Measure,
    MethodRow,
    Ranks,
)
from evozc.comparison.methods import METHODS, Ranking
from evozc.engine import kendall_tau, rankable
from evozc.evaluation import Bootstrap, HeldOut, interval, metrics, p_value
from evozc.table import Table

#: The method that all others are held against.
REFERENCE = "formula"
#: Measures with intervals.
_DRAWN = (
    "kendall", "kendall top 25 %", "kendall top 10 %", "spearman", "spearman top 25 %", "spearman top 10 %",
    "regret", "ndcg",
)
#: By budget and method, a ranking and its seed for each seed.
_Grouped = Mapping[tuple[int, str], Sequence[tuple[int, Ranking]]]


def summarise(
    manifest: ComparisonManifest, cells: Sequence[CellResult], table: Table
) -> ComparisonResults:
    """The results of a comparison: the targets of the held-out architectures are read here alone.

    Args:
        manifest: Of the comparison.
        cells: All that its cells gave.
        table: That it is about.
    """
    settings, (source,) = manifest.settings, manifest.tasks
    target = table.target(source.target)
    tests = [draw_task(table, source.target, settings, seed).held_out for seed in range(settings.seeds)]
    held_out = [HeldOut(test.target(target.name).merit, test.keys) for test in tests]
    bootstrap = Bootstrap(held_out, settings.draws)
    grouped: dict[tuple[int, str], list[tuple[int, Ranking]]] = defaultdict(list)
    for cell in cells:
        for ranking in cell.rankings:
            grouped[cell.budget, ranking.method].append((cell.seed, ranking))
    draws = {
        key: {m: bootstrap.draws(m, [r.values for _, r in group]) for m in _DRAWN}
        for key, group in grouped.items()
    }
    rows = tuple(_row(key, group, held_out, draws[key]) for key, group in grouped.items())
    return ComparisonResults(
        table=source.table,
        target=target.title,
        unit=target.unit,
        noise_ceiling=target.noise_ceiling,
        seeds=settings.seeds,
        budgets=settings.budgets,
        held_out=tuple(len(test) for test in tests),
        held_out_classes=tuple(len(set(test.keys)) for test in tests),
        draws=settings.draws,
        methods=rows,
        differences=tuple(_differences(rows, draws, settings.budgets)),
        formulas=tuple(_formulas(cells, held_out)),
        agreement=_agreement(grouped, max(settings.budgets)),
        ranks=_ranks(grouped, max(settings.budgets), held_out[0]),
        versions=manifest.versions,
    )


def _row(
    key: tuple[int, str], group: Sequence[tuple[int, Ranking]], held_out: Sequence[HeldOut],
    draws: Mapping[str, np.ndarray],
) -> MethodRow:
    budget, method = key
    by_seed = [metrics(ranking.values, held_out[seed].merit) for seed, ranking in group]
    measured = {}
    for name in by_seed[0]:
        values = [found[name] for found in by_seed]
        known = [value for value in values if value is not None]
        low, high = interval(draws[name]) if name in draws else (np.nan, np.nan)
        measured[name] = Measure(
            mean=float(np.mean(known)) if known else None,
            std=float(np.std(known, ddof=1)) if len(known) > 1 else None,
            low=_known(low), high=_known(high), values=tuple(values),
        )
    rankings = [ranking for _, ranking in group]
    return MethodRow(
        budget=budget,
        method=method,
        measures=measured,
        fit_seconds=float(np.mean([r.fit_seconds for r in rankings])),
        score_seconds=float(np.mean([r.score_seconds for r in rankings])),
        size=float(np.mean([r.size for r in rankings])),
        counts=rankings[0].counts,
        not_finite=int(sum(np.count_nonzero(~np.isfinite(r.values)) for r in rankings)),
    )


def _differences(
    rows: Sequence[MethodRow], draws: Mapping[tuple[int, str], Mapping[str, np.ndarray]],
    budgets: Sequence[int],
) -> list[Difference]:
    """The discovered formula against each other method."""
    means = {(row.budget, row.method): row.tau.mean for row in rows}
    found = []
    for budget in budgets:
        own = means.get((budget, REFERENCE))
        if own is None:
            continue
        for other, mean in means.items():
            if other[0] not in (0, budget) or other[1] == REFERENCE or mean is None:
                continue
            paired = draws[budget, REFERENCE]["kendall"] - draws[other]["kendall"]
            low, high = interval(paired)
            found.append(Difference(
                budget=budget, method=other[1], difference=own - mean, low=_known(low), high=_known(high),
                p=p_value(paired), significant=bool(low > 0 or high < 0),
            ))
    return found


def _formulas(cells: Sequence[CellResult], held_out: Sequence[HeldOut]) -> list[Discovered]:
    """Every discovered formula with its Pareto front."""
    found = []
    for cell in cells:
        for ranking in cell.rankings:
            if ranking.method != REFERENCE:
                continue
            merit = held_out[cell.seed].merit
            front = tuple(
                FrontPoint(e.size, e.labelled_tau, e.formula, e.chosen, _tau(e.values, merit))
                for e in ranking.front or ()
            )
            found.append(Discovered(
                cell.budget, cell.seed, ranking.formula or "", ranking.latex or (), ranking.size,
                _tau(ranking.values, merit), front,
            ))
    return found


def _agreement(grouped: _Grouped, budget: int) -> Agreement:
    keys = _shown(grouped, budget)
    matrix = tuple(
        tuple(
            _known(float(np.mean([
                kendall_tau(rankable(r.values), rankable(s.values))
                for (_, r), (_, s) in zip(grouped[a], grouped[b], strict=True)
            ])))
            for b in keys
        )
        for a in keys
    )
    return Agreement(budget, tuple(name for _, name in keys), matrix)


def _ranks(grouped: _Grouped, budget: int, held_out: HeldOut) -> Ranks:
    from scipy.stats import rankdata

    predicted = {
        key[1]: tuple(rankdata(-rankable(grouped[key][0][1].values), method="average").tolist())
        for key in _shown(grouped, budget) if key[0]
    }
    return Ranks(budget, tuple(rankdata(-held_out.merit).tolist()), predicted)


def _shown(grouped: _Grouped, budget: int) -> list[tuple[int, str]]:
    ordered = [key for key in grouped if key[0] == budget]
    ordered.sort(key=lambda key: METHODS.get(key[1]).order)
    return ordered + [key for key in grouped if key[0] == 0]


def _tau(scores: np.ndarray, merit: np.ndarray) -> float | None:
    return _known(kendall_tau(rankable(scores), merit))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
