"""The engine against stock DEAP, side by side in one run, and what else a search engine must show.

    python tests/benchmarks/engine.py               # everything but gplearn: about 15 minutes
    python tests/benchmarks/engine.py tau jobs      # some of it: tau, trees, search, jobs, memory, gplearn

Ratios are of processor time, which other work on the machine disturbs least; --jobs of
wall time. The peer (``peer.py``) breeds, compiles and evaluates with DEAP's own means,
on the operators' numpy kernels, so that both compute the same numbers.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import resource
import time

import numpy as np
from peer import Peer, use_bare_reductions
from scipy import stats
from tables import synthetic_table

from evozc.engine import KendallTau, Scorer
from evozc.evolution import Search, SearchSettings
from primitives import FULL, SCALAR

SIZES = (200, 1000, 5000, 15625)
POPULATION = 1000


def timed(work, clock=time.process_time):
    start = clock()
    result = work()
    return clock() - start, result


def best_of(times, work, clock=time.process_time):
    return min(timed(work, clock)[0] for _ in range(times))


def symbols_of(table):
    return FULL.with_statistics(table.statistics)


def evolve(search, scorer, generations=None):
    """Run a search; seconds and numbers of individuals bred and scored, a generation at a time."""
    while not search.finished and generations != search.generation:
        before = search.removed["probe"] + search.evaluations + search.spared + search.removed["structure"]
        seconds, _ = timed(lambda: step(search, scorer))
        after = search.removed["probe"] + search.evaluations + search.spared + search.removed["structure"]
        yield seconds, after - before


def random_start(table, **settings):
    """A search that begins with random formulas alone, as the peer's does."""
    search = Search(symbols_of(table), SearchSettings(islands=1, **settings))
    search.starters = []
    return search


def step(search, scorer):
    formulas = search.ask()
    search.tell(formulas, scorer.score(formulas))


def evolved(table):
    """The population after 12 generations, as a search holds it: one fixed set of formulas for all sizes."""
    search = random_start(table, population=POPULATION, generations=12)
    list(evolve(search, Scorer(table, table.target())))
    return search.islands[0].formulas


