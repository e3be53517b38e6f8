"""What a table says of its architectures, published targets for them, and what their graphs say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evozc._records import to_json
from evozc.benchmarks.readers import Published
from evozc.errors import ConfigError, DataError
from evozc.spaces import GraphSpace, SearchSpace, cell_scalars, get_space
from evozc.table import Table
from primitives import Sign, scalar


def space_of(table: Table) -> SearchSpace:
    """The search space that a table says its architectures are of.

    Raises:
        DataError: it says none, or none that is registered; no other code is run.
    """
    name, settings = table.provenance.get("space"), table.provenance.get("space_settings", {})
    if not isinstance(name, str) or not isinstance(settings, dict):
        raise DataError("the table does not say its search space; name it with --space")
    try:
        return get_space(name, **settings)
    except ConfigError as error:
        raise DataError(f"the table's search space cannot be had: {error}; name it with --space") from None


def known_keys(table: Table) -> set[str]:
    """The keys by which the architectures of a table are found in others.

    A table keeps the keys that it was made with, and rules change: those of ``digits`` are NATS-Bench's.
    So they are its own keys, and those by the present rule of its space, if that can be had.

    Raises:
        DataError: an architecture is none of the space that the table names.
    """
    own = set(table.keys)
    try:
        space = space_of(table)
    except DataError:
        return own
    return own.union(map(space.canonical_key, table.architectures))


def attach_targets(table: Table, published: Published, space: SearchSpace) -> tuple[Table, tuple[str, ...]]:
    """The architectures of a table that somebody has published targets of, with these.

    An architecture has the targets of its own text. Where its text is not published, but others are that
    compute the same, it has their mean.

    Args:
        table: Of statistics; targets that it has are kept.
        published: Targets, as :func:`~evozc.benchmarks.read_targets` gives them.
        space: Of both.

    Returns:
        The table, and notes on what was left out, one line each.

    Raises:
        DataError: no architecture stands in both, or a target is in the table already.
    """
    if not published.targets:
        raise DataError(f"{published.path}: holds no targets to attach")
    for target in published.targets:
        if target.name in table.targets:
            raise DataError(f"{published.path}: the table has a target {target.name!r} already")
    found, alike = _matches(table, published, space)
    kept = [place for place, rows in enumerate(found) if rows]
    if not kept:
        raise DataError(
            f"{published.path}: of none of its {len(published.architectures)} architectures the table has "
            f"statistics; {published.architectures[0]} and {table.architectures[0]} are the first of both"
        )
    selected = table.select(kept)
    targets = list(selected.targets.values())
    for target in published.targets:
        values = np.array([target.values[found[place]].mean() for place in kept])
        targets.append(replace(target, values=values))
    notes = list(published.notes)
    if len(kept) < len(table):
        notes.append(f"{len(table) - len(kept)} of {len(table)} architectures have no published target")
    if alike:
        notes.append(f"{alike} have the targets of others that compute the same")
    attached = {"file": published.path.name, **published.provenance}
    provenance = {**selected.provenance, "targets": [*selected.provenance.get("targets", ()), attached]}
    return replace(selected.with_targets(targets, selected.train), provenance=provenance), tuple(notes)


def with_cell_scalars(table: Table, space: SearchSpace) -> Table:
    """A table with the numbers of its architectures' graphs as network scalars of the group ``graph``.

    They are columns of the table, not statistics of networks: a formula that uses them can be
    applied to architectures of the space alone.

    Args:
        table: Of anything; what it holds is kept.
        space: Of its architectures.

    Raises:
        DataError: the space's architectures are no graphs, one of the table's is none of the space, or
            the table has such numbers already.
    """
    if not isinstance(space, GraphSpace):
        raise DataError(f"the architectures of {space.name} are no graphs whose operations could be counted")
    found = cell_scalars(space, table.architectures)
    added = {scalar(name, what, sign=Sign.NONNEGATIVE, group="graph"): v for name, (what, v) in found.items()}
    there = [s.key for s in added if s.key in table.values]
    if there:
        raise DataError(f"the table has numbers of the architectures' graphs already, as {there[0]}")
    return replace(
        table, statistics=(*table.statistics, *added),
        values={**table.values, **{s.key: values for s, values in added.items()}},
        provenance={**table.provenance, "graphs": {"space": space.name, **to_json(space.settings())}},
    )


def _matches(table: Table, published: Published, space: SearchSpace) -> tuple[list[list[int]], int]:
    """Of each architecture of the table, the entries that its targets come from; how many are not its own."""
    by_text = {text: place for place, text in enumerate(published.architectures)}
    found = [[by_text[text]] if text in by_text else [] for text in table.architectures]
    if all(found):
        return found, 0
    by_key: dict[str, list[int]] = {}
    for place, text in enumerate(published.architectures):
        by_key.setdefault(space.canonical_key(text), []).append(place)
    alike = 0
    for place, text in enumerate(table.architectures):
        if not found[place]:
            found[place] = by_key.get(space.canonical_key(text), [])
            alike += bool(found[place])
    return found, alike
