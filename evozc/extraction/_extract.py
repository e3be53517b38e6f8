"""From many architectures to one statistics table."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor as Pool
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch

from evozc._records import to_json
from evozc._threads import one_thread
from evozc.errors import ConfigError, DataError, EvozcError
from evozc.executors import Executor, Failure, executor_for
from evozc.extraction._device import arithmetic_of, on_device
from evozc.extraction._initialise import initialise
from evozc.extraction._inputs import Images
from evozc.extraction._measure import Measurement, measure
from evozc.extraction._parts import ExtractionManifest, Outcome, Parts, asked
from evozc.extraction._random import RandomInputs, noise
from evozc.extraction._settings import ExtractionSettings
from evozc.extraction._state import check_memory
from evozc.spaces import SearchSpace, space_origin
from evozc.symbols import GROUPS
from evozc.table import Table, Target
from primitives import NETWORK

FORMAT = "evozc-extraction-2"
CHUNK = 16
Batch = tuple[torch.Tensor, torch.Tensor]
#: Of mini-batches of more numbers than this, so many: no chunk is to take many minutes.
_LARGE, _FEW = 2**18, 4


def extract_table(
    space: SearchSpace,
    architectures: Sequence[str],
    images: Images | RandomInputs,
    settings: ExtractionSettings,
    targets: Sequence[Target] = (),
    *,
    parts: Path,
    jobs: int | str | Executor | Pool = 1,
    seconds: float | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Table:
    """Measure the statistics of many architectures, all on the same mini-batches.

    Finished architectures are kept in a folder. Stopped at any moment and called again, it
    goes on from there; the table is bitwise the same whatever the number of jobs, for each
    network's weights are drawn from the seed and its own text alone.

    Args:
        space: Builds the networks.
        architectures: Their texts, all different.
        images: From which the mini-batch is drawn; of any kind that networks of the space take.
        settings: What to measure.
        targets: One value for each architecture.
        parts: The folder; made if need be.
        jobs: Worker processes of one thread each, -1 for one a core; a cluster, as ``tcp://host:8786``;
            an executor, or any ``concurrent.futures.Executor``.
        seconds: After this time no further architecture is begun; those that
            are left are counted in ``provenance["not_measured"]``. None for all of them.
        progress: Called with the number of architectures done and their total.

    Returns:
        The architectures that could be measured, in the given order; the others and their
        reasons are in ``provenance["failed"]``, or, of those that want of memory left out this time, in
        ``provenance["lost"]``: the next call tries them again. Statistics that no architecture has
        a value of, as those of attention in a space without it, are left out.

    Raises:
        ConfigError: inputs that the space's networks do not take.
        DataError: repeated architectures, targets that do not fit, too few images, a folder
            of another extraction, or not one architecture that can be measured.
    """
    architectures = list(architectures)
    check_asked(architectures, targets)
    executor = executor_for(jobs)
    batches = batches_of(space, images, settings)
    with Parts.of(parts, manifest_of(space, images, settings)) as folder:
        lost = fill(folder, space, architectures, batches, executor, progress, seconds)
        return table_of(
            folder.manifest, architectures, space.canonical_key, folder.outcomes(), targets, lost
        )


def fill(
    folder: Parts, space: SearchSpace, architectures: Sequence[str], batches: Sequence[Batch],
    executor: Executor, progress: Callable[[int, int], object] | None, seconds: float | None = None,
) -> dict[str, str]:
    """Measure what is not yet in a folder, and keep it there; what is lost, by name with the reason."""
    done = set(folder.outcomes()).intersection(architectures)
    todo = [a for a in architectures if a not in done]

    def report() -> None:
        if progress:
            progress(len(done), len(architectures))

    report()
    lost: dict[str, str] = {}
    deadline = None if seconds is None else time.time() + seconds
    size = CHUNK if batches[0][0].numel() <= _LARGE else _FEW
    for finished in _measured(executor, todo, size, (space, batches, folder.manifest.settings, deadline)):
        if isinstance(finished, Lost):
            lost[finished.architecture] = finished.reason
            continue
        folder.keep(finished)
        done.update(finished)
        report()
    return lost


def remove_parts(parts: Path) -> None:
    """Remove the folder of an extraction whose table is safe; what is not ours in it is left alone.

    Raises:
        CheckpointError: it is not the folder of an extraction, or in use.
    """
    Parts.open(parts).remove()


class Lost(NamedTuple):
    """An architecture that want of memory, or a worker's death, left without an outcome this time."""

    architecture: str
    reason: str


