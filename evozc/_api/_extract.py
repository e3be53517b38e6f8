"""An extraction in one call."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Pool
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from evozc._files import refuse_existing
from evozc._screen import counted, say
from evozc.benchmarks import read_targets
from evozc.errors import ConfigError, DataError
from evozc.executors import Executor
from evozc.extraction import (
    ExtractionSettings,
    Images,
    RandomInputs,
    Shard,
    extract_shard,
    extract_table,
    load_images,
    merge_shards,
    remove_parts,
    remove_shards,
)
from evozc.spaces import SearchSpace, space_from_options
from evozc.table import Table, Target, save_table

#: In place of a file of inputs: they are drawn.
RANDOM = "random"


def extract(
    architectures: str | Path | Sequence[str],
    images: str | Path | Images | RandomInputs,
    out: str | Path | None = None,
    *,
    targets: Sequence[str | Target] = (),
    architecture_column: str = "architecture",
    space: str | SearchSpace = "nasbench201",
    where: Mapping[str, str] = MappingProxyType({}),
    format: str | None = None,  # noqa: A002
    average: bool = False,
    sample: int | None = None,
    minutes: float | None = None,
    settings: ExtractionSettings | None = None,
    shard: str | None = None,
    jobs: int | str | Executor | Pool = 1,
    progress: bool | Callable[[int, int], object] = True,
) -> Table:
    """Measure untrained networks: architectures and images -> statistics table.

    With ``out``, what is finished is kept in ``<out>.parts``: stopped at any moment, the same call goes on.

    Args:
        architectures: A published file of architectures and targets, or the architectures' texts.
        images: An npz file of inputs ``x`` and labels ``y`` (images are uint8, NHWC; tokens need no
            ``y``), inputs in memory, or ``random``, to have them drawn.
        out: The table to write, which must not exist; None to keep it in memory.
        targets: What to rank by: columns of the file, as ``accuracy`` or ``test_ppl:lower``, none for
            what its format ranks by; or, of texts, targets with a value for each.
        architecture_column: The file's column of architecture texts.
        space: The search space, by name or itself.
        where: Only rows of the file with these values, by column.
        format: Of the file; None to see by looking at it.
        average: Whether an architecture that stands in several rows of the file has their mean.
        sample: Take this many non-isomorphic architectures, drawn at random.
        minutes: Take as many architectures, in random order, as can be measured in this time.
        settings: What to measure, and on how large a mini-batch; all, on as many inputs as the space says.
        shard: As ``3/20``: only the third of 20 parts, kept in ``<out>.shard-3-of-20``, whose table is
            returned and not written; :func:`merge` makes that of all.
        jobs: Worker processes, -1 for one a core; a cluster, as ``tcp://host:8786``; an executor.
        progress: Whether to show it; or what to call with the number of architectures done and of all.

    Returns:
        The table; what could not be measured and why is in ``provenance["failed"]``, and in
        ``provenance["lost"]`` what was lost to want of memory, or to a worker's death, this time: then the
        parts are kept, and once ``out`` is moved away the same call tries those alone.

    Raises:
        DataError: the files cannot be read or do not fit, there is a file ``out``, or not one
            architecture can be measured.
        ConfigError: an unknown space, a shard that is none, has no ``out`` or only some minutes, or
            arguments of wrong types.
    """
    mine = None if shard is None else Shard.parse(shard)
    if out is not None:
        refuse_existing(Path(out))
    if mine is not None and (out is None or minutes is not None):
        raise ConfigError(f"shard {shard} is of all architectures of a table OUT, which must be named; "
                          "it goes on for as long as it takes")
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"minutes must be above 0, not {minutes}")
    chosen = space_from_options(space) if isinstance(space, str) else space
    settings = settings or ExtractionSettings(batch=chosen.inputs.batch)
    names, ranked, notes = _asked(
        architectures, chosen, targets, architecture_column, where, format, average
    )
    if sample is not None or minutes is not None:
        kept = drawn(names, chosen, sample, settings.seed)
        names = tuple(names[i] for i in kept)
        ranked = tuple(replace(t, values=t.values[kept]) for t in ranked)
    if progress is True:
        for note in notes:
            say(note)
    loaded = _inputs(images, chosen)
    if mine is not None:
        with counted(progress, "architectures") as observe:
            return extract_shard(
                chosen, names, loaded, settings, ranked, shard=mine, out=Path(str(out)), jobs=jobs,
                progress=observe,
            )
    with counted(progress, "architectures") as observe, tempfile.TemporaryDirectory() as memory:
        parts = Path(memory, "parts") if out is None else Path(f"{out}.parts")
        table = extract_table(
            chosen, names, loaded, settings, ranked, parts=parts, jobs=jobs, progress=observe,
            seconds=None if minutes is None else 60 * minutes,
        )
    if out is not None:
        save_table(table, Path(out))
        if "lost" not in table.provenance:
            remove_parts(parts)
    return table


def merge(out: str | Path) -> Table:
    """The table of all shards that :func:`extract` measured for ``out``, which is written.

    It is bitwise the same as one process would have made. The shards are removed once it is safe, unless
    architectures were lost to want of memory, or to a worker's death, and can be tried again.

    Raises:
        DataError: some are missing, not finished or of another extraction, or there is a file ``out``.
        CheckpointError: one is damaged or in use.
    """
    out = Path(out)
    refuse_existing(out)
    table = merge_shards(out)
    save_table(table, out)
    if "lost" not in table.provenance:
        remove_shards(out)
    return table


def _asked(
    architectures: str | Path | Sequence[str], space: SearchSpace, targets: Sequence[str | Target],
    column: str, where: Mapping[str, str], style: str | None, average: bool,
) -> tuple[Sequence[str], tuple[Target, ...], Sequence[str]]:
    """Architectures, their targets, and what is to be said of them."""
    if isinstance(architectures, str | Path):
        columns = [target for target in targets if isinstance(target, str)]
        if len(columns) < len(targets):
            raise ConfigError("the targets of a file are named by its columns, as 'accuracy'")
        published = read_targets(
            Path(architectures), space, targets=columns, architecture_column=column, where=where,
            format=style, average=average,
        )
        return published.architectures, published.targets, published.notes
    values = tuple(target for target in targets if isinstance(target, Target))
    if len(values) < len(targets):
        raise ConfigError("targets of architectures in memory are evozc.Target(name, values) each")
    return tuple(map(str, architectures)), values, ()


def _inputs(images: str | Path | Images | RandomInputs, space: SearchSpace) -> Images | RandomInputs:
    if isinstance(images, Images | RandomInputs):
        return images
    return RandomInputs(space) if str(images) == RANDOM else load_images(Path(images), space)


def drawn(names: Sequence[str], space: SearchSpace, count: int | None, seed: int) -> list[int]:
    """Indices of ``count`` architectures of different classes, or of all, in random order of the draw."""
    order = list(range(len(names)))
    random.Random(f"sample {seed}").shuffle(order)
    if count is None:
        return order
    first: dict[str, int] = {}
    for index in order:
        first.setdefault(space.canonical_key(names[index]), index)
    if not 1 <= count <= len(first):
        raise DataError(f"cannot sample {count} of {len(first)} non-isomorphic architectures")
    return list(first.values())[:count]
