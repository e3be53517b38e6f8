"""What makes a formula hold on architectures that no search has seen: settings side by side.

``PYTHONPATH=tests/helpers python tests/benchmarks/ablation.py TABLE OUT.csv`` searches with every setting
at every label budget and seed, and appends one line each to OUT.csv; stopped at any moment, the same
command goes on. ``--summary`` prints the table of means. A search sees the labelled sample alone.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from deap import gp
from deap_breeding import DeapBreeder, drawing_from
from scipy import stats

from evozc.baselines import Trees, proxies
from evozc.benchmarks import open_table
from evozc.engine import Evaluator, KendallTau, Objective, Outcome, Scorer, rankable
from evozc.evaluation import estimate, metrics, standard_error
from evozc.evolution import Search, SearchSettings, drive, ensembles, with_ensembles
from evozc.evolution._grammar import Grammar
from evozc.executors import Failure, executor_for
from evozc.formula import Formula, simplify
from evozc.table import Table, Target, Task
from primitives import FULL, SCALAR, SymbolSet, log_rank

COLUMNS = ("setting", "labels", "seed", "labelled", "held_out", "top25", "top10", "size", "seconds")
BUDGETS = (78, 156, 469)


@dataclass(frozen=True)
class Sample:
    """A labelled sample and what may be used to rank it."""

    train: Table
    target: Target
    symbols: SymbolSet
    seed: int

    @property
    def tasks(self) -> list[Task]:
        return [Task.whole(self.train, self.target.name)]


Method = Callable[[Sample], Callable[[Table], np.ndarray]]


def settings(task: Sample, **changes: object) -> SearchSettings:
    return replace(SearchSettings(seed=task.seed), **changes)


def run(
    task: Sample,
    chosen: SearchSettings,
    scorer: Objective | Scorer | None = None,
    starters: Iterable[Formula] | None = None,
    symbols: SymbolSet | None = None,
    between: Callable[[Search], object] = lambda _: None,
    plain: bool = True,
) -> Search:
    """A search to its end."""
    symbols = symbols or task.symbols
    search = Search(symbols, chosen, list(proxies(symbols).values() if starters is None else starters))
    if not plain:
        search.starters = [simplify(starter) for starter in (starters or proxies(symbols).values())]
    drive(search, scorer or Objective(task.tasks), lambda _: between(search))
    return search


def scoring(formula: Formula) -> Callable[[Table], np.ndarray]:
    def score(table: Table) -> np.ndarray:
        return Evaluator(table).scores([formula])[0]

    score.size = formula.size
    return score


def result(task: Sample, search: Search) -> Callable[[Table], np.ndarray]:
    return scoring(with_ensembles(search, Objective(task.tasks)).best.formula)


# --- settings -----------------------------------------------------------------------------------------


def changed(**changes: object) -> Method:
    """The default with some settings changed."""
    return lambda task: result(task, run(task, settings(task, **changes)))


def half_error(task: Sample) -> Callable[[Table], np.ndarray]:
    """One formula, the shortest within half a standard error of the best (Breiman et al., 1984)."""
    hall = list(run(task, settings(task)).hall_of_fame)
    scores = Evaluator(task.train).scores([entry.formula for entry in hall])
    estimates = [estimate(s, task.target.merit, task.train.keys) for s in scores]
    errors = [standard_error(estimates[-1].influence - e.influence, task.train.keys) for e in estimates]
    for entry, one, error in zip(hall, estimates, errors, strict=True):
        if one.tau >= estimates[-1].tau - 0.5 * error:
            return scoring(entry.formula)
    raise AssertionError


def migrating(task: Sample) -> Callable[[Table], np.ndarray]:
    """The five best of every island go round the ring every fifth generation."""

    def migrate(search: Search) -> None:
        if search.generation % 5 == 0 and all(search.islands):
            few = min(5, *map(len, search.islands))
            best = [(island.numbers[:few].copy(), island.taus[:few].copy()) for island in search.islands]
            for island, those in zip(search.islands, best[-1:] + best[:-1], strict=True):
                island.numbers[:few], island.taus[:few] = those
                island.select(island.numbers[:0], island.taus[:0], len(island))

    return result(task, run(task, settings(task), between=migrate))


def apart(task: Sample) -> Callable[[Table], np.ndarray]:
    """Islands that do not know of each other: restarts."""
    return _together(task, lambda seed: run(task, settings(task, islands=1, seed=seed)))


def bagged(task: Sample) -> Callable[[Table], np.ndarray]:
    """Every island on seven tenths of the labelled sample of its own; the ensemble on all."""

    def search(seed: int) -> Search:
        few = random.Random(f"bag {seed}").sample(range(len(task.train)), 7 * len(task.train) // 10)
        part = task.train.select(np.array(sorted(few)))
        return run(replace(task, train=part, target=part.target(task.target.name)),
                   settings(task, islands=1, seed=seed))

    return _together(task, search)


def _together(task: Sample, search: Callable[[int], Search]) -> Callable[[Table], np.ndarray]:
    found = [f for island in range(8) for f in search(100 * task.seed + island).finalists]
    return scoring(ensembles(list(dict.fromkeys(found)), task.tasks, 6)[-1])


class Resampled:
    """Fitness over eight random halves of the labelled sample, instead of tau on all of it."""

    def __init__(self, task: Sample, merge: Callable[[np.ndarray], float]) -> None:
        draw, n = random.Random(f"halves {task.seed}"), len(task.train)
        halves = [task.train.select(np.array(sorted(draw.sample(range(n), n // 2)))) for _ in range(8)]
        self.whole = Scorer(task.train, task.target)
        self.evaluator = Evaluator(task.train)
        self.parts = [np.array([task.train.architectures.index(a) for a in h.architectures]) for h in halves]
        self.kendalls = [KendallTau(h.target(task.target.name).merit) for h in halves]
        self.merge = merge

    def score(self, formulas: Sequence[Formula]) -> list[Outcome]:
        outcomes = self.whole.score(formulas)
        scores = self.evaluator.scores(formulas)
        taus = np.stack([k.taus(scores[:, p]) for k, p in zip(self.kendalls, self.parts, strict=True)])
        merged = self.merge(np.nan_to_num(taus, nan=-1.0))
        return [
            o if o.tau is None else o._replace(tau=float(v)) for o, v in zip(outcomes, merged, strict=True)
        ]


def resampled(merge: Callable[[np.ndarray], float], terms: int) -> Method:
    def method(task: Sample) -> Callable[[Table], np.ndarray]:
        search = run(task, settings(task), Resampled(task, merge))
        if terms == 1:
            return scoring(search.hall_of_fame.best.formula)
        return scoring(ensembles(search.finalists, task.tasks, terms)[-1])

    return method


def lower_bound(taus: np.ndarray) -> np.ndarray:
    return taus.mean(axis=0) - taus.std(axis=0)


def inner_fold(terms: int) -> Method:
    """A third of the labelled sample is kept back to choose from the front, or the number of terms."""

    def method(task: Sample) -> Callable[[Table], np.ndarray]:
        order = random.Random(f"fold {task.seed}").sample(range(len(task.train)), len(task.train))
        cut = 2 * len(order) // 3
        inner, fold = (task.train.select(np.array(sorted(part))) for part in (order[:cut], order[cut:]))
        target = inner.target(task.target.name)
        search = run(replace(task, train=inner, target=target), settings(task))
        if terms == 1:
            found = [entry.formula for entry in search.hall_of_fame]
        else:
            found = ensembles(search.finalists, [Task.whole(inner, target.name)], terms)
        taus = [o.tau or -1.0 for o in Scorer(fold, fold.target(task.target.name)).score(found)]
        return scoring(found[int(np.argmax(taus))])

    return method


def polished(task: Sample) -> Callable[[Table], np.ndarray]:
    """Local search: single symbols and constants of the best 20 finalists are changed while it helps."""
    search = run(task, settings(task))
    scorer, grammar = Scorer(task.train, task.target), Grammar(task.symbols)
    breeder, generator = DeapBreeder(grammar, task.symbols, search.settings), random.Random(task.seed)
    better = []
    for formula in search.finalists[:20]:
        reached = scorer.score([formula])[0].tau or -1.0
        for _ in range(3):
            tree = grammar.individual(formula, reached)
            with drawing_from(generator):
                trees = [
                    gp.mutNodeReplacement(gp.PrimitiveTree(tree), pset=grammar)[0] for _ in range(100)
                ]
            tried = list(dict.fromkeys(simplify(breeder.formula(tree)) for tree in trees))
            tried = [f for f in tried if f.has_statistics and f.size <= 20]
            taus = [outcome.tau or -1.0 for outcome in scorer.score(tried)]
            if not tried or max(taus) <= reached:
                break
            formula, reached = tried[int(np.argmax(taus))], max(taus)
        better.append(formula)
    finalists = list(dict.fromkeys([*better, *search.finalists]))
    return scoring(ensembles(finalists, task.tasks, 6)[-1])


class _Complement:
    """Tau of a sum of log-ranks with one more term."""

    def __init__(self, task: Sample, total: np.ndarray) -> None:
        self.whole, self.evaluator = Scorer(task.train, task.target), Evaluator(task.train)
        self.total, self.kendall = total, KendallTau(task.target.merit)

    def score(self, formulas: Sequence[Formula]) -> list[Outcome]:
        outcomes, scores = self.whole.score(formulas), self.evaluator.scores(formulas)
        taus = self.kendall.taus(self.total + np.array([log_rank(row) for row in scores]))
        return [o if o.tau is None else o._replace(tau=float(v)) for o, v in zip(outcomes, taus, strict=True)]


def boosted(task: Sample) -> Callable[[Table], np.ndarray]:
    """Term after term, each evolved to complement the sum of those before."""
    total, terms = np.zeros(len(task.train)), []
    for stage in range(6):
        chosen = settings(task, islands=2, seed=100 * task.seed + stage, max_size=20 if stage == 0 else 10)
        best = run(task, chosen, _Complement(task, total)).hall_of_fame.best.formula
        total = total + log_rank(Evaluator(task.train).scores([best])[0])
        terms.append(best)

    def score(table: Table) -> np.ndarray:
        return sum(log_rank(row) for row in Evaluator(table).scores(terms))

    score.size = sum(term.size + 2 for term in terms) - 1
    return score


def screened(task: Sample) -> Callable[[Table], np.ndarray]:
    """Only the 20 statistics of the highest tau, either way, under any reduction."""
    plain = Search(task.symbols, settings(task)).starters
    taus = [abs(o.tau or 0.0) for o in Scorer(task.train, task.target).score(plain)]
    best: dict[str, float] = {}
    for formula, tau in zip(plain, taus, strict=True):
        for symbol in formula.statistics():
            best[symbol.key] = max(tau, best.get(symbol.key, 0.0))
    kept = sorted(best, key=best.__getitem__, reverse=True)[:20]
    few = FULL.with_statistics([s for s in task.train.statistics if s.key in kept])
    return result(task, run(task, settings(task), symbols=few))


def trees(task: Sample) -> Callable[[Table], np.ndarray]:
    forest = Trees(task.train, task.target, task.seed)

    def score(table: Table) -> np.ndarray:
        return forest.predict(table)

    score.size = forest.parameters
    return score


def proxy(name: str) -> Method:
    return lambda task: scoring(proxies(task.symbols)[name])


METHODS: dict[str, Method] = {
    "default": changed(),
    "1 term": changed(terms=1),
    "3 terms": changed(terms=3),
    "12 terms": changed(terms=12),
    "1 term, half a standard error": half_error,
    "1 island of 300, 1 term": changed(islands=1, terms=1),
    "1 island of 2400": changed(islands=1, population=2400),
    "8 islands that migrate": migrating,
    "8 islands that do not share": apart,
    "8 islands on 7/10 each": bagged,
    "16 islands": changed(islands=16),
    "10 generations": changed(generations=10),
    "100 generations": changed(generations=100),
    "size 8": changed(max_size=8),
    "size 12": changed(max_size=12),
    "size 40": changed(max_size=40, max_depth=15),
    "fitness: mean of halves": resampled(lambda taus: taus.mean(axis=0), 6),
    "fitness: minimum of halves": resampled(lambda taus: taus.min(axis=0), 6),
    "fitness: lower bound": resampled(lower_bound, 6),
    "fitness: lower bound, 1 term": resampled(lower_bound, 1),
    "inner fold chooses from the front": inner_fold(1),
    "inner fold chooses the terms": inner_fold(12),
    "terms evolved one after another": boosted,
    "local search of finalists": polished,
    "20 statistics, screened": screened,
    "no proxies to start from": lambda task: result(task, run(task, settings(task), starters=())),
    "no plain formulas to start from": lambda task: result(task, run(task, settings(task), plain=False)),
    "trees": trees,
    "params": proxy("params"),
    "meco": proxy("meco"),
    "aznas": proxy("aznas"),
}


# --- running them -----------------------------------------------------------------------------------


def measure(source: str, target: str | None, name: str, labels: int, seed: int) -> list[object]:
    table = open_table(source)
    drawn = Task.draw(table, target, labels, seed)
    target, train, test = drawn.target, drawn.labelled, drawn.held_out
    kept = (SCALAR if all(s.type == "network" for s in table.statistics) else FULL)
    task = Sample(train, train.target(target), kept.with_statistics(table.statistics), seed)
    start = time.process_time()
    score = METHODS[name](task)
    seconds = time.process_time() - start
    merit = test.target(target).merit
    held_out = metrics(score(test), merit)
    labelled = KendallTau(task.target.merit)(rankable(score(train)))
    return [
        name, labels, seed, *(round(v, 6) for v in (
            labelled, held_out["kendall"], held_out["kendall top 25 %"], held_out["kendall top 10 %"])),
        score.size, round(seconds, 2),
    ]


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def summary(rows: Sequence[dict[str, str]]) -> None:
    """Means over the seeds, the standard deviation, and the paired difference to the default."""
    budgets = sorted({int(row["labels"]) for row in rows})
    by = {(row["setting"], int(row["labels"]), int(row["seed"])): row for row in rows}
    names = [name for name in METHODS if any(key[0] == name for key in by)]
    heads = ("setting", "labels", "seeds", "labelled", "held out", "sd", "minus default (95 %)", "gap",
             "top 25 %", "symbols", "s")
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for labels in budgets:
        for name in names:
            seeds = sorted(seed for one, budget, seed in by if (one, budget) == (name, labels))
            if not seeds:
                continue
            columns = {c: np.array([float(by[name, labels, s][c]) for s in seeds]) for c in COLUMNS[3:]}
            shared = [s for s in seeds if ("default", labels, s) in by]
            pairs = np.array([
                float(by[name, labels, s]["held_out"]) - float(by["default", labels, s]["held_out"])
                for s in shared
            ])
            held = columns["held_out"]
            print(
                f"| {name} | {labels} | {len(seeds)} | {columns['labelled'].mean():.3f} | {held.mean():.3f} "
                f"| {held.std(ddof=1) if len(held) > 1 else math.nan:.3f} | {_paired(pairs)} "
                f"| {(columns['labelled'] - held).mean():.3f} | {columns['top25'].mean():.3f} "
                f"| {columns['size'].mean():.0f} | {columns['seconds'].mean():.0f} |"
            )


def _paired(pairs: np.ndarray) -> str:
    if len(pairs) < 2 or not pairs.any():
        return ""
    width = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / math.sqrt(len(pairs))
    return f"{pairs.mean():+.3f} ({pairs.mean() - width:+.3f} to {pairs.mean() + width:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("out", type=Path)
    parser.add_argument("--target")
    parser.add_argument("--only", action="append", choices=METHODS, help="a setting; all without it")
    parser.add_argument("--labels", type=int, action="append", help="budgets; 78, 156 and 469 without it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--summary", action="store_true", help="print the means of what is there")
    chosen = parser.parse_args()
    if not chosen.summary:
        done = {(row["setting"], int(row["labels"]), int(row["seed"])) for row in read(chosen.out)}
        cells = [
            (name, labels, seed)
            for name in chosen.only or METHODS
            for labels in chosen.labels or BUDGETS
            for seed in range(chosen.seeds)
            if (name, labels, seed) not in done
        ]
        tasks = [(chosen.table, chosen.target, *cell) for cell in cells]
        with chosen.out.open("a", newline="") as lines:
            writer = csv.writer(lines)
            if not lines.tell():
                writer.writerow(COLUMNS)
            for index, row in executor_for(chosen.jobs).map(measure, tasks):
                if isinstance(row, Failure):
                    raise SystemExit(f"{cells[index]}: {row.reason}")
                writer.writerow(row)
                lines.flush()
                print(*row, flush=True)
    summary(read(chosen.out))


if __name__ == "__main__":
    import ablation  # worker processes have to import what they are given

    ablation.main()