def _measured(
    executor: Executor, todo: Sequence[str], size: int, shared: tuple[Any, ...]
) -> Iterator[Mapping[str, Outcome] | Lost]:
    """The outcomes of some architectures at a time; those that a worker died with are tried one by one."""
    chunks: list[Sequence[str]] = [todo[start : start + size] for start in range(0, len(todo), size)]
    while chunks:
        again: list[Sequence[str]] = []
        with closing(executor.map(_measure_chunk, ((chunk,) for chunk in chunks), shared)) as results:
            for index, found in results:
                if not isinstance(found, Failure):
                    if found:  # else the time was over before it began
                        yield found
                elif found.lasting:
                    raise DataError(found.reason)
                elif len(chunks[index]) > 1:
                    again += [[architecture] for architecture in chunks[index]]
                else:
                    yield Lost(chunks[index][0], found.reason)
        chunks = again


def batches_of(
    space: SearchSpace, images: Images | RandomInputs, settings: ExtractionSettings
) -> list[Batch]:
    """The mini-batch of each repeat: inputs and labels."""
    return [_batch(space, images, settings, repeat) for repeat in range(settings.repeats)]


def _batch(
    space: SearchSpace, images: Images | RandomInputs, settings: ExtractionSettings, repeat: int
) -> Batch:
    x, y = images.batch(settings.batch, settings.seed + repeat)
    if settings.inputs == "data":
        return x, y
    if settings.inputs == "noise":
        x = noise(space, tuple(x.shape), torch.Generator().manual_seed(settings.seed + repeat))
    elif x.is_floating_point():
        x = torch.ones_like(x)
    else:
        raise ConfigError(f"networks of {space.name} take tokens, which cannot be ones; feed data or noise")
    return x, x if space.outputs.kind == "tokens" else y


def check_asked(architectures: Sequence[str], targets: Sequence[Target]) -> None:
    """Raise a DataError for no architectures, repeated ones, and targets that do not fit."""
    if not architectures:
        raise DataError("no architectures to extract statistics of")
    if len(set(architectures)) != len(architectures):
        repeated = next(a for a in architectures if architectures.count(a) > 1)
        raise DataError(f"architecture {repeated} is named more than once")
    for target in targets:
        if target.values.shape != (len(architectures),) or not np.isfinite(target.values).all():
            raise DataError(f"target {target.name!r} needs {len(architectures)} finite values")


def manifest_of(
    space: SearchSpace, images: Images | RandomInputs, settings: ExtractionSettings
) -> ExtractionManifest:
    """What is asked of an extraction."""
    versions = {
        "torch": str(torch.__version__), "numpy": np.__version__, "extraction": FORMAT,
        **_plug_ins(space, settings), **arithmetic_of(settings.device),
    }
    return ExtractionManifest(space.name, space.settings(), settings, images.digest, versions)


def _plug_ins(space: SearchSpace, settings: ExtractionSettings) -> dict[str, str]:
    """The packages that the space and groups come from that are not built in."""
    found = {f"group {name}": origin for name, origin in GROUPS.added().items() if name in settings.groups}
    origin = space_origin(space)
    return {**found, f"space {space.name}": origin} if origin else found


def _measure_chunk(
    space: SearchSpace,
    batches: Sequence[Batch],
    settings: ExtractionSettings,
    deadline: float | None,
    architectures: Sequence[str],
) -> dict[str, Outcome]:
    """The outcomes of a chunk, as far as there is time."""
    found: dict[str, Outcome] = {}
    with one_thread(), on_device(settings.device) as device:
        for architecture in architectures:
            if deadline is not None and time.time() >= deadline:
                break
            found[architecture] = _measure_one(space, architecture, batches, settings, device)
    return found


