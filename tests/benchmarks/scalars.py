"""Formulas over published proxies beside XGBoost on the same proxies, labels and held-out architectures.

``python tests/benchmarks/scalars.py STUDY`` takes the folder of ``evozc transfer`` on tables of published
scores, trains XGBoost for each task and seed on its labelled sample, and prints a row a task.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xgboost

from evozc._folder import read_manifest
from evozc.engine import kendall_tau
from evozc.table import Table
from evozc.transfer import read_transfer_results
from evozc.transfer._cell import tasks_of
from evozc.transfer._folder import TRANSFER

#: The package's defaults, as in the audit's predictors.
SETTINGS = {"objective": "reg:squarederror", "max_depth": 6, "eta": 0.3, "nthread": 1, "verbosity": 0}
ROUNDS = 500


def features(table: Table, keys: tuple[str, ...]) -> np.ndarray:
    """The scalars of a table, float64 (architectures, keys); what is missing is NaN."""
    columns = np.stack([table.values[key] for key in keys], axis=1)
    return np.where(np.isfinite(columns), columns, np.nan)


def main(path: Path) -> None:
    """Print tau of the formula, of XGBoost, of both left out, and of the best single proxy, a row a task."""
    results, manifest = read_transfer_results(path), read_manifest(path, TRANSFER)
    assert results is not None, "the study has not ended"
    rows = {row.kind: row for row in reversed(results.rows)}  # of proxies the first, which is the best
    known = [row for row in results.rows if row.kind == "proxy"]
    learned = []
    for seed in range(manifest.settings.seeds):
        learned.append([])
        for task in tasks_of(manifest.tasks, seed):
            merit = task.labelled_target.merit
            label = (merit - merit.mean()) / (merit.std() or 1.0)
            data = xgboost.DMatrix(features(task.labelled, results.statistics), label=label)
            model = xgboost.train({**SETTINGS, "seed": seed}, data, ROUNDS)
            held_out = xgboost.DMatrix(features(task.held_out, results.statistics))
            learned[-1].append(kendall_tau(model.predict(held_out), task.held_out_target.merit))
    trees = np.mean(learned, axis=0)
    print("task,labels,formula,xgboost,left_out,best_proxy_by_mean,best_proxy_here")
    level = 0
    for n, name in enumerate(results.names):
        formula, left_out = rows["labelled"].taus[n].mean, rows["left out"].taus[n].mean
        best, here = rows["proxy"].taus[n].mean, max(r.taus[n].mean or -1 for r in known)
        level += formula >= trees[n]
        numbers = ",".join(f"{value:.3f}" for value in (formula, trees[n], left_out, best, here))
        print(f"{name},{results.tasks[n].labelled},{numbers}")
    print(f"# formula level with or above XGBoost on {level} of {len(results.names)} tasks; "
          f"means: formula {rows['labelled'].mean:.3f}, XGBoost {trees.mean():.3f}, "
          f"left out {rows['left out'].mean:.3f}, {rows['proxy'].name} {rows['proxy'].mean:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
