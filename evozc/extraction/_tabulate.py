"""From many architectures to one statistics table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evozc.errors import DataError, EvozcError
from evozc.executors import Failure, run_tasks
from evozc.extraction._images import Images
from evozc.extraction._measure import measure
from evozc.extraction._settings import Settings
from evozc.extraction._shards import Outcome, Shards
from evozc.spaces import SearchSpace
from evozc.table import Table, Target
from primitives import NETWORK, Statistic

FORMAT = "evozc-extraction-1"
SHARD = 16


def extract_table(
    space: SearchSpace,
    architectures: Sequence[str],
    images: Images,
    settings: Settings,
    targets: Sequence[Target] = (),
    *,
    shards: Path,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Measure the statistics of many architectures, each on the same mini-batch.

    Finished architectures are kept in a folder. Stopped at any moment and called again, it
    goes on from there; the table is bitwise the same whatever the number of jobs, for each
    network's weights are drawn from the seed and its own text alone.

    Args:
        space: Builds the networks.
        architectures: Their texts, all different.
        images: From which the mini-batch is drawn.
        settings: What to measure.
        targets: One value for each architecture.
        shards: The folder; made if need be.
        jobs: Worker processes of one thread each.
        progress: Called with the number of architectures done and their total.

    Returns:
        The architectures that could be measured, in the given order; the others and their
        reasons are in ``provenance["failed"]``.

    Raises:
        DataError: repeated architectures, targets that do not fit, too few images, a folder
            of another extraction, or not one architecture that can be measured.
        WorkerError: a worker was killed; what is finished is kept.
    """
    architectures = list(architectures)
    _check(architectures, targets)
    batch = images.batch(settings.batch, settings.seed)
    manifest = _manifest(space, images, settings)
    folder = Shards.open(shards, manifest, settings.groups)
    kept, wanted = folder.read(), set(architectures)
    outcomes = {a: outcome for a, outcome in kept.items() if a in wanted}
    todo = [a for a in architectures if a not in outcomes]

    def report() -> None:
        if progress:
            progress(len(outcomes), len(architectures))

    report()
    tasks = [
        (space, todo[start : start + SHARD], batch, settings, folder)
        for start in range(0, len(todo), SHARD)
    ]
    for _, finished in run_tasks(_measure_shard, tasks, jobs):
        if isinstance(finished, Failure):
            raise DataError(finished.reason)
        outcomes |= finished
        report()
    return _table(space, architectures, outcomes, targets, folder.statistics(), manifest)


def _check(architectures: Sequence[str], targets: Sequence[Target]) -> None:
    if not architectures:
        raise DataError("no architectures to extract statistics of")
    if len(set(architectures)) != len(architectures):
        repeated = next(a for a in architectures if architectures.count(a) > 1)
        raise DataError(f"architecture {repeated} is named more than once")
    for target in targets:
        if target.values.shape != (len(architectures),) or not np.isfinite(target.values).all():
            raise DataError(f"target {target.name!r} needs {len(architectures)} finite values")


def _manifest(space: SearchSpace, images: Images, settings: Settings) -> dict[str, Any]:
    return {
        "space": space.name,
        "space_settings": space.settings(),
        "settings": {**asdict(settings), "groups": list(settings.groups)},
        "images": images.digest,
        "initialisation": "torch defaults",
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "extraction": FORMAT},
    }


def _measure_shard(
    space: SearchSpace,
    architectures: Sequence[str],
    batch: tuple[torch.Tensor, torch.Tensor],
    settings: Settings,
    folder: Shards,
) -> dict[str, Outcome]:
    with _one_thread():
        outcomes = {a: _measure_one(space, a, batch, settings) for a in architectures}
    folder.write(outcomes)
    return outcomes


def _measure_one(
    space: SearchSpace,
    architecture: str,
    batch: tuple[torch.Tensor, torch.Tensor],
    settings: Settings,
) -> Outcome:
    digest = hashlib.sha256(f"{settings.seed} {architecture}".encode()).digest()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int.from_bytes(digest[:7]))
            network = space.build(architecture)
            return measure(network, *batch, space.blocks(network), settings.groups)
    except MemoryError:
        raise
    except EvozcError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a space of the user's own may raise anything
        return f"{type(error).__name__}: {error}"


@contextmanager
def _one_thread() -> Iterator[None]:
    # The number of threads changes the order of sums, and so the last bits.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _table(
    space: SearchSpace,
    architectures: Sequence[str],
    outcomes: Mapping[str, Outcome],
    targets: Sequence[Target],
    statistics: Sequence[Statistic],
    manifest: Mapping[str, Any],
) -> Table:
    failed = {a: outcomes[a] for a in architectures if isinstance(outcomes[a], str)}
    kept = [i for i, a in enumerate(architectures) if a not in failed]
    if not kept:
        first = next(iter(failed))
        raise DataError(f"none of {len(failed)} architectures could be measured; {first}: {failed[first]}")
    measured = [outcomes[architectures[i]] for i in kept]
    offsets, values = {}, {}
    for statistic in statistics:
        found = [outcome[statistic.key] for outcome in measured]
        if statistic.node_set == NETWORK:
            values[statistic.key] = np.array(found, dtype=np.float64)
            continue
        values[statistic.key] = np.concatenate(found)
        lengths = [len(vector) for vector in found]
        offsets.setdefault(statistic.node_set, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return Table(
        architectures=tuple(architectures[i] for i in kept),
        keys=tuple(space.canonical_key(architectures[i]) for i in kept),
        statistics=tuple(statistics),
        offsets=offsets,
        values=values,
        targets={t.name: replace(t, values=t.values[kept]) for t in targets},
        provenance={"source": "extraction", **manifest, "failed": failed},
    )
