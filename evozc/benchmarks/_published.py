"""From what published files hold to tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from evozc.benchmarks.readers import Published, Request, Wanted, read_published
from evozc.errors import DataError
from evozc.spaces import SearchSpace
from evozc.table import Table
from primitives import name_fault, scalar


def read_targets(
    path: Path,
    space: SearchSpace,
    *,
    targets: Sequence[str] = (),
    architecture_column: str = "architecture",
    where: Mapping[str, str] = MappingProxyType({}),
    format: str | None = None,  # noqa: A002
    average: bool = False,
) -> Published:
    """Architectures of a published file and what they are to be ranked by.

    Args:
        path: The file.
        space: Where the architectures come from.
        targets: What to rank by, as ``accuracy`` or ``test_ppl:lower``; none for what the format
            itself ranks by, which for CSV is ``accuracy``.
        architecture_column: The column of architecture texts.
        where: Only rows with these values, by column.
        format: The reader's name; None to look at the file.
        average: Whether an architecture that stands in several rows has their mean; else it is refused.

    Raises:
        DataError: as the reader says; or an architecture is unknown or repeated, or a target
            leaves open whether higher is better.
    """
    request = Request(
        space, tuple(map(Wanted.of, targets)), architecture_column=architecture_column, where=where,
        strict=True,
    )
    published = read_published(path, request, format)
    if average:
        published = averaged(published)
    canonical_keys(published, space)
    return published


def averaged(published: Published) -> Published:
    """Each architecture once, where it first stands, with the mean of all its targets and scores.

    Of scores that are missing somewhere, the mean of the others.
    """
    rows: dict[str, list[int]] = {}
    for row, architecture in enumerate(published.architectures):
        rows.setdefault(architecture, []).append(row)
    repeated = [name for name, found in rows.items() if len(found) > 1]
    if not repeated:
        return published
    first = [found[0] for found in rows.values()]
    note = f"{len(repeated)} architectures stand in several rows, and have the mean of these"
    return replace(
        published,
        places=tuple(published.places[row] for row in first),
        ids=tuple(published.ids[row] for row in first),
        architectures=tuple(rows),
        targets=tuple(replace(t, values=_means(t.values, rows)) for t in published.targets),
        scores={name: _means(values, rows) for name, values in published.scores.items()},
        notes=(*published.notes, note),
    )


def _means(values: np.ndarray, rows: Mapping[str, Sequence[int]]) -> np.ndarray:
    known = [[values[row] for row in those if np.isfinite(values[row])] for those in rows.values()]
    return np.array([np.mean(found) if found else np.nan for found in known])


def table_from_scores(
    scores: Path,
    space: SearchSpace,
    *,
    targets_file: Path | None = None,
    on: str | None = None,
    targets: Sequence[str] = (),
    architecture_column: str = "architecture",
    where: Mapping[str, str] = MappingProxyType({}),
    without: Sequence[str] = (),
    format: str | None = None,  # noqa: A002
    average: bool = False,
) -> Table:
    """A table of network scalars alone, from published scores and accuracies.

    Args:
        scores: A file of published scores.
        space: Where the architectures come from.
        targets_file: The architectures and their targets; None if ``scores`` holds them as well.
        on: The column by which rows of two files belong together; None for the architectures.
        targets: As for :func:`read_targets`.
        architecture_column: The column of architecture texts.
        where: Only rows of ``scores`` with these values, by column.
        without: Columns of ``scores`` that are none.
        format: The reader of ``scores``; None to look at the file.
        average: As for :func:`read_targets`; of both files, where rows belong together by architecture.

    Returns:
        The architectures that stand in both files, in the order of ``scores``.

    Raises:
        DataError: as the readers say; or no row stands in both files, an architecture is unknown
            or repeated, or a target leaves open whether higher is better.
    """
    request = Request(
        space, tuple(map(Wanted.of, targets)), scores=True, architecture_column=architecture_column, on=on,
        where=where, without=tuple(without),
    )
    if targets_file is None or Path(targets_file) == Path(scores):
        published = read_published(scores, request, format)
        return table_of(averaged(published) if average else published, space)
    ranked = read_published(targets_file, replace(request, scores=False, where={}))
    taken = (architecture_column, *(target.name for target in ranked.targets))
    asked = replace(request, targets=None, without=(*without, *taken))
    scored = read_published(scores, asked, format)
    if average and on is None:
        ranked, scored = averaged(ranked), averaged(scored)
    return table_of(joined(scored, ranked), space)


def joined(scores: Published, targets: Published) -> Published:
    """The entries that two files have in common, in the order of the first.

    Args:
        scores: Whose scores are kept.
        targets: Whose architectures and targets are kept.

    Raises:
        DataError: they have none in common, or one repeats what its entries are matched by.
    """
    found = {key: index for index, key in enumerate(targets.ids)}
    if len(found) != len(targets.ids):
        raise DataError(
            f"{targets.path}: the column that matches rows repeats a value, {_repeated(targets.ids)!r}"
        )
    kept = [index for index, key in enumerate(scores.ids) if key in found]
    if not kept:
        raise DataError(f"{scores.path} and {targets.path} share no value of the column that matches them")
    matched = [found[scores.ids[index]] for index in kept]
    if len(set(matched)) != len(matched):
        twice = _repeated([scores.ids[index] for index in kept])
        raise DataError(f"{scores.path}: {twice!r} stands on several of the matched rows")
    return Published(
        path=targets.path,
        places=tuple(targets.places[i] for i in matched),
        ids=tuple(scores.ids[i] for i in kept),
        architectures=tuple(targets.architectures[i] for i in matched),
        targets=tuple(replace(target, values=target.values[matched]) for target in targets.targets),
        scores={name: values[kept] for name, values in scores.scores.items()},
        notes=(*scores.notes, *targets.notes),
        provenance={**scores.provenance, **targets.provenance,
                    "files": [scores.path.name, targets.path.name]},
    )


def table_of(published: Published, space: SearchSpace) -> Table:
    """A table of network scalars alone.

    Raises:
        DataError: an architecture is unknown or repeated, or a score's name cannot be one.
    """
    files = published.provenance.get("files", [published.path.name])  # of scores, then of targets
    for name in published.scores:
        if fault := name_fault(name):
            raise DataError(
                f"{files[0]}: score {ascii(name)[:80]}: {fault}; rename the column, or leave it out with "
                "--without"
            )
    statistics = {name: scalar(name) for name in published.scores}
    return Table(
        architectures=published.architectures,
        keys=canonical_keys(published, space),
        statistics=tuple(statistics.values()),
        offsets={},
        values={statistics[name].key: values for name, values in published.scores.items()},
        targets={target.name: target for target in published.targets},
        provenance={
            "source": "published scores", "space": space.name, "space_settings": dict(space.settings()),
            **published.provenance, "files": files, "notes": list(published.notes),
        },
    )


def canonical_keys(published: Published, space: SearchSpace) -> tuple[str, ...]:
    """The canonical key of every entry.

    Raises:
        DataError: an architecture is unknown to the space, or repeated.
    """
    first: dict[str, int] = {}
    keys = []
    for index, architecture in enumerate(published.architectures):
        try:
            keys.append(space.canonical_key(architecture))
        except DataError as error:
            raise DataError(f"{published.at(index)}: {error}") from None
        if first.setdefault(architecture, index) != index:
            place = published.places[first[architecture]]
            raise DataError(f"{published.at(index)}: {architecture} stands on {place} already")
    return tuple(keys)


def _repeated(texts: Sequence[str]) -> str:
    counts = Counter(texts)
    return next(text for text in texts if counts[text] > 1)
