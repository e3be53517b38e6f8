"""The same search with several seeds in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor as Pool
from pathlib import Path
from typing import cast

from evozc._api._search import named
from evozc._screen import counted, say
from evozc.benchmarks import open_tasks
from evozc.errors import ConfigError
from evozc.evolution import SearchSettings, uncommon
from evozc.executors import Executor
from evozc.runs import SeedsResults, continue_seeds, start_seeds


def search_seeds(
    table: str | Path | Sequence[str | Path] = "digits",
    seeds: Iterable[int] = range(10),
    *,
    run: str | Path | None = None,
    target: str | Sequence[str] | None = None,
    labels: int | None = None,
    settings: SearchSettings | None = None,
    starters: Sequence[str] = (),
    jobs: int | str | Executor | Pool = 1,
    progress: bool | Callable[[int, int], object] = True,
) -> SeedsResults:
    """Search with several seeds, each with a labelled sample of its own, and say how much that matters.

    Stopped at any moment, the same call goes on. Every seed has a run folder ``<run>/seed-<seed>``, as
    :func:`search` makes it, for :func:`open_run`. Workers read the table and write these folders by
    their paths.

    Args:
        table: The path of a statistics table, or the name of a bundled benchmark; or several of them.
        seeds: Of the searches.
        run: The folder; None for ``runs/<table>-seeds``.
        target: As for :func:`search`.
        labels: As for :func:`search`.
        settings: Of each search; the seed in them is replaced.
        starters: As for :func:`search`.
        jobs: Searches at once in worker processes, -1 for one a core; a cluster, as
            ``tcp://host:8786``; an executor. The results are the same for any.
        progress: Whether to show it; or what to call with the number of searches done and of all.

    Raises:
        DataError: the table, the target or a sample cannot be had, or the folder cannot be written.
        ConfigError: settings or starters that do not fit, or no seeds.
        CheckpointError: the folder holds something else.
        WorkerError: searches failed; the others are kept.
    """
    several = isinstance(table, list | tuple)
    tables = list(cast("Sequence[str | Path]", table if several else [table]))
    chosen = tuple(seeds)
    if not chosen:
        raise ConfigError("seeds: name at least one")
    tasks = open_tasks(tables, target, labels, chosen[0])
    if left_out := uncommon(tasks):
        say(f"without {', '.join(left_out)}, which not all tables hold")
    place = Path(run) if run else seeds_folder(*tables)
    started = start_seeds(place, tasks, settings or SearchSettings(), chosen, starters=starters)
    with started as folder, counted(progress, "searches") as observe:
        return continue_seeds(folder, jobs, observe)


def seeds_folder(*tables: str | Path) -> Path:
    """``runs/<table>-seeds``."""
    return Path("runs") / f"{named(*tables)}-seeds"
