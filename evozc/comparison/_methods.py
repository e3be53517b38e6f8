"""The methods: each is trained on, or searched with, a labelled sample and scores the held-out rest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from evozc.baselines import DAGGERS, Trees, proxies
from evozc.benchmarks import open_table
from evozc.comparison._settings import LABEL_FREE, ComparisonSettings
from evozc.comparison._split import split_budgets
from evozc.engine import Evaluator, Scorer
from evozc.errors import CheckpointError, DataError, FormulaError, SearchExhaustedError
from evozc.formula import Formula, addends, parse, to_latex
from evozc.search import Search, SearchSettings, with_ensembles
from evozc.symbols import symbol_set
from evozc.table import Table

Record = dict[str, Any]


def run_cell(
    source: str, content_hash: str, target: str, settings: ComparisonSettings,
    method: str, budget: int, seed: int,
) -> list[Record]:
    """One method at one budget and seed; the label-free ones together, at budget 0.

    Returns:
        One record a method, as JSON values: ``method``, ``budget``, ``seed``, ``scores`` of the
        held-out architectures (None where not finite), ``fit_seconds`` of processor time,
        which other work on the machine does not change, ``score_seconds`` likewise for one
        architecture whose statistics are known, ``size`` and what it counts, ``formula``, and the
        ``latex`` of each of its terms.

    Raises:
        DataError: the sample cannot be used, or a statistic is missing.
        CheckpointError: the table has changed.
    """
    table = _table(source)
    if table.content_hash != content_hash:
        raise CheckpointError(f"table {source}: not the one that the comparison began with")
    samples, held_out = split_budgets(table, settings.budgets, seed, settings.seen)
    table, held_out = table.with_targets([]), held_out.with_targets([])  # their labels are nobody's business
    if method == LABEL_FREE:
        records = _label_free(held_out, settings.given)
    elif method == "formula":
        records = [_search(samples[budget], held_out, target, settings, seed)]
    elif method == "trees":
        records = [_trees(samples[budget], held_out, target, seed)]
    else:
        records = [_parzc(method, table, samples[budget], held_out, target, seed)]
    return [{"budget": budget, "seed": seed, **record} for record in records]


@lru_cache(maxsize=1)
def _table(source: str) -> Table:
    return open_table(source)


def _search(train: Table, test: Table, target: str, settings: ComparisonSettings, seed: int) -> Record:
    """A search as ``evozc search`` makes it; the formula is chosen by the labelled sample alone."""
    symbols = symbol_set().with_statistics(train.statistics)
    start = time.process_time()
    search = Search(
        symbols,
        SearchSettings(seed=seed, population=settings.population, generations=settings.generations),
        list(proxies(symbols).values()),
    )
    scorer = Scorer(train, train.target(target))
    while not search.finished:
        try:
            formulas = search.ask()
        except SearchExhaustedError:
            break  # nothing new is left to try: what has been found is the result
        search.tell(formulas, scorer.score(formulas))
    if search.hall_of_fame.best is None:
        raise DataError("the search found no valid formula; give it more generations")
    hall = list(with_ensembles(search, train, train.target(target)))
    seconds = time.process_time() - start
    scores = Evaluator(test).scores([entry.formula for entry in hall])
    return {
        **_formula_record("formula", hall[-1].formula, test),
        "fit_seconds": seconds,
        "front": [
            {"size": entry.size, "labelled_tau": entry.tau, "formula": entry.formula.text,
             "chosen": entry is hall[-1], "scores": _listed(row)}
            for entry, row in zip(hall, scores, strict=True)
        ],
    }


def _label_free(test: Table, given: Mapping[str, str]) -> list[Record]:
    symbols = symbol_set().with_statistics(test.statistics)
    formulas = {**{name: parse(text, symbols) for name, text in given.items()}, **proxies(symbols)}
    for dagger in DAGGERS:
        try:
            formulas.setdefault(dagger.name, parse(dagger.text, symbols))
        except FormulaError:  # the table lacks its statistic
            continue
    return [_formula_record(name, formula, test) for name, formula in formulas.items()]


def _formula_record(name: str, formula: Formula, test: Table) -> Record:
    start = time.process_time()
    scores = Evaluator(test).scores([formula])[0]
    seconds = (time.process_time() - start) / len(test)
    return {
        "method": name, "scores": _listed(scores), "fit_seconds": 0.0, "score_seconds": seconds,
        "size": formula.size, "counts": "symbols", "formula": formula.text,
        "latex": [to_latex(term) for term in addends(formula)],
    }


def _trees(train: Table, test: Table, target: str, seed: int) -> Record:
    start = time.process_time()
    trees = Trees(train, train.target(target), seed)
    fitted = time.process_time()
    scores = trees.predict(test)
    return _learned("trees", scores, fitted - start, time.process_time() - fitted, trees.parameters)


def _parzc(name: str, table: Table, train: Table, test: Table, target: str, seed: int) -> Record:
    from evozc.baselines.parzc import NAMED, ParZC

    with _one_thread():
        start = time.process_time()
        predictor = ParZC.fit(train, train.target(target), NAMED[name], seed=seed, pool=table)
        fitted = time.process_time()
        scores, _ = predictor.predict(test)
        return _learned(name, scores, fitted - start, time.process_time() - fitted, predictor.parameters)


def _learned(name: str, scores: np.ndarray, fitting: float, scoring: float, parameters: int) -> Record:
    return {
        "method": name, "scores": _listed(scores), "fit_seconds": fitting,
        "score_seconds": scoring / len(scores), "size": parameters, "counts": "parameters",
        "formula": None, "latex": None,
    }


def _listed(scores: np.ndarray) -> list[float | None]:
    return [float(score) if np.isfinite(score) else None for score in scores]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch on one thread, so that results are the same however many workers there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
