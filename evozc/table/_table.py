"""The statistics table in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from evozc.errors import DataError
from evozc.table._target import Target
from primitives import NETWORK, NODE_SETS, Nodes, Statistic, SymbolError, check_statistic, name_fault

#: Longest text of an architecture, or canonical key.
_LONGEST = 20_000


@dataclass(frozen=True, eq=False)
class Table:
    """Statistics and targets of architectures; immutable, arrays are read-only.

    Args:
        architectures: Their texts, all different.
        keys: Canonical keys; isomorphic architectures share one.
        statistics: What ``values`` holds.
        offsets: For each node set that has statistics, int64 (architectures + 1,):
            architecture ``a`` owns the nodes ``offsets[a]`` to ``offsets[a + 1]``.
        values: By statistic key, float64 (nodes,), or (architectures,) for network
            scalars; NaN where a statistic is missing.
        targets: By name.
        train: bool (architectures,), the fixed labelled sample of a benchmark, or None.
        provenance: Where it all comes from, as JSON values.

    Raises:
        DataError: lengths do not fit, names are unknown or repeated, a target is not finite.
    """

    architectures: tuple[str, ...]
    keys: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    offsets: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    targets: Mapping[str, Target]
    train: np.ndarray | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.architectures)
        self._check_names()
        if len(set(self.architectures)) != n or len(self.keys) != n:
            raise DataError("table: architectures must be different, with one canonical key each")
        for node_set, offsets in self.offsets.items():
            rising = len(offsets) == n + 1 and offsets[0] == 0 and (np.diff(offsets) >= 0).all()
            if node_set not in NODE_SETS or not rising:
                raise DataError(f"table: offsets of {node_set!r} do not fit {n} architectures")
        if len({s.key for s in self.statistics}) != len(self.statistics):
            raise DataError("table: two statistics have the same name")
        if set(self.values) != {s.key for s in self.statistics}:
            raise DataError("table: the statistics declared are not those that have values")
        for statistic in self.statistics:
            if statistic.node_set != NETWORK and statistic.node_set not in self.offsets:
                raise DataError(f"table: {statistic.key} has no offsets for its node set")
            length = n if statistic.node_set == NETWORK else int(self.offsets[statistic.node_set][-1])
            if self.values[statistic.key].shape != (length,):
                raise DataError(f"table: {statistic.key} should hold {length} values")
        for target in self.targets.values():
            if target.values.shape != (n,) or not np.isfinite(target.values).all():
                raise DataError(f"table: target {target.name!r} needs {n} finite values")
        if self.train is not None and (self.train.shape != (n,) or self.train.dtype != bool):
            raise DataError(f"table: the train split needs {n} booleans")
        targets = (target.values for target in self.targets.values())
        train = () if self.train is None else (self.train,)
        for array in (*self.offsets.values(), *self.values.values(), *targets, *train):
            array.setflags(write=False)

    def _check_names(self) -> None:
        """Stop at names and texts that a terminal, a page, a CSV file or formula text could not hold."""
        for statistic in self.statistics:
            try:
                check_statistic(statistic)
            except SymbolError as error:
                raise DataError(f"table: {error}; rename the column") from None
        for name, target in self.targets.items():
            fault = name_fault(name) if name == target.name else "it is kept under another name"
            if fault := fault or (target.unit and name_fault(target.unit).replace("name", "unit")):
                raise DataError(f"table: target {ascii(name)[:80]}: {fault}; rename the column")
        for text in (*self.architectures, *self.keys):
            if not text.isprintable() or not 0 < len(text) <= _LONGEST:
                raise DataError(
                    f"table: architecture {ascii(text)[:80]}: its text has {len(text)} characters; from 1 to "
                    f"{_LONGEST} are taken, all of which can be printed"
                )

    def __len__(self) -> int:
        return len(self.architectures)

    @cached_property
    def nodes(self) -> dict[str, Nodes]:
        """Which node belongs to which architecture, for each node set."""
        return {node_set: Nodes(offsets) for node_set, offsets in self.offsets.items()}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything but the provenance, 64 hexadecimal digits."""
        digest = hashlib.sha256()
        declared = [declaration(s) for s in self.statistics]
        names = [self.architectures, self.keys, declared, sorted(self.targets)]
        digest.update(json.dumps(names).encode())
        for name in sorted(self.offsets):
            digest.update(name.encode() + self.offsets[name].astype("<i8").tobytes())
        for key in sorted(self.values):
            digest.update(self.values[key].astype("<f8").tobytes())
        for name in sorted(self.targets):
            target = asdict(self.targets[name])
            digest.update(target.pop("values").astype("<f8").tobytes())
            digest.update(json.dumps(target, sort_keys=True).encode())
        if self.train is not None:
            digest.update(self.train.tobytes())
        return digest.hexdigest()

    def target(self, name: str | None = None) -> Target:
        """The target of that name, or the only one.

        Raises:
            DataError: there is none of that name, or no name where there are several.
        """
        known = ", ".join(target.title for target in self.targets.values()) or "none"
        if name is None:
            if len(self.targets) != 1:
                raise DataError(f"table: name the target to rank by; it holds {known}")
            return next(iter(self.targets.values()))
        if name not in self.targets:
            raise DataError(f"table: no target {name!r}; it holds {known}")
        return self.targets[name]

    def select(self, indices: Sequence[int] | np.ndarray) -> Table:
        """The table of some of the architectures, in the given order."""
        indices = np.arange(len(self))[np.asarray(indices, dtype=np.int64)]  # counts -1 from the end
        offsets, gathered = {}, {}
        for node_set, nodes in self.nodes.items():
            lengths = nodes.lengths[indices]
            offsets[node_set] = np.concatenate([[0], np.cumsum(lengths)])
            starts = np.repeat(nodes.offsets[indices] - offsets[node_set][:-1], lengths)
            gathered[node_set] = starts + np.arange(len(starts))
        gathered[NETWORK] = indices
        return replace(
            self,
            architectures=tuple(self.architectures[i] for i in indices),
            keys=tuple(self.keys[i] for i in indices),
            offsets=offsets,
            values={s.key: self.values[s.key][gathered[s.node_set]] for s in self.statistics},
            targets={k: replace(t, values=t.values[indices]) for k, t in self.targets.items()},
            train=None if self.train is None else self.train[indices],
        )

    def with_targets(self, targets: Iterable[Target], train: np.ndarray | None = None) -> Table:
        """The same statistics with other targets, and another fixed split."""
        return replace(self, targets={t.name: t for t in targets}, train=train)


def declaration(statistic: Statistic) -> dict[str, Any]:
    """A statistic as tables keep it, in JSON values; its names are part of the format."""
    declared = {**asdict(statistic), "sign": int(statistic.sign)}
    declared["labels"] = declared.pop("needs_labels")
    return declared
