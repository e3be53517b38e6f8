"""The scalar job: symbolic regression on 13 features, beside the engines that install from a registry.

    python tests/benchmarks/scalar_job.py           # N = 200, 1000, 5000
    python tests/benchmarks/scalar_job.py 1000      # some of them

Population 1000, 100 generations, up to 30 symbols, one thread; formulas a second of processor time. evozc
ranks by exact Kendall tau with all rules on; of it two rates are given: formulas that are *scored* (all
different, none known) and *tried* (with those that the rules spare it: peers score these again). gplearn
and stock DEAP rank by scipy's tau, over five generations, since they take so long; pyoperon fits by R2, in
single precision. A peer that is not installed is left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import ctypes
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from peer import Peer
from scipy import stats
from tables import synthetic_table

from evozc.engine import Scorer
from evozc.engine._compiled import compile_kernel
from evozc.engine._program import Program
from evozc.evolution import Search, SearchSettings
from evozc.table import Table
from primitives import LANES, NETWORK, SCALAR, Operator, SymbolSet

SIZES = (200, 1000, 5000)
FEATURES = 13
SETTINGS = SearchSettings(islands=1, population=1000, generations=100, max_size=30, max_depth=10, terms=1)
#: Of the peers that take minutes.
FEW_GENERATIONS = 5
#: What evozc's elementwise operators are called elsewhere.
GPLEARN = ("add", "sub", "mul", "div", "sqrt", "log", "abs", "neg", "inv", "max", "min")
PYOPERON = "add,sub,mul,div,sqrt,log,exp,tanh,abs,square,fmin,fmax,constant,variable"


def scalar_table(n: int) -> Table:
    """A synthetic table of 13 network statistics."""
    table = synthetic_table(n)
    kept = tuple(s for s in table.statistics if s.type == NETWORK)[:FEATURES]
    assert len(kept) == FEATURES
    values = {s.key: table.values[s.key] for s in kept}
    return Table(table.architectures, table.keys, kept, {}, values, table.targets)


def symbols_of(table: Table) -> SymbolSet:
    """Elementwise operators alone, as the peers have them."""
    operators = [o for o in SCALAR.operators.values() if o.kind == "elementwise"]
    return SymbolSet("scalar-job", operators, table.statistics, (NETWORK,))


class Clock:
    """Processor seconds of calls of some methods."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def on(self, owner: Any, method: str, name: str) -> None:
        """Count the time of an object's method under a name."""
        inner = getattr(owner, method)

        def clocked(*args: Any) -> Any:
            start = time.process_time()
            try:
                return inner(*args)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start

        setattr(owner, method, clocked)


def search(table: Table) -> dict[str, Any]:
    """A search of evozc: rates, where its time goes, and what remains of it."""
    scorer, found = Scorer(table, table.target()), Search(symbols_of(table), SETTINGS)
    clock, start = Clock(), time.process_time()
    for owner, method, name in (
        (found, "ask", "breeding and rules"), (found, "tell", "selection"),
        (scorer._tau, "rank", "tau"), (scorer, "score", "scoring"),
    ):
        clock.on(owner, method, name)
    while not found.finished:
        formulas = found.ask()
        found.tell(formulas, scorer.score(formulas))
    seconds = time.process_time() - start
    parts = clock.seconds
    scored = found.evaluations + found.removed["probe"]
    parts["evaluation"] = parts.pop("scoring") - parts["tau"]
    return {
        "seconds": seconds, "scored": scored, "tried": scored + found.spared, "parts": parts,
        "search": found, "scorer": scorer,
    }


def pyoperon(table: Table) -> tuple[int, float]:
    """Formulas and seconds of pyoperon."""
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(
        allowed_symbols=PYOPERON, objectives=["r2"], population_size=SETTINGS.population,
        generations=SETTINGS.generations, max_length=SETTINGS.max_size, max_depth=SETTINGS.max_depth,
        tournament_size=SETTINGS.tournament, optimizer_iterations=0, n_threads=1, random_state=0,
        epsilon=0.0,
    )
    x, y = (column.astype(np.float32) for column in columns(table))  # it computes in single precision
    start = time.process_time()
    model.fit(x, y)
    return int(model.stats_["evaluation_count"]), time.process_time() - start


def gplearn(table: Table) -> tuple[int, float]:
    """Formulas and seconds of gplearn, by Kendall's tau."""
    from gplearn.fitness import make_fitness
    from gplearn.genetic import SymbolicRegressor

    kendall = make_fitness(
        function=lambda y, p, w: np.nan_to_num(stats.kendalltau(y, p).statistic, nan=-1.0),
        greater_is_better=True, wrap=False,
    )
    model = SymbolicRegressor(
        population_size=SETTINGS.population, generations=FEW_GENERATIONS, metric=kendall, random_state=0,
        stopping_criteria=2.0, function_set=GPLEARN,
    )
    x, y = columns(table)
    start = time.process_time()
    model.fit(x, y)
    return FEW_GENERATIONS * SETTINGS.population, time.process_time() - start


def deap(table: Table) -> tuple[int, float]:
    """Formulas and seconds of stock DEAP with a dictionary of what it has scored."""
    start = time.process_time()
    peer = Peer(table, symbols_of(table))
    bred, _, _ = peer.search(SETTINGS.population, FEW_GENERATIONS, SETTINGS, 0)
    return bred, time.process_time() - start


PEERS: dict[str, Callable[[Table], tuple[int, float]]] = {
    "pyoperon": pyoperon, "gplearn": gplearn, "DEAP": deap,
}