def _measure_one(
    space: SearchSpace,
    architecture: str,
    batches: Sequence[Batch],
    settings: ExtractionSettings,
    device: torch.device,
) -> Outcome:
    try:
        return _average([
            _measure_once(space, architecture, batch, settings, repeat, device)
            for repeat, batch in enumerate(batches)
        ])
    except EvozcError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a space of the user's own may raise anything
        check_memory(error)  # which is no property of the architecture
        return f"{type(error).__name__}: {error}"


def _measure_once(
    space: SearchSpace,
    architecture: str,
    batch: Batch,
    settings: ExtractionSettings,
    repeat: int,
    device: torch.device,
) -> Measurement:
    name = f"{settings.seed} {architecture}" if repeat == 0 else f"{settings.seed} {repeat} {architecture}"
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = space.build(architecture)
        initialise(network, settings.initialisation)
        network.to(device)
        measured = measure(
            network, *batch, space.blocks(network), settings.groups, seed, loss=space.outputs.kind
        )
    if measured.failures:  # a table holds architectures that are measured alike
        raise DataError("; ".join(f"{group}: {reason}" for group, reason in measured.failures.items()))
    return measured


def _average(measured: Sequence[Measurement]) -> dict[str, np.ndarray | float]:
    """The mean of every statistic over the repeats in which it is not missing."""
    if len(measured) == 1:
        return dict(measured[0])
    averaged: dict[str, np.ndarray | float] = {}
    for key, first in measured[0].items():
        values = np.stack([np.atleast_1d(m[key]) for m in measured])
        counts = np.isfinite(values).sum(axis=0)
        sums = np.nansum(values, axis=0)
        mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        averaged[key] = mean if isinstance(first, np.ndarray) else float(mean[0])
    return averaged


def table_of(
    manifest: ExtractionManifest,
    architectures: Sequence[str],
    key_of: Callable[[str], str],
    outcomes: Mapping[str, Outcome],
    targets: Sequence[Target],
    lost: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """The table of outcomes, in the order of the architectures."""
    failed = {a: reason for a in architectures if isinstance(reason := outcomes.get(a), str)}
    lost = {a: lost[a] for a in architectures if a in lost}
    kept = [i for i, a in enumerate(architectures) if a in outcomes and a not in failed]
    left = len(architectures) - len(kept) - len(failed) - len(lost)
    if not kept and (without := {**failed, **lost}):
        first, reason = next(iter(without.items()))
        raise DataError(f"none of {len(without)} architectures could be measured; {first}: {reason}")
    if not kept:
        raise DataError(f"there was no time to measure one of {left} architectures")
    measured = [found for i in kept if not isinstance(found := outcomes[architectures[i]], str)]
    statistics = [s for s in asked(manifest) if any(np.isfinite(m[s.key]).any() for m in measured)]
    offsets: dict[str, np.ndarray] = {}
    values: dict[str, np.ndarray] = {}
    for statistic in statistics:
        if statistic.node_set == NETWORK:
            values[statistic.key] = np.array([m[statistic.key] for m in measured], dtype=np.float64)
            continue
        vectors = [np.atleast_1d(m[statistic.key]) for m in measured]
        values[statistic.key] = np.concatenate(vectors)
        lengths = [len(vector) for vector in vectors]
        offsets.setdefault(statistic.node_set, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return Table(
        architectures=tuple(architectures[i] for i in kept),
        keys=tuple(key_of(architectures[i]) for i in kept),
        statistics=tuple(statistics),
        offsets=offsets,
        values=values,
        targets={t.name: replace(t, values=t.values[kept]) for t in targets},
        provenance={
            "source": "extraction", **to_json(manifest), "failed": failed,
            **({"lost": lost} if lost else {}),
            **({"not_measured": left} if left else {}),
        },
    )