def measure_tau():
    print("\nexact tau-b alone (continuous scores), us a formula")
    for n in SIZES:
        draw = np.random.default_rng(0)
        target = np.round(70 + 5 * draw.normal(size=n), 2)
        scores = draw.normal(size=(max(20, 200_000 // n), n)) + 0.2 * target
        tau, everyone = KendallTau(target), np.ones(len(scores), bool)
        ours = best_of(5, lambda: tau.rank(scores, n, everyone)) / len(scores)
        few = scores[:20]
        theirs, reference = timed(lambda: [stats.kendalltau(row, target).statistic for row in few])
        difference = np.abs(np.array(reference) - tau.rank(scores, n, everyone).taus[:20]).max()
        show(n, theirs / 20, ours, f"largest difference {difference:.0e}")


def measure_trees():
    print(f"\nevaluation and tau of one evolved population of {POPULATION}, us a formula")
    formulas = evolved(synthetic_table(200))
    print(f"  {np.mean([f.size for f in formulas]):.1f} symbols a formula")
    for n in SIZES:
        table = synthetic_table(n)
        scorer, peer = Scorer(table, table.target()), Peer(table, symbols_of(table))
        outcomes = scorer.score(formulas)
        ours = best_of(5 if n < 5000 else 2, lambda: scorer.score(formulas)) / len(formulas)
        few = formulas[:: max(1, n // 200)]
        trees = [peer.tree(f) for f in few]
        with np.errstate(all="ignore"):
            theirs, scores = timed(lambda: [peer.score(tree)[0] for tree in trees])
        pairs = zip(outcomes[:: max(1, n // 200)], scores, strict=True)
        difference = max(abs(o.tau - s) for o, s in pairs if o.tau is not None)
        show(n, theirs / len(few), ours, f"largest difference {difference:.0e} (ties at 12 digits)")


def measure_search():
    print(f"\nwhole search, population {POPULATION}, us an individual (DEAP with a dictionary)")
    for n, generations in ((200, 12), (1000, 10), (5000, 6)):
        table = synthetic_table(n)
        settings = SearchSettings(islands=1, population=POPULATION, generations=generations)
        scorer = Scorer(table, table.target())
        scorer.score(evolved(synthetic_table(200))[:100])  # compiled before the clock starts
        search = random_start(table, population=POPULATION, generations=generations)
        seconds, bred = np.sum(list(evolve(search, scorer)), axis=0)
        theirs, (count, distinct, best) = timed(
            lambda: Peer(table, symbols_of(table)).search(POPULATION, generations, settings, 0)
        )
        show(n, theirs / count, seconds / bred, (
            f"{1 - distinct / count:.0%} of theirs from the dictionary, "
            f"{search.spared / bred:.0%} of ours pruned; "
            f"best tau {best:.3f} and {search.hall_of_fame.best.tau:.3f}; rules took "
            f"{search.pruning / bred * 1e6:.1f} us each"
        ))


def measure_jobs():
    print("\nthreads, 6 generations of 1000: wall seconds, and what processor time allows")
    for n in (200, 1000, 5000):
        table, taken = synthetic_table(n), {}
        for jobs in (1, 2):
            scorer = Scorer(table, table.target(), jobs)
            search = random_start(table, population=POPULATION, generations=6)
            step(search, scorer)
            alone, everywhere = time.thread_time(), time.process_time()
            seconds, _ = timed(lambda: list(evolve(search, scorer)), time.perf_counter)
            alone, everywhere = time.thread_time() - alone, time.process_time() - everywhere
            taken[jobs] = seconds, everywhere, search.hall_of_fame.best.tau
        (one, whole, tau), (two, _, same) = taken[1], taken[2]
        bounds = [whole / (alone + (everywhere - alone) / k) for k in (2, 4, 16, 64)]
        print(
            f"  N={n:<6d} one {one:.2f} s, two {two:.2f} s: {one / two:.2f} times; "
            f"{alone / everywhere:.0%} in one thread: at most {', '.join(f'{b:.2f}' for b in bounds)} times "
            "with 2, 4, 16, 64; "
            f"best tau {tau:.6f} and {same:.6f}", flush=True,
        )


def measure_memory():
    print("\n200 generations of 2000 at N=200: resident memory and time of a formula")
    table = synthetic_table(200)
    scorer = Scorer(table, table.target())
    search = random_start(table, population=2000, generations=200)
    for generation, (seconds, bred) in enumerate(evolve(search, scorer)):
        if generation in (1, 10, 25, 50, 100, 150, 200):
            with open("/proc/self/statm") as file:
                resident = int(file.read().split()[1]) * resource.getpagesize() / 2**20
            size = np.mean([tree.formula.size for tree in search.islands[0]])
            cost = f"{seconds / bred * 1e6:5.1f} us an individual, {size:.1f} symbols"
            print(f"  generation {generation:3d}: {resident:5.0f} MiB, {cost}", flush=True)


def measure_gplearn():
    print("\nsymbolic regression on network scalars, N=1000, population 1000, individuals/s")
    from gplearn.fitness import make_fitness
    from gplearn.genetic import SymbolicRegressor

    table = synthetic_table(1000)
    keys = [s.key for s in table.statistics if s.type == "network"]
    symbols = SCALAR.with_statistics([s for s in table.statistics if s.type == "network"])
    for _ in range(2):  # compiled the first time
        search = Search(symbols, SearchSettings(islands=1, population=1000, generations=10))
        seconds, bred = np.sum(list(evolve(search, Scorer(table, table.target()))), axis=0)
    print(f"  evozc {bred / seconds:,.0f}")
    kendall = make_fitness(
        function=lambda y, p, w: np.nan_to_num(stats.kendalltau(y, p).statistic, nan=-1.0),
        greater_is_better=True, wrap=False,
    )
    x = np.column_stack([table.values[k] for k in keys])
    regressor = SymbolicRegressor(
        population_size=1000, generations=10, metric=kendall, random_state=0, stopping_criteria=2.0,
        function_set=("add", "sub", "mul", "div", "sqrt", "log", "abs", "neg", "inv", "max", "min"),
    )
    theirs, _ = timed(lambda: regressor.fit(x, table.target().merit))
    print(f"  gplearn {10_000 / theirs:,.0f}: {bred / seconds / (10_000 / theirs):.1f} times")


def show(n, theirs, ours, note):
    both = f"peer {theirs * 1e6:8.1f}  evozc {ours * 1e6:7.1f}  {theirs / ours:6.1f} times"
    print(f"  N={n:<6d} {both}  {note}", flush=True)


MEASUREMENTS = {
    "tau": measure_tau, "trees": measure_trees, "search": measure_search, "jobs": measure_jobs,
    "memory": measure_memory, "gplearn": measure_gplearn,
}

if __name__ == "__main__":
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("what", nargs="*", metavar="measurement", help=", ".join(MEASUREMENTS))
    parser.add_argument("--bare", action="store_true", help=use_bare_reductions.__doc__.split("\n")[0])
    arguments = parser.parse_args()
    if arguments.bare:
        use_bare_reductions()
    for name in arguments.what or list(MEASUREMENTS)[:-1]:
        MEASUREMENTS[name]()
