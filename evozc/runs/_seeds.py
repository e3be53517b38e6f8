"""The same search with several seeds, each in a run folder of its own, and what they come to.

``manifest.json``  what was asked for
``seed-N/``        the run folder of a seed, as ``evozc search`` makes it
``results.json``   the chosen formula of each, and the mean and spread of their taus
``seeds.csv``      one row a seed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Pool
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from evozc._files import exists
from evozc._folder import Folder, Kind, format_of, installed
from evozc.benchmarks import reopen_tasks
from evozc.engine import Objective
from evozc.errors import CheckpointError, ConfigError, WorkerError
from evozc.evolution import SearchSettings, symbols_of
from evozc.executors import Executor, Failure, executor_for
from evozc.runs._folder import RunFolder, read_results
from evozc.runs._results import SearchResults
from evozc.runs._search_run import PACKAGES, continue_run, first_formulas, start_run
from evozc.runs._seeds_results import SeedsResults, summary
from evozc.table import Task, TaskSource


@dataclass(frozen=True)
class SeedsManifest:
    """What searches over seeds were asked for.

    Args:
        seeds: Of the searches, each once.
        settings: Of each search, whose seed is replaced.
        tasks: Where the tasks come from; of each seed the samples are drawn anew.
        starters: Formulas, or names of known proxies, that join the first populations.
        versions: Of Python and of packages, by name.
    """

    seeds: tuple[int, ...]
    settings: SearchSettings
    tasks: tuple[TaskSource, ...]
    starters: tuple[str, ...]
    versions: Mapping[str, str]


SEEDS = Kind(
    "evozc-seeds-1", "the folder of searches over seeds", "folder", SeedsManifest,
    ("results.json", "seeds.csv"), "evozc search --resume {}",
)


class SeedsFolder(Folder[SeedsManifest]):
    """The folder of searches over seeds that is open for writing; use it as a context manager."""

    kind = SEEDS


def start_seeds(
    path: Path, tasks: Sequence[Task], settings: SearchSettings, seeds: Sequence[int], *,
    starters: Sequence[str] = (),
) -> SeedsFolder:
    """Make the folder of searches over seeds, or open the one that is there if it asks for the same.

    Args:
        path: The folder.
        tasks: What to search on, opened by name, of any seed.
        settings: Of each search; its seed does not matter.
        seeds: Of the searches.
        starters: Formulas, or names of known proxies, that join the first populations.

    Raises:
        DataError: a task cannot be searched on, or the folder cannot be written.
        ConfigError: the settings do not fit the tasks, a starter the settings, or there are no seeds.
        FormulaError: a starter is no formula over the table's statistics.
        CheckpointError: the folder holds something else.
    """
    sources = tuple(replace(task.source, seed=0) for task in tasks if task.source)
    if not tasks or len(sources) < len(tasks):
        raise ConfigError("seeds need tables that have names: save them, and open the tasks by their paths")
    if not seeds or len(set(seeds)) < len(seeds):
        raise ConfigError("seeds: name at least one, and each once")
    Objective(tasks)
    first_formulas(symbols_of(tasks, settings), settings, starters)
    asked = SeedsManifest(
        tuple(seeds), replace(settings, seed=0), sources, tuple(starters), installed(*PACKAGES)
    )
    if not format_of(path):
        return SeedsFolder.create(path, asked)
    folder = SeedsFolder.open(path)
    names = ("seeds", "settings", "tasks", "starters")
    if differing := [n for n in names if getattr(folder.manifest, n) != getattr(asked, n)]:
        folder.__exit__()
        raise CheckpointError(
            f"{path}: searches with other {' and '.join(differing)}; name another folder with --run"
        )
    return folder


def continue_seeds(
    folder: SeedsFolder, jobs: int | str | Executor | Pool = 1,
    observe: Callable[[int, int], object] = lambda _done, _total: None,
) -> SeedsResults:
    """Run the searches to their ends, each from where it stopped, and write the results.

    Workers write the run folders themselves, so that they need this disk and the table's; a search
    whose worker dies goes on elsewhere from its last checkpoint.

    Args:
        folder: Open for writing.
        jobs: As :func:`~evozc.executors.executor_for` takes them. The results are the same for any.
        observe: Called with the number of searches done and of all.

    Raises:
        WorkerError: searches failed; the message gives the reason of the first.
        CheckpointError: a run folder is damaged, or a table has changed.
    """
    asked = folder.manifest
    place = folder.path.absolute()
    done = [s for s in asked.seeds if exists(_run(place, s) / "results.json")]
    found = {seed: read_results(_run(place, seed)) for seed in done}
    missing = [seed for seed in asked.seeds if seed not in found]
    observe(len(found), len(asked.seeds))
    failed: list[tuple[int, str]] = []
    shared = (place, asked.tasks, asked.settings, asked.starters)
    with closing(executor_for(jobs).map(search_seed, ((seed,) for seed in missing), shared)) as outcomes:
        for index, outcome in outcomes:
            if isinstance(outcome, Failure):
                failed.append((missing[index], outcome.reason))
            else:
                found[missing[index]] = outcome
                observe(len(found), len(asked.seeds))
    if failed:
        seed, reason = min(failed)
        raise WorkerError(f"{len(failed)} of {len(asked.seeds)} searches failed; seed {seed}: {reason}")
    results = summary([found[seed] for seed in asked.seeds], asked.versions)
    folder.write_text("seeds.csv", results.to_csv())
    folder.write("results.json", results)
    return results


def search_seed(
    place: Path, sources: tuple[TaskSource, ...], settings: SearchSettings, starters: tuple[str, ...],
    seed: int,
) -> SearchResults:
    """The search of a seed in its run folder, from its start or from where it stopped.

    Raises:
        EvozcError: as :func:`start_run` and :func:`continue_run` say.
    """
    path = _run(place, seed)
    if format_of(path):
        opened = RunFolder.open(path)
    else:
        tasks = reopen_tasks([replace(source, seed=seed) for source in sources])
        opened = start_run(path, tasks, replace(settings, seed=seed), starters=starters)
    with opened as folder:
        return continue_run(folder)


def _run(place: Path, seed: int) -> Path:
    return place / f"seed-{seed}"
