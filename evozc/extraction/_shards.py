"""An extraction in shards that need nothing of one another, as the tasks of a Slurm array."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Pool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from evozc._files import exists
from evozc._records import to_json
from evozc.errors import ConfigError, DataError
from evozc.executors import Executor, executor_for
from evozc.extraction._extract import batches_of, check_asked, fill, manifest_of, table_of
from evozc.extraction._inputs import Images
from evozc.extraction._parts import ExtractionManifest, Outcome, Parts
from evozc.extraction._random import RandomInputs
from evozc.extraction._settings import ExtractionSettings
from evozc.spaces import SearchSpace
from evozc.table import Table, Target

T = TypeVar("T")
_END, _PLAN = "end.json", "plan.json"
_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})\Z", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """One of the shards of an extraction: every ``count``-th architecture.

    Args:
        number: From 1 to ``count``.
        count: Of all.

    Raises:
        ConfigError: there is no such shard.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(f"there is no shard {self.number} of {self.count}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``3/20``.

        Raises:
            ConfigError: it is not of this form.
        """
        found = _SHARD.match(text)
        if found is None:
            raise ConfigError(f"shard {text!r}: write its number and that of all, as 3/20")
        return cls(int(found[1]), int(found[2]))

    def of(self, everything: Sequence[T]) -> list[T]:
        """Its part of all architectures, or of what there is of each."""
        return list(everything[self.number - 1 :: self.count])

    def folder(self, out: Path) -> Path:
        """Where it is kept, beside the table that all shards make."""
        return out.with_name(f"{out.name}.shard-{self.number}-of-{self.count}")


@dataclass(frozen=True)
class _Target:
    name: str
    values: tuple[float, ...]
    unit: str
    higher_is_better: bool
    noise_ceiling: float | None


@dataclass(frozen=True)
class _Plan:
    """What all shards have in common."""

    architectures: tuple[str, ...]
    targets: tuple[_Target, ...]


@dataclass(frozen=True)
class _End:
    """What a shard adds to its outcomes: canonical keys, and why architectures are lost, by text."""

    keys: Mapping[str, str]
    lost: Mapping[str, str]


class _Folder(Parts):
    kind = replace(
        Parts.kind, format="evozc-shard-1", what="a shard of an extraction",
        files=(*Parts.kind.files, _END, _PLAN),
    )


def extract_shard(
    space: SearchSpace,
    architectures: Sequence[str],
    images: Images | RandomInputs,
    settings: ExtractionSettings,
    targets: Sequence[Target] = (),
    *,
    shard: Shard,
    out: Path,
    jobs: int | str | Executor | Pool = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Table:
    """Measure one shard of many architectures into a folder of its own.

    All shards are given the same, in whatever order and at whatever time; :func:`merge_shards`
    makes their table. Stopped at any moment and called again, it goes on from there.

    Args:
        space: Builds the networks.
        architectures: All of them, as of :func:`~evozc.extraction.extract_table`.
        images: From which the mini-batch is drawn.
        settings: What to measure.
        targets: One value for each architecture.
        shard: What is measured here.
        out: The table that all shards will make; the folder lies beside it.
        jobs: As of :func:`~evozc.extraction.extract_table`.
        progress: Called with the number of architectures done and their total.

    Returns:
        Its own table.

    Raises:
        DataError: as :func:`~evozc.extraction.extract_table`.
    """
    check_asked(architectures, targets)
    executor = executor_for(jobs)
    plan = _Plan(tuple(architectures), tuple(
        _Target(t.name, tuple(map(float, t.values)), t.unit, t.higher_is_better, t.noise_ceiling)
        for t in targets
    ))
    path = shard.folder(out)
    batches = batches_of(space, images, settings)
    with _Folder.of(path, manifest_of(space, images, settings)) as folder:
        if not exists(path / _PLAN):
            folder.write(_PLAN, plan, indent=None)
        elif to_json(folder.read(_PLAN, _Plan)) != to_json(plan):
            raise DataError(
                f"{path} is of other architectures or targets; remove it, or name another table"
            )
        mine = shard.of(architectures)
        lost = fill(folder, space, mine, batches, executor, progress)
        outcomes = folder.outcomes()
        measured = [name for name in mine if not isinstance(outcomes.get(name, ""), str)]
        folder.write(_END, _End({name: space.canonical_key(name) for name in measured}, lost))
        targets = [replace(t, values=np.array(shard.of(t.values.tolist()))) for t in targets]
        return table_of(folder.manifest, mine, space.canonical_key, outcomes, targets, lost)


def merge_shards(out: Path) -> Table:
    """The table of all shards, bitwise the same as :func:`~evozc.extraction.extract_table` makes.

    Args:
        out: The table that they were measured for; it is not written here.

    Raises:
        DataError: there are none, some are missing or not finished, or they are of different
            extractions; the message says which.
    """
    numbers, count = _found(out)
    missing = sorted(set(range(1, count + 1)) - numbers)
    if missing:
        raise DataError(
            f"{out}: of {count} shards {_listed(missing)} {'is' if len(missing) == 1 else 'are'} not there"
        )
    outcomes: dict[str, Outcome] = {}
    keys: dict[str, str] = {}
    lost: dict[str, str] = {}
    first: tuple[ExtractionManifest, _Plan] | None = None
    for number in range(1, count + 1):
        path = Shard(number, count).folder(out)
        with _Folder.open(path) as folder:
            read = folder.manifest, folder.read(_PLAN, _Plan)
            first = first or read
            if to_json(read[0]) != to_json(first[0]) or read[1] != first[1]:
                raise DataError(f"{path} is of another extraction than shard 1; measure it again")
            end = folder.read(_END, _End) if exists(path / _END) else _End({}, {})
            keys |= end.keys
            outcomes |= folder.outcomes()
            lost |= {name: reason for name, reason in end.lost.items() if name not in outcomes}
            known = {name for name, outcome in outcomes.items() if isinstance(outcome, str) or name in keys}
            left = set(Shard(number, count).of(read[1].architectures)) - known - set(lost)
            if left:
                raise DataError(
                    f"{path}: {len(left)} architectures are not measured yet; the command that began it "
                    "goes on"
                )
    assert first is not None
    manifest, plan = first
    targets = [
        Target(t.name, np.array(t.values), t.unit, t.higher_is_better, t.noise_ceiling) for t in plan.targets
    ]
    return table_of(manifest, plan.architectures, keys.__getitem__, outcomes, targets, lost)


def remove_shards(out: Path) -> None:
    """Remove the folders of all shards, once their table is safe; what is not ours in them stays.

    Raises:
        CheckpointError: one is in use.
    """
    numbers, count = _found(out)
    for number in sorted(numbers):
        _Folder.open(Shard(number, count).folder(out)).remove()


def _found(out: Path) -> tuple[set[int], int]:
    """The numbers of the shards beside a table, and how many there are to be."""
    name = re.compile(re.escape(out.name) + r"\.shard-([1-9]\d*)-of-([1-9]\d*)\Z", re.ASCII)
    found = [match for path in out.parent.glob("*.shard-*") if (match := name.match(path.name))]
    counts = {int(match[2]) for match in found}
    if not found:
        raise DataError(f"{out}: no shards beside it; evozc extract --shard 1/20 measures the first of 20")
    if len(counts) > 1:
        which = " and of ".join(map(str, sorted(counts)))
        raise DataError(f"{out}: shards of {which} lie beside it; remove all but those of one number")
    return {int(match[1]) for match in found}, counts.pop()


def _listed(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers[:10]]
    return ", ".join(shown) + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