def columns(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 13) and target (n,)."""
    return np.column_stack([*table.values.values()]), table.target().merit


# --- the roof ---------------------------------------------------------------------------------------


def nanoseconds(operator: Operator) -> float:
    """What an operator takes for a number that is in the nearest cache."""
    kernel, rows = compile_kernel(operator).ctypes, 64
    draw = np.random.default_rng(0)
    x, y, out = (np.abs(draw.normal(size=LANES * rows)) + 0.1 for _ in range(3))
    pointers = [kernel.argtypes[0]] * 3
    a, b, c = (np.ctypeslib.as_ctypes(v) for v in (out, x, y))
    a, b, c = (ctypes.cast(v, p) for v, p in zip((a, b, c), pointers, strict=True))
    best = np.inf
    for _ in range(7):
        start = time.process_time_ns()
        for _ in range(400):
            kernel(a, b, LANES, c, LANES, rows)
        best = min(best, (time.process_time_ns() - start) / 400)
    return best / (LANES * rows)


def copying() -> float:
    """Bytes that a core reads and writes in a nanosecond, from memory."""
    source, target = np.ones(2**23), np.empty(2**23)
    best = np.inf
    for _ in range(5):
        start = time.process_time_ns()
        np.copyto(target, source)
        best = min(best, time.process_time_ns() - start)
    return 2 * source.nbytes / best


def roof(n: int, found: Search, scorer: Scorer) -> str:
    """What the last population's own operations take at the least."""
    formulas = found.islands[0].formulas
    program = Program(formulas.pool, np.unique(formulas.numbers_in(formulas.pool)))
    taken = np.bincount(program.operator[program.operator >= 0], minlength=len(program.operators))
    cost = np.array([nanoseconds(operator) for operator in program.operators])
    shared = float(taken @ cost) / len(program.roots)
    whole = np.zeros(len(program))  # operations of each part, counted as often as it stands there
    price = np.zeros(len(program))
    for v in range(len(program)):
        if program.x[v] >= 0:
            arguments = [a for a in (program.x[v], program.y[v]) if a >= 0]
            whole[v] = 1 + sum(whole[a] for a in arguments)
            price[v] = cost[program.operator[v]] + sum(price[a] for a in arguments)
    alone, operations = price[program.roots].mean(), whole[program.roots].mean()
    size = 8 * n * (FEATURES + len(program.roots)) / len(program.roots)
    memory = size / copying()
    start = time.process_time()
    scorer.score(formulas)
    scorer.score(formulas)
    seconds = (time.process_time() - start) / 2 / len(formulas)
    bare, once = (f"{1e9 / (nanoseconds_each * n):,.0f}" for nanoseconds_each in (alone, shared))
    distinct = taken.sum() / len(program.roots)
    return (
        f"    roof: {operations:.1f} operations a formula, {distinct:.1f} once shared, "
        f"{alone / operations:.2f} ns a number from the nearest cache: {bare} formulas/s, {once} shared;\n"
        f"    memory alone ({size / 1024:.1f} KiB each): {1e9 / memory:,.0f}; "
        f"evaluation and tau reach {1 / seconds:,.0f}"
    )


def beyond_r2(table: Table, scorer: Scorer, found: Search) -> str:
    """Tau beside R2 of the same scores."""
    scores = scorer._evaluator.scores(found.islands[0].formulas)
    target = table.target().merit
    centred = target - target.mean()
    start = time.process_time()
    for _ in range(3):
        with np.errstate(all="ignore"):
            spread = scores - scores.mean(axis=1, keepdims=True)
            (spread @ centred) ** 2 / np.einsum("ij,ij->i", spread, spread)
    r2 = (time.process_time() - start) / 3 / len(scores)
    tau, everyone = scorer._tau, np.ones(len(scores), bool)
    padded = scorer._evaluator.columns(*scorer._evaluator.numbered(found.islands[0].formulas))
    start = time.process_time()
    for _ in range(3):
        type(tau).rank(tau, padded, len(table), everyone)
    exact = (time.process_time() - start) / 3 / len(scores)
    return f"    tau {1e6 * exact:.1f} us a formula, R2 by numpy {1e6 * r2:.1f}"


@contextmanager
def quietly() -> Iterator[None]:
    """Without what peers warn of."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def measure_scalars(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a few lines for each number of architectures."""
    print(f"\nscalar job: {FEATURES} features, population {SETTINGS.population}, {SETTINGS.generations} "
          f"generations, up to {SETTINGS.max_size} symbols; formulas a second of processor time")
    search(scalar_table(sizes[0]))  # compiled before the clock starts
    for n in sizes:
        table = scalar_table(n)
        ours = search(table)
        scored, tried = (ours[what] / ours["seconds"] for what in ("scored", "tried"))
        print(f"  N={n}\n    evozc     {scored:9,.0f} scored, {tried:9,.0f} tried, by exact tau", flush=True)
        where = {name: seconds / ours["scored"] for name, seconds in ours["parts"].items()}
        print("    of it, us a scored formula: "
              + ", ".join(f"{name} {1e6 * seconds:.1f}" for name, seconds in where.items()))
        for name, peer in PEERS.items():
            try:
                with quietly():
                    count, seconds = peer(table)
            except ImportError as error:
                print(f"    {name:<9} is left out: {error}; pip install {name.lower()}")
                continue
            rate = count / seconds
            print(f"    {name:<9} {rate:9,.0f}: evozc scores {scored / rate:.2f} times as many, "
                  f"tries {tried / rate:.2f} times", flush=True)
        print(beyond_r2(table, ours["scorer"], ours["search"]))
        print(roof(n, ours["search"], ours["scorer"]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", type=int, nargs="*", metavar="N")
    measure_scalars(tuple(parser.parse_args().sizes) or SIZES)
